//! The client of a simulated world.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;

use crate::kafka::simulation::{self, Input, MemberId, Universe};
use crate::kafka::{HeaderBuffer, Headers, OwnedRecord, Record, TimestampType};
use crate::source::{Records, SourceEnd, Wiring};

use super::client::{Client, Queue};
use super::commit::position;
use super::config::KafkaSourceConfig;
use super::consumer::Consumer;
use super::context::Notice;
use super::native::{CommitAnswer, Message, PartitionCommit};

/// The one input topic.
const TOPIC: &str = "in";

/// Runs the consumer thread's code on the calling thread, as a member of the simulated group.
pub(crate) fn run(
    config: &KafkaSourceConfig,
    universe: Arc<Universe>,
    member: MemberId,
    wiring: Wiring,
) -> SourceEnd {
    let client = Simulated {
        universe,
        member,
        asked: Cell::default(),
    };
    Consumer::new(config.clone(), Box::new(client), wiring).run()
}

struct Simulated {
    universe: Arc<Universe>,
    member: MemberId,
    /// The partition whose end is asked for.
    asked: Cell<Option<i32>>,
}

fn list(partitions: &[i32]) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(TOPIC, *partition);
    }
    list
}

fn with_offsets(list: &TopicPartitionList) -> Vec<(i32, Option<i64>)> {
    let elements = list.elements();
    let offset = |offset| match offset {
        Offset::Offset(offset) => Some(offset),
        _ => None,
    };
    let pairs = elements
        .iter()
        .map(|element| (element.partition(), offset(element.offset())));
    pairs.collect()
}

fn record(partition: i32, offset: i64, input: &Input) -> OwnedRecord {
    OwnedRecord::new(&Record {
        topic: TOPIC,
        partition,
        offset,
        timestamp: Some(0),
        timestamp_type: TimestampType::CreateTime,
        key: input.key.as_deref(),
        value: input.value.as_deref(),
        headers: Headers::new(&HeaderBuffer::new()),
    })
}

impl Client for Simulated {
    fn poll(&self) -> Option<Result<OwnedRecord, KafkaError>> {
        let stray = self.universe.world().stray(self.member);
        stray.map(|(partition, offset, input)| Ok(record(partition, offset, &input)))
    }

    fn notices(&self) -> Vec<Notice> {
        let notice = self.universe.world().notice(self.member);
        let notices = notice.into_iter().map(|notice| match notice {
            simulation::Notice::Assign(partitions) => Notice::Assign(list(&partitions)),
            simulation::Notice::Revoke(partitions) => Notice::Revoke(list(&partitions)),
        });
        notices.collect()
    }

    fn commit(&self, offsets: &TopicPartitionList) -> Result<(), RDKafkaErrorCode> {
        let elements = offsets.elements();
        let offsets = elements.iter().filter_map(|element| {
            let metadata = element.metadata().to_string();
            Some((element.partition(), position(element.offset())?, metadata))
        });
        self.universe.world().commit(self.member, offsets.collect());
        Ok(())
    }

    fn commit_answer(&self) -> Option<CommitAnswer> {
        let reply = self.universe.world().commit_reply(self.member)?;
        let partitions = reply
            .offsets
            .iter()
            .map(|(number, offset, _)| PartitionCommit {
                topic: TOPIC.to_string(),
                number: *number,
                offset: Offset::Offset(*offset),
                error: None,
            });
        Some(CommitAnswer {
            error: reply.error,
            partitions: partitions.collect(),
        })
    }

    fn positions(&self) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for (partition, position) in self.universe.world().positions(self.member) {
            list.add_partition_offset(TOPIC, partition, Offset::Offset(position))?;
        }
        Ok(list)
    }

    fn committed(&self, partitions: TopicPartitionList) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        let world = self.universe.world();
        for (partition, _) in with_offsets(&partitions) {
            let mut element = list.add_partition(TOPIC, partition);
            if let Some((offset, metadata)) = world.group.committed(partition) {
                element.set_offset(Offset::Offset(*offset))?;
                element.set_metadata(metadata);
            }
        }
        Ok(list)
    }

    fn range(&self, _: &str, partition: i32) -> KafkaResult<(i64, i64)> {
        Ok((0, self.universe.world().end(partition)))
    }

    fn ask_end(&self, _: &str, partition: i32) {
        self.asked.set(Some(partition));
    }

    fn end_answer(&self) -> Option<Option<i64>> {
        let partition = self.asked.take()?;
        Some(Some(self.universe.world().end(partition)))
    }

    fn offset_at(&self, _: &str, _: i32, _: i64) -> KafkaResult<Option<i64>> {
        Ok(None)
    }

    fn queue(&self, _: &str, partition: i32) -> Option<Box<dyn Queue>> {
        Some(Box::new(SimulatedQueue {
            universe: Arc::clone(&self.universe),
            member: self.member,
            partition,
        }))
    }

    fn take_on(&self, partitions: &TopicPartitionList) -> KafkaResult<()> {
        let partitions = with_offsets(partitions);
        self.universe.world().take_on(self.member, &partitions);
        Ok(())
    }

    fn give_up(&self, partitions: &TopicPartitionList) {
        let partitions = with_offsets(partitions).into_iter();
        let partitions = partitions.map(|(partition, _)| partition).collect();
        self.universe.world().give_up(self.member, partitions);
    }

    fn release(&self, partitions: &TopicPartitionList) -> KafkaResult<()> {
        self.give_up(partitions);
        Ok(())
    }

    fn resume(&self, partitions: &TopicPartitionList) -> KafkaResult<()> {
        self.take_on(partitions)
    }

    fn assignment_lost(&self) -> bool {
        self.universe.world().is_lost(self.member)
    }

    fn closing(&self) {}

    fn renew(&mut self, _: Duration) -> KafkaResult<bool> {
        self.universe.world().renew(self.member);
        Ok(true)
    }

    fn close(self: Box<Self>, _: Duration) -> bool {
        self.universe.world().leave_group(self.member);
        true
    }
}

struct SimulatedQueue {
    universe: Arc<Universe>,
    member: MemberId,
    partition: i32,
}

impl Queue for SimulatedQueue {
    fn consume(
        &mut self,
        max: usize,
        messages: &mut Vec<Message>,
    ) -> (usize, Option<RDKafkaErrorCode>) {
        let found = self
            .universe
            .world()
            .fetch(self.member, self.partition, max);
        let n = found.len();
        messages.extend(found.into_iter().map(|(offset, input)| {
            Message::Owned(Box::new(record(self.partition, offset, &input)))
        }));
        (n, None)
    }

    fn end_offset(&self) -> Option<i64> {
        let world = self.universe.world();
        world
            .has_fetched(self.member, self.partition)
            .then(|| world.end(self.partition))
    }

    fn batch(&self, topic: &Arc<str>, messages: Vec<Message>) -> Box<dyn Records> {
        Box::new(SimulatedBatch {
            topic: Arc::clone(topic),
            messages,
        })
    }
}

struct SimulatedBatch {
    topic: Arc<str>,
    messages: Vec<Message>,
}

impl Records for SimulatedBatch {
    fn len(&self) -> usize {
        self.messages.len()
    }

    fn record(&self, index: usize) -> Record<'_> {
        self.messages[index].record(&self.topic)
    }
}
