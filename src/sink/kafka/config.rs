//! The Kafka sink as a config says it.

use std::time::Duration;

use rdkafka::config::ClientConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kafka::{Cluster, ProducerSettings, Properties, tell_statistics};
use crate::sink::record::ResultHeaders;
use crate::units::HumanDuration;

/// Results and dead letters as records of two topics.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KafkaSinkConfig {
    /// Topic of the results. `none` has to be written out: outputs are then dropped, and counted.
    pub output: String,
    /// Topic of the dead letters; must not be an input of the pipeline.
    #[serde(default)]
    pub dead_letters: Option<String>,
    /// What to do when the dead-letter topic itself refuses a record for good.
    #[serde(default)]
    pub on_dead_letter_error: OnDeadLetterError,
    /// Which headers of ours results have.
    #[serde(default)]
    pub headers: ResultHeaders,
    /// Topics of records that run again; the pipeline's `retry` makes them up.
    #[serde(skip)]
    pub retries: Vec<String>,
    /// Asks at start whether the topics are there.
    #[serde(default = "yes")]
    pub verify: bool,
    /// How long a request waits for its answer, from 1 s to 5 min; then it is sent again, for ever, and in its order.
    #[serde(default = "delivery_timeout")]
    pub delivery_timeout: HumanDuration,
    /// How long records wait for others to share a request with.
    #[serde(default = "linger")]
    pub linger: HumanDuration,
    /// Passed to librdkafka as they are, for this producer only.
    #[serde(default)]
    pub properties: Properties,
}

/// What to do with a dead letter that is refused for good: no permission, or too large even after it was cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnDeadLetterError {
    /// Nothing goes on until an operator acts; it is tried again every ten seconds.
    #[default]
    Halt,
    /// It is given up, and counted.
    Discard,
}

fn yes() -> bool {
    true
}

fn delivery_timeout() -> HumanDuration {
    HumanDuration::from_secs(60)
}

fn linger() -> HumanDuration {
    HumanDuration::from_millis(1)
}

/// `output:` of a pipeline that drops its outputs.
const NONE: &str = "none";

/// The client waits no longer for the answer to a request.
const LONGEST_ANSWER: Duration = Duration::from_secs(300);
const SHORTEST_ANSWER: Duration = Duration::from_secs(1);

impl KafkaSinkConfig {
    /// The topic of the results, if they are kept.
    pub fn output_topic(&self) -> Option<&str> {
        (self.output != NONE).then_some(&self.output)
    }

    /// The topics that are written to.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.output_topic()
            .into_iter()
            .chain(self.dead_letters.as_deref())
            .chain(self.retries.iter().map(String::as_str))
    }

    /// The properties of the producer.
    pub fn client(&self, cluster: &Cluster) -> ClientConfig {
        let mut client = cluster.producer(&ProducerSettings {
            linger: self.linger.0,
            delivery_timeout: self.delivery_timeout.0,
            properties: &self.properties,
        });
        // The client never gives a record up by itself: what it had queued behind it would go first, and no order could be
        // kept. A request without an answer goes again, in its place, and as idempotent as it was.
        let answer = self
            .delivery_timeout
            .0
            .clamp(SHORTEST_ANSWER, LONGEST_ANSWER);
        client
            .set("message.timeout.ms", "0")
            .set("socket.timeout.ms", answer.as_millis().to_string());
        tell_statistics(&mut client);
        client
    }
}
