//! Branches and items give the same answer on several workers as in place: outputs, errors, event ids, counts.

#![allow(clippy::unwrap_used)]

mod threads;

use std::sync::Arc;

use expressd::asl;
use expressd::engine::{Execution, FanOut, InPlace, Limits, Now, Outcome, Progress, Start};
use expressd::expr::ExecutionInfo;
use expressd::plan::{self, Plan, StateType};
use serde_json::{Value, json};
use threads::Threads;

fn compile(machine: &Value) -> Arc<Plan> {
    let (machine, _) = asl::parse(&machine.to_string()).unwrap_or_else(|problems| {
        panic!("{machine}: {}", problems[0]);
    });
    Arc::new(plan::compile(&machine).unwrap())
}

/// What can be seen of an execution.
fn run(plan: &Arc<Plan>, input: &Value, limits: Limits, fan_out: &dyn FanOut) -> (String, u64) {
    outcome(&mut Execution::new(), plan, input, limits, fan_out)
}

/// The same with its history kept: every state's input is put together then.
fn run_recorded(plan: &Arc<Plan>, input: &Value, limits: Limits) -> (String, u64) {
    let mut execution = Execution::new();
    execution.keep_history(true);
    outcome(&mut execution, plan, input, limits, &InPlace)
}

fn outcome(
    execution: &mut Execution,
    plan: &Arc<Plan>,
    input: &Value,
    limits: Limits,
    fan_out: &dyn FanOut,
) -> (String, u64) {
    let info = ExecutionInfo::default();
    let start = Start {
        info: &info,
        seed: 3,
        limits,
    };
    let now = Now::default();
    execution
        .start_on(plan, input.to_string().as_bytes(), start, now, fan_out)
        .unwrap();
    assert_eq!(execution.advance(now, fan_out), Progress::Done);
    let outcome = match execution.outcome().unwrap() {
        Outcome::Succeeded(output) => execution.arena().to_json(*output),
        other => format!("{other:?}"),
    };
    let entered = StateType::ALL.map(|state_type| execution.counts().entered(state_type));
    let n_entered = execution.states_entered();
    assert_eq!(entered.iter().sum::<u64>(), n_entered);
    (outcome, n_entered)
}

#[track_caller]
fn check(machine: &Value, input: &Value, limits: Limits) -> usize {
    let plan = compile(machine);
    let threads = Threads::default();
    let in_place = run(&plan, input, limits, &InPlace);
    let forked = run(&plan, input, limits, &threads);
    assert_eq!(forked, in_place, "{machine}");
    let recorded = run_recorded(&plan, input, limits);
    assert_eq!(recorded, in_place, "{machine}");
    threads.jobs.into_inner()
}

/// A Map over `$.items` with five states a turn, one of which may fail or be caught.
fn machine(failing_item: i64, catching: bool) -> Value {
    let check = json!({"Type": "Choice", "Default": "Make", "Choices": [
        {"Variable": "$.n", "NumericEquals": failing_item, "Next": "Spoil"},
        {"Variable": "$.n", "NumericLessThan": 0, "Next": "Lose"}]});
    let spoil = json!({"Type": "Parallel", "End": true,
        "Branches": [{"StartAt": "Add", "States": {"Add": {"Type": "Pass", "End": true,
            "Parameters": {"sum.$": "States.ArrayGetItem($.few, 5)"}}}}],
        "Catch": [{"ErrorEquals": [if catching { "States.ALL" } else { "Another" }], "Next": "Keep"}]});
    json!({"StartAt": "Count", "States": {
        "Count": {"Type": "Pass", "Next": "Items"},
        "Items": {"Type": "Map", "ItemsPath": "$.items", "End": true,
            "ItemSelector": {"n.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index", "few": [1, 2],
                             "id.$": "States.UUID()"},
            "ItemProcessor": {"StartAt": "Check", "States": {
                "Check": check,
                "Spoil": spoil,
                "Keep": {"Type": "Pass", "End": true},
                "Lose": {"Type": "Fail", "Error": "Lost", "Cause": "below zero"},
                "Make": {"Type": "Pass", "Next": "More", "ResultPath": "$.made",
                    "Parameters": {"text.$": "States.Format('{}-{}', $.n, $.i)", "u.$": "States.UUID()"}},
                "More": {"Type": "Pass", "Next": "Last", "Result": {"a": [1, 2]}, "ResultPath": "$.more.x"},
                "Last": {"Type": "Pass", "End": true}}}}}})
}

/// Room for the outputs of thousands of items.
fn roomy() -> Limits {
    Limits {
        payload: 1 << 22,
        ..Limits::default()
    }
}

fn items(n: usize) -> Value {
    json!({"items": (0..n).collect::<Vec<_>>()})
}

#[test]
fn many_items_give_the_same_on_several_workers() {
    let jobs = check(&machine(-5, false), &items(2000), roomy());
    assert!(jobs > 1, "nothing was forked");
}

#[test]
fn the_first_failing_item_decides() {
    for failing in [0, 3, 700, 1999] {
        let mut input = items(2000);
        input["items"][failing] = json!(-1);
        input["items"][1999] = json!(-2);
        check(&machine(-5, false), &input, roomy());
    }
}

#[test]
fn event_ids_in_errors_are_those_of_an_execution_in_place() {
    for failing in [0, 3, 700, 1999] {
        for catching in [false, true] {
            check(&machine(failing, catching), &items(2000), roomy());
        }
    }
}

#[test]
fn limits_are_met_at_the_same_place() {
    for states in [1_000, 4_000, 7_999, 8_002, 9_000] {
        let limits = Limits { states, ..roomy() };
        check(&machine(-5, false), &items(2000), limits);
    }
    for memory in [100_000, 300_000, 600_000] {
        let limits = Limits { memory, ..roomy() };
        let plan = compile(&machine(-5, false));
        let threads = Threads::default();
        let in_place = run(&plan, &items(2000), limits, &InPlace).0;
        let forked = run(&plan, &items(2000), limits, &threads).0;
        assert_eq!(forked, in_place);
    }
}

#[test]
fn parallel_branches_with_maps_fork_at_both_levels() {
    let map = machine(700, true)["States"]["Items"].clone();
    let text = map.to_string();
    let branches: Vec<Value> = (0..4)
        .map(|number| {
            let mut text = text.clone();
            for name in [
                "Check", "Spoil", "Add", "Keep", "Lose", "Make", "More", "Last",
            ] {
                text = text.replace(&format!("\"{name}\""), &format!("\"{name}{number}\""));
            }
            let map: Value = serde_json::from_str(&text).unwrap();
            json!({"StartAt": format!("Items{number}"), "States": {format!("Items{number}"): map}})
        })
        .collect();
    let machine = json!({"StartAt": "Sides", "States": {
        "Sides": {"Type": "Parallel", "Branches": branches, "End": true}}});
    assert!(check(&machine, &items(900), Limits::default()) > 4);
}

/// Maps one after another; each runs over what the one before made, and looks at the event and at itself, too.
fn chain(n_maps: usize) -> Value {
    let map = |n: usize| {
        let items = match n {
            0 => "$.items".to_string(),
            n => format!("$.made{}", n - 1),
        };
        json!({"Type": "Map", "ItemsPath": items, "ResultPath": format!("$.made{n}"), "Next": format!("M{}", n + 1),
            "ItemSelector": {"item.$": "$$.Map.Item.Value", "first.$": "$.items[0]", "was.$": "$.items[7].n"},
            "ItemProcessor": {"StartAt": format!("A{n}"), "States": {
                format!("A{n}"): {"Type": "Pass", "Next": format!("B{n}"), "ResultPath": "$.item.label",
                    "Parameters": {"text.$": "States.Format('{}/{}/{}', $.item.n, $.was, $.first.text)"}},
                format!("B{n}"): {"Type": "Pass", "End": true, "Parameters": {
                    "n.$": "States.MathAdd($.item.n, 1)", "text.$": "$.item.label.text", "kept.$": "$.first"}}}}})
    };
    let mut states: serde_json::Map<String, Value> =
        (0..n_maps).map(|n| (format!("M{n}"), map(n))).collect();
    states.insert(format!("M{n_maps}"), json!({"Type": "Succeed"}));
    json!({"StartAt": "M0", "States": states})
}

#[test]
fn maps_one_after_another_read_what_came_before() {
    let items: Vec<Value> = (0..1500)
        .map(|n| json!({"n": n, "text": "t".repeat(20 + n % 40)}))
        .collect();
    let input = json!({"items": items});
    assert!(
        input.to_string().len() > 64 << 10,
        "it is read in two pieces"
    );
    assert!(check(&chain(6), &input, roomy()) >= 6 * 2);

    // The same buffers again and again, in place in between.
    let plan = compile(&chain(4));
    let threads = Threads::default();
    let want = run(&plan, &input, roomy(), &InPlace);
    let mut execution = Execution::new();
    for turn in 0..6 {
        let got = match turn % 3 {
            2 => outcome(&mut execution, &plan, &input, roomy(), &InPlace),
            _ => outcome(&mut execution, &plan, &input, roomy(), &threads),
        };
        assert_eq!(got, want);
        let Some(&Outcome::Succeeded(output)) = execution.outcome() else {
            panic!("{:?}", execution.outcome());
        };
        // Its layers survive a wait, in other buffers, too.
        let suspended = execution.suspend();
        let mut other = Execution::new();
        other.resume(&plan, &roomy(), suspended);
        assert_eq!(other.arena().to_json(output), want.0);
    }
}

#[test]
fn large_events_that_are_not_json_are_refused_as_small_ones_are() {
    let plan = compile(&chain(1));
    let threads = Threads::default();
    let items: Vec<Value> = (0..4000).map(|n| json!({"n": n, "text": "},{"})).collect();
    let event = json!({"items": items}).to_string();
    for cut in [event.len() / 3, event.len() * 3 / 4, event.len() - 1] {
        let refused = |fan_out: &dyn FanOut| {
            let info = ExecutionInfo::default();
            let start = Start {
                info: &info,
                seed: 3,
                limits: roomy(),
            };
            let mut event = event.clone().into_bytes();
            event[cut] = b'!';
            Execution::new().start_on(&plan, &event, start, Now::default(), fan_out)
        };
        let in_place = refused(&InPlace);
        assert_eq!(refused(&threads), in_place);
    }
    assert!(threads.jobs.into_inner() > 0);
}

/// A small generator: the tests need variety, not quality.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) % sides
    }
}

/// A random chain of states over items that are objects with `n` and `list`.
fn random_scope(dice: &mut Dice, names: &mut u64, depth: usize) -> Value {
    let n_states = 1 + dice.roll(4);
    let first = *names;
    *names += n_states + 1;
    let name = |index: u64| format!("S{index}");
    let mut states = serde_json::Map::new();
    for index in first..first + n_states {
        let mut state = match dice.roll(if depth < 2 { 8 } else { 5 }) {
            0 => json!({"Type": "Pass", "ResultPath": "$.out",
                "Parameters": {"f.$": "States.Format('{}/{}', $.n, $$.State.Name)"}}),
            1 => json!({"Type": "Pass", "Result": {"k": index}, "ResultPath": "$.deep.r"}),
            2 => {
                json!({"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)", "list.$": "$.list"}})
            }
            3 => json!({"Type": "Choice", "Default": name(index + 1), "Choices": [
                {"Variable": "$.n", "NumericEquals": dice.roll(40), "Next": name(first + n_states)}]}),
            4 => {
                json!({"Type": "Pass", "ResultPath": "$.id", "Parameters": {"u.$": "States.UUID()"}})
            }
            5 | 6 => {
                let processor = random_scope(dice, names, depth + 1);
                json!({"Type": "Map", "ItemsPath": "$.list", "ResultPath": "$.mapped",
                    "ItemSelector": {"n.$": "$$.Map.Item.Value", "list": [1, 2]},
                    "ItemProcessor": processor,
                    "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": name(index + 1)}]})
            }
            _ => {
                let branches: Vec<Value> = (0..1 + dice.roll(3))
                    .map(|_| random_scope(dice, names, depth + 1))
                    .collect();
                json!({"Type": "Parallel", "Branches": branches, "ResultPath": "$.sides"})
            }
        };
        if state["Type"] != "Choice" {
            state["Next"] = json!(name(index + 1));
        }
        states.insert(name(index), state);
    }
    let last = match dice.roll(12) {
        0 => json!({"Type": "Fail", "Error": "Unlucky"}),
        1 => {
            json!({"Type": "Pass", "End": true, "Parameters": {"x.$": "States.ArrayGetItem($.list, $.n)"}})
        }
        _ => json!({"Type": "Succeed"}),
    };
    states.insert(name(first + n_states), last);
    json!({"StartAt": name(first), "States": states})
}

#[test]
fn random_machines_give_the_same_on_several_workers() {
    let mut forked = 0;
    for seed in 0..20 {
        let mut dice = Dice(seed);
        let mut names = 1000;
        let processor = random_scope(&mut dice, &mut names, 0);
        let machine = json!({"StartAt": "Items", "States": {"Items": {
            "Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "End": true}}});
        let n_items = 200 + dice.roll(300);
        let items: Vec<Value> = (0..n_items)
            .map(|n| json!({"n": n % 50, "list": (0..dice.roll(60)).collect::<Vec<_>>()}))
            .collect();
        forked += usize::from(check(&machine, &json!({"items": items}), roomy()) > 0);
    }
    assert!(forked >= 10, "only {forked} of 20 machines forked");
}
