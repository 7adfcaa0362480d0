//! Retry topics: a failed record is written to a topic whose records are read again after a delay, which survives
//! restarts. Knows no client.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kafka::Record;
use crate::sink::record::first_place;
use crate::units::HumanDuration;

/// The retry topics of a pipeline. For minutes and hours; `Retry` in the definition is for seconds.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetryConfig {
    /// One topic for each, `{input}.{pipeline}.retry.{n}` from 1 on; they have to be there.
    pub steps: Vec<RetryStep>,
    /// Errors of executions that go there; `States.ALL` stands for all. Whatever else fails is a dead letter at once, and
    /// so is a record that is not JSON.
    pub when: Vec<String>,
    /// Records whose first timestamp is older are dead letters at once.
    pub max_age: Option<HumanDuration>,
    /// Allows retries although the pipeline keeps an order: a record that is tried again comes after those behind it.
    pub breaks_order: bool,
}

/// One retry topic.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryStep {
    /// Its records run again after so long.
    pub after: HumanDuration,
}

impl Default for RetryConfig {
    fn default() -> RetryConfig {
        let when = [
            "States.TaskFailed",
            "States.Timeout",
            "Lambda.ServiceException",
            "Lambda.TooManyRequestsException",
            "Lambda.SdkClientException",
        ];
        RetryConfig {
            steps: Vec::new(),
            when: when.map(str::to_string).to_vec(),
            max_age: None,
            breaks_order: false,
        }
    }
}

/// The name of a retry topic.
fn topic(input: &str, pipeline: &str, step: usize) -> String {
    format!("{input}.{pipeline}.retry.{}", step + 1)
}

/// Where failed records go, decided at start.
pub(super) struct Retries {
    config: RetryConfig,
    /// Those of the first input, then those of the next.
    topics: Vec<String>,
    inputs: Vec<String>,
}

/// A retry that a record gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Again {
    /// Index of the retry topic.
    pub(super) topic: u16,
    /// Milliseconds since the epoch.
    pub(super) not_before: i64,
}

impl Retries {
    pub(super) fn new(config: &RetryConfig, pipeline: &str, inputs: &[String]) -> Retries {
        let steps = 0..config.steps.len();
        let topics = inputs
            .iter()
            .flat_map(|input| steps.clone().map(move |step| topic(input, pipeline, step)));
        Retries {
            topics: topics.collect(),
            inputs: inputs.to_vec(),
            config: config.clone(),
        }
    }

    /// All retry topics, by index.
    pub(super) fn topics(&self) -> &[String] {
        &self.topics
    }

    /// How many retry topics a record has passed: 0 for one of an input.
    pub(super) fn passed(&self, record: &Record<'_>) -> usize {
        let index = self.topics.iter().position(|topic| topic == record.topic);
        index.map_or(0, |index| index % self.config.steps.len() + 1)
    }

    /// Whether a record that failed with `error` runs again; `now` in milliseconds since the epoch.
    pub(super) fn again(
        &self,
        record: &Record<'_>,
        error: Option<&str>,
        now: i64,
    ) -> Option<Again> {
        if self.topics.is_empty() {
            return None;
        }
        let error = error.unwrap_or_default();
        let wanted = |name: &String| name == error || name == crate::error_name::ALL;
        if !self.config.when.iter().any(wanted) {
            return None;
        }
        let steps = self.config.steps.len();
        let (input, passed) = match self.topics.iter().position(|topic| topic == record.topic) {
            Some(index) => (index / steps, index % steps + 1),
            None => (
                self.inputs.iter().position(|topic| topic == record.topic)?,
                0,
            ),
        };
        let step = self.config.steps.get(passed)?;
        let timestamp = match passed {
            0 => record.timestamp,
            _ => first_place(record.headers).and_then(|first| first.timestamp),
        };
        if let (Some(max), Some(timestamp)) = (self.config.max_age, timestamp)
            && now - timestamp > millis(max)
        {
            return None;
        }
        Some(Again {
            topic: u16::try_from(input * steps + passed).ok()?,
            not_before: now + millis(step.after),
        })
    }
}

fn millis(duration: HumanDuration) -> i64 {
    i64::try_from(duration.0.as_millis()).unwrap_or(i64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::{HeaderBuffer, Headers, TimestampType};

    fn retries(max_age: Option<&str>) -> Retries {
        let config = serde_json::json!({
            "steps": [{"after": "30s"}, {"after": "10m"}], "max_age": max_age,
        });
        let config: RetryConfig = serde_json::from_value(config).unwrap();
        Retries::new(&config, "p", &["a".to_string(), "b".to_string()])
    }

    #[track_caller]
    fn check(retries: &Retries, topic: &str, error: &str, want: Option<(&str, i64)>) {
        let mut headers = HeaderBuffer::new();
        headers.push("expressd.first.topic", Some(b"a"));
        headers.push("expressd.first.partition", Some(b"0"));
        headers.push("expressd.first.offset", Some(b"0"));
        headers.push("expressd.first.timestamp", Some(b"1000"));
        let record = Record {
            topic,
            partition: 0,
            offset: 0,
            timestamp: Some(1_000),
            timestamp_type: TimestampType::CreateTime,
            key: None,
            value: None,
            headers: Headers::new(&headers),
        };
        let again = retries.again(&record, Some(error), 5_000);
        let again = again.map(|again| {
            let topic = &retries.topics()[usize::from(again.topic)];
            (topic.as_str(), again.not_before)
        });
        assert_eq!(again, want);
    }

    #[test]
    fn each_delay_has_its_topic_and_the_last_one_is_the_last() {
        let retries = retries(None);
        check(
            &retries,
            "a",
            "States.TaskFailed",
            Some(("a.p.retry.1", 35_000)),
        );
        check(
            &retries,
            "b",
            "States.TaskFailed",
            Some(("b.p.retry.1", 35_000)),
        );
        check(
            &retries,
            "a.p.retry.1",
            "States.Timeout",
            Some(("a.p.retry.2", 605_000)),
        );
        check(
            &retries,
            "b.p.retry.1",
            "States.Timeout",
            Some(("b.p.retry.2", 605_000)),
        );
        check(&retries, "b.p.retry.2", "States.Timeout", None);
        check(&retries, "a", "Mine", None);
    }

    #[test]
    fn an_old_record_is_not_tried_again() {
        let young = retries(Some("4s"));
        check(&young, "a", "States.Timeout", Some(("a.p.retry.1", 35_000)));
        let old = retries(Some("3s"));
        check(&old, "a", "States.Timeout", None);
        check(&old, "a.p.retry.1", "States.Timeout", None);
    }
}
