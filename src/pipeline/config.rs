//! A pipeline as a config says it, its machine aside.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnostic::{KeyProblem, in_section};
use crate::sink::{FileSinkConfig, KafkaSinkConfig};
use crate::source::file::FileSourceConfig;
use crate::source::kafka::KafkaSourceConfig;

use super::retry::RetryConfig;

/// Where events come from.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SourceConfig {
    /// Topics, as a member of a consumer group.
    Kafka(KafkaSourceConfig),
    /// JSON Lines from a file or from standard input.
    File(FileSourceConfig),
}

/// Where outcomes go.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SinkConfig {
    /// An output topic and a dead-letter topic.
    Kafka(KafkaSinkConfig),
    /// JSON Lines in a file or on standard output.
    File(FileSinkConfig),
}

/// What the input of an execution is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InputForm {
    /// The record's value.
    #[default]
    Value,
    /// One object with the record's coordinates, key, headers and value.
    Envelope,
}

/// What becomes of a record whose value is null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnNull {
    /// A dead letter.
    #[default]
    DeadLetter,
    /// An execution with the input `null`.
    NullInput,
    /// Nothing; it is counted.
    Discard,
}

/// Which records of a partition wait for each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// None.
    Unordered,
    /// Those with the same key; records without a key wait for none.
    #[default]
    Key,
    /// All of them.
    Partition,
}

/// What becomes of a record whose execution failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// A dead letter; what is ordered behind it goes on.
    #[default]
    #[serde(alias = "continue")]
    DeadLetter,
    /// No outcome: what is ordered behind the record waits with it until an operator acts. That is the rest of its key,
    /// or of its partition where it has no key or the order is not by key.
    Block,
    /// Nothing; it is counted.
    Discard,
}

/// How a pipeline treats its records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PipelineOptions {
    /// What the input of an execution is.
    pub input: InputForm,
    /// What becomes of null values.
    pub on_null: OnNull,
    /// What becomes of failed executions.
    pub on_failure: OnFailure,
    /// Which records wait for each other.
    pub ordering: Order,
}

/// Both ends of a pipeline, and what is between them besides the machine.
#[derive(Clone, Debug)]
pub struct PipelineConfig {
    /// Where events come from.
    pub source: SourceConfig,
    /// Where outcomes go.
    pub sink: SinkConfig,
    /// How records are treated.
    pub options: PipelineOptions,
    /// Which failed records run again, and when.
    pub retry: RetryConfig,
}

impl PipelineConfig {
    /// Everything that does not fit together, by the key where it would be mended.
    pub fn check(&self) -> Vec<KeyProblem> {
        let mut problems = Vec::new();
        if let SinkConfig::Kafka(sink) = &self.sink {
            let mut report = |key: &str, reason: String| {
                problems.push((format!("sink/kafka/{key}"), reason));
            };
            if sink.dead_letters.is_none() && self.options.on_failure == OnFailure::DeadLetter {
                let reason = "without `dead_letters`, `on_failure` must be `block` or `discard`: records are not lost \
                              by default";
                report("dead_letters", reason.to_string());
            }
            if sink.output_topic().is_some() && sink.output_topic() == sink.dead_letters.as_deref()
            {
                let reason = "`output` and `dead_letters` are the same topic";
                report("dead_letters", reason.to_string());
            }
            problems.extend(in_section("sink/kafka/properties", sink.properties.check()));
        }
        self.check_retry(&mut problems);
        if let SourceConfig::Kafka(source) = &self.source {
            problems.extend(in_section("source/kafka", source.check()));
            if let SinkConfig::Kafka(sink) = &self.sink {
                let loops = sink
                    .topics()
                    .filter(|topic| source.topics.iter().any(|t| t == topic));
                problems.extend(loops.map(|topic| {
                    let reason = format!("topic {topic} is an input of the same pipeline");
                    ("sink/kafka".to_string(), reason)
                }));
            }
        }
        problems
    }

    fn check_retry(&self, problems: &mut Vec<KeyProblem>) {
        if self.retry.steps.is_empty() {
            return;
        }
        let mut report = |reason: &str| {
            problems.push(("retry".to_string(), reason.to_string()));
        };
        let kafka = matches!(self.source, SourceConfig::Kafka(_))
            && matches!(self.sink, SinkConfig::Kafka(_));
        if !kafka {
            report("`retry` needs Kafka on both ends");
        }
        if self.options.ordering != Order::Unordered && !self.retry.breaks_order {
            report(
                "a record that is tried again comes after those behind it: `ordering` must be `unordered`, or \
                 `retry.breaks_order` be true",
            );
        }
    }
}
