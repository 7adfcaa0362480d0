//! Reads all that a topic holds at this moment, outside of any group.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::reader::{Quiet, owned, partitions, reader};
use super::{Cluster, Record};

/// One question to the cluster.
const REQUEST: Duration = Duration::from_secs(10);

/// A topic from its first record to the one that is last when the scan begins.
pub struct Scan {
    consumer: BaseConsumer<Quiet>,
    /// Partitions, each with the offset behind its last record.
    ends: Vec<(i32, i64)>,
}

impl Scan {
    /// Looks how much there is.
    pub fn new(cluster: &Cluster, topic: &str) -> Result<Scan, KafkaError> {
        let consumer = reader(cluster)?;
        let (mut assignment, mut ends) = (TopicPartitionList::new(), Vec::new());
        for partition in partitions(&consumer, topic, REQUEST)? {
            let (low, high) = consumer.fetch_watermarks(topic, partition, REQUEST)?;
            if high > low {
                assignment.add_partition_offset(topic, partition, Offset::Beginning)?;
                ends.push((partition, high));
            }
        }
        consumer.assign(&assignment)?;
        Ok(Scan { consumer, ends })
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
