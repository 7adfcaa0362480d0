//! `expressd test`: cases beside their definitions.

use super::{expressd, has};

#[test]
fn the_tests_beside_the_definitions_pass() {
    let ran = expressd(&["test", "config/machines"], "");
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let want = [
        "config/machines/order.test.yaml: 6 of 6 passed",
        "config/machines/risk.test.yaml: 4 of 4 passed",
        "10 passed, 0 failed",
    ];
    assert_eq!(ran.stdout.lines().collect::<Vec<_>>(), want);
}

const WRONG_TESTS: &str = r#"
- note: doubles
  expression: States.MathAdd($.n, $.n)
  runs:
    - input: { n: 2 }
      want: 4
    - note: of three is seven
      input: { n: 3 }
      want: 7
- note: asks nobody
  machine: { StartAt: T, States: { T: { Type: Task, Resource: "arn:aws:lambda:eu-west-1:1:function:f", End: true } } }
  input: { a: { b: 1 } }
  tasks: { T: [{ result: { x: [1, 2] } }, { result: 2 }] }
  want: { x: [1, 3], y: 0 }
  arguments: { T: [{ a: { b: 2 } }] }
"#;

#[test]
fn a_test_that_fails_says_where_and_what() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("wrong.test.yaml");
    std::fs::write(&file, WRONG_TESTS).unwrap();
    let junit = dir.path().join("results.xml");
    let (file, junit) = (file.to_str().unwrap(), junit.to_str().unwrap());
    let ran = expressd(&["test", file, "--junit", junit], "");
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    let want = r#"
  FAILED  doubles: of three is seven
    output
      want 7
      got  6


  FAILED  asks nobody
    output /x/1
      want 3
      got  2
    output /y
      want 0
      got  nothing
    arguments of T /0/a/b
      want 2
      got  1
    answers nobody asked for
      want []
      got  ["T"]

1 passed, 2 failed
"#;
    assert_eq!(ran.stdout, format!("{file}: 1 of 3 passed\n{want}"));
    let xml = std::fs::read_to_string(junit).unwrap();
    has(&xml, r#"<testsuites tests="3" failures="2" errors="0" "#);
    has(&xml, r#"name="doubles, run 1" "#);
    has(&xml, "output /x/1&#10;  want 3&#10;  got  2");
}

#[test]
fn tests_that_cannot_run_are_exit_code_65() {
    let dir = tempfile::tempdir().unwrap();
    for (text, part) in [
        ("- note: n\n  wnat: 1", "wnat"),
        ("- note: n\n  want: 1", "other.asl.json"),
        ("- note: n\n  definition: gone.json\n  want: 1", "gone.json"),
        ("- note: n\n  expression: $.a", "give one of want"),
        (
            "- note: n\n  expression: States.Nope()\n  want: 1",
            "States.Nope",
        ),
        ("- note: n\n  state: 7\n  want: 1", "a state is an object"),
        ("- note: n\n  rule: '{'\n  want: 1", "a rule: EOF"),
        (
            "- note: n\n  expression: $.a\n  now: today\n  want: 1",
            "today",
        ),
        (
            "- note: n\n  expression: $.a\n  input_json: '{'\n  want: 1",
            "input",
        ),
        (
            "- note: n\n  expression: $.a\n  rule: {}\n  want: 1",
            "only one of",
        ),
        (
            "- note: n\n  expression: $.a\n  want: 1\n  runs: [{ want: 1 }]",
            "with `runs`",
        ),
        (
            "- note: n\n  expression: $.a\n  want: 1\n  tasks: { T: [{ after: 1 }] }",
            "tasks of T",
        ),
    ] {
        let file = dir.path().join("other.test.yaml");
        std::fs::write(&file, text).unwrap();
        let ran = expressd(&["test", file.to_str().unwrap()], "");
        assert_eq!(ran.code, 65, "{text}\n{}{}", ran.stdout, ran.stderr);
        has(&ran.stdout, part);
        has(&ran.stdout, "0 passed, 0 failed, 1 could not be run");
    }
    let empty = tempfile::tempdir().unwrap();
    let ran = expressd(&["test", empty.path().to_str().unwrap()], "");
    assert_eq!(ran.code, 65);
    has(&ran.stdout, "no *.test.yaml in there");
}
