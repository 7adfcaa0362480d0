//! What every user of values relies on, each in its smallest form.

use super::*;

fn arena() -> Arena {
    Arena::new(Constants::empty())
}

fn parse(arena: &mut Arena, text: &str) -> Value {
    arena
        .parse(text.as_bytes(), ParseLimits::default())
        .unwrap()
}

#[track_caller]
fn check_print(text: &str, want: &str) {
    let mut arena = arena();
    let value = parse(&mut arena, text);
    assert_eq!(arena.to_json(value), want);
    assert!(arena.measure(value).bytes >= want.len());
}

#[track_caller]
fn check_refused(text: &str, want: &str) {
    let mut arena = arena();
    let before = parse(&mut arena, "[1]");
    let used = arena.bytes_used();
    let error = arena
        .parse(text.as_bytes(), ParseLimits::default())
        .unwrap_err();
    assert_eq!(error.to_string(), want);
    assert_eq!(
        arena.bytes_used(),
        used,
        "a refused text leaves nothing behind"
    );
    assert_eq!(arena.to_json(before), "[1]");
}

#[test]
fn what_is_not_touched_keeps_its_spelling() {
    for text in [
        r#"{"a":1.0,"b":1E+2,"c":-0,"d":0.0,"e":123456789012345678901234567890}"#,
        r#"["\/","\u00e9","é","\ud83d\ude00","\ud800",""]"#,
        r#"{"":{"":[[],{}]},"\"":null,"t":true,"f":false}"#,
        "\"\"",
        "0",
        "null",
    ] {
        check_print(text, text);
    }
}

#[test]
fn white_space_between_tokens_goes() {
    check_print(
        " {\t\"a b\" :\r\n[ 1 , \" 2 \" ,{ } , [ ] ] , \"c\":{\"d\":0} } ",
        r#"{"a b":[1," 2 ",{},[]],"c":{"d":0}}"#,
    );
}

#[test]
fn of_two_members_of_one_name_the_last_wins_in_the_first_ones_place() {
    let mut arena = arena();
    let value = parse(
        &mut arena,
        r#"{"a":1,"b":{"x":[0],"x":[9]},"\u0061":[2],"c":3}"#,
    );
    assert_eq!(arena.to_json(value), r#"{"a":[2],"b":{"x":[9]},"c":3}"#);
    assert_eq!(arena.len(value), 3);
    assert_eq!(arena.members(value).count(), 3);
    let a = arena.get_by_name(value, "a").unwrap();
    assert_eq!(arena.to_json(a), "[2]");
    assert_eq!(
        arena
            .get(value, &Key::new("b"))
            .map(|b| arena.to_json(b))
            .as_deref(),
        Some(r#"{"x":[9]}"#)
    );

    let reject = ParseLimits {
        reject_duplicate_keys: true,
        ..ParseLimits::default()
    };
    let error = arena
        .parse(br#"{"a":1,"b":2,"\u0061":3}"#, reject)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "a member name occurs twice at line 1 column 15"
    );
    arena.parse(br#"{"a":1,"b":{"a":2}}"#, reject).unwrap();
}

#[test]
fn members_are_found_by_any_name() {
    let long = "k".repeat(70_000);
    let text = format!(
        r#"{{"":0,"a":1,"abcdefgh":2,"abcdefgi":3,"abcdefghi":4,"\n":5,"{long}" : 6,"\\n":7,"é":8,"x\u0000":9}}"#
    );
    let mut arena = arena();
    let value = parse(&mut arena, &text);
    let names = [
        "",
        "a",
        "abcdefgh",
        "abcdefgi",
        "abcdefghi",
        "\n",
        &long,
        "\\n",
        "é",
        "x\0",
    ];
    for (number, name) in names.into_iter().enumerate() {
        let found = arena.get(value, &Key::new(name)).unwrap();
        assert_eq!(
            arena.as_number(found).unwrap().as_i64(),
            Some(number as i64),
            "{name}"
        );
    }
    for name in [
        "b",
        "A",
        "abcdefg",
        "abcdefghj",
        "\\u0000",
        "x",
        "k",
        "\0",
        "a\0",
    ] {
        assert_eq!(arena.get(value, &Key::new(name)), None, "{name}");
    }
    assert_eq!(arena.get(Value::TRUE, &Key::new("a")), None);
}

#[test]
fn a_refused_text_says_where() {
    check_refused("", "unexpected end of the text at line 1 column 1");
    check_refused("{\"é\":\n 1,\n \"b\" 2}", "expected `:` at line 3 column 6");
    check_refused("{\"a\":1,}", "expected a member name at line 1 column 8");
    check_refused("[1,]", "expected a value at line 1 column 4");
    check_refused("[1 2]", "expected `,` or `]` at line 1 column 4");
    check_refused("{\"a\":1]", "expected `,` or `}` at line 1 column 7");
    check_refused("[1", "unexpected end of the text at line 1 column 3");
    check_refused("\"a", "unexpected end of the text at line 1 column 3");
    check_refused("\"\\", "unexpected end of the text at line 1 column 3");
    check_refused("\"\\u12", "unexpected end of the text at line 1 column 6");
    check_refused("\"\\x\"", "unknown escape at line 1 column 3");
    check_refused(
        "\"\u{1}\"",
        "control character in a string at line 1 column 2",
    );
    check_refused(
        "\"é\0\"",
        "control character in a string at line 1 column 3",
    );
    check_refused("01", "expected the end of the text at line 1 column 2");
    check_refused("-", "unexpected end of the text at line 1 column 2");
    check_refused("[1.]", "expected a digit at line 1 column 4");
    check_refused("nul", "expected a value at line 1 column 1");
    check_refused("1 1", "expected the end of the text at line 1 column 3");
    check_refused("\u{feff}1", "expected a value at line 1 column 1");
    let error = arena()
        .parse(b"[\"a\xff\"]", ParseLimits::default())
        .unwrap_err();
    assert_eq!(error.to_string(), "invalid UTF-8 at line 1 column 4");
}

/// Names that collide in any table of hashes, or share all but their end, must not make an event slow: the bound is on
/// steps, so this test has no clock. It would run for minutes if every name were compared with every other.
#[test]
fn many_members_are_told_apart() {
    let mut arena = arena();
    for name in [
        |i: usize| format!("k{i}"),
        |i| format!("{}{i:05}", "x".repeat(100)),
        |i| format!("{:x}", i << 44),
    ] {
        let members: Vec<_> = (0..20_000)
            .map(|i| format!("\"{}\":{i}", name(i)))
            .collect();
        let text = format!("{{{}}}", members.join(","));
        let value = parse(&mut arena, &text);
        assert_eq!(arena.len(value), 20_000);
        assert_eq!(arena.to_json(value), text);
        let twice = format!("{{{},\"{}\":-1}}", members.join(","), name(7));
        let value = parse(&mut arena, &twice);
        assert_eq!(arena.len(value), 20_000);
        let seventh = arena
            .members(value)
            .nth(7)
            .map(|(_, seventh)| arena.to_json(seventh));
        assert_eq!(seventh.as_deref(), Some("-1"));
    }
    let same = format!("{{{}}}", vec!["\"a\":0"; 40_000].join(","));
    let value = parse(&mut arena, &same);
    assert_eq!(arena.to_json(value), r#"{"a":0}"#);
}

#[test]
fn depth_is_bounded() {
    let bomb = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let mut arena = arena();
    let value = parse(&mut arena, &bomb(512));
    assert_eq!(arena.measure(value).depth, 512);
    let error = arena
        .parse(bomb(513).as_bytes(), ParseLimits::default())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "nesting is too deep at line 1 column 513"
    );
    arena
        .parse("{\"a\":".repeat(1 << 20).as_bytes(), ParseLimits::default())
        .unwrap_err();
}

#[test]
fn the_second_door_keeps_the_rules_of_the_first() {
    let mut arena = arena();
    for (text, want) in [
        (
            r#" {"a":[1.0,1e2,-0.5,18446744073709551615],"\u0062":"\/\n"} "#,
            r#"{"a":[1.0,1e2,-0.5,18446744073709551615],"\u0062":"\/\n"}"#,
        ),
        (
            r#"{"a":[1.0,1e2,-0.5,-9223372036854775808,[],{}],"\u0062":"\/\n"}"#,
            r#"{"a":[1,100,-0.5,-9223372036854775808,[],{}],"b":"/\n"}"#,
        ),
        (r#"{"a":1.0,"a":{"x":2.0}}"#, r#"{"a":{"x":2.0}}"#),
        (r#"["\ud800",1.50]"#, r#"["\ud800",1.50]"#),
        ("[]", "[]"),
        ("1.0", "1"),
    ] {
        let value = arena
            .parse_consumed(text.as_bytes(), ParseLimits::default())
            .unwrap();
        assert_eq!(arena.to_json(value), want);
    }
    let limits = ParseLimits {
        depth: 2,
        reject_duplicate_keys: true,
    };
    for (text, want) in [
        ("[[1]]", None),
        ("[[[]]]", Some("nesting is too deep at line 1 column 3")),
        (
            r#"{"a":1,"a":2}"#,
            Some("a member name occurs twice at line 1 column 9"),
        ),
        (
            "[1,\n2",
            Some("unexpected end of the text at line 2 column 2"),
        ),
    ] {
        let error = arena.parse_consumed(text.as_bytes(), limits).err();
        assert_eq!(error.map(|error| error.to_string()).as_deref(), want);
    }
    let bomb = "[".repeat(100_000);
    arena
        .parse_consumed(bomb.as_bytes(), ParseLimits::default())
        .unwrap_err();
}

#[test]
fn strings_are_decoded_and_spelled() {
    let mut arena = arena();
    for (spelled, want) in [
        (r#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{c}\n\r\tz"),
        (r#""\u00e9\u20AC\ud83d\ude00""#, "é€😀"),
        (
            r#""\ud800\u0041\udc00x\ud800\ud800\udc00""#,
            "\u{fffd}A\u{fffd}x\u{fffd}\u{10000}",
        ),
    ] {
        let value = parse(&mut arena, spelled);
        let text = arena.as_str(value).unwrap();
        assert_eq!(text.decode(), want);
        assert!(text.eq_str(want) && !text.eq_str("a"));
    }
    let made = arena.string("a\"\\/\u{8}\u{c}\n\r\t\u{1f}\u{7f}é");
    assert_eq!(
        arena.to_json(made),
        "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u001F\u{7f}é\""
    );
}

#[test]
fn built_values_share_what_they_are_built_from() {
    let mut arena = arena();
    let event = parse(&mut arena, r#"{"a": {"b":[1,2]},"n":"x"}"#);
    let a = arena.get_by_name(event, "a").unwrap();
    let (name, _) = arena.members(event).nth(1).unwrap();
    let (one, half) = (arena.integer(1), arena.float(0.5));
    let list = arena.array(&[a, one, half, Value::TRUE, Value::EMPTY_STRING, name]);
    let key = arena.string("k\n");
    let object = arena.object(&[(name, list), (key, Value::NULL)]);
    let want = r#"{"n":[{"b":[1,2]},1,0.5,true,"","n"],"k\n":null}"#;
    assert_eq!(arena.to_json(object), want);
    assert_eq!(arena.measure(object).depth, 4);
    assert!(arena.measure(object).bytes >= want.len());
    assert_eq!(arena.get_by_name(object, "k\n"), Some(Value::NULL));
    assert_eq!(arena.index(list, 1), Some(one));
    assert_eq!(arena.index(list, 6), None);
    assert_eq!(arena.kind(name), Kind::String);
    assert_eq!(arena.len(name), 0);
}

#[test]
fn setting_members_replaces_in_place_and_appends() {
    for text in [
        r#"{"a":1,"b":[2],"c":3}"#,
        r#"{"a":1, "b":[2],"c":3}"#,
        r#"{"a":0,"b":[2],"a":1,"c":3}"#,
    ] {
        let mut arena = arena();
        let mut object = parse(&mut arena, text);
        let names: Vec<_> = ["b", "z", "a", "b", "y", "z"]
            .map(|name| arena.string(name))
            .into();
        for (turn, name) in names.into_iter().enumerate() {
            let value = arena.integer(10 + turn as i64);
            object = arena.with(object, name, value);
        }
        let want = r#"{"a":12,"b":13,"c":3,"z":15,"y":14}"#;
        assert_eq!(arena.to_json(object), want);
        assert_eq!(arena.len(object), 5);
        let wanted = parse(&mut arena, want);
        assert!(arena.equal(object, wanted) && arena.equal(wanted, object));
        let b = arena.get_by_name(object, "b").unwrap();
        assert_eq!(arena.to_json(b), "13");
        let members: Vec<_> = arena.members(object).collect();
        let flat = arena.object(&members);
        assert_eq!(arena.to_json(flat), want);
    }
}

#[test]
fn a_long_chain_of_patches_stays_readable() {
    let mut arena = arena();
    let mut object = Value::EMPTY_OBJECT;
    for turn in 0..100 {
        let name = arena.string(&format!("k{}", turn % 40));
        let value = arena.integer(turn);
        object = arena.with(object, name, value);
    }
    assert_eq!(arena.len(object), 40);
    let members: Vec<_> = (0..40)
        .map(|key| format!(r#""k{key}":{}"#, if key < 20 { key + 80 } else { key + 40 }))
        .collect();
    assert_eq!(arena.to_json(object), format!("{{{}}}", members.join(",")));
    let list = parse(&mut arena, "[1, 2]");
    let list = arena.with_element(list, 1, object);
    assert!(arena.to_json(list).starts_with(r#"[1,{"k0":80"#));
}

#[test]
fn texts_are_put_together_without_unescaping() {
    let mut arena = arena();
    let value = parse(&mut arena, r#"["\u00e9 \"x\"",{"a":"q"},1.50]"#);
    let parts: Vec<_> = arena.elements(value).collect();
    let mut text = arena.text_builder();
    text.push_str("<\n");
    for part in parts {
        text.push_value(part);
    }
    let text = text.finish();
    assert_eq!(arena.to_json(text), r#""<\n\u00e9 \"x\"{\"a\":\"q\"}1.50""#);
    assert_eq!(
        arena.as_str(text).unwrap().decode(),
        "<\né \"x\"{\"a\":\"q\"}1.50"
    );
}

#[test]
fn equality_sees_through_spelling_and_order() {
    let wide = |turn: usize| {
        let members: Vec<_> = (0..100)
            .map(|i| (i * 7 + turn) % 100)
            .map(|i| format!(r#""k{i}":{i}"#))
            .collect();
        format!("{{{}}}", members.join(","))
    };
    for (a, b, want) in [
        (r#"{"a":1,"b":[1e2]}"#, r#"{"b":[100],"\u0061":1.0}"#, true),
        (r#"{"a":1}"#, r#"{"a":1,"b":2}"#, false),
        (r#"{"a":1,"a":2}"#, r#"{"a":2}"#, true),
        ("[1,2]", "[2,1]", false),
        ("null", "false", false),
        (&wide(0), &wide(50), true),
        (&wide(0), &wide(0).replace(":99", ":98"), false),
    ] {
        let mut arena = arena();
        let (a, b) = (parse(&mut arena, a), parse(&mut arena, b));
        assert_eq!(arena.equal(a, b), want);
        assert_eq!(arena.equal(b, a), want);
    }
}

#[test]
fn constants_are_read_as_anything_else() {
    let mut builder = ConstantsBuilder::new();
    let key = builder.key("name");
    assert_eq!(builder.string("name"), key.value().unwrap());
    let parsed = builder.parse(br#"{"x": [1,{"name":2}]}"#).unwrap();
    let built = builder.arena().object(&[
        (key.value().unwrap(), parsed),
        (Value::EMPTY_STRING, Value::TRUE),
    ]);
    let built = builder.freeze(built);
    let constants = builder.finish();

    let mut arena = Arena::new(constants.clone());
    let event = parse(&mut arena, r#"{"name":[]}"#);
    let event = arena.with(event, key.value().unwrap(), built);
    assert_eq!(
        arena.to_json(event),
        r#"{"name":{"name":{"x":[1,{"name":2}]},"":true}}"#
    );
    let inner = arena
        .get(event, &key)
        .and_then(|inner| arena.get(inner, &key))
        .unwrap();
    let x = arena.get_by_name(inner, "x").unwrap();
    assert_eq!(
        arena
            .index(x, 0)
            .and_then(|one| arena.as_number(one)?.as_i64()),
        Some(1)
    );
    let names: Vec<_> = arena
        .members(inner)
        .map(|(name, _)| arena.to_json(name))
        .collect();
    assert_eq!(names, ["\"x\""]);

    let fixed = [
        Value::NULL,
        Value::TRUE,
        Value::FALSE,
        Value::EMPTY_OBJECT,
        Value::EMPTY_ARRAY,
        Value::EMPTY_STRING,
    ];
    assert_eq!(
        fixed.map(|value| arena.to_json(value)),
        ["null", "true", "false", "{}", "[]", "\"\""]
    );
    assert_eq!(arena.as_bool(Value::FALSE), Some(false));
    arena.reset(&constants);
    assert_eq!(arena.bytes_used(), 0);
}

/// The names of the first text are familiar when the others are read.
#[test]
fn a_familiar_name_that_is_repeated_is_resolved() {
    let mut arena = Arena::new(Constants::empty());
    let cases = [
        (
            r#"{"id":1,"in":{"a":1,"b":2},"c":[{"a":1}]}"#,
            r#"{"id":1,"in":{"a":1,"b":2},"c":[{"a":1}]}"#,
        ),
        (
            r#"{"id":1,"in":{"a":1,"a":2,"b":3}}"#,
            r#"{"id":1,"in":{"a":2,"b":3}}"#,
        ),
        (
            r#"{"id":1,"in":{"a":1,"b":2,"a":3}}"#,
            r#"{"id":1,"in":{"a":3,"b":2}}"#,
        ),
        (
            r#"{"id":1,"in":{"a":1,"b":2},"id":3}"#,
            r#"{"id":3,"in":{"a":1,"b":2}}"#,
        ),
        (
            r#"{"id":1,"in":{"a":1,"\u0061":2}}"#,
            r#"{"id":1,"in":{"a":2}}"#,
        ),
        (
            r#"{"id":1,"in":{"a" :1, "b": 2,"b":3}}"#,
            r#"{"id":1,"in":{"a":1,"b":3}}"#,
        ),
    ];
    for (text, want) in cases.iter().cycle().take(3 * cases.len()) {
        arena.reset(&Constants::empty());
        let value = arena.parse(text.as_bytes(), ParseLimits::default());
        assert_eq!(arena.to_json(value.expect("the text is JSON")), *want);
    }
}
