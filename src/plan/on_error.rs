//! `Retry` and `Catch`.

use super::{Assign, PathField, ResultPathField, StateId};
use crate::error_name;

/// One entry of `ErrorEquals`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ErrorPattern {
    /// `States.ALL`
    All,
    /// `States.TaskFailed`
    TaskFailed,
    /// `States.Timeout`: of both kinds.
    Timeout,
    /// `States.HeartbeatTimeout`
    HeartbeatTimeout,
    /// Anything else, letter by letter.
    Name(Box<str>),
}

impl ErrorPattern {
    pub(crate) fn new(text: &str) -> ErrorPattern {
        match text {
            error_name::ALL => ErrorPattern::All,
            error_name::TASK_FAILED => ErrorPattern::TaskFailed,
            error_name::TIMEOUT => ErrorPattern::Timeout,
            error_name::HEARTBEAT_TIMEOUT => ErrorPattern::HeartbeatTimeout,
            name => ErrorPattern::Name(name.into()),
        }
    }

    pub(crate) fn text(&self) -> &str {
        match self {
            ErrorPattern::All => error_name::ALL,
            ErrorPattern::TaskFailed => error_name::TASK_FAILED,
            ErrorPattern::Timeout => error_name::TIMEOUT,
            ErrorPattern::HeartbeatTimeout => error_name::HEARTBEAT_TIMEOUT,
            ErrorPattern::Name(name) => name,
        }
    }
}

/// One entry of `Retry`.
pub(crate) struct Retrier {
    pub(crate) errors: Box<[ErrorPattern]>,
    /// Milliseconds before the first retry.
    pub(crate) interval: u64,
    pub(crate) max_attempts: u64,
    pub(crate) backoff_rate: f64,
    /// Milliseconds that no delay exceeds.
    pub(crate) max_delay: Option<u64>,
    /// `JitterStrategy: FULL`
    pub(crate) jitter: bool,
}

impl Retrier {
    /// Milliseconds before retry number `used + 1` of this retrier, before jitter.
    // Spec, "Retrying after error": MaxDelaySeconds caps the interval, then jitter draws below it.
    pub(crate) fn delay(&self, used: u32) -> u64 {
        let grown = self.interval as f64 * self.backoff_rate.powf(f64::from(used));
        // A float beyond u64 saturates in the cast, and no deadline lies that far away.
        (grown as u64).min(self.max_delay.unwrap_or(u64::MAX))
    }
}

/// One entry of `Catch`.
pub(crate) struct Catcher {
    pub(crate) errors: Box<[ErrorPattern]>,
    pub(crate) result_path: ResultPathField,
    /// JSONata: `Output`
    pub(crate) output: PathField,
    pub(crate) assign: Option<Box<Assign>>,
    pub(crate) next: StateId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_up_to_the_cap() {
        let retrier = Retrier {
            errors: Box::new([ErrorPattern::All]),
            interval: 3000,
            max_attempts: 4,
            backoff_rate: 2.0,
            max_delay: Some(10_000),
            jitter: false,
        };
        let delays: Vec<u64> = (0..4).map(|used| retrier.delay(used)).collect();
        assert_eq!(delays, [3000, 6000, 10_000, 10_000]);
        assert_eq!(
            Retrier {
                max_delay: None,
                ..retrier
            }
            .delay(1000),
            u64::MAX
        );
    }
}
