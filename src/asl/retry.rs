//! What happens on an error: `Retry` and `Catch`.

use super::{Field, NullablePath, Place};

/// One entry of `Retry`; defaults are filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Retrier {
    /// Error names, never empty; `States.ALL` stands alone, in the last retrier.
    pub error_equals: Vec<Field<String>>,
    /// Delay before the first retry.
    pub interval_seconds: u64,
    /// 0 means that these errors are never retried.
    pub max_attempts: u64,
    /// At least 1.
    pub backoff_rate: f64,
    /// Caps the delay.
    pub max_delay_seconds: Option<u64>,
    /// How the delay is drawn.
    pub jitter_strategy: JitterStrategy,
    /// The retrier.
    pub place: Place,
}

/// How a delay is spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JitterStrategy {
    /// `NONE`: exactly the computed delay.
    #[default]
    None,
    /// `FULL`: uniformly between 0 and the computed delay.
    Full,
}

/// One entry of `Catch`.
#[derive(Clone, Debug, PartialEq)]
pub struct Catcher {
    /// Error names, never empty; `States.ALL` stands alone, in the last catcher.
    pub error_equals: Vec<Field<String>>,
    /// Where in the raw input the error output goes.
    pub result_path: NullablePath,
    /// The state that goes on.
    pub next: Field<String>,
    /// The catcher.
    pub place: Place,
}
