use super::*;
use crate::expr::Expression;
use crate::expr::testing::{check, check_errors, eval};
use crate::value::ConstantsBuilder;

#[test]
fn format() {
    check(&[
        (
            "States.Format('{}#{}', $.a, $.b)",
            r#"{"a":"x","b":1.10}"#,
            r#""x#1.10""#,
        ),
        ("States.Format('plain')", "{}", r#""plain""#),
        (
            "States.Format('{}{}{}', true, null, -1)",
            "{}",
            r#""truenull-1""#,
        ),
        (
            r"States.Format('\{{}\} \'{}\' \\', $.a, 'x')",
            r#"{"a":1}"#,
            r#""{1} 'x' \\""#,
        ),
        ("States.Format('{\"a\": {}}', $)", "5", r#""{\"a\": 5}""#),
        (
            "States.Format('{}', $)",
            r#"{"Arg1":1,"Arg2":[],"s":"t"}"#,
            r#""{Arg1=1, Arg2=[], s=t}""#,
        ),
        (
            r"States.Format('\{\}{} {}', $.l, $.s)",
            r#"{"l":[1,"x",{}],"s":"é\n"}"#,
            r#""{}[1, x, {}] é\n""#,
        ),
        (
            "States.Format($.t, $.a)",
            r#"{"t":"It's {}!\n","a":"a\"b"}"#,
            r#""It's a\"b!\n""#,
        ),
        (
            "States.Format('{}', States.Format('<{}>', $))",
            r#""\u0041""#,
            r#""<\u0041>""#,
        ),
        (
            "States.Format('a {} b\nc', $$.Map.Item.Index)",
            "{}",
            r#""a 2 b\nc""#,
        ),
    ]);
    check_errors(&[
        (
            "States.Format('{} {}', $)",
            "1",
            "States.IntrinsicFailure",
            "The function 'States.Format('{} {}', $)' had the following error: the template has 2 placeholders, but 1 values were given",
        ),
        (
            "States.Format($)",
            "[]",
            "States.IntrinsicFailure",
            "The function 'States.Format($)' had the following error: argument 1 must be a string, got []",
        ),
        (
            "States.Format('{}', $.no)",
            r#"{"a":1}"#,
            "States.Runtime",
            r#"The function 'States.Format('{}', $.no)' had the following error: The JsonPath argument for the field '$.no' could not be found in the input '{"a":1}'"#,
        ),
    ]);
}

#[test]
fn arrays() {
    check(&[
        ("States.Array()", "{}", "[]"),
        (
            "States.Array($, 'x', -1.50, null, true)",
            "[1]",
            r#"[[1],"x",-1.50,null,true]"#,
        ),
        (
            "States.ArrayPartition($, 2)",
            "[1,2,3,4,5]",
            "[[1,2],[3,4],[5]]",
        ),
        ("States.ArrayPartition($, 2.4)", "[1,2,3]", "[[1,2],[3]]"),
        ("States.ArrayPartition($, 9)", "[1]", "[[1]]"),
        (
            "States.ArrayPartition($, 9223372036854775807)",
            "[1]",
            "[[1]]",
        ),
        ("States.ArrayPartition($, 1)", "[]", "[]"),
        (
            "States.ArrayContains($.a, $.b)",
            r#"{"a":[{"x":1,"y":[]}],"b":{"y":[],"x":1.0}}"#,
            "true",
        ),
        ("States.ArrayContains($, null)", "[false]", "false"),
        ("States.ArrayRange(1, 9, 2)", "{}", "[1,3,5,7,9]"),
        ("States.ArrayRange(0, 10, 3)", "{}", "[0,3,6,9]"),
        ("States.ArrayRange(1, 9, 9)", "{}", "[1]"),
        ("States.ArrayRange(3, 1, -1)", "{}", "[3,2,1]"),
        ("States.ArrayRange(3, 1, 1)", "{}", "[]"),
        (
            "States.ArrayRange(9223372036854775806, 9223372036854775807, 1)",
            "{}",
            "[9223372036854775806,9223372036854775807]",
        ),
        (
            "States.ArrayLength(States.ArrayRange(1, 1000, 1))",
            "{}",
            "1000",
        ),
        ("States.ArrayGetItem($, 1)", "[1,2]", "2"),
        ("States.ArrayLength($)", "[[],{}]", "2"),
        (
            "States.ArrayUnique($)",
            r#"[1,"1",1.0,{"a":1,"b":2},{"b":2,"a":1},[1],[1],null,"\u0031"]"#,
            r#"[1,"1",{"a":1,"b":2},[1],null]"#,
        ),
    ]);
    for (call, input) in [
        ("States.ArrayRange(1, 1001, 1)", "{}"),
        (
            "States.ArrayRange(-9223372036854775807, 9223372036854775807, 1)",
            "{}",
        ),
        ("States.ArrayRange(1, 2, 0)", "{}"),
        ("States.ArrayGetItem($, 2)", "[1,2]"),
        ("States.ArrayGetItem($, -1)", "[1,2]"),
        ("States.ArrayPartition($, 0)", "[1,2]"),
        ("States.ArrayPartition($, -1)", "[1,2]"),
        ("States.ArrayLength($)", "{}"),
        ("States.ArrayUnique($)", "\"x\""),
        ("States.ArrayContains($, 1)", "1"),
        ("States.ArrayGetItem($, '1')", "[1,2]"),
    ] {
        let error = eval(call, input).expect_err(call);
        assert_eq!(error.error, "States.IntrinsicFailure", "{call}");
    }
}

#[test]
fn unique_is_not_quadratic() {
    let numbers: Vec<String> = (0..50_000).map(|n| format!("{{\"n\":{n}}}")).collect();
    let input = format!("[{}]", numbers.join(","));
    check(&[("States.ArrayLength(States.ArrayUnique($))", &input, "50000")]);
}

#[test]
fn json() {
    check(&[
        ("States.StringToJson($)", r#""""#, "null"),
        ("States.StringToJson($)", r#"" ""#, "null"),
        ("States.StringToJson($)", r#""-0""#, "0"),
        (
            "States.StringToJson($)",
            r#""{\"a\": [1, 2.50, \"\\u00e9\"]}""#,
            r#"{"a":[1,2.50,"\u00e9"]}"#,
        ),
        (
            "States.StringToJson('{\"a\": \"b\"}')",
            "{}",
            r#"{"a":"b"}"#,
        ),
        (
            "States.JsonToString($)",
            r#"{"a": [1, "x", null]}"#,
            r#""{\"a\":[1,\"x\",null]}""#,
        ),
        ("States.JsonToString($)", "\"x\"", r#""\"x\"""#),
        (
            "States.StringToJson(States.JsonToString($))",
            r#"{"a": "\"\\\n"}"#,
            r#"{"a":"\"\\\n"}"#,
        ),
        (
            "States.JsonMerge($.a, $.b, false)",
            r#"{"a":{"a":{"x":1},"b":2,"d":3},"b":{"a":{"y":1},"c":3,"d":4}}"#,
            r#"{"a":{"y":1},"b":2,"d":4,"c":3}"#,
        ),
    ]);
    for (call, input) in [
        ("States.StringToJson($)", r#""{""#),
        ("States.StringToJson($)", "1"),
        ("States.JsonMerge($, $, true)", "{}"),
        ("States.JsonMerge($, $, 1)", "{}"),
        ("States.JsonMerge($, $, false)", "[]"),
    ] {
        let error = eval(call, input).expect_err(call);
        assert_eq!(error.error, "States.IntrinsicFailure", "{call}");
    }
    let bomb = format!("\"{}\"", "[".repeat(100_000));
    assert!(eval("States.StringToJson($)", &bomb).is_err());
}

#[test]
fn large_objects_merge_like_small_ones() {
    let object = |range: std::ops::Range<u32>, value: u32| {
        let members: Vec<String> = range.map(|n| format!("\"k{n}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    };
    let input = format!("[{},{}]", object(0..100, 1), object(50..150, 2));
    let merged = eval("States.JsonMerge($[0], $[1], false)", &input).expect("objects merge");
    let want =
        [object(0..50, 1), object(50..150, 2)].map(|part| part[1..part.len() - 1].to_owned());
    assert_eq!(merged, format!("{{{}}}", want.join(",")));
}

#[test]
fn encoding() {
    check(&[
        (
            "States.Base64Encode('Data to encode')",
            "{}",
            r#""RGF0YSB0byBlbmNvZGU=""#,
        ),
        ("States.Base64Encode($)", r#""""#, r#""""#),
        (
            "States.Base64Decode('RGF0YSB0byBlbmNvZGU=')",
            "{}",
            r#""Data to encode""#,
        ),
        (
            "States.Base64Decode(States.Base64Encode($))",
            r#""ü\n""#,
            r#""ü\n""#,
        ),
        (
            "States.Hash('input data', 'MD5')",
            "{}",
            r#""812f45842bc6d66ee14572ce20db8e86""#,
        ),
        (
            "States.Hash('input data', 'SHA-1')",
            "{}",
            r#""aaff4a450a104cd177d28d18d74485e8cae074b7""#,
        ),
        (
            "States.ArrayLength(States.StringSplit(States.Hash($, 'SHA-512'), ''))",
            "{\"a\": 1}",
            "1",
        ),
    ]);
    let same = |a: &str, b: &str| assert_eq!(eval(a, "[1, 2]"), eval(b, "[1, 2]"));
    same(
        "States.Hash($, 'SHA-256')",
        "States.Hash('[1,2]', 'SHA-256')",
    );
    let long = |length| format!("\"{}\"", "ü".repeat(length));
    assert!(eval("States.Base64Encode($)", &long(10_000)).is_ok());
    for (call, input) in [
        ("States.Base64Encode($)", &*long(10_001)),
        ("States.Hash($, 'SHA-1')", &*long(10_001)),
        ("States.Base64Decode('*')", "{}"),
        ("States.Base64Encode(1)", "{}"),
        ("States.Hash('x', 'sha-1')", "{}"),
    ] {
        let error = eval(call, input).expect_err(call);
        assert_eq!(error.error, "States.IntrinsicFailure", "{call}");
    }
}

#[test]
fn math() {
    for (a, b, want) in [
        ("1", "2", "3"),
        ("-9", "3", "-6"),
        ("1.5", "1.51", "4"),
        ("1.49", "1.5", "3"),
        ("-1.5", "0", "-1"),
        ("-2.5", "0", "-2"),
        ("-1.49", "-1.5", "-2"),
        ("-1.5", "-1.51", "-3"),
        ("0.5", "0", "1"),
        ("-0.5", "0.5", "1"),
        ("1e2", "1.0", "101"),
        ("9007199254740993", "0", "9007199254740993"),
    ] {
        check(&[(&format!("States.MathAdd({a}, {b})"), "{}", want)]);
        check(&[(
            "States.MathAdd($.a, $.b)",
            &format!("{{\"a\":{a},\"b\":{b}}}"),
            want,
        )]);
    }
    for (a, b) in [
        ("9223372036854775807", "1"),
        ("1e30", "0"),
        ("'1'", "2"),
        ("null", "1"),
    ] {
        let call = format!("States.MathAdd({a}, {b})");
        assert_eq!(
            eval(&call, "{}").expect_err(&call).error,
            "States.IntrinsicFailure"
        );
    }
}

#[test]
fn random_numbers_stay_in_their_range_and_follow_their_seed() {
    let draw = |call: &str| -> i64 {
        eval(call, "{}")
            .expect("a number")
            .parse()
            .expect("an integer")
    };
    for seed in 0..200 {
        let drawn = draw(&format!("States.MathRandom(-1, 2, {seed})"));
        assert!((-1..2).contains(&drawn));
        assert_eq!(drawn, draw(&format!("States.MathRandom(-1, 2, {seed})")));
    }
    assert!((13..45).contains(&draw("States.MathRandom(12.5, 44.51)")));
    assert!(eval("States.MathRandom(1, 1)", "{}").is_err());
    let uuids = eval("States.Array(States.UUID(), States.UUID())", "{}").expect("two UUIDs");
    let (first, second) = (&uuids[2..38], &uuids[41..77]);
    assert_ne!(first, second);
    assert_eq!(
        (&first[14..15], first.len()),
        ("4", uuid::Uuid::parse_str(first).map_or(0, |_| 36))
    );
}

#[test]
fn string_split() {
    check(&[
        ("States.StringSplit($, ',')", r#"",,,,""#, "[]"),
        ("States.StringSplit($, ',')", r#"", , ,""#, r#"[" "," "]"#),
        (
            "States.StringSplit($, '.+,=')",
            r#""This.is+a,test=string""#,
            r#"["This","is","a","test","string"]"#,
        ),
        ("States.StringSplit($, '')", r#""a b""#, r#"["a b"]"#),
        (
            "States.StringSplit($, 'é')",
            r#""1é2\u00e93""#,
            r#"["1","2","3"]"#,
        ),
    ]);
}

#[test]
fn calls_nest_and_are_spaced_freely() {
    check(&[
        (
            "States.ArrayGetItem( States.StringSplit('a-b' , '-') ,States.MathAdd( 2, -1 ) )",
            "{}",
            r#""b""#,
        ),
        (
            "States.Array($.a['x, y'], $.b[?(@.c == 'd)')], $$.Execution.Name,$order.a)",
            r#"{"a":{"x, y":1},"b":[]}"#,
            r#"[1,[],"run-1",{"x, y":1}]"#,
        ),
    ]);
    let nested = |depth: usize| format!("{}{}", "States.Array(".repeat(depth), ")".repeat(depth));
    assert!(Expression::check(&nested(10)).is_ok());
    assert!(Expression::check(&nested(11)).is_err());
    assert!(Expression::check(&nested(100_000)).is_err());
}

#[test]
fn what_is_no_call_is_refused() {
    let cases = [
        (
            "States.Nope()",
            "no intrinsic function is called States.Nope",
        ),
        (
            "States.Fromat('x')",
            "no intrinsic function is called States.Fromat; did you mean States.Format?",
        ),
        (
            "States.MathAdd(1)",
            "States.MathAdd takes 2 arguments, got 1",
        ),
        (
            "States.MathRandom(1)",
            "States.MathRandom takes 2 or 3 arguments, got 1",
        ),
        (
            "States.Format()",
            "States.Format takes at least 1 argument, got 0",
        ),
        ("States.UUID(1)", "States.UUID takes 0 arguments, got 1"),
        ("States.Array(1", "expected ')', found the end"),
        (
            "States.Array(1,)",
            "expected a path or an intrinsic function",
        ),
        ("States.Array(1) x", "expected the end of the call"),
        ("States.Array (1)", "expected '(', found ' '"),
        ("States.Array('x)", "the string does not end"),
        (r"States.Array('x\')", "the string does not end"),
        (
            r"States.StringToJson('\q')",
            r"a backslash escapes ' { } and \ only",
        ),
        (
            r#"States.StringToJson('a \"b\"')"#,
            r"a backslash escapes ' { } and \ only",
        ),
        (
            "States.Array(\"x\")",
            "expected a path or an intrinsic function",
        ),
        ("States.Array(01)", "'01' is not a number"),
        ("States.Array($.)", "expected a name"),
        ("hello", "no intrinsic function is called hello"),
        ("", "expected a path or an intrinsic function"),
    ];
    for (text, message) in cases {
        let error = Expression::check(text).expect_err(text);
        assert_eq!(error.message, message, "{text}");
    }
}

#[test]
fn constant_calls_are_folded() {
    let mut constants = ConstantsBuilder::new();
    let call = Call::compile(
        "States.Array(States.MathAdd(1, 2), States.UUID(), 3)",
        &mut constants,
    );
    let call = call.expect("the call compiles");
    let folded: Vec<bool> = call.args.iter().map(call::Argument::is_constant).collect();
    assert_eq!(folded, [true, false, true]);
    assert!(!call.is_pure());
}

#[test]
fn there_are_eighteen() {
    assert_eq!(table().count(), 18);
}
