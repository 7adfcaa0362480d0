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
    /// There is no such topic.
    #[error("does not exist")]
    Missing,
    /// What else the cluster says of it.
    #[error("{0}")]
    Refused(RDKafkaErrorCode),
}

/// Asks whether a topic is there; says why not. A missing topic that is discovered at the first failure is discovered
/// too late.
pub fn ask_topic<C>(client: &Client<C>, topic: &str) -> Result<(), TopicError>
where
    C: ClientContext + AsRef<Trouble>,
{
    let metadata = client.fetch_metadata(Some(topic), REQUEST);
    let metadata = metadata.map_err(|error| {
        let trouble = (**client.context()).as_ref().told();
        TopicError::NoAnswer(trouble.unwrap_or_else(|| error.to_string()))
    })?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let error = match found.map(|found| (found.error(), found.partitions().len())) {
        Some((None, 1..)) => return Ok(()),
        Some((Some(error), _)) => error.into(),
        _ => RDKafkaErrorCode::UnknownTopicOrPartition,
    };
    Err(match error {
        RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition => {
            TopicError::Missing
        }
        error => TopicError::Refused(error),
    })
}

/// The same for whoever asks once: a cluster that makes topics by itself makes them meanwhile.
pub fn verify_topic<C>(client: &Client<C>, topic: &str) -> Result<(), TopicError>
where
    C: ClientContext + AsRef<Trouble>,
{
    let deadline = Instant::now() + REQUESTS;
    loop {
        match ask_topic(client, topic) {
            Err(_) if Instant::now() < deadline => thread::park_timeout(Duration::from_millis(200)),
            answer => return answer,
        }
    }
}

/// All of these topics that are not there, in words, or why the cluster does not say so.
pub fn missing_topics<'a>(
    topics: impl Iterator<Item = &'a str>,
    ask: impl Fn(&str) -> Result<(), TopicError>,
) -> Option<String> {
    let (mut missing, mut problems) = (Vec::new(), Vec::new());
    for topic in topics {
        match ask(topic) {
            Ok(()) => {}
            Err(TopicError::Missing) => missing.push(topic),
            // The others would not be answered either, each after a while.
            Err(error @ TopicError::NoAnswer(_)) => return Some(format!("topic {topic}: {error}")),
            Err(error) => problems.push(format!("topic {topic}: {error}")),
        }
    }
    if !missing.is_empty() {
        problems.insert(
            0,
            format!("topics that do not exist: {}", missing.join(", ")),
        );
    }
    (!problems.is_empty()).then(|| problems.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_missing_topics_are_told_unless_nobody_answers() {
        let ask = |topic: &str| match topic {
            "there" => Ok(()),
            "down" => Err(TopicError::NoAnswer("refused".into())),
            "closed" => Err(TopicError::Refused(
                RDKafkaErrorCode::TopicAuthorizationFailed,
            )),
            _ => Err(TopicError::Missing),
        };
        let missing = |topics: &[&str]| missing_topics(topics.iter().copied(), ask);
        assert_eq!(missing(&["there"]), None);
        let told = missing(&["a", "there", "closed", "b"]).unwrap();
        assert!(
            told.starts_with("topics that do not exist: a, b; topic closed: "),
            "{told}"
        );
        assert_eq!(
            missing(&["a", "down"]).as_deref(),
            Some("topic down: refused")
        );
    }
}
