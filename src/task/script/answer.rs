//! One prepared answer.

use std::sync::Arc;
use std::time::Duration;

use super::super::envelope::in_envelope;
use super::super::{Answer, Call};
use crate::engine::TaskReply;
use crate::value::Document;

/// An answer and how long it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Prepared {
    pub(super) delay: Duration,
    pub(super) reply: Reply,
}

/// What a task answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// A result, read once.
    Result(Arc<Document>),
    /// The task's own input, in the envelope of `lambda:invoke` or bare.
    Echo { envelope: bool },
    /// An error by name.
    Error {
        error: String,
        cause: Option<String>,
    },
    /// Nothing, until the task's timeout.
    Never,
}

impl Prepared {
    /// An answer that takes no time.
    pub(super) fn now(reply: Reply) -> Prepared {
        Prepared {
            delay: Duration::ZERO,
            reply,
        }
    }

    pub(super) fn give(&self, call: &Call<'_>) -> Answer {
        let reply = match &self.reply {
            Reply::Result(result) => TaskReply::Known(result.clone()),
            Reply::Echo { envelope: true } => TaskReply::Result(in_envelope(&call.input_json())),
            Reply::Echo { envelope: false } => TaskReply::Result(call.input_json()),
            Reply::Error { error, cause } => TaskReply::Error {
                error: Some(error.clone()),
                cause: cause.clone(),
            },
            Reply::Never => return Answer::Never,
        };
        match self.delay {
            Duration::ZERO => Answer::Now(reply),
            delay => Answer::After(delay, reply),
        }
    }
}
