//! The producer of tasks as a config says it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnostic::{KeyProblem, in_section};
use crate::kafka::Properties;
use crate::units::HumanDuration;

/// `expressd:kafka:produce`: states that write records.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KafkaTaskConfig {
    /// Topics that states may write to; `*` stands for any run of characters. Topics that are spelled out are asked for
    /// at start.
    pub topics: Vec<String>,
    /// How long the client tries to deliver a record before the task fails.
    #[serde(default = "delivery_timeout")]
    pub delivery_timeout: HumanDuration,
    /// How long records wait for others to share a request with.
    #[serde(default = "linger")]
    pub linger: HumanDuration,
    /// Passed to librdkafka as they are, for this producer only.
    #[serde(default)]
    pub properties: Properties,
}

fn delivery_timeout() -> HumanDuration {
    HumanDuration::from_secs(30)
}

fn linger() -> HumanDuration {
    HumanDuration::from_millis(1)
}

impl KafkaTaskConfig {
    /// Everything that is wrong with it.
    pub fn check(&self) -> Vec<KeyProblem> {
        let mut problems = in_section("properties", self.properties.check());
        if self.topics.is_empty() {
            let reason = "is empty: no state could write anything";
            problems.push(("topics".to_string(), reason.to_string()));
        }
        problems
    }
}
