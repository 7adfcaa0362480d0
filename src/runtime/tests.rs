use std::sync::mpsc;

use super::*;
use crate::asl;
use crate::engine::Limits;
use crate::plan;
use crate::task::script::Script;
use crate::task::{Answer, Binding, Call, Glob, Handler, Integration, Registry, Site};

/// One machine, its runtime, and tokio below it.
struct Bench {
    runtime: Runtime,
    machine: Machine,
    _tokio: tokio::runtime::Runtime,
}

fn registry(integration: Arc<dyn Integration>) -> Registry {
    let mut registry = Registry::default();
    registry.add(Binding {
        resource: Glob::new("local:*"),
        function: None,
        integration,
    });
    registry
}

fn machine(definition: &str, registry: &Registry) -> Result<Machine, UnansweredError> {
    let (parsed, _) = asl::parse(definition).unwrap();
    let plan = Arc::new(plan::compile(&parsed).unwrap());
    let identity = IdentityConfig::default();
    Machine::new(plan, "p", registry, &identity, Limits::default())
}

fn bench(definition: &str, integration: Arc<dyn Integration>) -> Bench {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let config = RuntimeConfig {
        workers: 2,
        concurrency: 2,
    };
    Bench {
        runtime: Runtime::new(&config, Clock::jumping(), tokio.handle().clone()).unwrap(),
        machine: machine(definition, &registry(integration)).unwrap(),
        _tokio: tokio,
    }
}

impl Bench {
    fn start(&self, input: &str) -> Started {
        let event = Event {
            payload: input.as_bytes(),
            name: "t-0-7",
            timestamp: Some(86_400_000),
        };
        self.runtime.start(&self.machine, event)
    }

    /// Runs an event to its end, cancelling it first where asked to.
    fn run(&self, input: &str, cancelled: bool) -> Ended {
        let waiting = match self.start(input) {
            Started::Done(ended) => return ended,
            Started::Waiting(waiting) => waiting,
        };
        let (done, ended) = mpsc::channel();
        let cancel = CancelToken::new();
        if cancelled {
            cancel.cancel();
        }
        self.runtime.drive(waiting, &cancel, move |ended| {
            done.send(ended).unwrap();
        });
        ended.recv().unwrap()
    }

    #[track_caller]
    fn check(&self, input: &str, want: &str) {
        assert_eq!(say(&self.run(input, false)), want);
    }
}

fn say(ended: &Ended) -> String {
    match ended.outcome() {
        Outcome::Succeeded(output) => ended.execution().arena().to_json(*output),
        Outcome::Failed(failure) => {
            let word = |text: &Option<String>| text.clone().unwrap_or_default();
            format!("{}: {}", word(&failure.error), word(&failure.cause))
        }
        other => format!("{other:?}"),
    }
}

fn script(text: &str) -> Arc<Script> {
    Arc::new(Script::from_yaml(text).unwrap())
}

const ONE_TASK: &str = r#"{"StartAt": "A", "States": {
    "A": {"Type": "Task", "Resource": "local:a", "ResultPath": "$.a", "Next": "B",
        "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 60, "MaxAttempts": 3}]},
    "B": {"Type": "Pass", "End": true}}}"#;

#[test]
fn what_is_answered_at_once_never_leaves_the_worker() {
    let bench = bench(ONE_TASK, script("tasks: { A: [{ result: 1.50 }] }"));
    match bench.start(r#"{"x": 1}"#) {
        Started::Done(ended) => {
            assert_eq!(say(&ended), r#"{"x":1,"a":1.5}"#);
            assert_eq!(ended.execution_id(), "p/t-0-7");
            assert!(ended.started() <= ended.ended());
        }
        Started::Waiting(_) => panic!("it was answered at once"),
    }
}

#[test]
fn retries_and_delays_are_waited_for() {
    let answers = "tasks: { A: [{ sequence: [{ error: Busy }, { error: Busy, delay: 5s }, { result: 3, delay: 1m }] }] }";
    let bench = bench(ONE_TASK, script(answers));
    let ended = bench.run("{}", false);
    assert_eq!(say(&ended), r#"{"a":3}"#);
    // 60 s, then 120 s of backoff; 5 s and 60 s of answering. Deadlines are whole milliseconds.
    let seconds = ended.took().as_secs();
    assert!((244..=246).contains(&seconds), "{seconds}");
}

#[test]
fn calls_are_counted_anew_in_each_execution() {
    let answers = "tasks: { A: [{ sequence: [{ error: Busy }, { result: 2 }] }] }";
    let bench = bench(ONE_TASK, script(answers));
    for _ in 0..3 {
        bench.check("{}", r#"{"a":2}"#);
    }
    // All three began in the same run.
    assert!(bench.machine.take().kept() > 0);
}

#[test]
fn an_event_that_is_not_json_fails_and_the_next_one_runs() {
    let bench = bench(ONE_TASK, script("tasks: { A: [{ result: 1 }] }"));
    let ended = bench.run("{\"x\": }", false);
    let said = say(&ended);
    assert!(said.starts_with("Expressd.InvalidInput: "), "{said}");
    assert_eq!(ended.execution_id(), "p/t-0-7");
    drop(ended);
    bench.check("{}", r#"{"a":1}"#);
}

#[test]
fn a_cancelled_execution_is_aborted() {
    let bench = bench(ONE_TASK, script("tasks: { A: [{ never: true }] }"));
    assert_eq!(*bench.run("{}", true).outcome(), Outcome::Aborted);
}

#[test]
fn a_silent_task_times_out() {
    let definition = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "local:a",
        "TimeoutSeconds": 1, "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "B"}], "Next": "B"},
        "B": {"Type": "Pass", "Result": "late", "End": true}}}"#;
    for answer in ["result: 1, delay: 2s", "never: true"] {
        let answers = format!("tasks: {{ A: [{{ {answer} }}] }}");
        bench(definition, script(&answers)).check("{}", "\"late\"");
    }
}

/// Panics in the call, in the future, or answers from tokio.
struct Odd;

impl Integration for Odd {
    fn bind(&self, _: &Site<'_>) -> Option<Arc<dyn Handler>> {
        Some(Arc::new(Odd))
    }
}

impl Handler for Odd {
    fn call(&self, call: Call<'_>) -> Answer {
        let key = call.idempotency_key().into_bytes();
        match call.input_json().as_slice() {
            br#"{"odd":"now"}"# => panic!("odd"),
            br#"{"odd":"later"}"# => Answer::Later(Box::pin(async { panic!("odd") })),
            br#"{"odd":"queued"}"# => Answer::Queued(Box::pin(std::future::pending())),
            br#"{"odd":"never"}"# => Answer::Later(Box::pin(std::future::pending())),
            _ => Answer::Later(Box::pin(async move {
                tokio::task::yield_now().await;
                let text = String::from_utf8(key).unwrap();
                crate::engine::TaskReply::Result(serde_json::json!(text).to_string().into())
            })),
        }
    }
}

#[test]
fn panics_end_executions_and_nothing_else() {
    let bench = bench(ONE_TASK, Arc::new(Odd));
    bench.check(r#"{"odd":"now"}"#, "Expressd.InternalError: panic: odd");
    bench.check(
        r#"{"odd":"later"}"#,
        "Expressd.InternalError: the task's handler panicked",
    );
    bench.check(r#"{}"#, r#"{"a":"p/t-0-7::A:0"}"#);
}

#[test]
fn a_call_that_queues_takes_nothing_from_the_calls_under_way() {
    let bench = bench(ONE_TASK, Arc::new(Odd));
    let cancel = CancelToken::new();
    let (done, ended) = mpsc::channel();
    for _ in 0..10 {
        let Started::Waiting(waiting) = bench.start(r#"{"odd":"queued"}"#) else {
            panic!("nothing answers");
        };
        let done = done.clone();
        let finish = move |ended: Ended| done.send(ended.outcome().clone()).unwrap();
        bench.runtime.drive(waiting, &cancel, finish);
    }
    bench.check(r#"{}"#, r#"{"a":"p/t-0-7::A:0"}"#);
    cancel.cancel();
    assert_eq!(ended.recv().unwrap(), Outcome::Aborted);
}

#[test]
fn branches_wait_at_the_same_time() {
    let definition = r#"{"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "ItemProcessor": {
        "StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "local:a", "End": true}}}}}}"#;
    let bench = bench(
        definition,
        script("tasks: { A: [{ echo: true, delay: 10s }] }"),
    );
    let ended = bench.run("[1,2,3,4]", false);
    assert_eq!(say(&ended), "[1,2,3,4]");
    let seconds = ended.took().as_secs();
    assert!((9..=11).contains(&seconds), "{seconds}");
}

#[test]
fn the_context_object_names_the_execution() {
    let definition = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true,
        "Parameters": {"name.$": "$$.Execution.Name", "machine.$": "$$.StateMachine.Name"}}}}"#;
    let bench = bench(definition, script("tasks: {}"));
    bench.check("{}", r#"{"name":"t-0-7","machine":"p"}"#);
}

#[test]
fn finish_is_called_even_when_tokio_goes_down() {
    let Bench {
        runtime,
        machine,
        _tokio: tokio,
    } = bench(ONE_TASK, Arc::new(Odd));
    let event = Event {
        payload: br#"{"odd":"never"}"#,
        name: "t-0-7",
        timestamp: None,
    };
    let Started::Waiting(waiting) = runtime.start(&machine, event) else {
        panic!("nothing answers");
    };
    let (done, ended) = mpsc::channel();
    runtime.drive(waiting, &CancelToken::new(), move |ended| {
        done.send(ended.outcome().clone()).unwrap();
    });
    drop(tokio);
    assert_eq!(ended.recv().unwrap(), Outcome::Aborted);
}

#[test]
fn every_task_without_an_answer_is_named() {
    let definition = r#"{"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "local:a", "Next": "B"},
        "B": {"Type": "Task", "Resource": "other:b", "Next": "C"},
        "C": {"Type": "Task", "Resource": "local:c", "End": true}}}"#;
    let registry = registry(script("tasks: { A: [{ result: 1 }] }"));
    let error = machine(definition, &registry).err().unwrap();
    assert_eq!(
        error.to_string(),
        "nothing answers state \"B\": other:b\nnothing answers state \"C\": local:c\nbindings: \"local:*\""
    );
}
