use super::*;
use crate::expr::testing::{check, check_errors, eval, with};

const STORE: &str = r#"{"store":{"book":[{"t":"a","p":8,"tags":["new"]},{"t":"b","p":12.5,"isbn":"1"},{"t":"c","p":22,"isbn":null}],"bike":{"p":19}},"max":10}"#;

#[test]
fn definite_paths_find_one_value() {
    check(&[
        ("$", "[1, 2]", "[1,2]"),
        ("$.a.b", r#"{"a":{"b":null}}"#, "null"),
        (
            "$.delivery-partner",
            r#"{"delivery-partner":"UQS"}"#,
            r#""UQS""#,
        ),
        ("$['a b'].c", r#"{"a b":{"c":1}}"#, "1"),
        ("$[\"a.b\"]", r#"{"a.b":2}"#, "2"),
        (r"$['it\'s']", r#"{"it's":3}"#, "3"),
        (
            r#"$['Test\""Name"']"#,
            r#"{"Test\\\"\"Name\"":"x"}"#,
            r#""x""#,
        ),
        (r"$['\u00e9']", r#"{"é":4}"#, "4"),
        (r"$.foo\.bar", r#"{"foo.bar":5}"#, "5"),
        ("$.größe", r#"{"größe":6}"#, "6"),
        ("$.a[1]", r#"{"a":[1,[2,3]]}"#, "[2,3]"),
        ("$.a[-2]", r#"{"a":[1,2,3]}"#, "2"),
        ("$[0][0]", "[[7]]", "7"),
        ("$.[0].['a']", r#"[{"a":8}]"#, "8"),
        (
            "$.a['x','y']",
            r#"{"a":{"y":1,"x":2,"z":3}}"#,
            r#"{"x":2,"y":1}"#,
        ),
        ("$['x','x','no']", r#"{"x":1}"#, r#"{"x":1}"#),
        ("$$.Execution.Id", "{}", r#""arn:id""#),
        ("$$.Execution.Input.a", r#"{"a":1}"#, "1"),
        (
            "$$.Execution.StartTime",
            "{}",
            r#""2023-11-21T06:27:31.545Z""#,
        ),
        ("$$.Map.Item.Index", "{}", "2"),
        ("$$.Map.Item.Value.k", "{}", r#""v""#),
        ("$$['State']['Name']", "{}", r#""Check""#),
        ("$order.a[0]", r#"{"a":[9]}"#, "9"),
        ("$.a ", r#"{"a":1}"#, "1"),
    ]);
}

#[test]
fn the_context_object_has_its_members_in_order() {
    check(&[
        (
            "$$",
            "{}",
            concat!(
                r#"{"Execution":{"Id":"arn:id","Input":{},"StartTime":"2023-11-21T06:27:31.545Z","Name":"run-1","RoleArn":"arn:role","RedriveCount":0},"#,
                r#""StateMachine":{"Id":"arn:machine","Name":"orders"},"State":{"Name":"Check","EnteredTime":"2023-11-21T06:27:31.546Z"},"#,
                r#""Map":{"Item":{"Index":2,"Value":{"k":"v"}}}}"#
            ),
        ),
        ("$$.Map", "{}", r#"{"Item":{"Index":2,"Value":{"k":"v"}}}"#),
        ("$$.StateMachine[*]", "{}", r#"["arn:machine","orders"]"#),
        ("$$..Name", "{}", r#"["run-1","orders","Check"]"#),
    ]);
}

#[test]
fn indefinite_paths_find_arrays() {
    check(&[
        ("$.store.book[*].t", STORE, r#"["a","b","c"]"#),
        ("$.store.book.*.t", STORE, r#"["a","b","c"]"#),
        ("$..p", STORE, "[8,12.5,22,19]"),
        ("$.store..t", STORE, r#"["a","b","c"]"#),
        ("$..book[0].t", STORE, r#"["a"]"#),
        ("$..book[0,-1].t", STORE, r#"["a","c"]"#),
        ("$..[1]", "[[1,2],[3,4]]", "[[3,4],2,4]"),
        ("$..*", r#"{"a":{"b":1}}"#, r#"[{"b":1},1]"#),
        (
            "$.store.book[*]['t','p']",
            STORE,
            r#"[{"t":"a","p":8},{"t":"b","p":12.5},{"t":"c","p":22}]"#,
        ),
        ("$.store['book','bike'].p", STORE, "[19]"),
        ("$[1:]", "[1,2,3]", "[2,3]"),
        ("$[:2]", "[1,2,3]", "[1,2]"),
        ("$[1:2]", "[1,2,3]", "[2]"),
        ("$[-2:]", "[1,2,3]", "[2,3]"),
        ("$[:-1]", "[1,2,3]", "[1,2]"),
        ("$[-2:-1]", "[1,2,3]", "[2]"),
        ("$[5:]", "[1,2,3]", "[]"),
        ("$[-9:9]", "[1]", "[1,1]"),
        ("$[0,2,7]", "[1,2,3]", "[1,3]"),
        ("$[*][*][*]", "[[[1],[2]],[[3]]]", "[1,2,3]"),
    ]);
}

/// Recorded: also where parents are missing.
#[test]
fn an_indefinite_path_that_finds_nothing_gives_an_empty_array() {
    for path in [
        "$[*]",
        "$.items[*]",
        "$.items[1:]",
        "$.item.items[1:5]",
        "$.a[*].b",
        "$..x",
        "$.a.b[?(@.c)]",
    ] {
        check(&[(path, "{}", "[]")]);
    }
    check(&[
        ("$.a.b[*]", r#"{"a":"text"}"#, "[]"),
        ("$.a[1:]", r#"{"a":null}"#, "[]"),
        ("$$.Map.Item.Key[*]", "{}", "[]"),
    ]);
    assert!(
        eval("$[1:5]", "{}").is_err(),
        "a slice of an object is an error"
    );
    assert!(
        eval("$.a[?(@.b)]", r#"{"a":1}"#).is_err(),
        "a filter of a scalar is an error"
    );
}

#[test]
fn filters_compare_as_jayway_does() {
    let cases = [
        ("@.p < 10", r#"["a"]"#),
        ("@.p <= 12.5", r#"["a","b"]"#),
        ("@.p > $.max", r#"["b","c"]"#),
        ("@.p == 8.0", r#"["a"]"#),
        ("@.p == '8'", r#"["a"]"#),
        ("@.p != 8", r#"["b","c"]"#),
        ("@.nothing != 8", r#"["a","b","c"]"#),
        ("@.isbn", r#"["b","c"]"#),
        ("!@.isbn", r#"["a"]"#),
        ("!(@.isbn == null)", r#"["a","b"]"#),
        ("@.isbn == null", r#"["c"]"#),
        ("@.t == 'b' || @.p > 20 && @.t == 'c'", r#"["b","c"]"#),
        ("(@.t == 'b' || @.p > 20) && @.t != 'c'", r#"["b"]"#),
        ("@.t=='a'||@.t=='b'", r#"["a","b"]"#),
        ("@['t'] == \"a\"", r#"["a"]"#),
        ("@.t == a", r#"["a"]"#),
        ("@.t =~ /[AB]/i", r#"["a","b"]"#),
        ("@.t =~ /x|a/", r#"["a"]"#),
        ("@.t in ['a','c']", r#"["a","c"]"#),
        ("@.p IN [8, 22]", r#"["a","c"]"#),
        ("@.t nin ['a','c']", r#"["b"]"#),
        ("@.tags subsetof ['new','old']", r#"["a"]"#),
        ("@.tags anyof ['x','new']", r#"["a"]"#),
        ("@.tags noneof ['x']", r#"["a"]"#),
        ("@.tags all ['new']", r#"["a"]"#),
        ("@.tags contains 'new'", r#"["a"]"#),
        ("@.t contains 'b'", r#"["b"]"#),
        ("@.tags size 1", r#"["a"]"#),
        ("@.tags empty false", r#"["a"]"#),
        ("@.tags[0] == 'new'", r#"["a"]"#),
        ("@.tags[?(@ == 'new')] size 1", r#"["a"]"#),
        ("@.t >= 'b'", r#"["b","c"]"#),
        ("@.t > 1", "[]"),
        ("'b' == @.t", r#"["b"]"#),
    ];
    for (filter, want) in cases {
        check(&[(&format!("$.store.book[?({filter})].t"), STORE, want)]);
    }
    check(&[
        ("$.[?(@ > 1)]", "[1,2,3]", "[2,3]"),
        ("$[?(@.a == 1)].b", r#"{"a":1,"b":2}"#, "[2]"),
        ("$..[?(@.p > 15)].p", STORE, "[22,19]"),
        ("$[?(@ == true)]", "[true,1,null]", "[true]"),
        (
            "$[?(@.a == @.b)]",
            r#"[{"a":[1],"b":[1.0]},{"a":1,"b":2},{}]"#,
            r#"[{"a":[1],"b":[1.0]}]"#,
        ),
    ]);
}

#[test]
fn a_definite_path_that_finds_nothing_says_what_is_missing() {
    let cases = [
        ("$.x", "{}", "No results for path: $['x']"),
        ("$.a.x", r#"{"a":{}}"#, "No results for path: $['a']['x']"),
        ("$.no.such.path", "{}", "Missing property in path $['no']"),
        (
            "$.a.b.c",
            r#"{"a":{}}"#,
            "Missing property in path $['a']['b']",
        ),
        ("$.a[3]", r#"{"a":[1]}"#, "No results for path: $['a'][3]"),
        (
            "$.a[-3].b",
            r#"{"a":[1]}"#,
            "No results for path: $['a'][-3]['b']",
        ),
        (
            "$.a.b",
            r#"{"a":1}"#,
            "Expected to find an object with property ['b'] in path $['a']",
        ),
        ("$.a[0]", r#"{"a":null}"#, "The path $['a'] is null"),
        (
            "$.a[0]",
            r#"{"a":{}}"#,
            "Filter: [0] can only be applied to arrays",
        ),
        (
            "$$.Execution.Input.x",
            "{}",
            "No results for path: $['Execution']['Input']['x']",
        ),
        (
            "$$.State.RetryCount",
            "{}",
            "No results for path: $['State']['RetryCount']",
        ),
        ("$$.Task.Token", "{}", "Missing property in path $['Task']"),
        ("$other.a", "{}", "The variable '$other' is not defined"),
    ];
    for (path, input, want) in cases {
        let error = with(
            input,
            |_| Path::parse(path).expect("the path compiles"),
            |path, scope, arena, scratch| path.require(scope, arena, scratch).err(),
        );
        let reason = error.map(|error| error.reason);
        assert_eq!(reason, Some(format!("Invalid path '{path}' : {want}")));
    }
    check_errors(&[(
        "$$.Execution.Input.x",
        r#"{"a": 1}"#,
        "States.Runtime",
        r#"The JSONPath '$$.Execution.Input.x' specified for the field 'x.$' could not be found in the input '{"a":1}'"#,
    )]);
}

#[test]
fn what_is_no_path_is_refused() {
    let cases = [
        ("", 0),
        ("a", 0),
        (" $.a", 0),
        ("$a b", 2),
        ("$.", 2),
        ("$..", 3),
        ("$.a.", 4),
        ("$.a b", 3),
        ("$.a[", 4),
        ("$.a[]", 4),
        ("$.a[x]", 4),
        ("$.a['b]", 4),
        ("$.a['b'x]", 7),
        ("$.a[1:2", 7),
        ("$.a[:]", 4),
        ("$.a[1,]", 4),
        ("$.a[99999999999]", 4),
        ("$.a.length()", 4),
        ("$[(@.length-1)]", 2),
        ("$[?(@.a)", 8),
        ("$[?@.a]", 3),
        ("$[?(@.a =)]", 8),
        ("$[?(@.a == {})]", 11),
        ("$[?(@.a =~ /(/)]", 11),
        ("$[?(1)]", 4),
    ];
    for (text, offset) in cases {
        let error = Path::parse(text).expect_err(text);
        assert_eq!(error.offset, offset, "{text}: {error}");
    }
}

#[test]
fn hostile_paths_are_bounded() {
    let refused = [
        format!("${}", "[*]".repeat(1000)),
        format!("$[?{}@.a{}]", "(".repeat(1000), ")".repeat(1000)),
        format!("$[?(@.a in {}1{})]", "[".repeat(1000), "]".repeat(1000)),
        format!("${}@{}", "[?(@".repeat(1000), ")]".repeat(1000)),
    ];
    for text in refused {
        assert!(Path::parse(&text).is_err());
    }
    let deep = format!("{}1{}", r#"{"a":"#.repeat(200), "}".repeat(200));
    check(&[("$..b", &deep, "[]")]);
    let wide = format!("[{}]", vec!["[1,2,3]"; 2000].join(","));
    let error = eval("$..*..*..*..*..*..*..*..*..*", &deep).expect_err("too many values");
    assert_eq!(error.error, "States.Runtime");
    check(&[("$..[?(@ == 9)]", &wide, "[]")]);
}
