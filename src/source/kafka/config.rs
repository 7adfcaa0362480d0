//! The Kafka source as a config says it.

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnostic::{KeyProblem, in_section};
use crate::kafka::{Cluster, Properties, tell_statistics};
use crate::source::WindowConfig;
use crate::units::HumanDuration;

use rdkafka::config::ClientConfig;

/// Topics read as a member of a consumer group.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KafkaSourceConfig {
    /// Input topics.
    pub topics: Vec<String>,
    /// Topics read beside them whose records say when they may run; the pipeline's `retry` makes them up.
    #[serde(skip)]
    pub delayed: Vec<String>,
    /// Bytes that the client fetches ahead of a partition; follows from the memory for records and the number of partitions.
    #[serde(skip)]
    pub prefetch: Option<usize>,
    /// Consumer group; the pipeline's name where it is not given.
    #[serde(default)]
    pub group: Option<String>,
    /// Where to begin in a partition for which the group has no committed offset.
    #[serde(default)]
    #[schemars(with = "String")]
    pub start_from: StartFrom,
    /// What to do when the committed offset is not in the log any more: retention has run over it.
    #[serde(default)]
    pub on_out_of_range: OnOutOfRange,
    /// Bounds of the records under way, for each partition.
    #[serde(default)]
    pub window: WindowConfig,
    /// Records of all partitions that are computed, or on their way to the output, at a time; those whose executions wait do
    /// not count. At least twice the records per second times the seconds that an acknowledgement takes.
    #[serde(default = "ahead")]
    pub ahead: usize,
    /// How offsets are committed.
    #[serde(default)]
    pub commit: CommitConfig,
    /// How partitions are given up.
    #[serde(default)]
    pub rebalance: RebalanceConfig,
    /// How a record is found that ends the process each time it runs.
    #[serde(default)]
    pub quarantine: QuarantineConfig,
    /// Passed to librdkafka as they are, for this consumer only.
    #[serde(default)]
    pub properties: Properties,
}

fn ahead() -> usize {
    8_192
}

/// How long the group waits for a member that gives partitions up, and the client's own value.
const POLL_INTERVAL_PROPERTY: &str = "max.poll.interval.ms";
const USUAL_POLL_INTERVAL: Duration = Duration::from_secs(300);

/// What the client fetches ahead of a partition at most, in bytes.
pub(super) const MOST_PREFETCH: usize = 4 << 20;

/// Bytes of a partition that one fetch brings, as they are in the log. The bound of what is fetched ahead is looked at
/// before a fetch, and what comes is decompressed whole: a queue can hold so much more, times the ratio of the compression.
fn fetch_bytes(prefetch: usize) -> usize {
    (prefetch / 4).clamp(64 << 10, 1 << 20)
}

/// Where to begin without a committed offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StartFrom {
    /// With the oldest record.
    #[default]
    Earliest,
    /// With the first record that is produced from now on.
    Latest,
    /// With the first record of this time or later; where there is none, with the next one.
    Time(Timestamp),
}

impl TryFrom<String> for StartFrom {
    type Error = String;

    fn try_from(text: String) -> Result<StartFrom, String> {
        match text.as_str() {
            "earliest" => Ok(StartFrom::Earliest),
            "latest" => Ok(StartFrom::Latest),
            time => time.parse().map(StartFrom::Time).map_err(|_| {
                format!(
                    "\"{time}\" is neither `earliest` nor `latest` nor a time: 2026-01-31T12:00:00Z"
                )
            }),
        }
    }
}

impl From<StartFrom> for String {
    fn from(start_from: StartFrom) -> String {
        match start_from {
            StartFrom::Earliest => "earliest".to_string(),
            StartFrom::Latest => "latest".to_string(),
            StartFrom::Time(time) => time.to_string(),
        }
    }
}

/// What to do when a committed offset is out of the log's range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnOutOfRange {
    /// Stand still and raise an alarm: records are lost, and somebody should know.
    #[default]
    Halt,
    /// Go on with the oldest record there is.
    Earliest,
    /// Go on with the next record that is produced.
    Latest,
}

/// How offsets are committed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CommitConfig {
    /// How often.
    pub interval: HumanDuration,
}

/// How partitions are given up.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RebalanceConfig {
    /// How long to wait for executions and for the acknowledgements of their outcomes; less than half of
    /// `max.poll.interval.ms`.
    pub drain: HumanDuration,
}

/// How a record is found that ends the process each time it runs: by a stack that overflows, by memory that runs out.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QuarantineConfig {
    /// From so many starts on in which a partition's owner went away at the same record without a word, the partition runs
    /// one record at a time; after two more such ends at one record it becomes a dead letter, `Expressd.CrashSuspect`,
    /// without running. 0 never does this.
    pub after: u32,
}

impl Default for QuarantineConfig {
    fn default() -> QuarantineConfig {
        QuarantineConfig { after: 3 }
    }
}

impl Default for CommitConfig {
    fn default() -> CommitConfig {
        CommitConfig {
            interval: HumanDuration::from_secs(1),
        }
    }
}

impl Default for RebalanceConfig {
    fn default() -> RebalanceConfig {
        RebalanceConfig {
            drain: HumanDuration::from_secs(10),
        }
    }
}

impl KafkaSourceConfig {
    /// Everything that is wrong with the section by itself.
    pub fn check(&self) -> Vec<KeyProblem> {
        let mut problems = in_section("properties", self.properties.check());
        if self.topics.is_empty() {
            problems.push(("topics".to_string(), "is empty".to_string()));
        }
        let poll = self.properties.0.get(POLL_INTERVAL_PROPERTY);
        let poll = poll.and_then(|millis| millis.to_string().parse().ok());
        let poll = poll.map_or(USUAL_POLL_INTERVAL, Duration::from_millis);
        if self.rebalance.drain.0 >= poll / 2 {
            let half = (poll / 2).as_secs();
            let reason = format!(
                "{} is not less than half of {POLL_INTERVAL_PROPERTY}, {half} s: the group would not wait for it",
                self.rebalance.drain
            );
            problems.push(("rebalance/drain".to_string(), reason));
        }
        problems
    }

    /// The properties of the consumer.
    pub fn client(&self, cluster: &Cluster, group: &str) -> ClientConfig {
        let mut client = cluster.client();
        let prefetch = self.prefetch.unwrap_or(MOST_PREFETCH);
        client
            .set("partition.assignment.strategy", "cooperative-sticky")
            // A record whose bytes rotted on the way would be an event nobody sent.
            .set("check.crcs", "true")
            // The client's own defaults, 100,000 records and 64 MiB for each partition, fit no memory budget.
            .set("queued.min.messages", "10000")
            .set("queued.max.messages.kbytes", (prefetch >> 10).to_string())
            .set("fetch.message.max.bytes", fetch_bytes(prefetch).to_string())
            // One request of a broker is open at a time. While it waits for partitions that have nothing, those whose
            // queues were full when it was sent get nothing either, however much of them has been taken since.
            .set("fetch.wait.max.ms", "50")
            // The fetcher sleeps this long whenever its queue holds the minimum.
            .set("fetch.queue.backoff.ms", "2");
        self.properties.apply(&mut client);
        tell_statistics(&mut client);
        client
            .set("group.id", group)
            .set("group.protocol", "classic")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // Where to start is decided here, and losing a position is never repaired silently.
            .set("auto.offset.reset", "error")
            .set("enable.partition.eof", "false");
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drain_is_shorter_than_the_group_waits() {
        let drain = |drain: &str, properties: serde_json::Value| {
            let config = serde_json::json!({
                "topics": ["t"], "rebalance": {"drain": drain}, "properties": properties,
            });
            let config: KafkaSourceConfig = serde_json::from_value(config).unwrap();
            let keys = config.check().into_iter().map(|(key, _)| key);
            keys.collect::<Vec<_>>()
        };
        assert_eq!(drain("149s", serde_json::json!({})), [""; 0]);
        assert_eq!(drain("150s", serde_json::json!({})), ["rebalance/drain"]);
        let longer = serde_json::json!({"max.poll.interval.ms": 600_000});
        assert_eq!(drain("150s", longer), [""; 0]);
    }

    #[test]
    fn a_fetch_brings_a_part_of_what_is_fetched_ahead() {
        assert_eq!(fetch_bytes(MOST_PREFETCH), 1 << 20);
        assert_eq!(fetch_bytes(1 << 20), 256 << 10);
        assert_eq!(fetch_bytes(128 << 10), 64 << 10);
    }

    #[test]
    fn a_start_is_a_word_or_a_time() {
        for text in ["earliest", "latest", "2026-01-31T12:00:00Z"] {
            let start_from = StartFrom::try_from(text.to_string()).unwrap();
            assert_eq!(String::from(start_from), text);
        }
        assert!(StartFrom::try_from("yesterday".to_string()).is_err());
    }
}
