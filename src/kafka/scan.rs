//! Reads all that a topic holds at this moment, outside of any group.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::reader::{Quiet, owned};
use super::{Cluster, Record};

/// One question to the cluster.
const REQUEST: Duration = Duration::from_secs(10);

/// A topic from its first record to the one that is last when the scan begins.
pub struct Scan {
    consumer: BaseConsumer<Quiet>,
    /// Partitions, each with the offset behind its last record.
    ends: Vec<(i32, i64)>,
    size: u64,
}

impl Scan {
    /// Looks how much there is.
    pub fn new(cluster: &Cluster, topic: &str) -> Result<Scan, KafkaError> {
        let mut client = cluster.client();
        client
            .set("group.id", "expressd-reader")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true");
        let consumer: BaseConsumer<Quiet> = client.create_with_context(Quiet)?;
        let metadata = consumer.fetch_metadata(Some(topic), REQUEST)?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let partitions = found.map_or(&[][..], |found| found.partitions());
        if partitions.is_empty() {
            return Err(KafkaError::MetadataFetch(
                RDKafkaErrorCode::UnknownTopicOrPartition,
            ));
        }
        let (mut assignment, mut ends, mut size) = (TopicPartitionList::new(), Vec::new(), 0);
        for partition in partitions {
            let (low, high) = consumer.fetch_watermarks(topic, partition.id(), REQUEST)?;
            if high > low {
                assignment.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
                ends.push((partition.id(), high));
                size += u64::try_from(high - low).unwrap_or(0);
            }
        }
        consumer.assign(&assignment)?;
        Ok(Scan {
            consumer,
            ends,
            size,
        })
    }

    /// How many records there are at most.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Shows every record to `look` until it has seen enough (`false`). Fails when nothing comes for `patience`.
    pub fn run(
        mut self,
        patience: Duration,
        mut look: impl FnMut(&Record<'_>) -> bool,
    ) -> Result<(), KafkaError> {
        let mut last = Instant::now();
        while !self.ends.is_empty() {
            let event = self.consumer.poll(Duration::from_millis(100));
            if event.is_some() {
                last = Instant::now();
            } else if last.elapsed() > patience {
                return Err(KafkaError::MessageConsumption(
                    RDKafkaErrorCode::OperationTimedOut,
                ));
            }
            match event {
                None => {}
                Some(Err(KafkaError::PartitionEOF(number))) => {
                    self.ends.retain(|(partition, _)| *partition != number);
                }
                Some(Err(error)) => match error.rdkafka_error_code() {
                    // What only the network has to do with passes.
                    Some(
                        RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::AllBrokersDown,
                    ) => {}
                    _ => return Err(error),
                },
                Some(Ok(message)) => {
                    let record = owned(&message);
                    let record = record.as_record();
                    let (number, offset) = (record.partition, record.offset);
                    let is_open =
                        |(partition, end): &(i32, i64)| *partition == number && offset < *end;
                    if self.ends.iter().any(is_open) && !look(&record) {
                        return Ok(());
                    }
                    // What came after the beginning of the scan is not waited for.
                    self.ends
                        .retain(|(partition, end)| *partition != number || offset + 1 < *end);
                }
            }
        }
        Ok(())
    }
}
