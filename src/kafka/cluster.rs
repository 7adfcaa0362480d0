//! A cluster that clients connect to: a real one, or the broker inside this process.

use std::collections::BTreeSet;
use std::sync::Mutex;

use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use tracing::info;

use super::config::{EMBEDDED, KafkaConfig, client};

/// Where clients connect to. Keeps the embedded broker alive.
pub struct Cluster {
    config: KafkaConfig,
    bootstrap: String,
    embedded: Option<EmbeddedBroker>,
}

impl Cluster {
    /// Starts the embedded broker where the config asks for it; connects to nothing.
    pub fn new(config: &KafkaConfig) -> Result<Cluster, KafkaError> {
        let embedded = match config.broker.as_str() {
            EMBEDDED => Some(EmbeddedBroker::start()?),
            _ => None,
        };
        let bootstrap = match &embedded {
            Some(broker) => broker.bootstrap(),
            None => config.broker.clone(),
        };
        if embedded.is_some() {
            info!(
                bootstrap,
                "embedded broker: keeps events in memory only, and not for ever"
            );
        }
        Ok(Cluster {
            config: config.clone(),
            bootstrap,
            embedded,
        })
    }

    /// Addresses that clients connect to.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Whether the broker is inside this process.
    pub fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    /// Creates a topic in the embedded broker, unless it is there; a real cluster's topics are its operator's.
    pub fn provide_topic(&self, topic: &str) -> Result<(), KafkaError> {
        let partitions = i32::try_from(self.config.embedded.partitions).unwrap_or(i32::MAX);
        match &self.embedded {
            Some(broker) => broker.provide_topic(topic, partitions.max(1)),
            None => Ok(()),
        }
    }

    /// The properties of a new client.
    pub fn client(&self) -> ClientConfig {
        client(&self.bootstrap, &self.config)
    }
}

/// librdkafka's in-process cluster. It has no disk and no control records, and old records fall out silently.
struct EmbeddedBroker {
    cluster: MockCluster<'static, DefaultProducerContext>,
    topics: Mutex<BTreeSet<String>>,
}

impl EmbeddedBroker {
    fn start() -> Result<EmbeddedBroker, KafkaError> {
        Ok(EmbeddedBroker {
            cluster: MockCluster::new(1)?,
            topics: Mutex::default(),
        })
    }

    fn bootstrap(&self) -> String {
        self.cluster.bootstrap_servers()
    }

    fn provide_topic(&self, topic: &str, partitions: i32) -> Result<(), KafkaError> {
        let mut topics = self
            .topics
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if topics.insert(topic.to_string()) {
            self.cluster.create_topic(topic, partitions, 1)?;
        }
        Ok(())
    }
}
