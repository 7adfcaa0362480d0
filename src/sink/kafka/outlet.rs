//! What the sender asks of the client library: the seam at which a simulation takes the library's place.

use std::time::Duration;

use rdkafka::error::{KafkaResult, RDKafkaErrorCode};

use crate::kafka::TopicError;
use crate::sink::{Publication, Receipt};

use super::context::{Reports, Sent};

/// A producer. Any thread sends, one takes the reports.
pub(crate) trait Outlet<R: Receipt>: Send + Sync {
    /// Takes a publication for `topic`, or gives back what came with it, and says why.
    fn send(
        &self,
        topic: &str,
        publication: &Publication<'_>,
        sent: Box<Sent<R>>,
    ) -> Result<(), (RDKafkaErrorCode, Box<Sent<R>>)>;
    /// Adds reports that have come since the last look to `reports`; where there are none, waits for the first.
    fn take(&self, reports: &mut Reports<R>, wait: Duration);
    /// Publications without a report.
    fn in_flight(&self) -> usize;
    /// Why nothing will ever be delivered again by this producer.
    fn broken(&self) -> Option<String>;
    /// Asks for the reports of all that is under way.
    fn purge(&self);
    /// Whether the cluster has the topic; if not, what it says.
    fn verify(&self, topic: &str) -> Result<(), TopicError>;
}

/// Makes producers whose batches have at most so many bytes; called again when one is broken, or they have to be smaller.
pub(crate) type MakeOutlet<R> = Box<dyn Fn(usize) -> KafkaResult<Box<dyn Outlet<R>>> + Send + Sync>;
