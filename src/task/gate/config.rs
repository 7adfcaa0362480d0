//! Bounds of the calls of one binding.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::KeyProblem;
use crate::units::HumanDuration;

/// Bounds of the calls of one binding.
#[derive(Clone, Debug, PartialEq)]
pub struct GateConfig {
    /// Calls under way at the same time.
    pub concurrency: usize,
    /// Calls begun in a second; none for as many as come.
    pub rate: Option<u32>,
    /// What happens when the endpoint is down.
    pub breaker: BreakerConfig,
}

/// When an endpoint is taken for down, and what becomes of its calls then: an endpoint is down when at least `calls`
/// calls ended within `window` and more than `share` of them found it unreachable, silent or answering with 5xx.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerConfig {
    /// What becomes of calls while the endpoint is down.
    pub action: BreakerAction,
    /// Ended calls that it takes to judge.
    pub calls: u32,
    /// Share of them that must have failed, 0 to 1.
    pub share: f64,
    /// How long an ended call counts.
    pub window: HumanDuration,
    /// How long nothing is called before one call tries again; doubled each time it fails.
    pub pause: HumanDuration,
    /// The longest pause.
    pub max_pause: HumanDuration,
}

/// What becomes of calls while the endpoint is down.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum BreakerAction {
    /// They wait, as long as their deadlines allow; the intake stops when the window is full.
    #[default]
    Hold,
    /// They fail at once with `Lambda.ServiceException`.
    Fail,
    /// They are made.
    Off,
}

impl GateConfig {
    /// Everything that is out of bounds.
    pub(crate) fn check(&self) -> Vec<KeyProblem> {
        let mut problems = Vec::new();
        let mut report = |key: &str, message: &str| {
            problems.push((key.to_string(), message.to_string()));
        };
        if self.concurrency == 0 || self.concurrency > MAX_CONCURRENCY {
            report("concurrency", "must be between 1 and 100000");
        }
        if self.rate == Some(0) {
            report("rate", "must be at least 1 a second");
        }
        let breaker = &self.breaker;
        if breaker.calls == 0 {
            report("breaker/calls", "must be at least 1");
        }
        if !(0.0..1.0).contains(&breaker.share) {
            report("breaker/share", "must be at least 0 and below 1");
        }
        if breaker.window < HumanDuration::from_millis(100) {
            report("breaker/window", "must be at least 100ms");
        }
        if breaker.pause.0.is_zero() || breaker.pause > breaker.max_pause {
            report(
                "breaker/pause",
                "must be longer than nothing and at most max_pause",
            );
        }
        problems
    }
}

const MAX_CONCURRENCY: usize = 100_000;

impl Default for GateConfig {
    fn default() -> GateConfig {
        GateConfig {
            concurrency: 256,
            rate: None,
            breaker: BreakerConfig::default(),
        }
    }
}

impl Default for BreakerConfig {
    fn default() -> BreakerConfig {
        BreakerConfig {
            action: BreakerAction::Hold,
            calls: 20,
            share: 0.5,
            window: HumanDuration::from_secs(10),
            pause: HumanDuration::from_secs(1),
            max_pause: HumanDuration::from_secs(60),
        }
    }
}
