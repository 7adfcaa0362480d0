//! The answers of tasks, written down beforehand.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::TaskReply;

/// One scripted answer.
#[derive(Clone, Debug)]
pub struct Scripted {
    /// Milliseconds of virtual time before the reply.
    pub after: u64,
    /// Milliseconds after the call at which the task says that it is alive.
    pub heartbeats: Vec<u64>,
    /// None for an answer that never comes.
    pub reply: Option<TaskReply>,
}

/// What each state's tasks answer, call by call.
#[derive(Debug, Default)]
pub struct Script {
    answers: BTreeMap<String, VecDeque<Scripted>>,
}

impl Script {
    /// Adds an answer behind those that the state has already.
    pub fn push(&mut self, state: &str, answer: Scripted) {
        let answers = self.answers.entry(state.to_string()).or_default();
        answers.push_back(answer);
    }

    /// The answer to the next call of a state. A call that nobody foresaw fails with an error of its own.
    pub(super) fn next(&mut self, state: &str) -> Scripted {
        let answers = self.answers.get_mut(state);
        answers
            .and_then(VecDeque::pop_front)
            .unwrap_or_else(|| Scripted {
                after: 0,
                heartbeats: Vec::new(),
                reply: Some(TaskReply::Error {
                    error: Some("Test.NoAnswer".to_string()),
                    cause: Some(format!("no answer is left for {state}")),
                }),
            })
    }

    /// The states with answers that no call has asked for.
    pub(super) fn left_over(&self) -> Vec<String> {
        let waiting = self
            .answers
            .iter()
            .filter(|(_, answers)| !answers.is_empty());
        waiting.map(|(state, _)| state.clone()).collect()
    }
}
