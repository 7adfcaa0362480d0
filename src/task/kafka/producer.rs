//! The client that writes the records of states.

use std::fmt::Display;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{
    BaseRecord, NoCustomPartitioner, Producer as _, ProducerContext, ThreadedProducer,
};
use serde_json::json;
use tokio::sync::oneshot;
use tracing::warn;

use super::config::KafkaTaskConfig;
use super::request::Request;
use super::{Answer, OpenError, failure};
use crate::engine::TaskReply;
use crate::kafka::{Cluster, ProducerSettings, Trouble, log_line, native_headers, verify_topic};

/// A connection of its own, with a thread that takes its reports.
pub(super) struct Producer {
    client: ThreadedProducer<Reports>,
}

/// Passes reports on to the calls that wait for them.
#[derive(Default)]
struct Reports {
    trouble: Trouble,
}

impl AsRef<Trouble> for Reports {
    fn as_ref(&self) -> &Trouble {
        &self.trouble
    }
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.trouble.note(&error, reason);
        warn!(%error, reason, "producer of tasks: error, the client recovers");
    }
}

impl ProducerContext<NoCustomPartitioner> for Reports {
    type DeliveryOpaque = Box<oneshot::Sender<TaskReply>>;

    fn delivery(&self, result: &DeliveryResult<'_>, waiting: Self::DeliveryOpaque) {
        // Nobody hears of it any more when the call was cancelled.
        let _ = waiting.send(match result {
            Ok(message) => TaskReply::Result(
                json!({
                    "Topic": message.topic(),
                    "Partition": message.partition(),
                    "Offset": message.offset(),
                })
                .to_string()
                .into_bytes(),
            ),
            Err((error, _)) => error_reply(error),
        });
    }
}

impl Producer {
    /// Connects, and looks whether the topics that are spelled out are there.
    pub(super) fn connect(
        config: &KafkaTaskConfig,
        cluster: &Cluster,
    ) -> Result<Producer, OpenError> {
        let settings = ProducerSettings {
            linger: config.linger.0,
            delivery_timeout: config.delivery_timeout.0,
            properties: &config.properties,
        };
        let client: ThreadedProducer<Reports> = cluster
            .producer(&settings)
            .create_with_context(Reports::default())
            .map_err(|error| OpenError(format!("kafka producer: {error}")))?;
        for topic in config.topics.iter().filter(|topic| !topic.contains('*')) {
            let refused = |reason: &dyn Display| OpenError(format!("topic {topic}: {reason}"));
            let provided = cluster.provide_topic(topic);
            provided.map_err(|error| refused(&error))?;
            verify_topic(client.client(), topic).map_err(|error| refused(&error))?;
        }
        Ok(Producer { client })
    }

    /// Hands a record to the client; the answer comes with its report.
    pub(super) fn send(&self, request: Request) -> Answer {
        let (waiting, report) = oneshot::channel();
        let mut record: BaseRecord<'_, [u8], [u8], _> =
            BaseRecord::with_opaque_to(&request.topic, Box::new(waiting))
                .headers(native_headers(&request.headers));
        record.partition = request.partition;
        record.key = request.key.as_deref();
        record.payload = request.value.as_deref();
        match self.client.send(record) {
            Ok(()) => Answer::Later(Box::pin(async move {
                let gone = || error_reply(&KafkaError::Canceled);
                report.await.unwrap_or_else(|_| gone())
            })),
            Err((error, _)) => Answer::Now(error_reply(&error)),
        }
    }
}

/// Names that `Retry` and `Catch` can tell apart.
fn error_reply(error: &KafkaError) -> TaskReply {
    use RDKafkaErrorCode as E;
    let name = match error.rdkafka_error_code() {
        Some(E::MessageTimedOut | E::RequestTimedOut) => "Kafka.Timeout",
        Some(E::MessageSizeTooLarge | E::InvalidMessageSize) => "Kafka.RecordTooLarge",
        Some(E::UnknownTopic | E::UnknownTopicOrPartition | E::UnknownPartition) => {
            "Kafka.UnknownTopicOrPartition"
        }
        Some(E::TopicAuthorizationFailed | E::ClusterAuthorizationFailed) => "Kafka.NotAuthorized",
        Some(E::QueueFull) => "Kafka.QueueFull",
        _ => "Kafka.DeliveryFailed",
    };
    failure(name, error.to_string())
}
