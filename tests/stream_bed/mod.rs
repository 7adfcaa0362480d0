//! A cluster, topics, a sink and a source that passes records on as they are. On the embedded broker, or on the one that
//! `EXPRESSD_TEST_BROKERS` names.

#![allow(dead_code, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use expressd::kafka::{Cluster, HeaderBuffer, KafkaConfig, OwnedRecord};
use expressd::sink::{KafkaSink, KafkaSinkConfig, Kind, OwnedPublication, Publication, Receipt};
use expressd::source::kafka::KafkaSourceConfig;
use expressd::source::{
    Batch, Control, Deadlines, MemoryBudget, Partition, SlotId, SourceEnd, Wiring,
};
use expressd::telemetry::PipelineMetrics;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What stands for an execution: its result is the record's value.
pub(crate) struct Slot {
    pub(crate) partition: Arc<Partition>,
    pub(crate) slot: SlotId,
    pub(crate) input: OwnedRecord,
}

impl Receipt for Slot {
    fn acknowledged(receipts: &mut Vec<Slot>) {
        for receipt in receipts.drain(..) {
            receipt.partition.done(&[receipt.slot]);
        }
    }

    fn output_too_large(&mut self, cause: &str) -> OwnedPublication {
        let mut headers = HeaderBuffer::new();
        headers.push("cause", Some(cause.as_bytes()));
        let record = self.input.as_record();
        Publication {
            kind: Kind::DeadLetter,
            key: record.key,
            value: record.value,
            timestamp: record.timestamp,
            headers: &headers,
        }
        .to_owned()
    }
}

pub(crate) struct Bed {
    pub(crate) cluster: Cluster,
    pub(crate) input: String,
    pub(crate) output: String,
    pub(crate) dead: String,
}

impl Bed {
    pub(crate) fn new(partitions: u32) -> Bed {
        match std::env::var("EXPRESSD_TEST_BROKERS") {
            Err(_) => {
                let bed = Bed::on("embedded", partitions);
                bed.topics()
                    .for_each(|topic| bed.cluster.provide_topic(topic).unwrap());
                bed
            }
            Ok(brokers) => {
                let bed = Bed::on(&brokers, partitions);
                bed.topics()
                    .for_each(|topic| create(&bed.client(), topic, partitions));
                bed
            }
        }
    }

    /// On a given broker, whose topics are still to be made.
    pub(crate) fn on(broker: &str, partitions: u32) -> Bed {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut config = KafkaConfig {
            broker: broker.into(),
            ..KafkaConfig::default()
        };
        config.embedded.partitions = partitions;
        let unique = format!(
            "{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        Bed {
            cluster: Cluster::new(&config).unwrap(),
            input: format!("in-{unique}"),
            output: format!("out-{unique}"),
            dead: format!("dead-{unique}"),
        }
    }

    pub(crate) fn topics(&self) -> impl Iterator<Item = &str> {
        [&*self.input, &self.output, &self.dead].into_iter()
    }

    pub(crate) fn client(&self) -> ClientConfig {
        self.cluster.client()
    }

    /// Groups of different tests do not meet.
    pub(crate) fn group(&self, name: &str) -> String {
        format!("{name}-{}", self.input)
    }

    /// Produces values `from..to`, keyed by themselves, spread over the partitions.
    pub(crate) fn produce(&self, values: std::ops::Range<u32>, partitions: i32) {
        let producer: BaseProducer = self.client().create().unwrap();
        for value in values {
            let text = value.to_string();
            let headers = OwnedHeaders::new().insert(Header {
                key: "h",
                value: Some(&text),
            });
            let record = BaseRecord::to(&self.input)
                .key(&text)
                .payload(&text)
                .partition(value as i32 % partitions)
                .headers(headers);
            producer.send(record).unwrap();
            producer.poll(Duration::ZERO);
        }
        producer.flush(PATIENCE).unwrap();
    }

    /// Every record of a topic from its beginning, as far as it is written now.
    pub(crate) fn read(&self, topic: &str, partitions: i32) -> Vec<(String, Option<String>)> {
        let consumer: BaseConsumer = self
            .client()
            .set("group.id", "reader")
            .set("enable.partition.eof", "true")
            .set("enable.auto.commit", "false")
            .create()
            .unwrap();
        let mut assignment = TopicPartitionList::new();
        for partition in 0..partitions {
            assignment
                .add_partition_offset(topic, partition, Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&assignment).unwrap();
        let mut records = Vec::new();
        let mut ended = BTreeSet::new();
        while ended.len() < partitions as usize {
            match consumer.poll(PATIENCE).expect("an answer") {
                Ok(message) => {
                    let header = message.headers().map(|headers| {
                        String::from_utf8(headers.get(0).value.unwrap().to_vec()).unwrap()
                    });
                    let value = message.payload().unwrap().to_vec();
                    records.push((String::from_utf8(value).unwrap(), header));
                }
                Err(rdkafka::error::KafkaError::PartitionEOF(partition)) => {
                    ended.insert(partition);
                }
                Err(error) => panic!("{error}"),
            }
        }
        records
    }

    pub(crate) fn committed(&self, group: &str, partitions: i32) -> i64 {
        let consumer: BaseConsumer = self
            .client()
            .set("group.id", self.group(group))
            .create()
            .unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition_range(&self.input, 0, partitions - 1);
        let committed = consumer.committed_offsets(list, PATIENCE).unwrap();
        let offsets = committed.elements().into_iter().map(|e| e.offset());
        offsets
            .map(|offset| match offset {
                Offset::Offset(offset) => offset,
                _ => 0,
            })
            .sum()
    }

    pub(crate) fn sink(&self) -> Arc<KafkaSink<Slot>> {
        let config: KafkaSinkConfig = serde_json::from_value(serde_json::json!({
            "output": self.output, "dead_letters": self.dead,
        }))
        .unwrap();
        let metrics = Arc::new(PipelineMetrics::new("test", Arc::default()));
        Arc::new(KafkaSink::start(&config, &self.cluster, metrics).unwrap())
    }

    pub(crate) fn source(
        &self,
        group: &str,
        options: serde_json::Value,
        intake: impl FnMut(Batch) + Send + 'static,
    ) -> Running {
        // The embedded broker ends a rebalance one second before the session timeout, whoever has joined.
        let mut config = serde_json::json!({
            "topics": [self.input],
            "group": self.group(group),
            "properties": {"session.timeout.ms": 6_000, "heartbeat.interval.ms": 300},
        });
        for (key, value) in options.as_object().unwrap() {
            config[key] = value.clone();
        }
        let config: KafkaSourceConfig = serde_json::from_value(config).unwrap();
        let control = Arc::new(Control::new(false));
        let thread = expressd::source::kafka::start(
            &config,
            &self.cluster,
            Wiring {
                budget: Arc::new(MemoryBudget::new(64 << 20)),
                metrics: Arc::new(PipelineMetrics::new("test", Arc::default())),
                control: Arc::clone(&control),
                deadlines: Deadlines {
                    drain: Duration::from_secs(20),
                    cancel: Duration::from_secs(2),
                },
                intake: Box::new(intake),
            },
        )
        .unwrap();
        Running { control, thread }
    }
}

pub(crate) struct Running {
    pub(crate) control: Arc<Control>,
    pub(crate) thread: JoinHandle<SourceEnd>,
}

impl Running {
    pub(crate) fn stop(self) -> SourceEnd {
        self.control.stop();
        self.thread.join().unwrap()
    }
}

pub(crate) fn create(client: &ClientConfig, topic: &str, partitions: u32) {
    use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
    let admin: AdminClient<_> = client.create().unwrap();
    let topic = NewTopic::new(topic, partitions as i32, TopicReplication::Fixed(1));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime
        .block_on(admin.create_topics(&[topic], &AdminOptions::new()))
        .unwrap();
}

#[track_caller]
pub(crate) fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Publishes every record as it is.
pub(crate) fn echo(sink: Arc<KafkaSink<Slot>>) -> impl FnMut(Batch) + Send + 'static {
    move |batch| {
        for index in 0..batch.len() {
            let record = batch.record(index);
            let mut headers = HeaderBuffer::new();
            for header in record.headers.iter() {
                headers.push(header.name, header.value);
            }
            let publication = Publication {
                kind: Kind::Result,
                key: record.key,
                value: record.value,
                timestamp: record.timestamp,
                headers: &headers,
            };
            let receipt = Slot {
                partition: Arc::clone(batch.partition()),
                slot: batch.slot(index),
                input: OwnedRecord::new(&record),
            };
            sink.publish(&publication, receipt);
        }
    }
}
