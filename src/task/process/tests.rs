use serde_json::json;

use super::*;
use crate::value::{Arena, Constants, ParseLimits};

/// Workers that are one shell script.
fn process(script: &str, change: impl FnOnce(&mut ProcessConfig)) -> Process {
    let mut config: ProcessConfig =
        serde_json::from_value(json!({"command": ["sh", "-c", script], "grace": "50ms"})).unwrap();
    change(&mut config);
    assert_eq!(config.check(), []);
    Process::new(&config, Path::new(""))
}

fn call(process: &Process, resource: &str, input: &str) -> impl Future<Output = TaskReply> + use<> {
    let site = Site {
        state: "A",
        resource,
        function_name: None,
    };
    let handler = process.bind(&site).unwrap();
    let mut arena = Arena::new(Constants::empty());
    let input = arena
        .parse(input.as_bytes(), ParseLimits::default())
        .unwrap();
    let Answer::Later(reply) = handler.call(Call::example(&arena, input, "A")) else {
        panic!("a process takes its time");
    };
    reply
}

fn result(reply: TaskReply) -> String {
    match reply {
        TaskReply::Result(json) => String::from_utf8(json).unwrap(),
        TaskReply::Known(document) => document.to_json(),
        TaskReply::Error { error, cause } => {
            format!(
                "{}: {}",
                error.unwrap_or_default(),
                cause.unwrap_or_default()
            )
        }
    }
}

/// Answers every call with its own line.
const ECHO: &str =
    r#"n=0; while read -r line; do echo "{\"id\":$n,\"result\":$line}"; n=$((n+1)); done"#;

#[tokio::test]
async fn a_worker_is_told_who_calls_and_with_what() {
    let process = process(ECHO, |_| ());
    let said = result(call(&process, "local:a", r#"{"x":1.50}"#).await);
    let want = concat!(
        r#"{"id":0,"function":"A","state":"A","resource":"local:a","execution":"p/t-0-7","#,
        r#""key":"p/t-0-7::A:0","attempt":0,"input":{"x":1.50}}"#
    );
    assert_eq!(said, want);
}

#[tokio::test]
async fn lambda_invoke_unpacks_the_payload_and_packs_the_result() {
    let process = process(
        r#"read -r line; case $line in *'"input":{"x":1}}') echo '{"id":0,"result":2}';; esac; read -r end"#,
        |_| (),
    );
    let invoke = "arn:aws:states:::lambda:invoke";
    let said = call(
        &process,
        invoke,
        r#"{"FunctionName":"f","Payload":{"x":1}}"#,
    )
    .await;
    assert_eq!(
        result(said),
        r#"{"ExecutedVersion":"$LATEST","Payload":2,"StatusCode":200}"#
    );
}

#[tokio::test]
async fn a_worker_that_dies_fails_its_call_and_the_next_one_is_answered() {
    // Each process dies of the first call that says so.
    let script = r#"while read -r line; do case $line in *die*) exit 3;; esac; n=${line#*:}; echo "{\"id\":${n%%,*},\"result\":\"alive\"}"; done"#;
    let process = process(script, |_| ());
    assert_eq!(result(call(&process, "local:a", "1").await), "\"alive\"");
    assert_eq!(
        result(call(&process, "local:a", "\"die\"").await),
        "Lambda.Unknown: the worker ended: exit status: 3"
    );
    assert_eq!(result(call(&process, "local:a", "2").await), "\"alive\"");
}

#[tokio::test]
async fn a_cancelled_call_is_told_and_its_worker_killed_if_it_goes_on() {
    // The first process takes no notice of anything; the second one, which finds what that was told, answers.
    let dir = tempfile::tempdir().unwrap();
    let (called, told) = (dir.path().join("called"), dir.path().join("told"));
    let script = format!(
        r#"if [ -e {1} ]; then read -r line; echo '{{"id":0,"result":2}}'; read -r end
        else read -r line; echo > {0}; read -r line; echo "$line" > {1}; read -r end; fi"#,
        called.display(),
        told.display()
    );
    let process = process(&script, |_| ());
    let first = tokio::spawn(call(&process, "local:a", "1"));
    while !called.exists() {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    first.abort();
    assert_eq!(result(call(&process, "local:a", "2").await), "2");
    assert_eq!(std::fs::read_to_string(told).unwrap(), "{\"cancel\":0}\n");
}

#[tokio::test]
async fn more_calls_than_fit_the_queue_fail_at_once() {
    let process = process("read -r never; read -r never", |config| config.queue = 1);
    let first = tokio::spawn(call(&process, "local:a", "1"));
    let mut refused = None;
    let mut others = tokio::task::JoinSet::new();
    for _ in 0..3 {
        others.spawn(call(&process, "local:a", "2"));
    }
    while refused.is_none() {
        refused = others.join_next().await;
    }
    let said = result(refused.unwrap().unwrap());
    assert_eq!(
        said,
        "Lambda.TooManyRequestsException: 1 calls wait for a worker"
    );
    first.abort();
}

#[tokio::test]
async fn a_line_that_is_too_long_ends_the_worker() {
    let script = r#"read -r line; head -c 100000 /dev/zero | tr '\0' x; read -r end"#;
    let process = process(script, |config| config.line_bytes = "4KiB".parse().unwrap());
    let said = result(call(&process, "local:a", "1").await);
    assert_eq!(
        said,
        "States.DataLimitExceeded: it answered more than 4096 bytes"
    );
}

#[tokio::test]
async fn calls_of_one_worker_may_overlap() {
    // Answers two calls in the other order.
    let script = r#"read -r a; read -r b; echo '{"id":1,"result":"b"}'; echo '{"id":0,"result":"a"}'; read -r end"#;
    let process = process(script, |config| config.calls = 2);
    let (first, second) = tokio::join!(
        call(&process, "local:a", "1"),
        call(&process, "local:a", "2")
    );
    assert_eq!(
        (result(first).as_str(), result(second).as_str()),
        ("\"a\"", "\"b\"")
    );
}
