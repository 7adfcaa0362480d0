//! Worker processes as a config says them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnostic::KeyProblem;
use crate::units::ByteSize;
use crate::units::HumanDuration;

/// Tasks answered by long-lived processes of any language, one JSON line for each call.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessConfig {
    /// The program and its arguments. A program without `/` is looked for in `PATH`.
    pub command: Vec<String>,
    /// Where the processes run; the config file's directory where it is not given.
    #[serde(default)]
    pub directory: Option<PathBuf>,
    /// Variables that the processes have beside those of expressd.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Processes.
    #[serde(default = "one")]
    pub workers: usize,
    /// Calls that a process has at the same time.
    #[serde(default = "one")]
    pub calls: usize,
    /// Calls that wait for a process; what comes beyond fails with `Lambda.TooManyRequestsException`.
    #[serde(default = "queue")]
    pub queue: usize,
    /// Longest line that a process may answer.
    #[serde(default = "line_bytes")]
    pub line_bytes: ByteSize,
    /// How long a process may go on with a call that was cancelled, before it is killed and started anew.
    #[serde(default = "grace")]
    pub grace: HumanDuration,
}

fn one() -> usize {
    1
}

fn queue() -> usize {
    1_000
}

fn line_bytes() -> ByteSize {
    ByteSize::mib(1)
}

fn grace() -> HumanDuration {
    HumanDuration::from_secs(1)
}

impl ProcessConfig {
    /// Everything that is wrong with it.
    pub fn check(&self) -> Vec<KeyProblem> {
        let mut problems = Vec::new();
        if self.command.first().is_none_or(String::is_empty) {
            problems.push(("command".to_string(), "names no program".to_string()));
        }
        for (key, number, most) in [
            ("workers", self.workers, 1_024),
            ("calls", self.calls, 1_024),
            ("queue", self.queue, 1_000_000),
        ] {
            if number == 0 || number > most {
                let reason = format!("{number} is not between 1 and {most}");
                problems.push((key.to_string(), reason));
            }
        }
        problems
    }
}
