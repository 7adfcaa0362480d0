//! Bounds of executions as a config says them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::Limits;
use crate::units::ByteSize;
use crate::units::HumanDuration;

/// The `limits` of a pipeline. No default refuses what AWS Express runs; each can be lowered.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Longest execution; more than `5m` needs `allow_long`.
    pub execution_time: HumanDuration,
    /// Lets executions take longer than AWS allows.
    pub allow_long: bool,
    /// Largest input, output or result, as compact JSON; at most `1MiB`.
    pub payload: ByteSize,
    /// Deepest nesting of JSON, at most 512.
    pub depth: usize,
    /// States entered by one execution, all scopes together; at most 10,000,000.
    pub states: u64,
    /// Memory of one execution's values, at most `256MiB`.
    pub memory: ByteSize,
    /// Task calls of one execution.
    pub task_calls: u64,
    /// Waiting branches or iterations of one Parallel or Map at the same time, at most 1,000.
    pub concurrency: usize,
}

const FIVE_MINUTES: HumanDuration = HumanDuration::from_secs(300);

impl Default for LimitsConfig {
    fn default() -> LimitsConfig {
        let limits = Limits::default();
        LimitsConfig {
            execution_time: HumanDuration::from_millis(limits.execution_time),
            allow_long: false,
            payload: ByteSize(limits.payload as u64),
            depth: limits.depth,
            states: limits.states,
            memory: ByteSize(limits.memory as u64),
            task_calls: limits.task_calls,
            concurrency: limits.concurrency,
        }
    }
}

impl LimitsConfig {
    /// Everything that is out of bounds: key and reason.
    pub fn check(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if self.execution_time > FIVE_MINUTES && !self.allow_long {
            let reason = format!(
                "{} is more than the 5m of AWS and needs allow_long: true",
                self.execution_time
            );
            problems.push(("execution_time", reason));
        }
        for (key, value, ceiling) in [
            ("payload", self.payload.0, 1 << 20),
            ("depth", self.depth as u64, 512),
            ("states", self.states, 10_000_000),
            ("memory", self.memory.0, 256 << 20),
            ("task_calls", self.task_calls, 10_000_000),
            ("concurrency", self.concurrency as u64, 1_000),
        ] {
            if value == 0 || value > ceiling {
                problems.push((key, format!("{value} is not between 1 and {ceiling}")));
            }
        }
        problems
    }

    /// As the engine wants them.
    pub fn limits(&self) -> Limits {
        let millis = self.execution_time.0.as_millis();
        Limits {
            execution_time: u64::try_from(millis).unwrap_or(u64::MAX),
            payload: self.payload.bytes(),
            depth: self.depth,
            states: self.states,
            memory: self.memory.bytes(),
            task_calls: self.task_calls,
            concurrency: self.concurrency,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_within_bounds_and_those_of_the_engine() {
        let config = LimitsConfig::default();
        assert_eq!(config.check(), []);
        assert_eq!(config.limits(), Limits::default());
    }

    #[test]
    fn ceilings_hold() {
        let config = LimitsConfig {
            execution_time: HumanDuration::from_secs(301),
            depth: 513,
            concurrency: 0,
            ..LimitsConfig::default()
        };
        let keys: Vec<_> = config.check().into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["execution_time", "depth", "concurrency"]);
        let long = LimitsConfig {
            execution_time: HumanDuration::from_secs(301),
            allow_long: true,
            ..LimitsConfig::default()
        };
        assert_eq!(long.check(), []);
    }
}
