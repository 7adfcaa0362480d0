//! One sample of each kind of result, read back from the topics.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use crate::kafka::Cluster;
use crate::kafka::Shown;
use crate::kafka::read_topic;

/// Records of one kind: how many were seen, and the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) count: u64,
    pub(super) first: Shown,
}

const RECORDS: u64 = 50_000;
const TIMEOUT: Duration = Duration::from_secs(5);

/// Kinds of records in a topic, by name. A topic that cannot be read has none: this is only for show.
pub(super) fn samples(
    cluster: &Cluster,
    topic: &str,
    kind: fn(&Shown) -> String,
) -> BTreeMap<String, Sample> {
    let mut samples: BTreeMap<String, Sample> = BTreeMap::new();
    let mut left = RECORDS;
    let read = read_topic(cluster, topic, TIMEOUT, |record| {
        let entry = samples.entry(kind(&record));
        entry
            .and_modify(|sample| sample.count += 1)
            .or_insert(Sample {
                count: 1,
                first: record,
            });
        left -= 1;
        left > 0
    });
    if let Err(error) = read {
        tracing::warn!(%error, topic, "samples cannot be read");
    }
    samples
}

/// What happened to an order, from the output of the workflow.
pub(super) fn result_kind(record: &Shown) -> String {
    let output: Json = serde_json::from_str(&record.value).unwrap_or_default();
    let text = |pointer: &str| output.pointer(pointer).and_then(Json::as_str);
    let retried = output.pointer("/validation/attempts") == Some(&Json::from(2));
    match text("/error/Error") {
        Some(error) => format!("caught {error}"),
        None if retried => "confirmed after a retry".to_string(),
        None => "confirmed".to_string(),
    }
}

/// The error name of a dead letter.
pub(super) fn dead_letter_kind(record: &Shown) -> String {
    let error = record.header("expressd.error").unwrap_or("without error");
    format!("dead letter {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, want: &str) {
        let record = Shown {
            value: value.to_string(),
            ..Shown::default()
        };
        assert_eq!(result_kind(&record), want);
    }

    #[test]
    fn results_are_told_apart() {
        check(r#"{"validation": {"attempts": 1}}"#, "confirmed");
        check(
            r#"{"validation": {"attempts": 2}}"#,
            "confirmed after a retry",
        );
        check(r#"{"error": {"Error": "E"}}"#, "caught E");
    }
}
