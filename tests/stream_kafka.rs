//! Records from Kafka to Kafka without an execution between: windows, commits, rebalances, shutdown. On the embedded
//! broker, or on the one that `EXPRESSD_TEST_BROKERS` names.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
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

const PATIENCE: Duration = Duration::from_secs(60);

/// What stands for an execution: its result is the record's value.
struct Slot {
    partition: Arc<Partition>,
    slot: SlotId,
    input: OwnedRecord,
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

struct Bed {
    cluster: Cluster,
    input: String,
    output: String,
    dead: String,
}

impl Bed {
    fn new(partitions: u32) -> Bed {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let real = std::env::var("EXPRESSD_TEST_BROKERS").ok();
        let mut config = KafkaConfig {
            broker: real.clone().unwrap_or_else(|| "embedded".into()),
            ..KafkaConfig::default()
        };
        config.embedded.partitions = partitions;
        let cluster = Cluster::new(&config).unwrap();
        let unique = format!(
            "{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let bed = Bed {
            cluster,
            input: format!("in-{unique}"),
            output: format!("out-{unique}"),
            dead: format!("dead-{unique}"),
        };
        for topic in [&bed.input, &bed.output, &bed.dead] {
            match real {
                Some(_) => create(&bed.client(), topic, partitions),
                None => bed.cluster.provide_topic(topic).unwrap(),
            }
        }
        bed
    }

    fn client(&self) -> ClientConfig {
        self.cluster.client()
    }

    /// Groups of different tests do not meet.
    fn group(&self, name: &str) -> String {
        format!("{name}-{}", self.input)
    }

    /// Produces values `from..to`, keyed by themselves, spread over the partitions.
    fn produce(&self, values: std::ops::Range<u32>, partitions: i32) {
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
    fn read(&self, topic: &str, partitions: i32) -> Vec<(String, Option<String>)> {
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

    fn committed(&self, group: &str, partitions: i32) -> i64 {
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

    fn sink(&self) -> Arc<KafkaSink<Slot>> {
        let config: KafkaSinkConfig = serde_json::from_value(serde_json::json!({
            "output": self.output, "dead_letters": self.dead,
        }))
        .unwrap();
        let metrics = Arc::new(PipelineMetrics::new("test"));
        Arc::new(KafkaSink::start(&config, &self.cluster, metrics).unwrap())
    }

    fn source(
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
                metrics: Arc::new(PipelineMetrics::new("test")),
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

struct Running {
    control: Arc<Control>,
    thread: JoinHandle<SourceEnd>,
}

impl Running {
    fn stop(self) -> SourceEnd {
        self.control.stop();
        self.thread.join().unwrap()
    }
}

fn create(client: &ClientConfig, topic: &str, partitions: u32) {
    use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
    let admin: AdminClient<_> = client.create().unwrap();
    let topic = NewTopic::new(topic, partitions as i32, TopicReplication::Fixed(1));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime
        .block_on(admin.create_topics(&[topic], &AdminOptions::new()))
        .unwrap();
}

#[track_caller]
fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Publishes every record as it is.
fn echo(sink: Arc<KafkaSink<Slot>>) -> impl FnMut(Batch) + Send + 'static {
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

#[test]
fn every_record_has_its_outcome_before_the_offset_is_committed() {
    let bed = Bed::new(3);
    bed.produce(0..5_000, 3);
    let sink = bed.sink();
    let source = bed.source(
        "g",
        serde_json::json!({"window": {"records": 300}}),
        echo(Arc::clone(&sink)),
    );
    wait_for("the end", || source.control.is_idle());
    assert!(matches!(source.stop(), SourceEnd::Drained));
    assert_eq!(bed.committed("g", 3), 5_000);
    let outcomes = bed.read(&bed.output, 3);
    let distinct: BTreeSet<_> = outcomes.iter().map(|(value, _)| value.clone()).collect();
    assert_eq!((outcomes.len(), distinct.len()), (5_000, 5_000));
    for (value, header) in outcomes {
        assert_eq!(Some(value), header);
    }

    // A second start goes on where the first one ended.
    bed.produce(5_000..5_100, 3);
    let source = bed.source("g", serde_json::json!({}), echo(sink));
    wait_for("the end", || bed.committed("g", 3) == 5_100);
    assert!(matches!(source.stop(), SourceEnd::Drained));
    assert_eq!(bed.read(&bed.output, 3).len(), 5_100);
}

#[test]
fn an_unfinished_record_holds_the_offset_and_a_full_window_stops_the_intake() {
    let bed = Bed::new(1);
    bed.produce(0..500, 1);
    let batches: Arc<Mutex<Vec<Batch>>> = Arc::default();
    let kept = Arc::clone(&batches);
    let options = serde_json::json!({"window": {"records": 100}, "commit": {"interval": "20ms"}});
    let source = bed.source("g", options, move |batch| kept.lock().unwrap().push(batch));
    let taken = || -> usize { batches.lock().unwrap().iter().map(Batch::len).sum() };
    wait_for("a full window", || taken() == 100);

    let finish = |keep: i64| {
        let batches = batches.lock().unwrap();
        for batch in &*batches {
            let slots: Vec<_> = (0..batch.len())
                .filter(|index| batch.record(*index).offset != keep)
                .map(|index| batch.slot(index))
                .collect();
            batch.partition().done(&slots);
        }
    };
    finish(30);
    wait_for("the commit", || bed.committed("g", 1) == 30);
    // The window is counted from the record that holds it, so 30 more fit.
    wait_for("more records", || taken() == 130);
    assert_eq!(source.control.halted(), None);

    finish(-1);
    wait_for("the rest", || {
        finish(-1);
        taken() == 500
    });
    finish(-1);
    assert!(matches!(source.stop(), SourceEnd::Drained));
    assert_eq!(bed.committed("g", 1), 500);
}

#[test]
fn a_rebalance_drains_and_repeats_nothing() {
    let bed = Bed::new(4);
    let seen: Arc<Mutex<HashMap<String, u32>>> = Arc::default();
    let sink = bed.sink();
    let counting = |sink: &Arc<KafkaSink<Slot>>| {
        let mut echo = echo(Arc::clone(sink));
        let seen = Arc::clone(&seen);
        move |batch: Batch| {
            for index in 0..batch.len() {
                let value = batch.record(index).value.unwrap().to_vec();
                let mut seen = seen.lock().unwrap();
                *seen.entry(String::from_utf8(value).unwrap()).or_default() += 1;
            }
            echo(batch);
        }
    };
    let first = bed.source("g", serde_json::json!({}), counting(&sink));
    bed.produce(0..2_000, 4);
    wait_for("the first member", || first.control.is_ready());
    let second = bed.source("g", serde_json::json!({}), counting(&sink));
    bed.produce(2_000..4_000, 4);
    wait_for("the second member", || second.control.is_ready());
    bed.produce(4_000..6_000, 4);
    wait_for("everything", || seen.lock().unwrap().len() == 6_000);
    assert!(matches!(first.stop(), SourceEnd::Drained));
    bed.produce(6_000..8_000, 4);
    wait_for("everything after one left", || {
        seen.lock().unwrap().len() == 8_000
    });
    assert!(matches!(second.stop(), SourceEnd::Drained));
    assert_eq!(bed.committed("g", 4), 8_000);
    let repeats: BTreeMap<_, _> = seen
        .lock()
        .unwrap()
        .iter()
        .filter(|(_, n)| **n > 1)
        .map(|(value, n)| (value.clone(), *n))
        .collect();
    assert_eq!(repeats, BTreeMap::new());
    assert_eq!(bed.read(&bed.output, 4).len(), 8_000);
}

#[test]
fn an_output_that_no_broker_takes_becomes_a_dead_letter() {
    let bed = Bed::new(1);
    bed.produce(0..1, 1);
    let sink = bed.sink();
    let source = bed.source("g", serde_json::json!({}), move |batch| {
        let receipt = Slot {
            partition: Arc::clone(batch.partition()),
            slot: batch.slot(0),
            input: OwnedRecord::new(&batch.record(0)),
        };
        let publication = Publication {
            kind: Kind::Result,
            key: None,
            value: Some(&vec![b' '; 2 << 20]),
            timestamp: None,
            headers: &HeaderBuffer::new(),
        };
        sink.publish(&publication, receipt);
    });
    wait_for("the end", || source.control.is_idle());
    assert!(matches!(source.stop(), SourceEnd::Drained));
    assert_eq!(bed.read(&bed.output, 1), []);
    let dead = bed.read(&bed.dead, 1);
    assert_eq!(dead[0].0, "0");
    assert!(
        dead[0]
            .1
            .as_ref()
            .unwrap()
            .starts_with("the output of 2097152 bytes was refused")
    );
}

#[test]
fn latest_takes_what_comes_from_now_on_and_survives_a_restart() {
    let bed = Bed::new(1);
    bed.produce(0..10, 1);
    let options = serde_json::json!({"start_from": "latest"});
    let source = bed.source("g", options.clone(), |_| panic!("nothing is new"));
    wait_for("the assignment", || source.control.is_idle());
    assert!(matches!(source.stop(), SourceEnd::Drained));
    assert_eq!(bed.committed("g", 1), 10);
    bed.produce(10..20, 1);
    let sink = bed.sink();
    let source = bed.source("g", options, echo(sink));
    wait_for("the new ones", || bed.committed("g", 1) == 20);
    source.stop();
    assert_eq!(bed.read(&bed.output, 1).len(), 10);
}
