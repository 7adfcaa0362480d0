//! What a metric is: its row in the one table that descriptions, documentation, rules and dashboards are checked against.

use std::fmt::Write;

use metrics::{describe_counter, describe_gauge, describe_histogram};

use super::names::TABLE;

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// `expressd_<noun>_<unit>[_total]`
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// What it is measured in.
    pub unit: Unit,
    /// Names of its labels.
    pub labels: &'static [&'static str],
    /// For people.
    pub(super) meaning: &'static str,
}

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by size: `_bucket`, `_sum` and `_count`.
    Histogram,
}

/// What a metric is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Unit {
    Count,
    Seconds,
    Bytes,
    Ratio,
}

impl Metric {
    /// What it tells, as a sentence.
    pub fn meaning(&self) -> &'static str {
        self.meaning.trim()
    }

    /// `counter`, `gauge` or `histogram`.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }

    fn unit_name(&self) -> &'static str {
        match self.unit {
            Unit::Count => "",
            Unit::Seconds => "seconds",
            Unit::Bytes => "bytes",
            Unit::Ratio => "0 to 1",
        }
    }

    fn describe(&self) {
        let unit = match self.unit {
            Unit::Count | Unit::Ratio => metrics::Unit::Count,
            Unit::Seconds => metrics::Unit::Seconds,
            Unit::Bytes => metrics::Unit::Bytes,
        };
        match self.kind {
            Kind::Counter => describe_counter!(self.name, unit, self.meaning()),
            Kind::Gauge => describe_gauge!(self.name, unit, self.meaning()),
            Kind::Histogram => describe_histogram!(self.name, unit, self.meaning()),
        }
    }
}

/// Registers all descriptions.
pub(super) fn describe() {
    TABLE.iter().for_each(Metric::describe);
}

/// Appends what stands before the samples of a metric in the Prometheus text format.
pub(super) fn header(name: &str, out: &mut String) {
    let metric = TABLE.iter().find(|metric| metric.name == name);
    let metric = metric.expect("names come from the table");
    let _ = writeln!(out, "# HELP {name} {}", metric.meaning());
    let _ = writeln!(out, "# TYPE {name} {}", metric.kind_name());
}

/// The table as the documentation shows it.
pub fn markdown() -> String {
    let mut text = String::from(
        "| metric | type | unit | labels | meaning |\n| --- | --- | --- | --- | --- |\n",
    );
    for metric in TABLE {
        let labels = metric.labels.iter().map(|label| format!("`{label}`"));
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} |",
            metric.name,
            metric.kind_name(),
            metric.unit_name(),
            labels.collect::<Vec<_>>().join(", "),
            metric.meaning(),
        );
    }
    text
}
