//! Whole pipelines over a machine that does what its input says: sources, sinks and an embedded broker.
#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use expressd::asl;
use expressd::engine::{Limits, TaskReply};
use expressd::kafka::{Cluster, KafkaConfig};
use expressd::pipeline::{Pipeline, PipelineConfig, PipelineOptions, RetryConfig, Shared};
use expressd::plan;
use expressd::runtime::{Clock, IdentityConfig, Machine, Runtime, RuntimeConfig};
use expressd::source::{Deadlines, MemoryBudget, SourceEnd};
use expressd::task::{Answer, Binding, Call, Glob, Handler, Integration, Registry, Site};
use expressd::telemetry::PipelineMetrics;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::Value;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Passes `{"ok": …}` on, fails what is not ok, waits for what says so, and panics on request.
pub(crate) const MACHINE: &str = r#"{ "StartAt": "Look", "States": {
    "Look": { "Type": "Choice", "Default": "Done", "Choices": [
        { "Variable": "$.fail", "IsPresent": true, "Next": "Fail" },
        { "Variable": "$.call", "IsPresent": true, "Next": "Call" } ] },
    "Call": { "Type": "Task", "Resource": "local:slow", "Next": "Done" },
    "Fail": { "Type": "Fail", "Error": "NotOk", "CausePath": "$.fail" },
    "Done": { "Type": "Succeed" } } }"#;

/// Answers from tokio after a turn (`turns`) of its scheduler; the input says what.
pub(crate) struct Slow(Arc<AtomicUsize>);

impl Integration for Slow {
    fn bind(&self, _: &Site<'_>) -> Option<Arc<dyn Handler>> {
        Some(Arc::new(Slow(Arc::clone(&self.0))))
    }
}

impl Handler for Slow {
    fn call(&self, call: Call<'_>) -> Answer {
        self.0.fetch_add(1, Ordering::Relaxed);
        let input = call.arena.to_json(call.input);
        let input: Value = serde_json::from_str(&input).unwrap();
        if input["call"] == "panic" {
            panic!("as the input says");
        }
        let never = input["call"] == "never";
        let turns = input["turns"].as_u64().unwrap_or(1);
        Answer::Later(Box::pin(async move {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            if never {
                std::future::pending::<()>().await;
            }
            TaskReply::Result(input.to_string().into_bytes())
        }))
    }
}

pub(crate) struct Bed {
    pub(crate) shared: Shared,
    pub(crate) calls: Arc<AtomicUsize>,
    pub(crate) tokio: tokio::runtime::Runtime,
}

impl Bed {
    pub(crate) fn new(until_idle: bool) -> Bed {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let config = RuntimeConfig {
            workers: 2,
            ..RuntimeConfig::default()
        };
        let runtime = Runtime::new(&config, Clock::real(), tokio.handle().clone()).unwrap();
        let kafka = KafkaConfig {
            broker: "embedded".into(),
            ..KafkaConfig::default()
        };
        Bed {
            shared: Shared {
                runtime,
                cluster: Arc::new(Cluster::new(&kafka).unwrap()),
                budget: Arc::new(MemoryBudget::new(64 << 20)),
                instance: "test".into(),
                deadlines: Deadlines {
                    drain: Duration::from_millis(300),
                    cancel: Duration::from_secs(5),
                },
                until_idle,
            },
            calls: Arc::default(),
            tokio,
        }
    }

    pub(crate) fn start(&self, source: Value, sink: Value, options: PipelineOptions) -> Run {
        self.start_with(source, sink, options, RetryConfig::default())
    }

    pub(crate) fn start_with(
        &self,
        source: Value,
        sink: Value,
        options: PipelineOptions,
        retry: RetryConfig,
    ) -> Run {
        let (parsed, _) = asl::parse(MACHINE).unwrap();
        let compiled = Arc::new(plan::compile(&parsed).unwrap());
        let mut registry = Registry::default();
        registry.add(Binding {
            resource: Glob::new("local:*"),
            function: None,
            integration: Arc::new(Slow(Arc::clone(&self.calls))),
        });
        let identity = IdentityConfig::default();
        let machine = Machine::new(compiled, "orders", &registry, &identity, Limits::default());
        let config = PipelineConfig {
            retry,
            source: serde_json::from_value(source).unwrap(),
            sink: serde_json::from_value(sink).unwrap(),
            options,
        };
        assert_eq!(config.check(), []);
        let metrics = Arc::new(PipelineMetrics::new("orders", Arc::default()));
        let machine = Arc::new(machine.unwrap());
        let pipeline = Pipeline::start(&config, machine, Arc::clone(&metrics), &self.shared);
        Run {
            pipeline: pipeline.unwrap(),
            metrics,
        }
    }
}

pub(crate) struct Run {
    pub(crate) pipeline: Pipeline,
    pub(crate) metrics: Arc<PipelineMetrics>,
}

impl Run {
    #[track_caller]
    pub(crate) fn until_idle(self) -> Arc<PipelineMetrics> {
        let end = self.pipeline.join();
        assert!(matches!(end, SourceEnd::Drained), "{end:?}");
        self.metrics
    }
}

#[track_caller]
pub(crate) fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

pub(crate) struct Seen {
    pub(crate) value: Option<String>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) headers: BTreeMap<String, String>,
}

/// By key: every record of a topic.
pub(crate) fn read(bed: &Bed, topic: &str) -> BTreeMap<String, Seen> {
    let consumer: BaseConsumer = bed
        .shared
        .cluster
        .client()
        .set("group.id", "reader")
        .set("enable.partition.eof", "true")
        .create()
        .unwrap();
    let mut assignment = TopicPartitionList::new();
    for partition in 0..4 {
        assignment
            .add_partition_offset(topic, partition, Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&assignment).unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (mut records, mut ended) = (BTreeMap::new(), 0);
    while ended < 4 {
        match consumer.poll(PATIENCE).expect("an answer") {
            Ok(message) => {
                let seen = Seen {
                    value: message.payload().map(text),
                    timestamp: message.timestamp().to_millis(),
                    headers: message
                        .headers()
                        .unwrap()
                        .iter()
                        .map(|header| (header.key.to_string(), text(header.value.unwrap())))
                        .collect(),
                };
                let earlier = records.insert(text(message.key().unwrap()), seen);
                assert!(earlier.is_none(), "two outcomes for one record");
            }
            Err(rdkafka::error::KafkaError::PartitionEOF(_)) => ended += 1,
            Err(error) => panic!("{error}"),
        }
    }
    records
}
