//! Records into a topic, and everything that is in one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, DeliveryResult, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};

use super::broker::broker;

/// Partition and offset.
pub(crate) type Place = (i32, i64);

/// A record as it is read from a topic.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// Key.
    pub(crate) key: Option<Vec<u8>>,
    /// Value.
    pub(crate) value: Option<Vec<u8>>,
    /// Headers; those that occur twice keep their last value.
    pub(crate) headers: BTreeMap<String, Vec<u8>>,
}

impl Record {
    /// A header as text, empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map_or(&[][..], Vec::as_slice);
        std::str::from_utf8(value).unwrap()
    }

    /// Where the record that this outcome answers stands in the input topic.
    pub(crate) fn source(&self) -> Place {
        let number = |name| self.header(name).parse::<i64>().unwrap();
        (
            number("expressd.source.partition") as i32,
            number("expressd.source.offset"),
        )
    }

    fn from(message: &BorrowedMessage<'_>) -> Record {
        let headers = message
            .headers()
            .into_iter()
            .flat_map(|headers| headers.iter());
        let headers = headers
            .map(|Header { key, value }| (key.to_owned(), value.unwrap_or_default().to_owned()));
        Record {
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: headers.collect(),
        }
    }
}

/// Writes to one topic and keeps what the broker acknowledged.
pub(crate) struct Writer {
    topic: String,
    producer: ThreadedProducer<Acknowledged>,
    acknowledged: Acknowledged,
}

/// The place of each acknowledged record, by the number the test gave it.
#[derive(Clone, Default)]
struct Acknowledged(Arc<Mutex<BTreeMap<Place, usize>>>);

impl ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = Box<usize>;

    fn delivery(&self, result: &DeliveryResult<'_>, number: Box<usize>) {
        let message = result.as_ref().unwrap();
        let place = (message.partition(), message.offset());
        self.0.lock().unwrap().insert(place, *number);
    }
}

impl Writer {
    /// A writer to an existing topic.
    pub(crate) fn new(topic: &str) -> Writer {
        let acknowledged = Acknowledged::default();
        let mut config = broker().client();
        config
            .set("acks", "all")
            .set("linger.ms", "5")
            .set("message.max.bytes", "8000000");
        Writer {
            topic: topic.to_owned(),
            producer: config.create_with_context(acknowledged.clone()).unwrap(),
            acknowledged,
        }
    }

    /// Sends a record under a number of the test's own; waits while the client's queue is full.
    pub(crate) fn send(&self, number: usize, value: Option<&[u8]>, headers: &[(&str, &[u8])]) {
        let key = format!("key-{number}");
        let headers = headers
            .iter()
            .fold(OwnedHeaders::new(), |headers, (key, value)| {
                headers.insert(Header {
                    key,
                    value: Some(*value),
                })
            });
        let mut record = BaseRecord::with_opaque_to(&self.topic, Box::new(number))
            .key(&key)
            .headers(headers);
        if let Some(value) = value {
            record = record.payload(value);
        }
        while let Err((error, refused)) = self.producer.send(record) {
            assert_eq!(
                error.rdkafka_error_code(),
                Some(RDKafkaErrorCode::QueueFull)
            );
            self.producer.flush(Duration::from_secs(1)).ok();
            record = refused;
        }
    }

    /// All records sent so far with their places, once all are acknowledged.
    pub(crate) fn acknowledged(&self) -> BTreeMap<Place, usize> {
        self.producer.flush(Duration::from_secs(60)).unwrap();
        self.acknowledged.0.lock().unwrap().clone()
    }
}

/// Reads topics of outcomes from their beginning, without a group.
pub(crate) struct Reader {
    consumer: BaseConsumer,
    /// One past the last offset read.
    positions: BTreeMap<(String, i32), i64>,
    /// Events that have an outcome among what was read.
    pub(crate) answered: BTreeSet<Place>,
    /// What has been read of each topic, in order of arrival.
    pub(crate) records: BTreeMap<String, Vec<Record>>,
}

impl Reader {
    /// A reader of existing topics.
    pub(crate) fn new(topics: &[(&str, i32)]) -> Reader {
        let mut config = broker().client();
        config
            .set("group.id", "reader")
            .set("enable.auto.commit", "false")
            .set("fetch.wait.max.ms", "50");
        let consumer: BaseConsumer = config.create().unwrap();
        let mut assignment = TopicPartitionList::new();
        for (topic, partitions) in topics {
            for partition in 0..*partitions {
                assignment
                    .add_partition_offset(topic, partition, Offset::Beginning)
                    .unwrap();
            }
        }
        consumer.assign(&assignment).unwrap();
        let records = topics
            .iter()
            .map(|(topic, _)| (topic.to_string(), Vec::new()));
        Reader {
            consumer,
            positions: BTreeMap::new(),
            answered: BTreeSet::new(),
            records: records.collect(),
        }
    }

    /// Reads on until `enough` is content; panics after `limit`.
    #[track_caller]
    pub(crate) fn read_until(&mut self, limit: Duration, enough: impl Fn(&Reader) -> bool) {
        let deadline = Instant::now() + limit;
        while !enough(self) {
            assert!(
                Instant::now() < deadline,
                "not enough within {limit:?}: {}",
                self.summary()
            );
            self.poll(Duration::from_millis(100));
        }
    }

    /// Reads on for a while.
    pub(crate) fn read_for(&mut self, time: Duration) {
        let deadline = Instant::now() + time;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            self.poll(left);
        }
    }

    fn poll(&mut self, timeout: Duration) {
        match self.consumer.poll(timeout) {
            Some(Ok(message)) => {
                let topic = message.topic();
                let position = (topic.to_owned(), message.partition());
                self.positions.insert(position, message.offset() + 1);
                let record = Record::from(&message);
                self.answered.insert(record.source());
                self.records.get_mut(topic).unwrap().push(record);
            }
            Some(Err(KafkaError::MessageConsumption(error))) => println!("reader: {error}"),
            Some(Err(error)) => panic!("{error}"),
            None => {}
        }
    }

    /// Reads all that is in the topics now.
    #[track_caller]
    pub(crate) fn read_to_end(&mut self) {
        let timeout = Duration::from_secs(10);
        let assignment = self.consumer.assignment().unwrap();
        let ends = assignment.elements().into_iter().map(|entry| {
            let (topic, partition) = (entry.topic().to_owned(), entry.partition());
            let watermarks = self.consumer.fetch_watermarks(&topic, partition, timeout);
            ((topic, partition), watermarks.unwrap().1)
        });
        let ends: BTreeMap<(String, i32), i64> = ends.filter(|(_, end)| *end > 0).collect();
        self.read_until(Duration::from_secs(60), |reader| {
            ends.iter()
                .all(|(place, end)| reader.positions.get(place) >= Some(end))
        });
    }

    fn summary(&self) -> String {
        let counts = self
            .records
            .iter()
            .map(|(topic, records)| format!("{} in {topic}", records.len()));
        counts.collect::<Vec<_>>().join(", ")
    }
}

/// A group's committed offset and the end offset of each partition of a topic, in order.
pub(crate) fn committed_and_end(
    group: &str,
    topic: &str,
    partitions: i32,
) -> Vec<(Option<i64>, i64)> {
    let timeout = Duration::from_secs(10);
    let mut config = broker().client();
    let consumer: BaseConsumer = config.set("group.id", group).create().unwrap();
    let mut asked = TopicPartitionList::new();
    for partition in 0..partitions {
        asked.add_partition(topic, partition);
    }
    let committed = consumer.committed_offsets(asked, timeout).unwrap();
    (0..partitions)
        .map(|partition| {
            let entry = committed.find_partition(topic, partition).unwrap();
            let (_, end) = consumer
                .fetch_watermarks(topic, partition, timeout)
                .unwrap();
            (entry.offset().to_raw(), end)
        })
        .collect()
}
