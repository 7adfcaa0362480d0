//! Renders everything for Prometheus.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::{PipelineMetrics, names};

/// The process's exporter. Cheap to clone.
#[derive(Clone)]
pub struct Exporter {
    handle: PrometheusHandle,
    pipelines: Arc<RwLock<Vec<Arc<PipelineMetrics>>>>,
}

impl Exporter {
    /// The process's exporter; the first call makes it the recorder of everything that is counted from then on.
    pub fn install() -> Exporter {
        static INSTALLED: OnceLock<Exporter> = OnceLock::new();
        INSTALLED.get_or_init(Exporter::new).clone()
    }

    fn new() -> Exporter {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        // Only a second recorder of somebody else could be in the way, and this process has one owner.
        let _ = metrics::set_global_recorder(recorder);
        describe();
        Exporter {
            handle,
            pipelines: Arc::default(),
        }
    }

    /// Adds a pipeline to what is rendered.
    pub fn add(&self, pipeline: Arc<PipelineMetrics>) {
        let mut pipelines = self
            .pipelines
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        pipelines.push(pipeline);
    }

    /// Everything in the Prometheus text format.
    pub fn render(&self) -> String {
        let pipelines = self
            .pipelines
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        pipelines.iter().for_each(|pipeline| pipeline.publish());
        let mut text = self.handle.render();
        let name = names::EXECUTION_SECONDS;
        text.push_str(&format!("# TYPE {name} histogram\n"));
        for pipeline in pipelines.iter() {
            let labels = format!("pipeline=\"{}\"", escape(pipeline.pipeline()));
            pipeline.seconds().render(name, &labels, &mut text);
        }
        text
    }

    /// To be called every few seconds; without it what the recorder buffers grows for ever.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

/// A label value as the text format wants it.
fn escape(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

fn describe() {
    use metrics::{describe_counter, describe_gauge};
    describe_counter!(names::RECORDS, "Records taken in");
    describe_counter!(names::EXECUTIONS, "Executions that are over, by outcome");
    describe_counter!(names::EXECUTION_ERRORS, "Failed executions by error name");
    describe_gauge!(names::IN_FLIGHT, "Executions started and not over");
    describe_counter!(names::DEAD_LETTERS, "Dead letters by error name");
    describe_counter!(names::RESULTS, "Results acknowledged by the sink");
    describe_counter!(
        names::DISCARDED,
        "Records dropped because the config says so"
    );
    describe_counter!(names::RESENT, "Outcomes sent again");
    describe_counter!(names::COMMITS, "Offset commits by result");
    describe_counter!(names::REBALANCES, "Rebalances by kind");
    describe_gauge!(
        names::LAG_RECORDS,
        "Records behind the end of the partition"
    );
    describe_gauge!(names::LAG_SECONDS, "Age of the record at the watermark");
    describe_gauge!(names::WINDOW_USED, "How full the partition's window is");
    describe_gauge!(
        names::CPU_POOL_PENDING,
        "Jobs handed to the CPU pool and not done"
    );
    describe_gauge!(
        names::CONCURRENCY_USED,
        "Task calls under way, as a share of the most allowed"
    );
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn renders_what_the_pipelines_counted() {
        let exporter = Exporter::install();
        let metrics = Arc::new(PipelineMetrics::new("orders"));
        exporter.add(Arc::clone(&metrics));
        metrics.started(2);
        metrics.succeeded(Duration::from_micros(5));
        metrics.failed(Some("Oops"), Duration::from_micros(5));
        let text = exporter.render();
        for line in [
            "expressd_executions_total{pipeline=\"orders\",outcome=\"succeeded\"} 1",
            "expressd_execution_errors_total{pipeline=\"orders\",error=\"Oops\"} 1",
            "expressd_in_flight_executions{pipeline=\"orders\"} 0",
            "expressd_execution_seconds_count{pipeline=\"orders\"} 2",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
    }
}
