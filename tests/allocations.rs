//! Heap allocations in steady state, counted exactly.
#![allow(unsafe_code)] // A global allocator cannot be written without it.
#![allow(clippy::unwrap_used)] // A test may panic.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use expressd::value::{Arena, Constants, ConstantsBuilder, ParseLimits, Value};

#[path = "../benches/support/machine.rs"]
mod machine;

/// Counts what each thread asks of the system's allocator.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending has no counter any more, and no test in it.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call is passed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `GlobalAlloc::realloc`.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of each call once `run` has been called a few times.
fn in_steady_state(mut run: impl FnMut()) -> f64 {
    const CALLS: usize = 100;
    (0..3).for_each(|_| run());
    let before = COUNT.get();
    (0..CALLS).for_each(|_| run());
    (COUNT.get() - before) as f64 / CALLS as f64
}

#[test]
fn the_counter_counts() {
    assert_eq!(
        in_steady_state(|| drop(std::hint::black_box(Box::new(1)))),
        1.0
    );
}

#[test]
fn values_are_read_built_and_printed_without_allocating() {
    let mut builder = ConstantsBuilder::new();
    let [a, b, list] = ["a", "b", "list"].map(|name| builder.key(name));
    let constants = builder.finish();
    let mut arena = Arena::new(Constants::empty());
    let mut out = Vec::new();
    let event =
        br#"{"a":{"b":[1,2.5,"x\n"]}, "c":{"d":1,"d":2},"e":"0123456789abcdef0123456789abcdef"}"#;
    let run = || {
        arena.reset(&constants);
        let event = arena.parse(event, ParseLimits::default()).unwrap();
        let inner = arena
            .get(event, &a)
            .and_then(|inner| arena.get(inner, &b))
            .unwrap();
        let sum = arena
            .elements(inner)
            .filter_map(|element| arena.as_number(element))
            .map(|number| number.as_f64())
            .sum();
        let sum = arena.float(sum);
        let mut text = arena.text_builder();
        text.push_str("sum: ");
        text.push_value(sum);
        let text = text.finish();
        let made = arena.object(&[(b.value().unwrap(), text), (list.value().unwrap(), inner)]);
        let mut patched = event;
        for turn in 0..40 {
            let name = arena.string("again and again");
            let value = arena.integer(turn);
            patched = arena.with(patched, name, value);
            patched = arena.with(patched, a.value().unwrap(), made);
        }
        let elements = arena.with_element(inner, 1, patched);
        let all = arena.array(&[elements, Value::NULL]);
        assert!(arena.equal(patched, patched) && !arena.equal(made, event));
        out.clear();
        arena.print(all, &mut out);
        assert!(out.len() > 100);
    };
    assert_eq!(in_steady_state(run), 0.0);
}

/// What a pure execution allocates, from the event's text to the outcome's.
#[track_caller]
fn check_execution(definition: &str, event: &[u8], most: f64) {
    use expressd::engine::{Execution, InPlace, Limits, Now, Outcome, Progress, Start};

    let (machine, _) = expressd::asl::parse(definition).unwrap();
    let plan = std::sync::Arc::new(expressd::plan::compile(&machine).unwrap());
    let info = expressd::expr::ExecutionInfo::default();
    let mut execution = Execution::new();
    let mut out = Vec::new();
    let allocations = in_steady_state(|| {
        let start = Start {
            info: &info,
            seed: 1,
            limits: Limits::default(),
        };
        let now = Now::default();
        execution.start(&plan, event, start, now).unwrap();
        assert_eq!(execution.advance(now, &InPlace), Progress::Done);
        let Some(Outcome::Succeeded(output)) = execution.outcome() else {
            panic!("{:?}", execution.outcome());
        };
        out.clear();
        execution.arena().print(*output, &mut out);
    });
    assert!(allocations <= most, "{allocations} for {definition}");
}

#[test]
fn pure_executions_do_not_allocate() {
    check_execution(
        r#"{"StartAt": "A", "States": {
            "A": {"Type": "Pass", "Result": {"x": [1]}, "ResultPath": "$.r.s", "Next": "B"},
            "B": {"Type": "Choice", "Default": "C", "Choices": [
                {"Variable": "$.n", "NumericGreaterThan": 5, "Next": "D"},
                {"Variable": "$.at", "TimestampLessThan": "2026-01-01T00:00:00Z", "Next": "C"}]},
            "C": {"Type": "Pass", "Parameters": {"t.$": "States.Format('{}-{}', $.n, $.s)", "a.$": "States.Array($.n, $.r)"}, "Next": "D"},
            "D": {"Type": "Succeed", "OutputPath": "$.t"}}}"#,
        br#"{"n": 3, "s": "text", "at": "2025-06-01T12:00:00Z"}"#,
        0.0,
    );
}

#[test]
fn branches_and_items_do_not_allocate_either() {
    check_execution(
        r#"{"StartAt": "P", "States": {"P": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$.l", "End": true,
                "ItemSelector": {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index"},
                "ItemProcessor": {"StartAt": "I", "States": {
                    "I": {"Type": "Pass", "Result": 1, "ResultPath": "$.one", "End": true}}}}}},
            {"StartAt": "Q", "States": {"Q": {"Type": "Pass", "InputPath": "$.l[*]", "End": true}}}]}}}"#,
        br#"{"l": [1, "two", {"three": 3}, [4]]}"#,
        0.0,
    );
}

#[test]
fn a_map_over_a_hundred_items_does_not_allocate() {
    check_execution(
        include_str!("../benches/machines/map100.asl.json"),
        first_line(include_str!("../benches/machines/map100.ndjson")),
        0.0,
    );
}

#[test]
fn a_parallel_of_three_branches_does_not_allocate() {
    check_execution(
        include_str!("../benches/machines/parallel3.asl.json"),
        first_line(include_str!("../benches/machines/order1k.ndjson")),
        0.0,
    );
}

fn first_line(events: &str) -> &[u8] {
    events.lines().next().unwrap_or_default().as_bytes()
}

#[test]
fn paths_and_functions_do_not_allocate() {
    check_execution(
        r#"{"StartAt": "A", "States": {
            "A": {"Type": "Pass", "End": true, "Parameters": {
                "all.$": "$.items[*].n", "deep.$": "$..n", "some.$": "$.items[?(@.n > 1 && @.s == 'b')].s", "cut.$": "$.items[1:]",
                "both.$": "$.items[0]['n','s']", "run.$": "$$.Execution.Name", "at.$": "$$.State.EnteredTime",
                "add.$": "States.MathAdd($.items[0].n, 1.5)", "split.$": "States.StringSplit($.tags, ',\n')",
                "text.$": "States.JsonToString($.items)", "json.$": "States.StringToJson($.json)",
                "merge.$": "States.JsonMerge($.items[0], $.items[1], false)", "hash.$": "States.Hash($.tags, 'SHA-256')",
                "b64.$": "States.Base64Decode(States.Base64Encode($.tags))", "id.$": "States.UUID()",
                "draw.$": "States.MathRandom(1, 100)", "has.$": "States.ArrayContains($.items, 1)",
                "range.$": "States.ArrayRange(1, $.items[1].n, 1)", "parts.$": "States.ArrayPartition($.items, 1)",
                "last.$": "States.ArrayGetItem($.items, States.MathAdd(States.ArrayLength($.items), -1))"}}}}"#,
        br#"{"items": [{"n": 1, "s": "a"}, {"n": 2, "s": "b"}], "tags": "x,y\nz", "json": "{\"a\": [1, \"\\u00e9\"]}"}"#,
        0.0,
    );
}

#[test]
fn variables_do_not_allocate() {
    check_execution(
        r#"{"StartAt": "A", "States": {
            "A": {"Type": "Pass", "Assign": {"x.$": "$.n", "l.$": "$.l"}, "Next": "M"},
            "M": {"Type": "Map", "ItemsPath": "$l", "Assign": {"all.$": "$"}, "Next": "C", "ItemProcessor": {"StartAt": "I", "States": {
                "I": {"Type": "Pass", "Assign": {"own.$": "$"}, "Next": "J"},
                "J": {"Type": "Pass", "Parameters": {"sum.$": "States.MathAdd($own, $x)"}, "End": true}}}},
            "C": {"Type": "Choice", "Choices": [{"Variable": "$x", "NumericGreaterThan": 1, "Assign": {"x": 0}, "Next": "E"}]},
            "E": {"Type": "Pass", "Parameters": {"x.$": "$x", "all.$": "$all"}, "End": true}}}"#,
        br#"{"n": 3, "l": [1, 2]}"#,
        0.0,
    );
}

#[test]
fn jsonata_states_do_not_allocate() {
    check_execution(
        r#"{"QueryLanguage": "JSONata", "StartAt": "A", "States": {
            "A": {"Type": "Choice", "Default": "B", "Choices": [
                {"Condition": "{% $states.input.n > 5 and $exists($states.input.s) %}", "Next": "C"},
                {"Condition": "{% $states.input.n + 1 > 5 %}", "Next": "C"}]},
            "B": {"Type": "Pass", "Assign": {"x": "{% $states.input.s %}", "y": "{% $states.input.n * 2 %}"}, "Next": "C"},
            "C": {"Type": "Pass", "Next": "D", "Output":
                "{% $merge([$states.input, {'x': $x, 'more': {'y': $y, 'l': [$states.input.l.k], 'c': $count($states.input.l)}}]) %}"},
            "D": {"Type": "Pass", "Output": {"a": "{% $states.input.more %}", "b": ["{% $x %}", "{% $y %}"]}, "End": true}}}"#,
        br#"{"n": 3, "s": "text", "l": [{"k": 1}, {"k": 2}]}"#,
        0.0,
    );
}

/// Allocations of each event of a case of the benches, text in → text out, over those of its events that are wanted.
fn of_case(name: &str, events: &str, wanted: impl Fn(&str) -> bool) -> f64 {
    let machines = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/machines");
    let read = |file: String| std::fs::read_to_string(machines.join(file)).unwrap();
    let definition = read(format!("{name}.asl.json"));
    let events = read(format!("{events}.ndjson"));
    let events: Vec<&str> = events
        .lines()
        .filter(|event| wanted(event))
        .take(20)
        .collect();
    let mut machine = machine::Machine::new(machine::compile(&definition));
    let mut out = Vec::new();
    let all = in_steady_state(|| {
        for event in &events {
            out.clear();
            machine.run(event.as_bytes(), &expressd::engine::InPlace, &mut out);
        }
    });
    all / events.len() as f64
}

#[test]
fn the_cases_of_the_benches_do_not_allocate() {
    for name in ["passthrough", "route", "parallel3", "jsonata"] {
        assert_eq!(of_case(name, "order1k", |_| true), 0.0, "{name}");
    }
    assert_eq!(of_case("map100", "map100", |_| true), 0.0, "map100");
    let is_cancelled = |event: &str| event.contains("order.cancelled");
    let order = of_case("order", "order1k", |event| !is_cancelled(event));
    assert_eq!(order, 0.0, "order");
    // The error's name and cause, which the task gives, and the failure that they become.
    let declined = of_case("order", "order1k", is_cancelled);
    assert!(declined <= 3.0, "{declined} for an order that is declined");
}
