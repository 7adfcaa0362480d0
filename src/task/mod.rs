//! Task integrations behind one trait, bound to Task states when a plan is loaded. Knows nothing of Kafka groups.
//!
//! An [`Integration`] is asked once per Task state whether it answers it; the [`Handler`] that it gives is called for
//! every event. So whatever can be looked up by name is looked up before the first event arrives.

pub mod auth;
pub mod client;
mod envelope;
mod function_error;
pub mod gate;
mod glob;
pub mod http;
pub mod http_invoke;
pub mod kafka;
pub mod lambda;
mod lambda_error;
pub mod oauth;
pub mod process;
mod registry;
pub mod script;
mod secret;
#[cfg(test)]
mod testing;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderValue;

use crate::engine::TaskReply;
use crate::kafka::Cluster;
use crate::telemetry::{BreakerMetrics, ExchangeMetrics};
use crate::value::Arena;
use crate::value::Value;

pub use crate::diagnostic::KeyProblem;

pub use gate::Pass;
pub use glob::Glob;
pub use registry::{Binding, Registry};
pub use secret::Secret;

/// A Task state that wants a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site<'a> {
    /// The state's name.
    pub state: &'a str,
    /// `Resource` of the state.
    pub resource: &'a str,
    /// `FunctionName` of a `lambda:invoke`, where the definition spells it out.
    pub function_name: Option<&'a str>,
}

/// One call of a task.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// Where `input` lives.
    pub arena: &'a Arena,
    /// The task's input.
    pub input: Value,
    /// `{pipeline}/{topic}-{partition}-{offset}`
    pub execution_id: &'a str,
    /// Map indexes and Parallel branch numbers from the outside in; empty at top level.
    pub scope: &'a str,
    /// The state's name.
    pub state: &'a str,
    /// How often the state was entered in its scope before, from 0.
    pub visit: u32,
    /// From 0 within one visit of the state.
    pub attempt: u32,
    /// How often this state was called before in this execution, retries and iterations included.
    pub invocation: u32,
    /// Milliseconds of `TimeoutSeconds`; the engine keeps the deadline, a handler may pass it on.
    pub timeout: Option<u64>,
    /// Milliseconds of `HeartbeatSeconds`.
    pub heartbeat: Option<u64>,
    /// Wall clock when the call is made, milliseconds since the epoch.
    pub wall: i64,
}

/// The future of an answer. Dropping it cancels the call.
pub type Reply = Pin<Box<dyn Future<Output = TaskReply> + Send>>;

/// How a handler answers.
pub enum Answer {
    /// At once: the execution goes on without leaving its batch.
    Now(TaskReply),
    /// After a delay, which the driver waits for.
    After(Duration, TaskReply),
    /// Not at all: the task's timeout or the execution's ends it.
    Never,
    /// Later, from tokio.
    Later(Reply),
    /// Later, once the handler lets the call begin: then [`Handler::begin`] is asked. A call that queues keeps nothing but
    /// its place, since there may be thousands. It is not under way: it takes nothing from `runtime.concurrency`, so that
    /// an endpoint that is slow or down does not hold up the calls of others.
    Queued(Queue),
}

/// The turn of a call that queues. Dropping it gives the place up.
pub type Queue = Pin<Box<dyn Future<Output = Turn> + Send>>;

/// What came of queueing: the call may begin, or this is the answer.
pub type Turn = Result<Pass, TaskReply>;

/// Something that can answer tasks.
pub trait Integration: Send + Sync {
    /// The handler of a Task state; none where this integration has no answer for it.
    fn bind(&self, site: &Site<'_>) -> Option<Arc<dyn Handler>>;

    /// Connects, before the first event. Checking a config does not come here.
    fn open(&self, _cluster: &Cluster) -> Result<(), OpenError> {
        Ok(())
    }
}

/// Why an integration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OpenError(pub String);

/// An integration bound to one Task state.
pub trait Handler: Send + Sync {
    /// Starts a call. Never blocks.
    fn call(&self, call: Call<'_>) -> Answer;

    /// Starts a call that has queued. Never blocks, and does not queue again.
    fn begin(&self, _call: Call<'_>, _pass: Pass) -> Answer {
        unreachable!("a handler whose calls queue begins them")
    }

    /// How the circuit breaker is that calls have to pass, where there is one.
    fn breaker(&self) -> Option<Arc<BreakerMetrics>> {
        None
    }

    /// The limits that its exchanges over HTTP met, where there are any.
    fn exchanges(&self) -> Option<Arc<ExchangeMetrics>> {
        None
    }
}

#[cfg(test)]
impl<'a> Call<'a> {
    /// The first call of a state at top level.
    pub(crate) fn example(arena: &'a Arena, input: Value, state: &'a str) -> Call<'a> {
        Call {
            arena,
            input,
            execution_id: "p/t-0-7",
            scope: "",
            state,
            visit: 0,
            attempt: 0,
            invocation: 0,
            timeout: None,
            heartbeat: None,
            wall: 0,
        }
    }
}

impl Call<'_> {
    /// The input as compact JSON.
    pub fn input_json(&self) -> Vec<u8> {
        let mut json = Vec::new();
        self.arena.print(self.input, &mut json);
        json
    }

    /// `{execution id}:{scope}:{state}:{visit}`, the same for every attempt and every redelivery of the record.
    pub fn idempotency_key(&self) -> String {
        let (id, scope, state, visit) = (self.execution_id, self.scope, self.state, self.visit);
        format!("{id}:{scope}:{state}:{visit}")
    }
}

/// Text in a header: what is not printable ASCII is percent-encoded, and so is the percent sign.
fn header_value(text: &str) -> HeaderValue {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => out.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
    HeaderValue::try_from(out).expect("printable ASCII is a header's value")
}

impl Site<'_> {
    /// The function's name: of a `lambda:invoke`, or the last part of a function's ARN without its version.
    pub fn function(&self) -> Option<&str> {
        let named = self.function_name.unwrap_or(self.resource);
        match named.split_once(":function:") {
            Some((_, name)) => name.split(':').next(),
            None => self.function_name,
        }
    }

    /// Whether the state calls `arn:aws:states:::lambda:invoke`, whose results come in an envelope.
    pub fn is_lambda_invoke(&self) -> bool {
        self.resource.ends_with(":states:::lambda:invoke")
    }
}
