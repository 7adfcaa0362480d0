//! Topics, daemons and orders, and what must have become of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::common::broker::broker;
use crate::common::daemon::Daemon;
use crate::common::records::{Place, Reader, Record, Writer, committed_and_end};
use crate::common::unique;

pub(crate) const PARTITIONS: i32 = 4;
/// Slots of a partition's window, as configured below.
pub(crate) const WINDOW: usize = 1_000;
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// Topics, group and directory of one test.
pub(crate) struct Bed {
    pub(crate) input: String,
    pub(crate) results: String,
    pub(crate) dead_letters: String,
    pub(crate) group: String,
    directory: tempfile::TempDir,
}

impl Bed {
    pub(crate) fn new(name: &str, definition: &str) -> Bed {
        let bed = Bed::without_topics(name, definition);
        for topic in [&bed.input, &bed.results, &bed.dead_letters] {
            broker().create_topic(topic, PARTITIONS);
        }
        bed
    }

    pub(crate) fn without_topics(name: &str, definition: &str) -> Bed {
        let name = unique(name);
        let bed = Bed {
            input: format!("{name}-in"),
            results: format!("{name}-results"),
            dead_letters: format!("{name}-dead"),
            group: name,
            directory: tempfile::tempdir().unwrap(),
        };
        std::fs::write(bed.path("machine.asl.json"), definition).unwrap();
        std::fs::write(bed.path("script.yaml"), SCRIPT).unwrap();
        bed
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Starts a daemon on these topics under a name that its dead letters carry.
    pub(crate) fn daemon(&self, instance: &str) -> Daemon {
        self.daemon_with(instance, &self.config(instance))
    }

    /// Starts a daemon with a config of its own.
    pub(crate) fn daemon_with(&self, instance: &str, config: &Value) -> Daemon {
        let path = self.path(&format!("{instance}.json"));
        std::fs::write(&path, config.to_string()).unwrap();
        Daemon::start(&path, instance)
    }

    /// What a daemon on these topics is told.
    pub(crate) fn config(&self, instance: &str) -> Value {
        json!({
            "instance": instance,
            "admin": { "enabled": false },
            "kafka": { "broker": broker().address },
            "pipelines": { "orders": {
                "definition": "machine.asl.json",
                "tasks": [{ "script": "script.yaml" }],
                "source": { "kafka": {
                    "topics": [self.input],
                    "group": self.group,
                    "window": { "records": WINDOW },
                    // A killed member is missed only when its session is over.
                    "properties": { "session.timeout.ms": 6000, "heartbeat.interval.ms": 500 },
                } },
                "sink": { "kafka": { "output": self.results, "dead_letters": self.dead_letters } },
            } },
        })
    }

    pub(crate) fn writer(&self) -> Writer {
        Writer::new(&self.input)
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::new(&[
            (&self.results, PARTITIONS),
            (&self.dead_letters, PARTITIONS),
        ])
    }

    /// All outcomes that were read, by the place of their event.
    pub(crate) fn outcomes<'r>(&self, reader: &'r Reader) -> BTreeMap<Place, Vec<&'r Record>> {
        let mut outcomes: BTreeMap<Place, Vec<&Record>> = BTreeMap::new();
        for record in reader.records.values().flatten() {
            outcomes.entry(record.source()).or_default().push(record);
        }
        outcomes
    }

    /// Everything is committed, and nothing past the end.
    #[track_caller]
    pub(crate) fn assert_committed(&self) {
        for (committed, end) in committed_and_end(&self.group, &self.input, PARTITIONS) {
            assert_eq!(committed.unwrap_or(0).max(0), end);
        }
    }
}

pub(crate) const SCRIPT: &str = "
tasks:
  Charge:
    - result: { captured: true }
";

pub(crate) const PASS: &str =
    r#"{ "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } }"#;

pub(crate) const ORDERS: &str = r#"{
  "StartAt": "Amount",
  "States": {
    "Amount": {
      "Type": "Choice",
      "Choices": [
        { "Variable": "$.amount", "NumericGreaterThan": 900, "Next": "Refused" },
        { "Variable": "$.slow", "BooleanEquals": true, "Next": "Think" }
      ],
      "Default": "Charge"
    },
    "Refused": { "Type": "Fail", "Error": "OrderRefused", "Cause": "too expensive" },
    "Think": { "Type": "Wait", "Seconds": 1, "Next": "Charge" },
    "Charge": {
      "Type": "Task",
      "Resource": "arn:aws:lambda:us-east-1:123456789012:function:Charge",
      "ResultPath": "$.charge",
      "Next": "Total"
    },
    "Total": {
      "Type": "Pass",
      "Parameters": {
        "number.$": "$.number",
        "total.$": "States.MathAdd($.amount, 1)",
        "charge.$": "$.charge"
      },
      "End": true
    }
  }
}"#;

/// One order in 50 waits for a second: it holds its partition's watermark while later ones are done.
pub(crate) fn order(number: usize) -> String {
    let (amount, slow) = (amount(number), number % 50 == 7);
    format!(r#"{{"number":{number},"amount":{amount},"slow":{slow}}}"#)
}

pub(crate) fn amount(number: usize) -> usize {
    number * 7 % 1_000
}

/// The outcome is the one that this order must have, whatever the outcome of others.
#[track_caller]
pub(crate) fn assert_outcome(bed: &Bed, number: usize, outcome: &Record, topic: &str) {
    assert_eq!(
        outcome.key.as_deref(),
        Some(format!("key-{number}").as_bytes())
    );
    let value = std::str::from_utf8(outcome.value.as_deref().unwrap()).unwrap();
    if amount(number) > 900 {
        assert_eq!(topic, bed.dead_letters);
        assert_eq!(value, order(number));
        assert_eq!(outcome.header("expressd.error"), "OrderRefused");
        assert_eq!(outcome.header("expressd.cause"), "too expensive");
        assert_eq!(outcome.header("expressd.state"), "Refused");
    } else {
        assert_eq!(topic, bed.results);
        let total = amount(number) + 1;
        let want = format!(r#"{{"number":{number},"total":{total},"charge":{{"captured":true}}}}"#);
        assert_eq!(value, want);
        assert_eq!(outcome.header("expressd.status"), "SUCCEEDED");
    }
}

/// Every acknowledged order has outcomes, all of them the right one; returns how many are repeats.
#[track_caller]
pub(crate) fn assert_answered(
    bed: &Bed,
    orders: &BTreeMap<Place, usize>,
    reader: &Reader,
) -> usize {
    for (topic, records) in &reader.records {
        for record in records {
            let number = orders
                .get(&record.source())
                .expect("every outcome answers an order");
            assert_outcome(bed, *number, record, topic);
        }
    }
    let outcomes = bed.outcomes(reader);
    let lost: Vec<_> = orders
        .keys()
        .filter(|place| !outcomes.contains_key(place))
        .collect();
    assert!(
        lost.is_empty(),
        "{} orders without an outcome, the first at {:?}",
        lost.len(),
        lost[0]
    );
    for repeats in outcomes.values() {
        let executions = repeats
            .iter()
            .map(|outcome| outcome.header("expressd.execution"));
        assert_eq!(
            executions.collect::<BTreeSet<_>>().len(),
            1,
            "a redelivery is the same execution"
        );
    }
    repeats(reader)
}

pub(crate) fn count(reader: &Reader) -> usize {
    reader.records.values().map(Vec::len).sum()
}

pub(crate) fn repeats(reader: &Reader) -> usize {
    count(reader) - reader.answered.len()
}
