//! Expressions one by one: what a path, a call, a template or a rule costs once it is compiled.
//!
//! | group | what | command |
//! | --- | --- | --- |
//! | `path/CASE` | reading one value, or gathering several | `cargo bench --no-default-features --bench expressions -- path` |
//! | `call/CASE` | an intrinsic function, its arguments read by paths | `… -- call` |
//! | `template/CASE` | a payload of six members | `… -- template` |
//! | `rule/CASE` | one choice rule | `… -- rule` |
//!
//! What is built is forgotten only between batches, as in a long execution; the arena is cleared outside the measurement.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

use expressd::expr::{
    Answer, ChoiceRule, ContextObject, DataTest, ExecutionInfo, Expression, MapItem, Operand,
    Operator, Random, Scope, Scratch, StateInfo, Template, timestamp,
};
use expressd::value::{Arena, Constants, ConstantsBuilder, ParseLimits, Value};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EVENT: &str = r#"{"id":"o-1","type":"order","at":"2026-03-14T01:59:00.123Z","customer":{"id":17,"name":"Ann","address":{"city":"Köln","zip":"50667"}},"total":129.5,"paid":true,"items":[{"sku":"a","n":1},{"sku":"b","n":2},{"sku":"c","n":3}],"tags":"x,y,z"}"#;

const TEMPLATE: &str = r#"{"kind": "order", "id.$": "$.id", "city.$": "$.customer.address.city", "total.$": "$.total", "run.$": "$$.Map.Item.Index", "label.$": "States.Format('{}#{}', $.id, $.customer.id)"}"#;

/// Measures `run` on the event, in an arena with these constants.
fn measure(
    criterion: &mut Criterion,
    name: &str,
    constants: ConstantsBuilder,
    run: impl Fn(&Scope<'_>, &mut Arena, &mut Scratch),
) {
    let constants = constants.finish();
    let mut arena = Arena::new(constants.clone());
    let mut scratch = Scratch::new();
    let (info, random) = (ExecutionInfo::default(), Random::new(1));
    const BATCH: usize = 256;
    criterion.bench_function(name, |bencher| {
        bencher.iter_custom(|n| {
            let mut spent = std::time::Duration::ZERO;
            let mut left = n;
            while left > 0 {
                let batch = left.min(BATCH as u64);
                left -= batch;
                arena.reset(&constants);
                let parsed = arena.parse(EVENT.as_bytes(), ParseLimits::default());
                let input = parsed.expect("the event is JSON");
                let context = ContextObject {
                    execution: &info,
                    execution_input: input,
                    state: StateInfo {
                        name: Value::EMPTY_STRING,
                        entered_time: 0,
                        retry_count: None,
                    },
                    item: Some(MapItem {
                        index: 3,
                        value: input,
                        key: None,
                    }),
                };
                let scope = Scope {
                    input,
                    parts: &[],
                    context,
                    variables: &[],
                    answer: Answer::None,
                    now: 0,
                    random: &random,
                };
                let start = std::time::Instant::now();
                for _ in 0..batch {
                    run(black_box(&scope), &mut arena, &mut scratch);
                }
                spent += start.elapsed();
            }
            spent
        });
    });
}

fn expression(criterion: &mut Criterion, name: &str, text: &str) {
    let mut constants = ConstantsBuilder::new();
    let expression = Expression::compile(text, &mut constants).expect("the expression compiles");
    measure(criterion, name, constants, |scope, arena, scratch| {
        let value = expression.eval("x.$", scope, arena, scratch);
        black_box(value.expect("the expression evaluates"));
    });
}

fn paths(criterion: &mut Criterion) {
    for (name, text) in [
        ("name", "$.total"),
        ("three_names", "$.customer.address.city"),
        ("index", "$.items[2].sku"),
        ("context", "$$.Map.Item.Index"),
        ("wildcard", "$.items[*].n"),
        ("filter", "$.items[?(@.n > 1)].sku"),
        ("descend", "$..sku"),
    ] {
        expression(criterion, &format!("path/{name}"), text);
    }
}

fn calls(criterion: &mut Criterion) {
    for (name, text) in [
        ("format", "States.Format('{}#{}', $.id, $.customer.id)"),
        ("math_add", "States.MathAdd($.customer.id, 1)"),
        ("array", "States.Array($.id, $.total)"),
        ("array_length", "States.ArrayLength($.items)"),
        ("string_split", "States.StringSplit($.tags, ',')"),
        ("json_to_string", "States.JsonToString($.items)"),
        (
            "json_merge",
            "States.JsonMerge($.customer, $.items[0], false)",
        ),
        ("hash", "States.Hash($.id, 'SHA-256')"),
        ("uuid", "States.UUID()"),
    ] {
        expression(criterion, &format!("call/{name}"), text);
    }
}

fn templates(criterion: &mut Criterion) {
    let mut doc = Arena::new(Constants::empty());
    let value = doc.parse(TEMPLATE.as_bytes(), ParseLimits::default());
    let mut constants = ConstantsBuilder::new();
    let template = Template::compile(&doc, value.expect("JSON"), &mut constants);
    let template = template.expect("the template compiles");
    measure(
        criterion,
        "template/six",
        constants,
        |scope, arena, scratch| {
            black_box(template.eval(scope, arena, scratch)).expect("the template evaluates");
        },
    );
}

fn rules(criterion: &mut Criterion) {
    for (name, variable, operator, operand) in [
        (
            "string_equals",
            "$.type",
            "StringEquals",
            Operand::String("order"),
        ),
        (
            "string_matches",
            "$.id",
            "StringMatches",
            Operand::String("o-*"),
        ),
        (
            "numeric_greater",
            "$.total",
            "NumericGreaterThan",
            Operand::Number("100"),
        ),
        (
            "timestamp_less",
            "$.at",
            "TimestampLessThan",
            Operand::String("2026-04-01T00:00:00Z"),
        ),
        ("is_present", "$.missing", "IsPresent", Operand::Bool(false)),
    ] {
        let mut constants = ConstantsBuilder::new();
        let operator = Operator::from_name(operator).expect("the operator is known");
        let test = DataTest::compile(variable, operator, operand, &mut constants);
        let rule = ChoiceRule::Test(test.expect("the rule compiles"));
        measure(
            criterion,
            &format!("rule/{name}"),
            constants,
            |scope, arena, scratch| {
                assert!(
                    rule.matches(scope, arena, scratch)
                        .expect("the rule evaluates")
                );
            },
        );
    }
    criterion.bench_function("rule/timestamp_parse", |bencher| {
        let text = || black_box("2026-03-14T01:59:00.123+02:00");
        bencher.iter_batched(text, timestamp::parse, BatchSize::SmallInput);
    });
}

criterion_group!(benches, paths, calls, templates, rules);
criterion_main!(benches);
