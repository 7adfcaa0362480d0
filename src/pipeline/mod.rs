//! Source → runtime → sink → acknowledgement: bounded by the window and drainable. Knows no config file.

mod account;
mod config;
mod input;
mod lanes;
mod outcomes;
mod retry;
mod stage;
mod ticket;

pub use config::{
    InputForm, OnFailure, OnNull, Order, PipelineConfig, PipelineOptions, SinkConfig, SourceConfig,
};

pub use input::input_of;
pub use retry::{RetryConfig, RetryStep};

use arc_swap::ArcSwap;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::kafka::Cluster;
use crate::runtime::{Machine, Runtime};
use crate::sink::record::ResultHeaders;
use crate::sink::{FileSink, KafkaSink, KafkaSinkError, Sink};
use crate::source::{
    Control, Deadlines, Intake, MemoryBudget, SourceEnd, SourceError, Wiring, file, kafka,
};
use crate::telemetry::PipelineMetrics;

use lanes::AllLanes;
use retry::Retries;
use stage::Stage;

/// What the pipelines of a process share.
#[derive(Clone)]
pub struct Shared {
    /// Where executions run.
    pub runtime: Runtime,
    /// The cluster of Kafka sources and sinks.
    pub cluster: Arc<Cluster>,
    /// The memory of all records under way.
    pub budget: Arc<MemoryBudget>,
    /// Configured name of this process.
    pub instance: String,
    /// How long a pipeline may take to end.
    pub deadlines: Deadlines,
    /// Whether a pipeline ends when everything there is has its outcome.
    pub until_idle: bool,
}

/// A running pipeline.
pub struct Pipeline {
    control: Arc<Control>,
    stage: Arc<Stage>,
    source: JoinHandle<SourceEnd>,
}

/// Why a pipeline did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The sink.
    #[error(transparent)]
    KafkaSink(#[from] KafkaSinkError),
    /// The sink's file.
    #[error("{path}")]
    FileSink {
        /// Which.
        path: String,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// A thread did not start.
    #[error("thread: {0}")]
    Thread(#[source] std::io::Error),
    /// The embedded broker does not make a topic.
    #[error("topic {topic}: {reason}")]
    Topic {
        /// Which.
        topic: String,
        /// Why.
        reason: String,
    },
}

impl Pipeline {
    /// Opens the sink, then the source.
    pub fn start(
        config: &PipelineConfig,
        machine: Arc<Machine>,
        metrics: Arc<PipelineMetrics>,
        shared: &Shared,
    ) -> Result<Pipeline, StartError> {
        let (config, retries) = with_retries(config, machine.pipeline());
        let config = &config;
        provide_topics(config, &shared.cluster)?;
        let control = Arc::new(Control::new(shared.until_idle));
        let sink = match &config.sink {
            SinkConfig::Kafka(sink) => Sink::Kafka(KafkaSink::start(
                sink,
                &shared.cluster,
                Arc::clone(&metrics),
            )?),
            SinkConfig::File(sink) => {
                Sink::File(FileSink::open(sink).map_err(|error| StartError::FileSink {
                    path: sink.path.display().to_string(),
                    error,
                })?)
            }
        };
        let stage = Arc::new(Stage {
            machine: ArcSwap::new(machine),
            runtime: shared.runtime.clone(),
            sink,
            options: config.options,
            result_headers: match &config.sink {
                SinkConfig::Kafka(sink) => sink.headers,
                SinkConfig::File(_) => ResultHeaders::All,
            },
            retries,
            metrics: Arc::clone(&metrics),
            control: Arc::clone(&control),
            instance: shared.instance.clone(),
        });
        let wiring = Wiring {
            budget: Arc::clone(&shared.budget),
            metrics,
            control: Arc::clone(&control),
            deadlines: shared.deadlines,
            intake: intake(&stage),
        };
        let source = config.source.clone();
        let (waiting, cluster) = (Arc::clone(&stage), Arc::clone(&shared.cluster));
        let source = thread::Builder::new()
            .name("start".into())
            .spawn(move || {
                // A dead-letter topic that is found missing at the first failure is found too late.
                let pipeline = waiting.metrics.pipeline();
                let missing = || waiting.sink.missing();
                if !waiting.control.wait_for(pipeline, missing) {
                    return SourceEnd::Drained;
                }
                drop(waiting);
                let started = match &source {
                    SourceConfig::Kafka(source) => kafka::start(source, &cluster, wiring),
                    SourceConfig::File(source) => file::start(source, wiring),
                };
                started.map_or_else(SourceEnd::Failed, joined)
            })
            .map_err(StartError::Thread)?;
        Ok(Pipeline {
            control,
            stage,
            source,
        })
    }

    /// From now on records that are taken in run on this machine; those under way end on theirs.
    pub fn replace_machine(&self, machine: Arc<Machine>) {
        self.stage.machine.store(machine);
    }

    /// Whether it has begun to deliver.
    pub fn is_ready(&self) -> bool {
        self.control.is_ready()
    }

    /// Whether the source is at its end and every record has its outcome.
    pub fn is_idle(&self) -> bool {
        self.control.is_idle() || self.is_finished()
    }

    /// Whether it has ended.
    pub fn is_finished(&self) -> bool {
        self.source.is_finished()
    }

    /// What it waits for before it reads.
    pub fn waiting(&self) -> Option<String> {
        self.control.waiting()
    }

    /// Why part of it stands still, until an operator acts.
    pub fn halted(&self) -> Option<String> {
        self.control.halted().or_else(|| self.stage.sink.halted())
    }

    /// Takes in nothing more, waits for what is under way, ends. Returns at once; [`Pipeline::join`] waits.
    pub fn stop(&self) {
        self.control.stop();
    }

    /// Ends the wait for what is under way.
    pub fn hurry(&self) {
        self.control.hurry();
    }

    /// Waits until it has ended.
    pub fn join(self) -> SourceEnd {
        joined(self.source)
    }
}

fn joined(source: JoinHandle<SourceEnd>) -> SourceEnd {
    source.join().unwrap_or_else(|_| {
        SourceEnd::Failed(SourceError::Kafka("the source's thread panicked".into()))
    })
}

/// Batches become jobs of the CPU pool: one for each, or one for each lane that its records belong to.
fn intake(stage: &Arc<Stage>) -> Intake {
    let stage = Arc::clone(stage);
    let mut lanes = AllLanes::new(stage.options.ordering, stage.runtime.workers());
    Box::new(move |batch| {
        let lanes = lanes.of(&batch);
        stage.take_in(batch, lanes);
    })
}

/// Both ends know the retry topics.
fn with_retries(config: &PipelineConfig, pipeline: &str) -> (PipelineConfig, Retries) {
    let mut config = config.clone();
    let inputs = match &config.source {
        SourceConfig::Kafka(source) => &source.topics[..],
        SourceConfig::File(_) => &[],
    };
    let retries = Retries::new(&config.retry, pipeline, inputs);
    if let SourceConfig::Kafka(source) = &mut config.source {
        source.delayed = retries.topics().to_vec();
    }
    if let SinkConfig::Kafka(sink) = &mut config.sink {
        sink.retries = retries.topics().to_vec();
    }
    (config, retries)
}

/// The embedded broker has the topics that its pipelines name.
fn provide_topics(config: &PipelineConfig, cluster: &Cluster) -> Result<(), StartError> {
    let mut topics = Vec::new();
    if let SourceConfig::Kafka(source) = &config.source {
        topics.extend(source.topics.iter().map(String::as_str));
    }
    if let SinkConfig::Kafka(sink) = &config.sink {
        topics.extend(sink.topics());
    }
    for topic in topics {
        cluster
            .provide_topic(topic)
            .map_err(|error| StartError::Topic {
                topic: topic.to_string(),
                reason: error.to_string(),
            })?;
    }
    Ok(())
}

#[cfg(test)]
mod simulation;
