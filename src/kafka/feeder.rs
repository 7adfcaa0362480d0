//! Puts records into topics: samples, and dead letters that are replayed. It counts what the broker took.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use super::{Cluster, HeaderBuffer, Record, log_line, native_headers};

/// A producer to one topic.
pub struct Feeder {
    topic: String,
    producer: BaseProducer<Reports>,
    taken: Arc<AtomicU64>,
}

struct Reports {
    taken: Arc<AtomicU64>,
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_ok() {
            self.taken.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Feeder {
    /// Connects.
    pub fn new(cluster: &Cluster, topic: &str) -> Result<Feeder, KafkaError> {
        Feeder::with_linger(cluster, topic, "5")
    }

    /// Connects; a record hardly waits for others.
    pub fn prompt(cluster: &Cluster, topic: &str) -> Result<Feeder, KafkaError> {
        Feeder::with_linger(cluster, topic, "1")
    }

    fn with_linger(cluster: &Cluster, topic: &str, millis: &str) -> Result<Feeder, KafkaError> {
        let taken = Arc::new(AtomicU64::new(0));
        let mut client = cluster.client();
        client
            .set("acks", "all")
            .set("linger.ms", millis)
            // As every producer of ours: the same key goes to the same partition.
            .set("partitioner", "murmur2_random");
        Ok(Feeder {
            topic: topic.to_string(),
            producer: client.create_with_context(Reports {
                taken: Arc::clone(&taken),
            })?,
            taken,
        })
    }

    /// Hands a record to the client; waits while its queue is full.
    pub fn send(&self, key: &str, value: &str) -> Result<(), KafkaError> {
        self.hand_over(
            BaseRecord::to(&self.topic)
                .key(key.as_bytes())
                .payload(value.as_bytes()),
        )
    }

    /// The same for a whole record, with these headers, to any topic.
    pub fn send_record(
        &self,
        topic: &str,
        record: &Record<'_>,
        headers: &HeaderBuffer,
    ) -> Result<(), KafkaError> {
        let mut sent = BaseRecord::to(topic).headers(native_headers(headers));
        sent.key = record.key;
        sent.payload = record.value;
        self.hand_over(sent)
    }

    fn hand_over(&self, mut record: BaseRecord<'_, [u8], [u8]>) -> Result<(), KafkaError> {
        loop {
            match self.producer.send(record) {
                Ok(()) => {
                    self.producer.poll(Duration::ZERO);
                    return Ok(());
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    self.producer.poll(Duration::from_millis(10));
                    record = back;
                }
                Err((error, _)) => return Err(error),
            }
        }
    }

    /// Waits until the broker has answered for everything.
    pub fn flush(&self, timeout: Duration) -> Result<(), KafkaError> {
        self.producer.flush(timeout)
    }

    /// Records that the broker took.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}
