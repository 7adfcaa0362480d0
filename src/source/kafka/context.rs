//! What the client calls back with, kept until the consumer thread looks: handled there, everything is plain data.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::Statistics;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::util::Timeout;
use tracing::error;

use crate::kafka::{Trouble, log_line, sum_up};
use crate::telemetry::{KafkaClientMetrics, KafkaClientReadings};

use super::POLL_INTERVAL;

/// Something that the main queue brought.
pub(crate) enum Notice {
    /// These partitions are ours now.
    Assign(TopicPartitionList),
    /// These have to be given up.
    Revoke(TopicPartitionList),
}

/// The client's view of the consumer thread.
pub(super) struct Context {
    readings: KafkaClientReadings,
    notices: Mutex<Vec<Notice>>,
    closing: AtomicBool,
    trouble: Trouble,
}

impl AsRef<Trouble> for Context {
    fn as_ref(&self) -> &Trouble {
        &self.trouble
    }
}

impl Context {
    pub(super) fn new(metrics: Arc<KafkaClientMetrics>) -> Context {
        Context {
            readings: KafkaClientReadings::new(metrics),
            notices: Mutex::default(),
            closing: AtomicBool::new(false),
            trouble: Trouble::default(),
        }
    }

    /// Takes what came since the last look.
    pub(super) fn take(&self) -> Vec<Notice> {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *notices)
    }

    /// From now on nobody looks any more: partitions are given up as they are asked back.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    fn push(&self, notice: Notice) {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        notices.push(notice);
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn stats(&self, statistics: Statistics) {
        self.readings.take(sum_up(&statistics));
    }

    /// Errors are also what `poll` gives; there they are sorted.
    fn error(&self, error: KafkaError, reason: &str) {
        self.trouble.note(&error, reason);
    }
}

impl ConsumerContext for Context {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Context>,
        kind: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        if self.closing.load(Ordering::Relaxed) {
            give_up(consumer, partitions);
            return;
        }
        self.push(match kind {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => {
                Notice::Assign(partitions.clone())
            }
            _ => Notice::Revoke(partitions.clone()),
        });
    }

    fn main_queue_min_poll_interval(&self) -> Timeout {
        Timeout::After(POLL_INTERVAL)
    }
}

/// Takes partitions on, as the group's protocol wants it.
pub(super) fn take_on(
    consumer: &BaseConsumer<Context>,
    partitions: &TopicPartitionList,
) -> KafkaResult<()> {
    match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_assign(partitions),
        _ => consumer.assign(partitions),
    }
}

/// Gives partitions up, as the group's protocol wants it.
pub(super) fn give_up(consumer: &BaseConsumer<Context>, partitions: &TopicPartitionList) {
    let result = match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_unassign(partitions),
        _ => consumer.unassign(),
    };
    if let Err(error) = result {
        error!(%error, "partitions could not be given up");
    }
}
