//! Reads what a topic holds, outside of any group: for showing samples.

use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Headers as _, Message, Timestamp};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tracing::debug;

use super::{Cluster, HeaderBuffer, Headers, OwnedRecord, Record, TimestampType, log_line};

/// A record of a topic, with what people want to see of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// As text, whatever it is.
    pub key: String,
    /// As text, whatever it is.
    pub value: String,
    /// In order; values as text.
    pub headers: Vec<(String, String)>,
}

/// A client whose complaints come back from its calls.
pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    // What matters comes back from `poll` as well.
    fn error(&self, error: KafkaError, reason: &str) {
        debug!(%error, reason, "while reading a topic");
    }
}
impl ConsumerContext for Quiet {}

impl Shown {
    /// The last header with this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter().rev();
        headers
            .find(|header| header.0 == name)
            .map(|header| header.1.as_str())
    }
}

/// Shows every record of a topic to `look`, until it has seen enough (`false`), the topic ends, or `timeout` is over.
pub fn read_topic(
    cluster: &Cluster,
    topic: &str,
    timeout: Duration,
    mut look: impl FnMut(Shown) -> bool,
) -> Result<(), KafkaError> {
    let until = Instant::now() + timeout;
    let consumer = reader(cluster)?;
    let mut assignment = TopicPartitionList::new();
    let mut open = 0;
    for partition in partitions(&consumer, topic, timeout)? {
        assignment.add_partition_offset(topic, partition, Offset::Beginning)?;
        open += 1;
    }
    consumer.assign(&assignment)?;
    while open > 0 && Instant::now() < until {
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
            Some(Err(error)) => return Err(error),
            Some(Ok(message)) if look(shown(&message)) => {}
            Some(Ok(_)) => return Ok(()),
        }
    }
    Ok(())
}

/// The record at an offset; none where there is none: beyond the end, compacted away, or behind retention.
pub fn read_record(
    cluster: &Cluster,
    topic: &str,
    partition: i32,
    offset: i64,
    timeout: Duration,
) -> Result<Option<OwnedRecord>, KafkaError> {
    let until = Instant::now() + timeout;
    let consumer = reader(cluster)?;
    if !partitions(&consumer, topic, timeout)?.contains(&partition) {
        return Ok(None);
    }
    let mut assignment = TopicPartitionList::new();
    assignment.add_partition_offset(topic, partition, Offset::Offset(offset))?;
    consumer.assign(&assignment)?;
    while Instant::now() < until {
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(None),
            Some(Err(error)) => match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                    return Ok(None);
                }
                // What only the network has to do with passes, or the time is up.
                Some(
                    RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::AllBrokersDown,
                ) => {}
                _ => return Err(error),
            },
            Some(Ok(message)) if message.offset() != offset => return Ok(None),
            Some(Ok(message)) => return Ok(Some(owned(&message))),
        }
    }
    Err(KafkaError::MessageConsumption(
        RDKafkaErrorCode::OperationTimedOut,
    ))
}

/// A consumer that belongs to no group and hears where a partition ends.
pub(super) fn reader(cluster: &Cluster) -> Result<BaseConsumer<Quiet>, KafkaError> {
    let mut client = cluster.client();
    client
        .set("group.id", "expressd-reader")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "error");
    client.create_with_context(Quiet)
}

/// The partitions of a topic, which has some if it is there.
pub(super) fn partitions(
    consumer: &BaseConsumer<Quiet>,
    topic: &str,
    timeout: Duration,
) -> Result<Vec<i32>, KafkaError> {
    let metadata = consumer.fetch_metadata(Some(topic), timeout)?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let partitions = found.map_or(&[][..], |found| found.partitions());
    match partitions.is_empty() {
        true => Err(KafkaError::MetadataFetch(
            RDKafkaErrorCode::UnknownTopicOrPartition,
        )),
        false => Ok(partitions.iter().map(|partition| partition.id()).collect()),
    }
}

pub(super) fn owned(message: &impl Message) -> OwnedRecord {
    let mut headers = HeaderBuffer::new();
    for header in message.headers().into_iter().flat_map(|list| list.iter()) {
        headers.push(header.key, header.value);
    }
    OwnedRecord::new(&Record {
        topic: message.topic(),
        partition: message.partition(),
        offset: message.offset(),
        timestamp: message.timestamp().to_millis(),
        timestamp_type: match message.timestamp() {
            Timestamp::LogAppendTime(_) => TimestampType::LogAppendTime,
            _ => TimestampType::CreateTime,
        },
        key: message.key(),
        value: message.payload(),
        headers: Headers::new(&headers),
    })
}

fn shown(message: &impl Message) -> Shown {
    let text =
        |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    let headers = message.headers().map(|headers| {
        let header = |header: rdkafka::message::Header<'_, &[u8]>| {
            (header.key.to_string(), text(header.value))
        };
        headers.iter().map(header).collect()
    });
    Shown {
        key: text(message.key()),
        value: text(message.payload()),
        headers: headers.unwrap_or_default(),
    }
}
