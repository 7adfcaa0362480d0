//! What cannot be used, and the exit codes that say whose fault it is.

use std::path::Path;

use super::{ORDER, SCRIPT, expressd, has};

#[test]
fn wrong_usage_is_exit_code_2() {
    assert_eq!(expressd(&["exec", ORDER], "").code, 2);
    assert_eq!(expressd(&["launch"], "").code, 2);
    let help = expressd(&["--help"], "");
    assert_eq!(help.code, 0);
    has(
        &help.stdout,
        "expressd run config/quickstart.yaml --until-idle",
    );
    assert!(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("config/quickstart.yaml")
            .exists()
    );
}

#[test]
fn what_cannot_be_used_ends_with_the_code_that_says_whose_fault_it_is() {
    let config = "config/examples/risk.yaml";
    for (args, code, part) in [
        (
            vec!["exec", ORDER, "--input", "nowhere.json", "--script", SCRIPT],
            2,
            "nowhere.json: No such file",
        ),
        (
            vec!["exec", ORDER, "--input", "-", "--script", "nowhere.yaml"],
            65,
            "nowhere.yaml: No such file",
        ),
        (
            vec!["exec", config, "--input", "-", "--script", SCRIPT],
            2,
            "a config has its own tasks",
        ),
        (
            vec!["exec", config, "--input", "-", "--pipeline", "p"],
            2,
            "--pipeline has to be one of risk",
        ),
        (
            vec!["exec", ORDER, "--record", "t/0/1"],
            2,
            "--record goes with a config",
        ),
        (
            vec!["bench", ORDER, "--events", "nowhere", "--script", SCRIPT],
            2,
            "nowhere: No such file",
        ),
        (
            vec!["bench", ORDER, "--events", SCRIPT, "--script", "nowhere"],
            65,
            "nowhere: No such file",
        ),
        (
            vec!["test-state", "nowhere", "--state", "A"],
            2,
            "nowhere: No such file",
        ),
        (vec!["test-state", ORDER, "--variables", "{"], 65, "{: EOF"),
        (
            vec!["dead-letters", "list", config],
            2,
            "no pipeline has a dead-letter topic",
        ),
        (
            vec!["dead-letters", "list", "config/quickstart.yaml"],
            2,
            "the embedded broker keeps nothing",
        ),
        (vec!["explain", config], 65, "this is a config"),
        (vec!["run", ORDER], 65, "this is a definition"),
        (
            vec!["test", "config/machines/refund.asl.json"],
            65,
            "refund.test.yaml",
        ),
    ] {
        let ran = expressd(&args, "{}");
        assert_eq!(ran.code, code, "{args:?}\n{}", ran.stderr);
        has(&(ran.stderr + &ran.stdout), part);
    }
}
