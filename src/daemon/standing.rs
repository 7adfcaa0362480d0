//! How the process is, for the admin port.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value as Json, json};

use crate::admin::Health;
use crate::telemetry::PartitionStanding;
use crate::telemetry::PipelineMetrics;

/// Written by the daemon, read by the admin port.
#[derive(Default)]
pub(super) struct Standing {
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    not_ready: Option<String>,
    pipelines: Vec<PipelineStanding>,
}

/// How a pipeline is.
pub(super) struct PipelineStanding {
    /// `starting`, `running`, `halted`, `stopping` or `ended`.
    pub(super) state: &'static str,
    /// Why part of it stands still.
    pub(super) reason: Option<String>,
    /// Content hash of what runs.
    pub(super) definition: Arc<str>,
    pub(super) metrics: Arc<PipelineMetrics>,
}

impl Standing {
    /// Before anything is known.
    pub(super) fn starting() -> Standing {
        let standing = Standing::default();
        standing.set(Some("starting".to_string()), Vec::new());
        standing
    }

    /// Why nothing is taken in, none when all pipelines do; and how each of them is.
    pub(super) fn set(&self, not_ready: Option<String>, pipelines: Vec<PipelineStanding>) {
        *self.now() = Now {
            not_ready,
            pipelines,
        };
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Health for Standing {
    /// A process that answers is alive; one that does not is what a restart is for.
    fn sick(&self) -> Option<String> {
        None
    }

    fn not_ready(&self) -> Option<String> {
        self.now().not_ready.clone()
    }

    fn pipelines(&self) -> Json {
        let now = self.now();
        now.pipelines.iter().map(PipelineStanding::json).collect()
    }
}

impl PipelineStanding {
    fn json(&self) -> Json {
        let totals = self.metrics.totals();
        let partitions: Vec<_> = self.metrics.partitions().iter().map(partition).collect();
        json!({
            "name": self.metrics.pipeline(),
            "state": self.state,
            "reason": self.reason,
            "definition": &*self.definition,
            "records": totals.records,
            "in_flight": totals.in_flight,
            "results": totals.results,
            "dead_letters": totals.dead_letters,
            "discarded": totals.discarded,
            "retried": totals.retried,
            "partitions": partitions,
        })
    }
}

fn partition(partition: &PartitionStanding) -> Json {
    json!({
        "topic": partition.topic,
        "partition": partition.partition,
        "lag_records": partition.lag_records,
        "lag_seconds": partition.lag.as_secs_f64(),
        "window_used": partition.window_used,
        "window_age_seconds": partition.window_age.as_secs_f64(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_partition_is_shown_while_it_is_assigned() {
        let metrics = Arc::new(PipelineMetrics::new("orders", Arc::default()));
        let standing = Standing::starting();
        let orders = PipelineStanding {
            state: "running",
            reason: None,
            definition: "abc".into(),
            metrics: Arc::clone(&metrics),
        };
        standing.set(None, vec![orders]);
        let partition = metrics.partition("t", 3);
        partition.lag(17, Duration::from_secs(2));
        let shown = standing.pipelines();
        assert_eq!(shown[0]["name"], "orders");
        assert_eq!(shown[0]["partitions"][0]["lag_records"], 17);
        assert_eq!(shown[0]["partitions"][0]["lag_seconds"], 2.0);
        drop(partition);
        assert_eq!(standing.pipelines()[0]["partitions"], json!([]));
    }
}
