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

use crate::telemetry::Histogram;

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

/// Records between two looks at the producer's reports.
const SERVE_EVERY: u64 = 64;
/// For a record, and for a report where a thread of its own takes them.
const WAIT: Duration = Duration::from_millis(10);

/// Copies records of a topic, as a consumer that reads one after the other does it, and commits at the end. Gives the time
/// from the first record to the last acknowledgement.
pub fn copy_topic(
    mut consumer: ClientConfig,
    producer: &ClientConfig,
    copy: &Copy<'_>,
) -> Result<Duration, KafkaError> {
    consumer.set("auto.offset.reset", "earliest");
    consumer.set("statistics.interval.ms", "0");
    let consumer: BaseConsumer = consumer.create()?;
    let producer: BaseProducer<Acknowledged> = producer.create_with_context(Acknowledged {
        n: Arc::clone(copy.acknowledged),
        latency: copy.latency.cloned(),
    })?;
    consumer.subscribe(&[copy.topics.0])?;
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

fn copy_all(
    consumer: &BaseConsumer,
    producer: &BaseProducer<Acknowledged>,
    copy: &Copy<'_>,
) -> Result<Duration, KafkaError> {
    let mut started = None;
    let mut last = Instant::now();
    let mut taken = 0;
    while taken < copy.n && last.elapsed() < copy.patience {
        let message = match consumer.poll(WAIT) {
            None => {
                producer.poll(Duration::ZERO);
                continue;
            }
            Some(message) => message?,
        };
        last = Instant::now();
        started.get_or_insert(last);
        let mut record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(copy.topics.1);
        record.key = message.key();
        record.payload = message.payload();
        record.timestamp = message.timestamp().to_millis();
        if !copy.headers.is_empty() {
            record = record.headers(native_headers(copy.headers));
        }
        loop {
            match producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    producer.poll(Duration::from_millis(1));
                    record = back;
                }
                Err((error, _)) => return Err(error),
            }
        }
        taken += 1;
        if taken % SERVE_EVERY == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    producer.flush(copy.patience)?;
    let took = started.map_or(Duration::ZERO, |started| started.elapsed());
    if taken > 0 {
        consumer.commit(&consumer.position()?, CommitMode::Sync)?;
    }
    Ok(took)
}
