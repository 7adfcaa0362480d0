//! What the client reports of deliveries, collected until the sink's thread looks.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::Statistics;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Headers as _, Message};
use rdkafka::producer::{NoCustomPartitioner, ProducerContext};
use tracing::warn;

use crate::kafka::{HeaderBuffer, Trouble, log_line, sum_up};
use crate::sink::{Kind, OwnedPublication, Receipt};
use crate::telemetry::KafkaClientMetrics;

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
    reports: Mutex<Reports<R>>,
    metrics: Arc<KafkaClientMetrics>,
    trouble: Trouble,
}

impl<R> AsRef<Trouble> for Context<R> {
    fn as_ref(&self) -> &Trouble {
        &self.trouble
    }
}

impl<R: Receipt> Context<R> {
    pub(super) fn new(metrics: Arc<KafkaClientMetrics>) -> Context<R> {
        Context {
            reports: Mutex::default(),
            metrics,
            trouble: Trouble::default(),
        }
    }

    /// Takes what came since the last look; `empty` is used for what comes next.
    pub(super) fn swap(&self, empty: &mut Reports<R>) {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut *reports, empty);
    }
}

impl<R: Receipt> ClientContext for Context<R> {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn stats(&self, statistics: Statistics) {
        self.metrics.set(&sum_up(&statistics));
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.trouble.note(&error, reason);
        warn!(%error, reason, "producer error, the client recovers");
    }
}

impl<R: Receipt> ProducerContext<NoCustomPartitioner> for Context<R> {
    type DeliveryOpaque = Box<Sent<R>>;

    fn delivery(&self, result: &DeliveryResult<'_>, sent: Box<Sent<R>>) {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(_) => reports.delivered.push(sent.receipt),
            Err((error, message)) => reports.failed.push(Undelivered {
                publication: publication(message, sent.kind),
                sent,
                code: error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail),
            }),
        }
    }
}

/// The publication as the client gives it back.
fn publication(message: &impl Message, kind: Kind) -> OwnedPublication {
    let mut headers = HeaderBuffer::new();
    for header in message.headers().into_iter().flat_map(|list| list.iter()) {
        headers.push(header.key, header.value);
    }
    OwnedPublication {
        kind,
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        timestamp: message.timestamp().to_millis(),
        headers,
    }
}
