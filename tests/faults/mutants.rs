//! Deliberate mistakes in the daemons: for each that real faults can show, the scenario that has to find it.
//!
//! The simulation finds the others as well: strays, a full queue, a broken producer and records that are given up at the
//! right moment are made there, and not here. So are late completions of an assignment that is gone (`NoEpoch`) and a record
//! that overtakes a failed delivery (`Overtake`): storms and dying brokers did not meet the moment.

use std::time::Instant;

use serde_json::{Value, json};

use super::bed::Suite;
use super::scenarios::SCENARIOS;

/// Mutant and scenario.
const MUTANTS: &[(&str, &str)] = &[
    ("CommitOnTake", "terminations"),
    ("OneTooHigh", "terminations"),
    ("OneTooLow", "terminations"),
    ("NoDrain", "terminations"),
    ("IgnoreCommitted", "terminations"),
    ("StartAtEnd", "terminations"),
    ("NoLastCommit", "terminations"),
    ("NoTurns", "terminations"),
    ("WrongSlot", "terminations"),
    ("SkipInvalid", "poison"),
    ("AcknowledgeOnSend", "output-gone"),
    ("DropUndelivered", "output-gone"),
];

/// Runs them, or the one that is wanted; gives the report of each.
pub(super) fn run(suite: &mut Suite, wanted: Option<&str>) -> Vec<Value> {
    let mut reports = Vec::new();
    for (number, (mutant, scenario)) in MUTANTS.iter().enumerate() {
        if wanted.is_some_and(|wanted| wanted != *mutant) {
            continue;
        }
        let begun = Instant::now();
        suite.mutant = Some((*mutant).to_string());
        suite.run = format!("-{number}");
        let mut scenarios = SCENARIOS.iter();
        let found = scenarios.find(|known| known.name == *scenario);
        let verdict = (found.unwrap().run)(suite);
        let violations = verdict["violations"].as_array();
        let first = violations.and_then(|violations| violations.first());
        let is_found = first.is_some();
        let seconds = begun.elapsed().as_secs();
        println!(
            "mutant: {mutant:<18} {} by {scenario} in {seconds} s: {}",
            if is_found { "found" } else { "NOT FOUND" },
            first.and_then(Value::as_str).unwrap_or("nothing"),
        );
        reports.push(json!({
            "mutant": mutant, "found": is_found, "violations": verdict["violations"],
            "scenario": scenario, "seconds": seconds,
        }));
        if let Err(reason) = suite.cluster.wait_until_whole() {
            println!("mutant: {reason}");
        }
    }
    reports
}
