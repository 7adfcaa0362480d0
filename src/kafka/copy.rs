//! From one topic to another with nothing in between: what the broker and the client allow, to compare with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use super::{HeaderBuffer, log_line, native_headers};

/// Counts what the brokers have acknowledged.
struct Acknowledged(Arc<AtomicU64>);

impl ClientContext for Acknowledged {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn stats(&self, _: rdkafka::Statistics) {}
}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_ok() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Records between two looks at the producer's reports.
const SERVE_EVERY: u64 = 64;

/// Copies `n` records of a topic, as a consumer that reads one after the other does it, each with these headers, and
/// commits at the end. Gives the time from the first record to the last acknowledgement; `acknowledged` counts on the
/// way. Ends early when nothing has come for `patience`.
pub fn copy_topic(
    mut consumer: ClientConfig,
    producer: &ClientConfig,
    topics: (&str, &str),
    headers: &HeaderBuffer,
    n: u64,
    acknowledged: &Arc<AtomicU64>,
    patience: Duration,
) -> Result<Duration, KafkaError> {
    consumer.set("auto.offset.reset", "earliest");
    consumer.set("statistics.interval.ms", "0");
    let consumer: BaseConsumer = consumer.create()?;
    let producer: BaseProducer<Acknowledged> =
        producer.create_with_context(Acknowledged(Arc::clone(acknowledged)))?;
    let (from, to) = topics;
    consumer.subscribe(&[from])?;
    let mut started = None;
    let mut last = Instant::now();
    let mut taken = 0;
    while taken < n && last.elapsed() < patience {
        let message = match consumer.poll(Duration::from_millis(10)) {
            None => {
                producer.poll(Duration::ZERO);
                continue;
            }
            Some(message) => message?,
        };
        last = Instant::now();
        started.get_or_insert(last);
        let mut record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(to);
        record.key = message.key();
        record.payload = message.payload();
        record.timestamp = message.timestamp().to_millis();
        if !headers.is_empty() {
            record = record.headers(native_headers(headers));
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
    producer.flush(patience)?;
    let took = started.map_or(Duration::ZERO, |started| started.elapsed());
    if taken > 0 {
        consumer.commit(&consumer.position()?, CommitMode::Sync)?;
    }
    Ok(took)
}
