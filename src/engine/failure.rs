//! Errors of states, as Retry and Catch see them.

use std::borrow::Cow;

use super::outcome::Failure;
use crate::error_name;
use crate::expr::ExprError;
use crate::plan::ErrorPattern;

/// Longest error name and cause in characters (asl, "Limits on the strings").
const ERROR_CHARS: usize = 256;
const CAUSE_CHARS: usize = 32_768;

/// A failed state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StateError {
    /// A `Fail` state may have none.
    pub(super) error: Option<Cow<'static, str>>,
    pub(super) cause: Option<String>,
    /// A missed heartbeat: reported as `States.Timeout`, and yet known to Catch.
    pub(super) missed_heartbeat: bool,
    /// The cause names an event, so it depends on how many events came before.
    pub(super) names_event: bool,
    /// A JSONata expression failed, and where; taken when that is written into the history.
    pub(super) evaluation: Option<Box<str>>,
    /// The innermost failing state with its scope, once the error has left its fiber.
    pub(super) state: Option<String>,
}

impl StateError {
    /// An error with a cause that stands alone.
    pub(super) fn new(error: &'static str, cause: String) -> Box<StateError> {
        Box::new(StateError {
            error: Some(Cow::Borrowed(error)),
            cause: Some(cause),
            ..StateError::default()
        })
    }

    /// What a task or a Fail state says. Over-long texts are cut.
    pub(super) fn reported(error: Option<String>, cause: Option<String>) -> Box<StateError> {
        Box::new(StateError {
            error: error.map(|error| Cow::Owned(cut(error, ERROR_CHARS))),
            cause: cause.map(|cause| cut(cause, CAUSE_CHARS)),
            ..StateError::default()
        })
    }

    /// A failed evaluation, in AWS's words.
    pub(super) fn evaluation(error: ExprError, state: &str, event: u64) -> Box<StateError> {
        let cause = format!(
            "An error occurred while executing the state '{state}' (entered at the event id #{event}). {}",
            error.reason
        );
        Box::new(StateError {
            error: Some(Cow::Borrowed(error.error)),
            cause: Some(cut(cause, CAUSE_CHARS)),
            names_event: true,
            evaluation: (error.error == error_name::QUERY_EVALUATION_ERROR)
                .then(|| error.location.unwrap_or_default()),
            ..StateError::default()
        })
    }

    /// A task that took too long.
    pub(super) fn timeout(missed_heartbeat: bool) -> Box<StateError> {
        Box::new(StateError {
            error: Some(Cow::Borrowed(error_name::TIMEOUT)),
            missed_heartbeat,
            ..StateError::default()
        })
    }

    /// Whether no Retry and no Catch may see it: what the engine cannot process, and its own limits.
    pub(super) fn is_fatal(&self) -> bool {
        self.error.as_deref() == Some(error_name::RUNTIME) || self.is_limit()
    }

    /// Whether it is one of our own limits.
    pub(super) fn is_limit(&self) -> bool {
        self.error
            .as_deref()
            .is_some_and(|error| error.starts_with("Expressd."))
    }

    fn is_timeout(&self) -> bool {
        self.error.as_deref() == Some(error_name::TIMEOUT)
    }

    /// `ErrorEquals`: whether one of the patterns names this error (spec, "Error representation").
    pub(super) fn matches(&self, patterns: &[ErrorPattern]) -> bool {
        !self.is_fatal() && patterns.iter().any(|pattern| self.matches_one(pattern))
    }

    fn matches_one(&self, pattern: &ErrorPattern) -> bool {
        match pattern {
            ErrorPattern::All => true,
            // Reserved names other than its own are not failures of tasks.
            ErrorPattern::TaskFailed => self.error.as_deref().is_none_or(|error| {
                !error.starts_with("States.") || error == error_name::TASK_FAILED
            }),
            ErrorPattern::Timeout => {
                self.is_timeout() || self.error.as_deref() == Some(error_name::HEARTBEAT_TIMEOUT)
            }
            ErrorPattern::HeartbeatTimeout => {
                self.missed_heartbeat
                    || self.error.as_deref() == Some(error_name::HEARTBEAT_TIMEOUT)
            }
            ErrorPattern::Name(name) => self.error.as_deref() == Some(name),
        }
    }

    /// `Cause` of the Error Output: a timeout has an empty one there, although it is reported without.
    pub(super) fn caught_cause(&self) -> Option<&str> {
        match &self.cause {
            Some(cause) => Some(cause),
            None => self.is_timeout().then_some(""),
        }
    }

    /// As the execution's outcome.
    pub(super) fn into_failure(self) -> Failure {
        Failure {
            error: self.error.map(Cow::into_owned),
            cause: self.cause,
            state: self.state.unwrap_or_default(),
        }
    }
}

fn cut(mut text: String, chars: usize) -> String {
    if text.len() > chars
        && let Some((end, _)) = text.char_indices().nth(chars)
    {
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: &StateError, pattern: &str, matches: bool) {
        assert_eq!(
            error.matches(&[ErrorPattern::new(pattern)]),
            matches,
            "{pattern}"
        );
    }

    #[test]
    fn a_runtime_error_cannot_be_caught() {
        let error = StateError::new(error_name::RUNTIME, String::new());
        check(&error, "States.ALL", false);
        check(&error, "States.Runtime", false);
        check(&error, "States.TaskFailed", false);
    }

    #[test]
    fn a_missed_heartbeat_is_a_timeout_of_two_names() {
        let error = StateError::timeout(true);
        check(&error, "States.Timeout", true);
        check(&error, "States.HeartbeatTimeout", true);
        check(&error, "States.TaskFailed", false);
        check(
            &StateError::timeout(false),
            "States.HeartbeatTimeout",
            false,
        );
    }

    #[test]
    fn names_are_compared_whole() {
        let error = StateError::reported(Some("Shop.Closed".to_string()), None);
        check(&error, "Shop.Closed", true);
        check(&error, "Shop.*", false);
        check(&error, "shop.closed", false);
        check(&error, "States.TaskFailed", true);
        check(&error, "States.ALL", true);
    }

    #[test]
    fn an_error_without_a_name_is_caught_by_the_wildcards() {
        let error = StateError::reported(None, None);
        check(&error, "States.ALL", true);
        check(&error, "States.TaskFailed", true);
        check(&error, "", false);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let error = StateError::reported(Some("é".repeat(300)), None);
        assert_eq!(error.error.as_deref(), Some("é".repeat(256).as_str()));
    }
}
