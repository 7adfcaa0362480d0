//! One execution as it stands in a file: what goes in, what tasks answer, what is expected.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::script::{Script, Scripted};
use super::virtual_time::{self, Report, RunError, Setting};
use crate::engine::{Execution, InPlace, Limits, TaskReply};
use crate::expr::timestamp;
use crate::plan::Plan;

/// When executions start that do not say when: 2026-01-02T03:04:05.678Z.
const START: i64 = 1_767_323_045_678;

/// One execution and what is expected of it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(transform = without_null_defaults)]
pub struct Run {
    /// The event; `{}` by default.
    #[serde(deserialize_with = "present")]
    input: Option<Value>,
    /// The event as JSON text, where the spelling matters.
    input_json: Option<String>,
    /// By state, the answers to its calls in turn, retries and iterations included.
    tasks: BTreeMap<String, Vec<Answer>>,
    /// The time at the start; `2026-01-02T03:04:05.678Z` by default.
    now: Option<String>,
    /// Seed of random numbers.
    seed: u64,
    /// Limits that differ from those of an Express execution.
    limits: LimitsOf,
    /// The output.
    #[serde(deserialize_with = "present")]
    pub(super) want: Option<Value>,
    /// The output, letter by letter.
    pub(super) want_json: Option<String>,
    /// The name of the error that it fails with; null for none.
    #[serde(deserialize_with = "present")]
    pub(super) want_error: Option<Value>,
    /// The cause that it fails with; null for none.
    #[serde(deserialize_with = "present")]
    pub(super) want_cause: Option<Value>,
    /// Whether it has to time out.
    pub(super) want_timeout: bool,
    /// The failing state with its scope: `M[1]/F`.
    pub(super) failed_at: Option<String>,
    /// All states entered, in order.
    pub(super) entered: Option<Vec<String>>,
    /// Milliseconds of virtual time from start to end.
    pub(super) waited: Option<u64>,
    /// The least and the most milliseconds of virtual time from start to end.
    pub(super) waited_between: Option<[u64; 2]>,
    /// By state, what its calls were given.
    pub(super) arguments: BTreeMap<String, Vec<Value>>,
    /// States whose calls were called off.
    pub(super) cancelled: Option<Vec<String>>,
}

/// One answer of a task: one of `result`, `result_json`, `error`, `nameless` and `never`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(transform = without_null_defaults)]
struct Answer {
    /// The result.
    #[serde(deserialize_with = "present")]
    result: Option<Value>,
    /// The result as JSON text, where the spelling matters.
    result_json: Option<String>,
    /// The name of the error that it fails with.
    error: Option<String>,
    /// The cause beside the error.
    cause: Option<String>,
    /// A failure without a name.
    nameless: bool,
    /// No answer, until somebody's timeout.
    never: bool,
    /// Milliseconds that the answer takes.
    after: u64,
    /// Milliseconds after the call at which the task says that it is alive.
    heartbeats: Vec<u64>,
}

/// Limits that differ from those of AWS.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct LimitsOf {
    /// Milliseconds of an execution.
    execution_time: Option<u64>,
    /// Bytes of any input, output or result.
    payload: Option<usize>,
    /// JSON nesting.
    depth: Option<usize>,
    /// States entered.
    states: Option<u64>,
    /// Bytes that an execution holds.
    memory: Option<usize>,
    /// Task calls.
    task_calls: Option<u64>,
    /// Waiting branches or iterations of one Parallel or Map at the same time.
    concurrency: Option<usize>,
}

/// A key with the value null is not the same as no key.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// For the schema too: it must not say that null is what a missing key means.
fn without_null_defaults(schema: &mut Schema) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(|all| all.values_mut()) {
        if let Some(property) = property.as_object_mut()
            && property.get("default") == Some(&Value::Null)
        {
            property.shift_remove("default");
        }
    }
}

impl Run {
    /// What is wrong with how it is written.
    pub(super) fn check(&self) -> Result<(), String> {
        self.start()?;
        let failure = self.want_error.is_some() || self.want_cause.is_some();
        let ends = [
            self.want.is_some(),
            self.want_json.is_some(),
            failure,
            self.want_timeout,
        ];
        if ends.iter().filter(|end| **end).count() != 1 {
            return Err(
                "give one of want, want_json, want_timeout and want_error with want_cause"
                    .to_string(),
            );
        }
        if self.failed_at.is_some() && !failure {
            return Err("failed_at goes with want_error".to_string());
        }
        let names = [&self.want_error, &self.want_cause].into_iter().flatten();
        if names
            .into_iter()
            .any(|name| !name.is_string() && !name.is_null())
        {
            return Err("want_error and want_cause are strings or null".to_string());
        }
        for (state, answers) in &self.tasks {
            for answer in answers {
                let problem = |problem: &str| format!("tasks of {state}: {problem}");
                answer.check().map_err(problem)?;
            }
        }
        Ok(())
    }

    /// Executes it, in buffers that earlier ones may have used. Without a history, states entered are not reported.
    pub fn execute(
        &self,
        execution: &mut Execution,
        plan: &Arc<Plan>,
        history: bool,
    ) -> Result<Report, RunError> {
        let setting = Setting {
            input: &self.input(),
            start: self.start().expect("the time was checked with the case"),
            seed: self.seed,
            limits: self.limits(),
            history,
            fan_out: &InPlace,
        };
        virtual_time::run(execution, plan, &setting, &mut self.script())
    }

    /// The input as JSON text; `{}` where there is none.
    fn input(&self) -> String {
        match (&self.input_json, &self.input) {
            (Some(text), _) => text.clone(),
            (None, Some(input)) => input.to_string(),
            (None, None) => "{}".to_string(),
        }
    }

    /// Milliseconds since the epoch at which it starts.
    fn start(&self) -> Result<i64, String> {
        match &self.now {
            None => Ok(START),
            Some(text) => match timestamp::parse(text) {
                Some(start) => Ok(start.millis()),
                None => Err(format!("now: \"{text}\" is not a timestamp")),
            },
        }
    }

    fn limits(&self) -> Limits {
        let (aws, own) = (Limits::default(), &self.limits);
        // Sums of limits must not overflow, and nothing real comes near.
        let time = |own: Option<u64>, aws: u64| own.map_or(aws, |own| own.min(u64::MAX / 8));
        let size = |own: Option<usize>, aws: usize| own.map_or(aws, |own| own.min(usize::MAX / 8));
        Limits {
            execution_time: time(own.execution_time, aws.execution_time),
            payload: size(own.payload, aws.payload),
            depth: size(own.depth, aws.depth),
            states: time(own.states, aws.states),
            memory: size(own.memory, aws.memory),
            task_calls: time(own.task_calls, aws.task_calls),
            concurrency: size(own.concurrency, aws.concurrency),
        }
    }

    fn script(&self) -> Script {
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
    fn check(&self) -> Result<(), &'static str> {
        let given = [
            self.result.is_some(),
            self.result_json.is_some(),
            self.error.is_some(),
            self.nameless,
            self.never,
        ];
        match given.iter().filter(|given| **given).count() {
            1 => Ok(()),
            _ => Err("an answer has one of result, result_json, error, nameless and never"),
        }
    }

    fn scripted(&self) -> Scripted {
        let result = match (&self.result_json, &self.result) {
            (Some(text), _) => Some(text.clone()),
            (None, result) => result.as_ref().map(Value::to_string),
        };
        let reply = match result {
            Some(text) => Some(TaskReply::Result(text.into_bytes())),
            None if self.never => None,
            None => Some(TaskReply::Error {
                error: self.error.clone(),
                cause: self.cause.clone(),
            }),
        };
        Scripted {
            after: self.after,
            heartbeats: self.heartbeats.clone(),
            reply,
        }
    }
}
