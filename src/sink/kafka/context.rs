//! What goes through the client and comes back from it.

use std::marker::PhantomData;
use std::sync::Arc;

use rdkafka::Statistics;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{NoCustomPartitioner, ProducerContext};
use tracing::warn;

use crate::kafka::{Trouble, log_line, sum_up};
use crate::sink::{Kind, OwnedPublication, Receipt};
use crate::telemetry::{KafkaClientMetrics, KafkaClientReadings};

/// What goes through the client beside each publication.
pub(crate) struct Sent<R> {
    pub(crate) receipt: R,
    pub(crate) kind: Kind,
    /// Counts the publications in the order in which they were handed over.
    pub(crate) number: u64,
    /// Deliveries that failed.
    pub(crate) attempt: u32,
    /// Goes in a request of its own: the broker refused one that it may have been innocent in.
    pub(crate) alone: bool,
    /// The value's bytes as long as the client may read them.
    pub(crate) body: Vec<u8>,
}

/// A publication that did not arrive.
pub(crate) struct Undelivered<R> {
    pub(crate) publication: OwnedPublication,
    pub(crate) sent: Box<Sent<R>>,
    pub(crate) code: RDKafkaErrorCode,
}

/// The reports since the last look.
pub(crate) struct Reports<R> {
    pub(crate) delivered: Vec<R>,
    pub(crate) failed: Vec<Undelivered<R>>,
}

impl<R> Default for Reports<R> {
    fn default() -> Reports<R> {
        Reports {
            delivered: Vec::new(),
            failed: Vec::new(),
        }
    }
}

/// The client's view of the sink.
pub(super) struct Context<R> {
    readings: KafkaClientReadings,
    trouble: Trouble,
    _receipts: PhantomData<fn(R)>,
}

impl<R> AsRef<Trouble> for Context<R> {
    fn as_ref(&self) -> &Trouble {
        &self.trouble
    }
}

impl<R: Receipt> Context<R> {
    pub(super) fn new(metrics: Arc<KafkaClientMetrics>) -> Context<R> {
        Context {
            readings: KafkaClientReadings::new(metrics),
            trouble: Trouble::default(),
            _receipts: PhantomData,
        }
    }
}

impl<R: Receipt> ClientContext for Context<R> {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn stats(&self, statistics: Statistics) {
        self.readings.take(sum_up(&statistics));
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.trouble.note(&error, reason);
        warn!(%error, reason, "producer error, the client recovers");
    }
}

impl<R: Receipt> ProducerContext<NoCustomPartitioner> for Context<R> {
    type DeliveryOpaque = Box<Sent<R>>;

    /// Reports are taken by the batch. This is called for those that nobody took when the client goes: they stay
    /// without acknowledgement.
    fn delivery(&self, _: &DeliveryResult<'_>, _: Box<Sent<R>>) {}
}
