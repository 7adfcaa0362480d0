//! Task integrations behind one trait, bound to resources when a plan is loaded. Knows nothing of Kafka groups.

use std::future::Future;
use std::pin::Pin;

use crate::engine::TaskReply;

/// One call of a task.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// `Resource` of the state.
    pub resource: &'a str,
    /// The state's name.
    pub state: &'a str,
    /// The task's input as compact JSON.
    pub input: &'a [u8],
    /// `{pipeline}/{topic}-{partition}-{offset}`
    pub execution_id: &'a str,
    /// The same for every attempt and redelivery (`delivery.md`, Identity).
    pub idempotency_key: &'a str,
    /// From 0.
    pub attempt: u32,
    /// Milliseconds.
    pub timeout: Option<u64>,
}

/// How a handler answers.
pub enum Answer {
    /// At once: the execution goes on without leaving its batch.
    Now(TaskReply),
    /// Later, from tokio. Dropping the future cancels the call.
    Later(Pin<Box<dyn Future<Output = TaskReply> + Send>>),
}

/// An integration bound to a resource.
pub trait Handler: Send + Sync {
    /// Starts a call. Never blocks.
    fn call(&self, call: Call<'_>) -> Answer;
}
