//! Scenarios of what changes by itself: definitions that are read again under load, records that are tried again later.

use std::fs;

use expressd::{asl, plan};
use serde_json::{Value, json};

use super::bed::{Bed, Suite};
use super::cluster::BYTES;
use super::scenarios::{CEILING, running, seconds};
use super::workload::{Mix, versioned};

const DEFINITION: &str = "reload.asl.json";

/// The next version of the definition, whose hash the checker knows before anybody reads it.
fn define(bed: &mut Bed<'_>) {
    let version = bed.checker.versions.len() as u64 + 1;
    let text = versioned(version);
    let (machine, _) = asl::parse(&text).unwrap();
    let hash = plan::compile(&machine).unwrap().hash().to_string();
    bed.checker.versions.insert(hash, version);
    write(bed, &text);
}

/// A file that is half written would be another kind of trouble.
fn write(bed: &Bed<'_>, text: &str) {
    let directory = &bed.suite.directory;
    fs::write(directory.join("new"), text).unwrap();
    fs::rename(directory.join("new"), directory.join(DEFINITION)).unwrap();
}

/// One member reads the definition when its file changes, the others are told; some die. Every outcome names the version
/// that it began and ended on.
pub(super) fn reload(suite: &mut Suite) -> Value {
    let rounds = 4 + 2 * suite.scale.min(10);
    let mut bed = Bed::new(suite, "reload");
    bed.definition = DEFINITION;
    bed.writer.versioned = true;
    // Many are under way at any moment.
    bed.mix = Mix {
        fail: 20,
        wait: 300,
        call: 50,
    };
    define(&mut bed);
    bed.watch = true;
    bed.start_daemon();
    bed.watch = false;
    let mut bed = running(bed, 2);
    for round in 0..rounds {
        if round % 3 == 2 {
            write(&bed, "{ \"StartAt\": ");
            bed.count("definitions with an error");
        } else {
            define(&mut bed);
            bed.count("new definitions");
        }
        bed.daemons.iter().for_each(|daemon| daemon.signal("HUP"));
        bed.flow_within(1_200, 2_500);
        if round % 4 == 3 {
            // It starts on what is there: a good one.
            define(&mut bed);
            bed.kill_one();
            bed.start_daemon();
            bed.flow_within(1_000, 2_000);
        }
    }
    bed.settle();
    let ended_on_theirs = bed.checker.ended_on_theirs;
    bed.figures
        .insert("ended_on_theirs", json!(ended_on_theirs));
    if ended_on_theirs == 0 {
        let text = "I14: no execution ended on a definition that was replaced";
        bed.checker.violations.insert(text.into());
    }
    bed.finish(CEILING)
}

/// Records fail, wait in retry topics and fail again, while members die.
pub(super) fn retries(suite: &mut Suite) -> Value {
    let rounds = suite.scale.min(10);
    let mut bed = Bed::with(suite, "retries", BYTES, &[2_000, 4_000]);
    bed.options = "    ordering: unordered\n    retry: { steps: [{ after: 2s }, { after: 4s }], when: [NotOk] }\n";
    bed.mix.fail = 150;
    bed.rate = 300;
    let mut bed = running(bed, 2);
    for _ in 0..rounds {
        bed.flow(seconds(3));
        bed.kill_one();
        // Its partitions of the retry topics come again, too, and each of their records may do so twice.
        (0..6).for_each(|_| bed.allow_repeats());
        bed.flow_within(100, 1_500);
        bed.start_daemon();
        bed.flow_within(4_000, 8_000);
    }
    bed.settle();
    let (retried, dead) = (bed.checker.retried(), bed.checker.dead());
    if dead == 0 || retried < dead {
        let text = format!("I14: {dead} dead letters of {retried} records that were tried again");
        bed.checker.violations.insert(text);
    }
    bed.finish(CEILING)
}
