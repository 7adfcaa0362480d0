//! What the sender asks of the client library: the seam at which a simulation takes the library's place.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::config::{ClientConfig, FromClientConfigAndContext};
use rdkafka::error::{KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, PurgeConfig};

use crate::kafka::{native_headers, verify_topic};
use crate::sink::{Publication, Receipt};
use crate::telemetry::KafkaClientMetrics;

use super::context::{Context, Reports, Sent};

/// A producer. Any thread sends, one takes the reports.
pub(crate) trait Outlet<R: Receipt>: Send + Sync {
    /// Takes a publication for `topic`, or gives back what came with it, and says why.
    fn send(
        &self,
        topic: &str,
        publication: &Publication<'_>,
        sent: Box<Sent<R>>,
    ) -> Result<(), (RDKafkaErrorCode, Box<Sent<R>>)>;
    /// Exchanges `empty` for what was reported since the last look.
    fn swap(&self, empty: &mut Reports<R>);
    /// Publications without a report.
    fn in_flight(&self) -> usize;
    /// Why nothing will ever be delivered again by this producer.
    fn broken(&self) -> Option<String>;
    /// Asks for the reports of all that is under way.
    fn purge(&self);
    /// Whether the cluster has the topic; if not, what it says.
    fn verify(&self, topic: &str) -> Result<(), String>;
}

/// Makes producers; called again when one is broken.
pub(crate) type MakeOutlet<R> = Box<dyn Fn() -> KafkaResult<Box<dyn Outlet<R>>> + Send + Sync>;

/// Producers of librdkafka.
pub(super) fn native<R: Receipt>(
    client: ClientConfig,
    metrics: Arc<KafkaClientMetrics>,
) -> MakeOutlet<R> {
    Box::new(move || {
        let context = Context::new(Arc::clone(&metrics));
        let producer = BaseProducer::from_config_and_context(&client, context)?;
        Ok(Box::new(producer))
    })
}

impl<R: Receipt> Outlet<R> for BaseProducer<Context<R>> {
    fn send(
        &self,
        topic: &str,
        publication: &Publication<'_>,
        sent: Box<Sent<R>>,
    ) -> Result<(), (RDKafkaErrorCode, Box<Sent<R>>)> {
        let mut record =
            BaseRecord::with_opaque_to(topic, sent).headers(native_headers(publication.headers));
        record.key = publication.key;
        record.payload = publication.value;
        record.timestamp = publication.timestamp;
        BaseProducer::send(self, record).map_err(|(error, record)| {
            let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
            (code, record.delivery_opaque)
        })
    }

    fn swap(&self, empty: &mut Reports<R>) {
        self.poll(Duration::ZERO);
        self.context().swap(empty);
    }

    fn in_flight(&self) -> usize {
        usize::try_from(self.in_flight_count()).unwrap_or(0)
    }

    fn broken(&self) -> Option<String> {
        let (_, reason) = self.client().fatal_error()?;
        Some(reason)
    }

    fn purge(&self) {
        Producer::purge(self, PurgeConfig::default().queue().inflight());
    }

    fn verify(&self, topic: &str) -> Result<(), String> {
        verify_topic(self.client(), topic).map_err(|error| error.to_string())
    }
}
