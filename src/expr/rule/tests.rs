use super::*;
use crate::expr::testing::with;
use crate::value::ConstantsBuilder;

fn test(
    variable: &str,
    operator: &str,
    operand: Operand<'_>,
    constants: &mut ConstantsBuilder,
) -> DataTest {
    let operator = Operator::from_name(operator).expect("the operator is known");
    DataTest::compile(variable, operator, operand, constants).expect("the test compiles")
}

/// `$.v` against `operand`, with `input`.
fn holds(operator: &str, operand: Operand<'_>, input: &str) -> Result<bool, ExprError> {
    with(
        input,
        |constants| ChoiceRule::Test(test("$.v", operator, operand, constants)),
        |rule, scope, arena, scratch| rule.matches(scope, arena, scratch),
    )
}

#[test]
fn literals_are_compared_by_type() {
    use Operand::{Bool, Number, String};
    let cases = [
        ("StringEquals", String("a\"b"), r#""a\"b""#, true),
        ("StringEquals", String("é"), r#""\u00e9""#, true),
        ("StringEquals", String("A"), r#""a""#, false),
        ("StringEquals", String("1"), "1", false),
        ("StringLessThan", String("b"), r#""a""#, true),
        ("StringLessThan", String("a"), r#""a""#, false),
        ("StringLessThan", String("a"), "0", false),
        ("StringGreaterThanEquals", String("a"), r#""a""#, true),
        // By UTF-16 a character beyond the first plane comes before U+FFFD.
        ("StringLessThan", String("\u{fffd}"), r#""😀""#, true),
        ("StringGreaterThan", String("a"), r#""""#, false),
        ("StringMatches", String("log-*.txt"), r#""log-1.txt""#, true),
        ("StringMatches", String("*"), "1", false),
        ("NumericEquals", Number("0"), "0.0", true),
        ("NumericEquals", Number("1e2"), "100", true),
        ("NumericEquals", Number("1"), r#""1""#, false),
        (
            "NumericEquals",
            Number("9007199254740993"),
            "9007199254740992",
            false,
        ),
        (
            "NumericLessThan",
            Number("9007199254740992"),
            "9007199254740993",
            false,
        ),
        (
            "NumericGreaterThan",
            Number("9007199254740992"),
            "9007199254740993",
            true,
        ),
        (
            "NumericEquals",
            Number("1000000000000000000000"),
            "1000000000000000000001",
            false,
        ),
        (
            "NumericGreaterThan",
            Number("9007199254740991"),
            "1e400",
            true,
        ),
        ("NumericLessThan", Number("1e400"), "5", true),
        ("NumericEquals", Number("0.1"), "0.10", true),
        ("NumericLessThan", Number("3.5"), "3", true),
        ("NumericLessThanEquals", Number("3"), "3.0", true),
        ("NumericGreaterThan", Number("-1"), "-2", false),
        ("NumericGreaterThanEquals", Number("1"), "null", false),
        ("BooleanEquals", Bool(true), "true", true),
        ("BooleanEquals", Bool(false), "true", false),
        ("BooleanEquals", Bool(false), "null", false),
        (
            "TimestampEquals",
            String("2012-10-09T19:00:55Z"),
            r#""2012-10-09T21:00:55.000+02:00""#,
            true,
        ),
        (
            "TimestampLessThan",
            String("2012-10-09T19:00:55Z"),
            r#""2012-10-09T19:00:54.999Z""#,
            true,
        ),
        (
            "TimestampLessThan",
            String("2012-10-09T19:00:55Z"),
            r#""2011""#,
            false,
        ),
        (
            "TimestampGreaterThanEquals",
            String("2012-10-09T19:00:55Z"),
            "null",
            false,
        ),
        ("IsNull", Bool(true), "null", true),
        ("IsNull", Bool(false), "1", true),
        ("IsString", Bool(true), r#""""#, true),
        ("IsString", Bool(false), "1", true),
        ("IsNumeric", Bool(true), "1.0", true),
        ("IsNumeric", Bool(false), "{}", true),
        ("IsBoolean", Bool(true), "false", true),
        ("IsBoolean", Bool(true), "null", false),
        ("IsTimestamp", Bool(true), r#""2012-10-09T19:00:55Z""#, true),
        ("IsTimestamp", Bool(true), r#""2012-10-09""#, false),
        ("IsPresent", Bool(true), "null", true),
        ("IsPresent", Bool(false), "1", false),
    ];
    for (operator, operand, value, want) in cases {
        let input = format!("{{\"v\":{value}}}");
        assert_eq!(
            holds(operator, operand, &input),
            Ok(want),
            "{operator} {operand:?} {value}"
        );
    }
}

#[test]
fn paths_are_compared_by_type() {
    let cases = [
        ("StringEqualsPath", r#""x""#, r#""\u0078""#, true),
        ("StringEqualsPath", "1", "1", false),
        ("StringLessThanPath", r#""a""#, r#""b""#, true),
        ("NumericEqualsPath", "0", "-0.0", true),
        ("NumericGreaterThanPath", "2", "1", true),
        ("NumericGreaterThanPath", "2", r#""1""#, false),
        ("BooleanEqualsPath", "true", "true", true),
        ("BooleanEqualsPath", "null", "null", false),
        (
            "TimestampLessThanEqualsPath",
            r#""2012-10-09T19:00:55Z""#,
            r#""2012-10-09T19:00:55.1Z""#,
            true,
        ),
        ("TimestampEqualsPath", r#""x""#, r#""x""#, false),
    ];
    for (operator, value, other, want) in cases {
        let input = format!("{{\"v\":{value},\"w\":{other}}}");
        assert_eq!(
            holds(operator, Operand::String("$.w"), &input),
            Ok(want),
            "{operator} {input}"
        );
    }
}

#[test]
fn a_variable_that_is_missing_is_an_error_except_for_is_present() {
    let reason = |path: &str| {
        Err(ExprError::runtime(format!(
            "Invalid path '{path}': The choice state's condition path references an invalid value."
        )))
    };
    assert_eq!(holds("IsPresent", Operand::Bool(true), "{}"), Ok(false));
    assert_eq!(holds("IsPresent", Operand::Bool(false), "[]"), Ok(true));
    assert_eq!(holds("IsNull", Operand::Bool(true), "{}"), reason("$.v"));
    assert_eq!(
        holds("StringEquals", Operand::String("x"), "1"),
        reason("$.v")
    );
    let other = holds("StringEqualsPath", Operand::String("$.w"), r#"{"v":1}"#);
    assert_eq!(other, reason("$.w"));
}

#[test]
fn and_and_or_stop_early() {
    let both = |guard: bool, constants: &mut ConstantsBuilder| -> Box<[ChoiceRule]> {
        let guard = test("$.v", "IsPresent", Operand::Bool(guard), constants);
        let missing = test("$.v", "NumericEquals", Operand::Number("1"), constants);
        [guard, missing].map(ChoiceRule::Test).into()
    };
    let holds = |compile: &dyn Fn(&mut ConstantsBuilder) -> ChoiceRule| {
        with("{}", compile, |rule, scope, arena, scratch| {
            rule.matches(scope, arena, scratch)
        })
    };
    assert_eq!(holds(&|c| ChoiceRule::And(both(true, c))), Ok(false));
    assert_eq!(holds(&|c| ChoiceRule::Or(both(false, c))), Ok(true));
    assert!(holds(&|c| ChoiceRule::Or(both(true, c))).is_err());
    let not = |c: &mut ConstantsBuilder| ChoiceRule::Not(Box::new(ChoiceRule::And(both(true, c))));
    assert_eq!(holds(&not), Ok(true));
}

#[test]
fn operands_of_the_wrong_type_are_refused() {
    let mut constants = ConstantsBuilder::new();
    let cases = [
        (
            "StringEquals",
            Operand::Number("1"),
            "StringEquals takes a string",
        ),
        (
            "NumericEquals",
            Operand::String("1"),
            "NumericEquals takes a number",
        ),
        (
            "BooleanEquals",
            Operand::Other,
            "BooleanEquals takes true or false",
        ),
        ("IsNull", Operand::Other, "IsNull takes true or false"),
        (
            "NumericEqualsPath",
            Operand::Number("1"),
            "NumericEqualsPath takes a path",
        ),
        (
            "TimestampEquals",
            Operand::String("x"),
            "String does not match RFC3339 timestamp",
        ),
        (
            "StringMatches",
            Operand::String(r"\"),
            r"a backslash escapes * and \ only",
        ),
    ];
    for (name, operand, want) in cases {
        let operator = Operator::from_name(name).expect("the operator is known");
        let refused = DataTest::compile("$.v", operator, operand, &mut constants);
        assert_eq!(refused.err().as_deref(), Some(want), "{name}");
    }
}

#[test]
fn every_operator_is_found_by_its_name() {
    assert_eq!(Operator::names().count(), 39);
    for name in Operator::names() {
        assert_eq!(Operator::from_name(name).map(Operator::name), Some(name));
        let is_path = Operator::from_name(name).map(Operator::takes_path);
        assert_eq!(is_path, Some(name.ends_with("Path")));
    }
}

#[test]
fn a_look_up_finds_what_trying_in_order_finds() {
    use Operand::{Bool, Number, String};
    let texts = [
        ("StringEquals", String("a")),
        ("StringEquals", String("bb")),
        ("StringEquals", String("a")),
        ("StringEquals", String("")),
    ];
    let numbers = [
        ("NumericEquals", Number("1.0")),
        ("NumericEquals", Number("-0")),
        ("NumericEquals", Number("1")),
        ("NumericEquals", Number("0.1")),
    ];
    let (present, missing) = (("IsPresent", Bool(true)), ("IsPresent", Bool(false)));
    let tables = [
        [&texts[..], &numbers[..]].concat(),
        [&[missing][..], &numbers, &texts].concat(),
        [&texts[..2], &[present], &texts[..], &numbers].concat(),
        [&[present][..], &texts].concat(),
        [&texts[..2], &[missing, missing]].concat(),
        vec![missing, present, missing, present],
    ];
    let values = [
        r#""a""#,
        r#""\u0061""#,
        r#""bb""#,
        r#""""#,
        r#""c""#,
        "1",
        "1e0",
        "0",
        "-0.0",
        "0.10",
        "2",
        "null",
        "[]",
        "1e400",
        "true",
    ];
    let inputs = values.map(|value| format!(r#"{{"v":{value}}}"#));
    for table in &tables {
        for input in inputs.iter().map(std::string::String::as_str).chain(["{}"]) {
            with(
                input,
                |constants| -> Vec<ChoiceRule> {
                    let tests = table.iter().map(|(operator, operand)| {
                        ChoiceRule::Test(test("$.v", operator, *operand, constants))
                    });
                    tests.collect()
                },
                |rules, scope, arena, scratch| {
                    let lookups = Lookup::all_in(&rules.iter().collect::<Vec<_>>());
                    assert_eq!(lookups.len(), 1);
                    assert_eq!(lookups[0].rules(), 0..rules.len());
                    let found = lookups[0].find(&rules[0], scope, arena, scratch);
                    let mut tried = Ok(None);
                    for (place, rule) in rules.iter().enumerate() {
                        match rule.matches(scope, arena, scratch) {
                            Ok(false) => continue,
                            Ok(true) => tried = Ok(Some(place)),
                            Err(error) => tried = Err(error.reason),
                        }
                        break;
                    }
                    assert_eq!(
                        found.map_err(|error| error.reason),
                        tried,
                        "{input} {table:?}"
                    );
                },
            );
        }
    }
}

#[test]
fn only_rows_of_comparisons_with_one_variable_are_looked_up() {
    use Operand::{Number, String};
    let mut constants = ConstantsBuilder::new();
    let mut rule = |variable: &str, operator: &str, operand: Operand<'_>| {
        ChoiceRule::Test(test(variable, operator, operand, &mut constants))
    };
    let mut rules = vec![rule("$.a", "NumericLessThan", Number("1"))];
    for text in ["a", "b", "c", "d"] {
        rules.push(rule("$.a", "StringEquals", String(text)));
    }
    // Integers beyond 2^53 are compared exactly.
    rules.push(rule("$.a", "NumericEquals", Number("9007199254740993")));
    for text in ["a", "b", "c"] {
        rules.push(rule("$.b", "StringEquals", String(text)));
    }
    let lookups = Lookup::all_in(&rules.iter().collect::<Vec<_>>());
    let found = lookups
        .iter()
        .map(|lookup| (lookup.rules().start, lookup.rules().end));
    assert_eq!(found.collect::<Vec<_>>(), [(1, 5)]);
}
