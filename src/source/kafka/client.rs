//! What the consumer thread asks of the client library: the seam at which a simulation takes the library's place.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use rdkafka::config::{ClientConfig, FromClientConfigAndContext};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode;

use crate::kafka::{Cluster, OwnedRecord, TopicError, ask_topic, missing_topics};
use crate::source::Records;
use crate::telemetry::KafkaClientMetrics;

use super::commit::position;
use super::config::KafkaSourceConfig;
use super::context::{Context, Notice, give_up, take_on};
use super::native::{
    CommitAnswer, CommitQueue, Message, PartitionQueue, forget_foreign_metadata, with_record,
};

/// One question to the cluster.
const REQUEST: Duration = Duration::from_secs(10);
/// One that nobody waits for, save whoever closes the client.
const ASIDE: Duration = Duration::from_secs(2);

/// A member of a consumer group. One thread calls it.
pub(crate) trait Client: Send {
    /// The next event of the main queue, without waiting: what keeps the membership. A record that comes here is one
    /// like any other.
    fn poll(&self) -> Option<Result<OwnedRecord, KafkaError>>;
    /// Assignments and revocations since the last look.
    fn notices(&self) -> Vec<Notice>;
    /// Sends a commit; its answer comes by [`Client::commit_answer`].
    fn commit(&self, offsets: &TopicPartitionList) -> Result<(), RDKafkaErrorCode>;
    /// The next answer to a commit, if one has come.
    fn commit_answer(&self) -> Option<CommitAnswer>;
    /// How far the client has read.
    fn positions(&self) -> KafkaResult<TopicPartitionList>;
    /// What the group has committed for these partitions, and said beside it.
    fn committed(&self, partitions: TopicPartitionList) -> KafkaResult<TopicPartitionList>;
    /// The first offset of a partition, and the one behind its last.
    fn range(&self, topic: &str, partition: i32) -> KafkaResult<(i64, i64)>;
    /// Asks the leader of a partition for the offset behind its last record; the answer comes by [`Client::end_answer`].
    fn ask_end(&self, topic: &str, partition: i32);
    /// The answer, once it has come: the offset, `None` where the leader could not be reached.
    fn end_answer(&self) -> Option<Option<i64>>;
    /// The first offset whose record is of this time or later, milliseconds since the epoch.
    fn offset_at(&self, topic: &str, partition: i32, time: i64) -> KafkaResult<Option<i64>>;
    /// Cuts a partition's queue off from the main queue, before the partition is taken on.
    fn queue(&self, topic: &str, partition: i32) -> Option<Box<dyn Queue>>;
    /// Takes partitions on, as the group's protocol wants it.
    fn take_on(&self, partitions: &TopicPartitionList) -> KafkaResult<()>;
    /// Gives partitions up, as the group's protocol wants it.
    fn give_up(&self, partitions: &TopicPartitionList);
    /// Reads a partition that stays ours from another offset on. Called between its two queues.
    fn release(&self, partitions: &TopicPartitionList) -> KafkaResult<()>;
    /// The second half of [`Client::release`].
    fn resume(&self, partitions: &TopicPartitionList) -> KafkaResult<()>;
    /// Whether somebody else may own what is being revoked.
    fn assignment_lost(&self) -> bool;
    /// From now on nobody looks any more: partitions are given up as they are asked back.
    fn closing(&self);
    /// Leaves the group and joins it again as a new client. Says whether the old one left within `patience`.
    fn renew(&mut self, patience: Duration) -> KafkaResult<bool>;
    /// Leaves the group; says whether that took no longer than `patience`.
    fn close(self: Box<Self>, patience: Duration) -> bool;
}

/// What a partition's records are read from. Lives until the revocation is over.
pub(crate) trait Queue: Send {
    /// Appends up to `max` records without waiting; gives the number of things found, and the error among them.
    fn consume(
        &mut self,
        max: usize,
        messages: &mut Vec<Message>,
    ) -> (usize, Option<RDKafkaErrorCode>);
    /// The offset behind the partition's last record, as the last fetch told; `None` before the first.
    fn end_offset(&self) -> Option<i64>;
    /// Messages of this queue with what keeps them alive.
    fn batch(&self, topic: &Arc<str>, messages: Vec<Message>) -> Box<dyn Records>;
}

/// librdkafka.
pub(super) struct NativeClient {
    consumer: Arc<BaseConsumer<Context>>,
    commits: CommitQueue,
    config: ClientConfig,
    topics: Vec<String>,
    metrics: Arc<KafkaClientMetrics>,
    ends: (Sender<Option<i64>>, Receiver<Option<i64>>),
    /// Whether an end is asked for.
    is_asking: Cell<bool>,
}

impl NativeClient {
    /// Connects by itself; reads nothing yet.
    pub(super) fn new(
        config: &KafkaSourceConfig,
        cluster: &Cluster,
        group: &str,
        metrics: Arc<KafkaClientMetrics>,
    ) -> KafkaResult<NativeClient> {
        let topics = config.topics.iter().chain(&config.delayed);
        let topics = topics.cloned().collect();
        let config = config.client(cluster, group);
        let context = Context::new(Arc::clone(&metrics));
        let consumer = Arc::new(BaseConsumer::from_config_and_context(&config, context)?);
        Ok(NativeClient {
            commits: CommitQueue::new(&consumer),
            consumer,
            config,
            topics,
            metrics,
            ends: mpsc::channel(),
            is_asking: Cell::new(false),
        })
    }

    /// The topics that are not there, or that the cluster does not answer about. Whoever may not see one learns so when
    /// it subscribes.
    pub(super) fn missing(&self) -> Option<String> {
        missing_topics(self.topics.iter().map(String::as_str), |topic| {
            // Errors are told to whoever polls.
            while self.consumer.poll(Duration::ZERO).is_some() {}
            match ask_topic(self.consumer.client(), topic) {
                Err(TopicError::Refused(RDKafkaErrorCode::TopicAuthorizationFailed)) => Ok(()),
                answer => answer,
            }
        })
    }

    /// Joins the group.
    pub(super) fn subscribe(&self) -> KafkaResult<()> {
        let topics: Vec<_> = self.topics.iter().map(String::as_str).collect();
        self.consumer.subscribe(&topics)
    }
}

/// Closing the client has hung in practice, so it has a bound and a thread of its own.
fn close(consumer: Arc<BaseConsumer<Context>>, patience: Duration) -> bool {
    let (closed, wait) = mpsc::channel();
    thread::spawn(move || {
        drop(consumer);
        let _ = closed.send(());
    });
    wait.recv_timeout(patience).is_ok()
}

impl Client for NativeClient {
    fn poll(&self) -> Option<Result<OwnedRecord, KafkaError>> {
        let event = self.consumer.poll(Duration::ZERO)?;
        Some(event.map(|message| with_record(&message, |record| OwnedRecord::new(&record))))
    }

    fn notices(&self) -> Vec<Notice> {
        self.consumer.context().take()
    }

    fn commit(&self, offsets: &TopicPartitionList) -> Result<(), RDKafkaErrorCode> {
        self.commits.send(offsets)
    }

    fn commit_answer(&self) -> Option<CommitAnswer> {
        self.commits.answer()
    }

    fn positions(&self) -> KafkaResult<TopicPartitionList> {
        self.consumer.position()
    }

    fn committed(&self, partitions: TopicPartitionList) -> KafkaResult<TopicPartitionList> {
        let mut committed = self.consumer.committed_offsets(partitions, REQUEST)?;
        forget_foreign_metadata(&mut committed);
        Ok(committed)
    }

    fn range(&self, topic: &str, partition: i32) -> KafkaResult<(i64, i64)> {
        self.consumer.fetch_watermarks(topic, partition, REQUEST)
    }

    fn ask_end(&self, topic: &str, partition: i32) {
        let (consumer, topic) = (Arc::clone(&self.consumer), topic.to_string());
        let answer = self.ends.0.clone();
        self.is_asking.set(true);
        // A thread of its own: a leader that cannot be reached must not keep the others' records waiting.
        thread::spawn(move || {
            let range = consumer.fetch_watermarks(&topic, partition, ASIDE);
            // Whoever waits for the answer may close the client.
            drop(consumer);
            let _ = answer.send(range.ok().map(|(_, end)| end));
        });
    }

    fn end_answer(&self) -> Option<Option<i64>> {
        let answer = self.ends.1.try_recv().ok()?;
        self.is_asking.set(false);
        Some(answer)
    }

    fn offset_at(&self, topic: &str, partition: i32, time: i64) -> KafkaResult<Option<i64>> {
        let mut times = TopicPartitionList::new();
        times.add_partition_offset(topic, partition, Offset::Offset(time))?;
        let found = self.consumer.offsets_for_times(times, REQUEST)?;
        let elements = found.elements();
        Ok(elements.first().and_then(|found| position(found.offset())))
    }

    fn queue(&self, topic: &str, partition: i32) -> Option<Box<dyn Queue>> {
        let queue = PartitionQueue::split(&self.consumer, topic, partition)?;
        Some(Box::new(queue))
    }

    fn take_on(&self, partitions: &TopicPartitionList) -> KafkaResult<()> {
        take_on(&self.consumer, partitions)
    }

    fn give_up(&self, partitions: &TopicPartitionList) {
        give_up(&self.consumer, partitions);
    }

    fn release(&self, partitions: &TopicPartitionList) -> KafkaResult<()> {
        self.consumer.incremental_unassign(partitions)
    }

    fn resume(&self, partitions: &TopicPartitionList) -> KafkaResult<()> {
        self.consumer.incremental_assign(partitions)
    }

    fn assignment_lost(&self) -> bool {
        self.consumer.assignment_lost()
    }

    fn closing(&self) {
        self.consumer.context().close();
    }

    fn renew(&mut self, patience: Duration) -> KafkaResult<bool> {
        let context = Context::new(Arc::clone(&self.metrics));
        let consumer = BaseConsumer::from_config_and_context(&self.config, context)?;
        let consumer = Arc::new(consumer);
        self.closing();
        // Batches that are still under way keep the old client alive, but not in the group.
        self.consumer.unsubscribe();
        self.commits = CommitQueue::new(&consumer);
        let old = std::mem::replace(&mut self.consumer, consumer);
        let closed = close(old, patience);
        self.subscribe()?;
        Ok(closed)
    }

    fn close(self: Box<Self>, patience: Duration) -> bool {
        let NativeClient {
            consumer,
            commits,
            ends,
            is_asking,
            ..
        } = *self;
        drop(commits);
        if is_asking.get() {
            let _ = ends.1.recv_timeout(ASIDE);
        }
        close(consumer, patience)
    }
}
