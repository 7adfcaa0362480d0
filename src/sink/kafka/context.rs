//! What the client reports of deliveries, collected until the sink's thread looks.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::Statistics;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Headers as _, Message};
use rdkafka::producer::{NoCustomPartitioner, ProducerContext};
use tracing::warn;

use crate::kafka::{HeaderBuffer, log_line, sum_up};
use crate::sink::{Kind, OwnedPublication, Receipt};
use crate::telemetry::KafkaClientMetrics;

/// A publication that did not arrive.
pub(crate) struct Undelivered<R> {
    pub(crate) publication: OwnedPublication,
    pub(crate) receipt: Box<R>,
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
    dead_letters: Option<String>,
    reports: Mutex<Reports<R>>,
    metrics: Arc<KafkaClientMetrics>,
}

impl<R: Receipt> Context<R> {
    pub(super) fn new(
        dead_letters: Option<String>,
        metrics: Arc<KafkaClientMetrics>,
    ) -> Context<R> {
        Context {
            dead_letters,
            reports: Mutex::default(),
            metrics,
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
        warn!(%error, reason, "producer error, the client recovers");
    }
}

impl<R: Receipt> ProducerContext<NoCustomPartitioner> for Context<R> {
    type DeliveryOpaque = Box<R>;

    fn delivery(&self, result: &DeliveryResult<'_>, receipt: Box<R>) {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(_) => reports.delivered.push(*receipt),
            Err((error, message)) => reports.failed.push(Undelivered {
                publication: publication(message, self.dead_letters.as_deref()),
                receipt,
                code: error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail),
            }),
        }
    }
}

/// The publication as the client gives it back.
fn publication(message: &impl Message, dead_letters: Option<&str>) -> OwnedPublication {
    let mut headers = HeaderBuffer::new();
    for header in message.headers().into_iter().flat_map(|list| list.iter()) {
        headers.push(header.key, header.value);
    }
    OwnedPublication {
        kind: match dead_letters == Some(message.topic()) {
            true => Kind::DeadLetter,
            false => Kind::Result,
        },
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        timestamp: message.timestamp().to_millis(),
        headers,
    }
}
