//! Renders everything for Prometheus.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::{Histogram, PipelineMetrics, metric, names, process, seconds};

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
        metric::describe();
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
        process::publish();
        let mut text = self.handle.render();
        seconds::render(&mut text);
        for (name, histogram) in HISTOGRAMS {
            metric::header(name, &mut text);
            for pipeline in pipelines.iter() {
                let labels = format!("pipeline=\"{}\"", escape(pipeline.pipeline()));
                histogram(pipeline).render(name, &labels, &mut text);
            }
        }
        metric::header(names::PARTITION_STOPPED, &mut text);
        for pipeline in pipelines.iter() {
            let name = escape(pipeline.pipeline());
            for partition in pipeline.partitions() {
                let (topic, number) = (escape(&partition.topic), partition.partition);
                let labels =
                    format!("pipeline=\"{name}\",topic=\"{topic}\",partition=\"{number}\"");
                seconds::line(
                    names::PARTITION_STOPPED,
                    &labels,
                    partition.stopped,
                    &mut text,
                );
            }
        }
        metric::header(names::TASK_SECONDS, &mut text);
        for pipeline in pipelines.iter() {
            let name = escape(pipeline.pipeline());
            pipeline.machine().each_binding(|binding, histogram| {
                let labels = format!("pipeline=\"{name}\",binding=\"{}\"", escape(binding));
                histogram.render(names::TASK_SECONDS, &labels, &mut text);
            });
        }
        text
    }

    /// To be called every few seconds; without it what the recorder buffers grows for ever.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

/// A histogram of a pipeline.
type OfPipeline = fn(&PipelineMetrics) -> &Histogram;

const HISTOGRAMS: [(&str, OfPipeline); 3] = [
    (names::EXECUTION_SECONDS, PipelineMetrics::seconds),
    (names::DELIVERY_SECONDS, PipelineMetrics::delivery_seconds),
    (names::EVENT_SECONDS, PipelineMetrics::event_seconds),
];

/// A label value as the text format wants it.
fn escape(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use super::*;
    use crate::telemetry::names::TABLE;
    use crate::telemetry::{
        KafkaClientMetrics, KafkaClientReadings, KafkaClientStatistics, Kind, MachineMetrics,
        RuntimeLoad, RuntimeMetrics, Tally,
    };

    #[test]
    fn renders_what_the_pipelines_counted() {
        let exporter = Exporter::install();
        let machine = Arc::new(MachineMetrics::new(["Pass", "Task"], []));
        let metrics = Arc::new(PipelineMetrics::new("orders", Arc::clone(&machine)));
        exporter.add(Arc::clone(&metrics));
        metrics.count(&mut Tally {
            started: 2,
            succeeded: 1,
            failed: 1,
            ..Tally::default()
        });
        metrics.took(Duration::from_micros(5));
        metrics.error(Some("Oops"));
        machine.entered(1, 3);
        machine.binding("arn:\"x\"").answered(Ok(()));
        let text = exporter.render();
        for line in [
            "expressd_executions_total{pipeline=\"orders\",outcome=\"succeeded\"} 1",
            "expressd_execution_errors_total{pipeline=\"orders\",error=\"Oops\"} 1",
            "expressd_in_flight_executions{pipeline=\"orders\"} 0",
            "expressd_execution_seconds_count{pipeline=\"orders\"} 1",
            "expressd_states_entered_total{pipeline=\"orders\",type=\"Task\"} 3",
            "expressd_task_seconds_count{pipeline=\"orders\",binding=\"arn:\\\"x\\\"\"} 1",
            "# TYPE process_cpu_seconds_total counter",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
    }

    /// Everything that is rendered has its row with these labels in the table, and one header.
    #[test]
    fn nothing_is_rendered_that_the_table_does_not_know() {
        let exporter = Exporter::install();
        let machine = Arc::new(MachineMetrics::new(["Pass"], []));
        machine.binding("b").open().answered(Err(Some("E")));
        machine.binding("b").show_breaker(Arc::default());
        machine.binding("b").show_exchanges(Arc::default());
        let metrics = PipelineMetrics::new("p", machine);
        metrics.commit(true);
        metrics.rebalance("assigned");
        metrics.standing(true, false);
        let _partition = metrics.partition("t", 0);
        let client = Arc::new(KafkaClientMetrics::new("p", "consumer"));
        KafkaClientReadings::new(client).take(KafkaClientStatistics::default());
        RuntimeMetrics::new().set(&RuntimeLoad::default(), 0);
        exporter.add(Arc::new(metrics));
        let text = exporter.render();
        let mut headers = HashSet::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(header) = line.strip_prefix("# TYPE ") {
                assert!(headers.insert(header.to_string()), "twice: {header}");
            }
            if line.starts_with('#') {
                continue;
            }
            let end = line.find(['{', ' ']).unwrap();
            let name = &line[..end];
            let known = TABLE.iter().find(|metric| match metric.kind {
                Kind::Histogram => name
                    .strip_prefix(metric.name)
                    .is_some_and(|rest| ["_bucket", "_sum", "_count"].contains(&rest)),
                _ => name == metric.name,
            });
            let metric = known.unwrap_or_else(|| panic!("{line} is not in the table"));
            for label in metric.labels {
                assert!(line.contains(&format!("{label}=\"")), "{label} in {line}");
            }
            let header = format!("{} {}", metric.name, metric.kind_name());
            assert!(headers.contains(&header), "{header} before {line}");
        }
    }
}
