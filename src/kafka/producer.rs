//! What every producer has in common: its properties, headers as the client wants them, the question for a topic.

use std::thread;
use std::time::{Duration, Instant};

use rdkafka::client::{Client, ClientContext};
use rdkafka::config::ClientConfig;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{Header, OwnedHeaders};

use super::{Cluster, HeaderBuffer, Properties, Trouble};

/// What a config says of a producer.
pub struct ProducerSettings<'a> {
    /// How long records wait for others to share a request with.
    pub linger: Duration,
    /// How long the client tries to deliver a record.
    pub delivery_timeout: Duration,
    /// On top of ours, but for those that delivery rests on.
    pub properties: &'a Properties,
}

/// One question to the cluster, and all attempts at it together.
const REQUEST: Duration = Duration::from_secs(5);
const REQUESTS: Duration = Duration::from_secs(5);

impl Cluster {
    /// The properties of a producer whose records arrive or are reported.
    pub fn producer(&self, settings: &ProducerSettings<'_>) -> ClientConfig {
        let millis = |duration: Duration| duration.as_millis().to_string();
        let mut client = self.client();
        client
            .set("compression.type", "lz4")
            // As Java's producer: the same key goes to the same partition whoever wrote it.
            .set("partitioner", "murmur2_random")
            // What is bounded is the window and the memory budget; these only must not be the narrower bound.
            .set("queue.buffering.max.messages", "1000000")
            .set("queue.buffering.max.kbytes", "1048576")
            // A broker works on one request of a connection at a time anyway. With more of them in flight the idempotent
            // client spins: it may have one for each partition, and looks for room without a pause as long as another one
            // is due.
            .set("max.in.flight.requests.per.connection", "1")
            .set("linger.ms", millis(settings.linger))
            .set("message.timeout.ms", millis(settings.delivery_timeout));
        settings.properties.apply(&mut client);
        client
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("delivery.report.only.error", "false");
        client
    }
}

/// Headers as the client wants them.
pub fn native_headers(headers: &HeaderBuffer) -> OwnedHeaders {
    let empty = OwnedHeaders::new_with_capacity(headers.len());
    headers.iter().fold(empty, |headers, header| {
        headers.insert(Header {
            key: header.name,
            value: header.value,
        })
    })
}

/// Why a topic cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TopicError {
    /// The cluster does not answer.
    #[error("{0}")]
    NoAnswer(String),
    /// What the cluster says of it.
    #[error("{0}")]
    Refused(RDKafkaErrorCode),
}

/// Asks whether a topic is there; says why not. A missing topic that is discovered at the first failure is discovered
/// too late.
pub fn verify_topic<C>(client: &Client<C>, topic: &str) -> Result<(), TopicError>
where
    C: ClientContext + AsRef<Trouble>,
{
    let deadline = Instant::now() + REQUESTS;
    loop {
        let reason = match client.fetch_metadata(Some(topic), REQUEST) {
            Err(error) => {
                let trouble = (**client.context()).as_ref().told();
                TopicError::NoAnswer(trouble.unwrap_or_else(|| error.to_string()))
            }
            Ok(metadata) => {
                let found = metadata.topics().iter().find(|found| found.name() == topic);
                match found.map(|found| (found.error(), found.partitions().len())) {
                    Some((None, 1..)) => return Ok(()),
                    Some((Some(error), _)) => TopicError::Refused(error.into()),
                    _ => TopicError::Refused(RDKafkaErrorCode::UnknownTopicOrPartition),
                }
            }
        };
        if Instant::now() >= deadline {
            return Err(reason);
        }
        // A cluster that makes topics by itself makes them while we ask.
        thread::park_timeout(Duration::from_millis(200));
    }
}
