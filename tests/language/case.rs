//! Cases as they stand in the YAML files; `README.md` beside them explains every key.

use std::collections::BTreeMap;

use expressd::engine::{Limits, TaskReply};
use expressd::expr::timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::support::script::{Script, Scripted};

/// When executions start that do not say when: 2026-01-02T03:04:05.678Z.
const START: i64 = 1_767_323_045_678;

/// A definition and what it does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) note: String,
    machine: Option<Value>,
    state: Option<Value>,
    rule: Option<Value>,
    expression: Option<String>,
    #[serde(default)]
    runs: Vec<Run>,
    #[serde(flatten)]
    run: Run,
}

/// One execution and what is expected of it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Run {
    #[serde(deserialize_with = "present")]
    input: Option<Value>,
    input_json: Option<String>,
    tasks: BTreeMap<String, Vec<Answer>>,
    now: Option<String>,
    seed: u64,
    limits: LimitsOf,
    #[serde(deserialize_with = "present")]
    pub(crate) want: Option<Value>,
    pub(crate) want_json: Option<String>,
    #[serde(deserialize_with = "present")]
    pub(crate) want_error: Option<Value>,
    #[serde(deserialize_with = "present")]
    pub(crate) want_cause: Option<Value>,
    pub(crate) want_timeout: bool,
    pub(crate) failed_at: Option<String>,
    pub(crate) entered: Option<Vec<String>>,
    pub(crate) waited: Option<u64>,
    pub(crate) waited_between: Option<[u64; 2]>,
    pub(crate) arguments: BTreeMap<String, Vec<Value>>,
    pub(crate) cancelled: Option<Vec<String>>,
}

/// One answer of a task.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Answer {
    #[serde(deserialize_with = "present")]
    result: Option<Value>,
    result_json: Option<String>,
    error: Option<String>,
    cause: Option<String>,
    /// A failure with neither error nor cause.
    nameless: bool,
    never: bool,
    after: u64,
    heartbeats: Vec<u64>,
}

/// Limits that differ from those of AWS.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LimitsOf {
    execution_time: Option<u64>,
    payload: Option<usize>,
    depth: Option<usize>,
    states: Option<u64>,
    memory: Option<usize>,
    task_calls: Option<u64>,
    concurrency: Option<usize>,
}

/// A key with the value null is not the same as no key.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

impl Case {
    /// The executions of the case.
    pub(crate) fn runs(&self) -> Vec<Run> {
        if self.runs.is_empty() {
            return vec![self.run.clone()];
        }
        let stray = self.run != Run::default();
        assert!(!stray, "{}: with `runs`, all stands in them", self.note);
        self.runs.clone()
    }

    /// The definition as JSON text.
    pub(crate) fn definition(&self) -> String {
        match (&self.machine, &self.state, &self.rule, &self.expression) {
            (Some(machine), None, None, None) => text(machine),
            (None, Some(state), None, None) => one_state(&text(state)),
            (None, None, Some(rule), None) => one_rule(&text(rule)),
            (None, None, None, Some(expression)) => json!({
                "StartAt": "S",
                "States": {"S": {
                    "Type": "Pass",
                    "Parameters": {"value.$": expression},
                    "OutputPath": "$.value",
                    "End": true,
                }},
            })
            .to_string(),
            _ => panic!("{}: give machine, state, rule or expression", self.note),
        }
    }
}

/// A definition may be written as JSON text or as YAML.
fn text(definition: &Value) -> String {
    match definition {
        Value::String(text) => text.clone(),
        yaml => yaml.to_string(),
    }
}

/// The machine of a single state `S`. It ends there unless its type says so already.
fn one_state(state: &str) -> String {
    let mut state: Value = serde_json::from_str(state).expect("a state is JSON");
    let ends = matches!(state["Type"].as_str(), Some("Succeed" | "Fail"));
    if !ends {
        state["End"] = json!(true);
    }
    json!({"StartAt": "S", "States": {"S": state}}).to_string()
}

/// The machine that answers whether a Choice Rule holds.
fn one_rule(rule: &str) -> String {
    let mut rule: Value = serde_json::from_str(rule).expect("a rule is JSON");
    rule["Next"] = json!("Yes");
    let answer = |answer: bool| json!({"Type": "Pass", "Result": answer, "End": true});
    json!({
        "StartAt": "S",
        "States": {
            "S": {"Type": "Choice", "Choices": [rule], "Default": "No"},
            "Yes": answer(true),
            "No": answer(false),
        },
    })
    .to_string()
}

impl Run {
    /// The input as JSON text; `{}` where there is none.
    pub(crate) fn input(&self) -> String {
        match (&self.input_json, &self.input) {
            (Some(text), _) => text.clone(),
            (None, Some(input)) => input.to_string(),
            (None, None) => "{}".to_string(),
        }
    }

    /// Milliseconds since the epoch at which it starts.
    pub(crate) fn start(&self) -> i64 {
        let parse = |text: &String| timestamp::parse(text).expect("now is a timestamp").millis();
        self.now.as_ref().map_or(START, parse)
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    pub(crate) fn limits(&self) -> Limits {
        let (aws, own) = (Limits::default(), &self.limits);
        Limits {
            execution_time: own.execution_time.unwrap_or(aws.execution_time),
            payload: own.payload.unwrap_or(aws.payload),
            depth: own.depth.unwrap_or(aws.depth),
            states: own.states.unwrap_or(aws.states),
            memory: own.memory.unwrap_or(aws.memory),
            task_calls: own.task_calls.unwrap_or(aws.task_calls),
            concurrency: own.concurrency.unwrap_or(aws.concurrency),
        }
    }

    pub(crate) fn script(&self) -> Script {
        let mut script = Script::default();
        for (state, answers) in &self.tasks {
            for answer in answers {
                script.push(state, answer.scripted());
            }
        }
        script
    }
}

impl Answer {
    fn scripted(&self) -> Scripted {
        let result = match (&self.result_json, &self.result) {
            (Some(text), _) => Some(text.clone()),
            (None, result) => result.as_ref().map(Value::to_string),
        };
        let reply = match result {
            Some(text) => Some(TaskReply::Result(text.into_bytes())),
            None if self.never => None,
            None => {
                let says_something = self.error.is_some() || self.nameless;
                assert!(says_something, "give result, error, nameless or never");
                Some(TaskReply::Error {
                    error: self.error.clone(),
                    cause: self.cause.clone(),
                })
            }
        };
        Scripted {
            after: self.after,
            heartbeats: self.heartbeats.clone(),
            reply,
        }
    }
}
