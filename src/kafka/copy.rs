//! From one topic to another with nothing in between: what the broker and the client allow, to compare with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::telemetry::Histogram;

use super::consumed::{Consumed, Records};
use super::{HeaderBuffer, log_line, native_headers};

/// What a copy is, and what it tells on the way.
pub struct Copy<'a> {
    /// From one topic to the other.
    pub topics: (&'a str, &'a str),
    /// Of each record.
    pub headers: &'a HeaderBuffer,
    /// How many records.
    pub n: u64,
    /// It ends early when nothing has come for so long.
    pub patience: Duration,
    /// Counts what the brokers have acknowledged.
    pub acknowledged: &'a Arc<AtomicU64>,
    /// Where it is paced: from each record's timestamp to the acknowledgement of its copy.
    pub latency: Option<&'a Arc<Histogram>>,
}

/// Counts what the brokers have acknowledged.
struct Acknowledged {
    n: Arc<AtomicU64>,
    latency: Option<Arc<Histogram>>,
}

impl ClientContext for Acknowledged {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn stats(&self, _: rdkafka::Statistics) {}
}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let Ok(message) = result else { return };
        self.n.fetch_add(1, Ordering::Relaxed);
        if let (Some(latency), Some(timestamp)) = (&self.latency, message.timestamp().to_millis()) {
            let age = jiff::Timestamp::now().as_millisecond() - timestamp;
            latency.record(Duration::from_millis(u64::try_from(age).unwrap_or(0)));
        }
    }
}

/// Records that are taken at a time.
const BATCH: usize = 1_000;
/// For a record, and for a report where a thread of its own takes them.
const WAIT: Duration = Duration::from_millis(10);
/// At most so long after a copy is acknowledged its offset is committed.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);
/// For the number of partitions.
const METADATA: Duration = Duration::from_secs(10);

/// Copies records of a topic, at least once, as a good loop by hand does it: takes them by the batch, hands them to the
/// producer, and once a second waits for every acknowledgement and commits. Gives the time from the first record to the
/// last acknowledgement.
pub fn copy_topic(
    mut consumer: ClientConfig,
    producer: &ClientConfig,
    copy: &Copy<'_>,
) -> Result<Duration, KafkaError> {
    consumer.set("statistics.interval.ms", "0");
    let consumer: BaseConsumer = consumer.create()?;
    let producer: BaseProducer<Acknowledged> = producer.create_with_context(Acknowledged {
        n: Arc::clone(copy.acknowledged),
        latency: copy.latency.cloned(),
    })?;
    consumer.assign(&all_partitions(&consumer, copy.topics.0)?)?;
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        if copy.latency.is_some() {
            // Reports that wait for the next record would look late.
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    producer.poll(WAIT);
                }
            });
        }
        let copied = copy_all(&consumer, &producer, copy);
        over.store(true, Ordering::Relaxed);
        copied
    })
}

/// The partitions of a topic, each from its beginning. Nobody else reads them, so that no group has to form.
fn all_partitions(consumer: &BaseConsumer, topic: &str) -> Result<TopicPartitionList, KafkaError> {
    let metadata = consumer.fetch_metadata(Some(topic), METADATA)?;
    let mut list = TopicPartitionList::new();
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    for partition in found.map_or(&[][..], |found| found.partitions()) {
        list.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
    }
    Ok(list)
}

fn copy_all(
    consumer: &BaseConsumer,
    producer: &BaseProducer<Acknowledged>,
    copy: &Copy<'_>,
) -> Result<Duration, KafkaError> {
    let consumed = Consumed::of(consumer);
    let mut records = Records::default();
    let mut started = None;
    let mut last = Instant::now();
    let mut committed = last;
    let mut taken = 0;
    while taken < copy.n && last.elapsed() < copy.patience {
        consumed.take(BATCH, WAIT, &mut records);
        if !records.is_empty() {
            last = Instant::now();
            started.get_or_insert(last);
        }
        for record in records.iter() {
            let record = record.map_err(KafkaError::MessageConsumption)?;
            let mut sent: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(copy.topics.1);
            sent.key = record.key;
            sent.payload = record.value;
            sent.timestamp = record.timestamp;
            if !copy.headers.is_empty() {
                sent = sent.headers(native_headers(copy.headers));
            }
            send(producer, sent)?;
            taken += 1;
        }
        records.clear();
        producer.poll(Duration::ZERO);
        if committed.elapsed() >= COMMIT_INTERVAL && taken > 0 {
            wait_for_reports(producer, copy.patience);
            consumer.commit(&consumer.position()?, CommitMode::Async)?;
            committed = Instant::now();
        }
    }
    wait_for_reports(producer, copy.patience);
    let took = started.map_or(Duration::ZERO, |started| started.elapsed());
    if taken > 0 {
        consumer.commit(&consumer.position()?, CommitMode::Sync)?;
    }
    Ok(took)
}

/// Waits until everything is reported. The client's own `flush` looks ten times a second.
fn wait_for_reports(producer: &BaseProducer<Acknowledged>, patience: Duration) {
    let started = Instant::now();
    while producer.in_flight_count() > 0 && started.elapsed() < patience {
        producer.poll(Duration::from_millis(1));
    }
}

/// Hands a record to the client; waits while its queue is full.
fn send(
    producer: &BaseProducer<Acknowledged>,
    mut record: BaseRecord<'_, [u8], [u8]>,
) -> Result<(), KafkaError> {
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                producer.poll(Duration::from_millis(1));
                record = back;
            }
            Err((error, _)) => return Err(error),
        }
    }
}
