//! The live line: how a pipeline does, for somebody who watches.

use std::fmt::Write;
use std::time::Duration;

use crate::telemetry::PipelineMetrics;
use crate::telemetry::Totals;

/// Makes one line after the other.
pub(super) struct Summary {
    last: Totals,
}

impl Summary {
    pub(super) fn new() -> Summary {
        Summary {
            last: Totals::default(),
        }
    }

    /// What happened since the last line, which was `since` ago, and where everything stands.
    pub(super) fn line(&mut self, metrics: &PipelineMetrics, since: Duration) -> String {
        let now = metrics.totals();
        let ended = |totals: &Totals| totals.succeeded + totals.failed + totals.timed_out;
        let rate = (ended(&now) - ended(&self.last)) as f64 / since.as_secs_f64().max(1e-3);
        let seconds = metrics.seconds().quantiles();
        let mut line = format!(
            "{}: {rate:.0}/s · in flight {} · results {} · dead letters {}",
            metrics.pipeline(),
            now.in_flight,
            now.results,
            now.dead_letters,
        );
        for (error, count) in metrics.dead_letters_by_error().iter().take(3) {
            let _ = write!(line, " ({error} {count})");
        }
        let (p50, p99) = (human(seconds.p50), human(seconds.p99));
        let _ = write!(line, " · p50 {p50} p99 {p99}");
        self.last = now;
        line
    }
}

/// `850 µs`, `21 ms`, `2.1 s`.
pub(super) fn human(duration: Duration) -> String {
    match duration.as_micros() {
        micros @ 0..1_000 => format!("{micros} µs"),
        micros @ 1_000..1_000_000 => format!("{} ms", micros / 1_000),
        _ => format!("{:.1} s", duration.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::telemetry::Tally;

    #[test]
    fn a_line_tells_rate_and_standing() {
        let metrics = PipelineMetrics::new("orders", Arc::default());
        let mut summary = Summary::new();
        metrics.count(&mut Tally {
            started: 3,
            succeeded: 1,
            failed: 1,
            ..Tally::default()
        });
        metrics.took(Duration::from_millis(20));
        metrics.took(Duration::from_micros(40));
        metrics.results(1);
        metrics.dead_letter(Some("Oops"));
        assert_eq!(
            summary.line(&metrics, Duration::from_secs(2)),
            "orders: 1/s · in flight 1 · results 1 · dead letters 1 (Oops 1) · p50 44 µs p99 20 ms"
        );
        let later = summary.line(&metrics, Duration::from_secs(2));
        assert!(later.starts_with("orders: 0/s"), "{later}");
    }

    #[test]
    fn durations_read_well() {
        for (micros, want) in [(850, "850 µs"), (21_999, "21 ms"), (2_050_000, "2.0 s")] {
            assert_eq!(human(Duration::from_micros(micros)), want);
        }
    }
}
