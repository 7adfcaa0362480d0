//! What was measured: as JSON for machines, as text for people.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::telemetry::ProcessUsage;
use crate::telemetry::Quantiles;

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Content hash of the definition.
    pub definition: String,
    /// Mean size of the events.
    pub event_bytes: usize,
    /// Threads that compute.
    pub workers: usize,
    /// Without Kafka.
    pub in_process: InProcessReport,
    /// What counting costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<MetricsReport>,
    /// From topic to topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kafka: Option<StreamReport>,
}

/// Executions without Kafka.
#[derive(Clone, Debug, Serialize)]
pub struct InProcessReport {
    /// How many.
    pub executions: u64,
    /// Those that failed or timed out.
    pub failed: u64,
    /// Executions per second.
    pub per_second: f64,
    /// Of one execution.
    pub latency: Latency,
    /// What it took.
    pub usage: Usage,
}

/// Executions without metrics, with them, and with them while they are scraped ten times a second.
#[derive(Clone, Debug, Serialize)]
pub struct MetricsReport {
    /// Executions per second without metrics.
    pub without_per_second: f64,
    /// With them.
    pub with_per_second: f64,
    /// While they are scraped.
    pub scraped_per_second: f64,
    /// What counting costs, as a share of the speed without it.
    pub cost: f64,
    /// What the scrapes cost, as a share of the speed without them.
    pub scrape_cost: f64,
    /// Of one scrape.
    pub scrape: Latency,
    /// Size of a scrape.
    pub scrape_bytes: usize,
}

/// Records from topic to topic.
#[derive(Clone, Debug, Serialize)]
pub struct StreamReport {
    /// Addresses, or `embedded`.
    pub broker: String,
    /// Of the topics.
    pub partitions: u32,
    /// Rounds at full speed, bare loops and pipeline in turn: of each kind the one in the middle counts.
    pub rounds: usize,
    /// Records with an acknowledged outcome.
    pub records: u64,
    /// Those of them that are dead letters.
    pub dead_letters: u64,
    /// Records per second, from the first acknowledgement to the last.
    pub per_second: f64,
    /// At full speed, from taking a record in to the acknowledgement of its outcome.
    pub latency: Latency,
    /// What it took.
    pub usage: Usage,
    /// Records per second of a loop that only consumes and produces, with the same client properties.
    pub bare_per_second: f64,
    /// What the bare loop took.
    pub bare_usage: Usage,
    /// `per_second` as a share of `bare_per_second`.
    pub of_bare: f64,
    /// Records per second of the bare loop when it gives each record the headers of a result.
    pub bare_with_headers_per_second: f64,
    /// What it took then.
    pub bare_with_headers_usage: Usage,
    /// `per_second` as a share of `bare_with_headers_per_second`.
    pub of_bare_with_headers: f64,
    /// At half of the speed.
    pub half_load: PacedReport,
    /// At a tenth of it.
    pub tenth_load: PacedReport,
}

/// Latency when there is no backlog.
#[derive(Clone, Debug, Serialize)]
pub struct PacedReport {
    /// Records per second.
    pub per_second: f64,
    /// From the record's timestamp to the acknowledgement of its outcome, in whole milliseconds.
    pub latency: Latency,
    /// The same for the copies of the bare loop, which waits for records and for reports on threads of their own.
    pub bare_latency: Latency,
}

/// Quantiles in seconds.
#[derive(Clone, Copy, Debug, Serialize)]
#[allow(missing_docs)]
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
}

/// What the whole process used meanwhile.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Usage {
    /// CPU time of all threads, in seconds.
    pub cpu_seconds: f64,
    /// CPU time for each record or execution, in microseconds.
    pub cpu_micros_each: f64,
    /// Resident memory at the end, in bytes.
    pub memory: u64,
}

impl From<Quantiles> for Latency {
    fn from(quantiles: Quantiles) -> Latency {
        Latency {
            p50: quantiles.p50.as_secs_f64(),
            p99: quantiles.p99.as_secs_f64(),
            p999: quantiles.p999.as_secs_f64(),
        }
    }
}

/// Measures what the process uses for something.
pub(super) struct Meter(ProcessUsage);

impl Meter {
    pub(super) fn start() -> Meter {
        Meter(ProcessUsage::now().unwrap_or_default())
    }

    pub(super) fn stop(self, n: u64) -> Usage {
        let now = ProcessUsage::now().unwrap_or_default();
        let cpu = now.cpu.saturating_sub(self.0.cpu).as_secs_f64();
        Usage {
            cpu_seconds: cpu,
            cpu_micros_each: cpu * 1e6 / n.max(1) as f64,
            memory: now.memory,
        }
    }
}

/// A rate, also of what took no time.
pub(super) fn per_second(n: u64, took: Duration) -> f64 {
    n as f64 / took.as_secs_f64().max(1e-9)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hash, bytes, workers) = (&self.definition, self.event_bytes, self.workers);
        writeln!(
            f,
            "definition {hash}, events of {bytes} bytes, {workers} workers\n"
        )?;
        writeln!(
            f,
            "{:24}{:>14}{:>12}{:>12}{:>12}{:>14}{:>12}",
            "", "per second", "p50", "p99", "p99.9", "CPU each", "memory"
        )?;
        let alone = &self.in_process;
        let (latency, usage) = (Some(&alone.latency), Some(&alone.usage));
        row(f, "in process", alone.per_second, latency, usage)?;
        if let Some(kafka) = &self.kafka {
            kafka.rows(f)?;
        }
        writeln!(f)?;
        let (n, failed) = (alone.executions, alone.failed);
        writeln!(
            f,
            "in process: {n} executions, {failed} failed; latency of an execution"
        )?;
        if let Some(metrics) = &self.metrics {
            let percent = |share: f64| share * 100.0;
            writeln!(
                f,
                "metrics: counting costs {:.1} %, scraping ten times a second {:.1} % more; a scrape of {} bytes takes {} (p99)",
                percent(metrics.cost),
                percent(metrics.scrape_cost),
                metrics.scrape_bytes,
                human(metrics.scrape.p99)
            )?;
        }
        match &self.kafka {
            Some(kafka) => kafka.notes(f),
            None => Ok(()),
        }
    }
}

impl StreamReport {
    fn rows(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, rate, latency, usage) in [
            ("bare loop", self.bare_per_second, None, &self.bare_usage),
            (
                "bare, headers",
                self.bare_with_headers_per_second,
                None,
                &self.bare_with_headers_usage,
            ),
            (
                "full speed",
                self.per_second,
                Some(&self.latency),
                &self.usage,
            ),
        ] {
            row(f, &format!("Kafka, {name}"), rate, latency, Some(usage))?;
        }
        for (name, paced) in [
            ("half of it", &self.half_load),
            ("a tenth of it", &self.tenth_load),
        ] {
            let (rate, latency) = (paced.per_second, Some(&paced.latency));
            row(f, &format!("Kafka, {name}"), rate, latency, None)?;
            row(f, "  bare loop", rate, Some(&paced.bare_latency), None)?;
        }
        Ok(())
    }

    fn notes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StreamReport {
            records,
            dead_letters,
            partitions,
            rounds,
            broker,
            of_bare,
            of_bare_with_headers,
            ..
        } = self;
        writeln!(
            f,
            "Kafka at {broker}, {partitions} partitions, {rounds} rounds: {records} records, {dead_letters} dead letters, {of_bare:.2} of the bare loop"
        )?;
        for note in [
            &format!(
                "{of_bare_with_headers:.2} of the bare loop that gives its records the headers of a result"
            ),
            "full speed: latency from taking a record in to its acknowledged outcome",
            "half and a tenth of it: latency from the record's timestamp to its acknowledged outcome",
        ] {
            writeln!(f, "  {note}")?;
        }
        Ok(())
    }
}

fn row(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    per_second: f64,
    latency: Option<&Latency>,
    usage: Option<&Usage>,
) -> fmt::Result {
    let time =
        |pick: fn(&Latency) -> f64| latency.map_or(String::new(), |latency| human(pick(latency)));
    let (p50, p99, p999) = (time(|l| l.p50), time(|l| l.p99), time(|l| l.p999));
    let cpu = usage.map_or(String::new(), |usage| {
        format!("{:.1} µs", usage.cpu_micros_each)
    });
    let memory = usage.map_or(String::new(), |usage| format!("{} MiB", usage.memory >> 20));
    writeln!(
        f,
        "{name:24}{per_second:>14.0}{p50:>12}{p99:>12}{p999:>12}{cpu:>14}{memory:>12}"
    )
}

fn human(seconds: f64) -> String {
    match seconds {
        ..1e-3 => format!("{:.0} µs", seconds * 1e6),
        ..1.0 => format!("{:.1} ms", seconds * 1e3),
        _ => format!("{seconds:.2} s"),
    }
}
