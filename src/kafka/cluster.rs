//! A cluster that clients connect to: a real one, or the broker inside this process.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::thread;

use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
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
        // Here, where an error can be kept from telling a secret.
        let checked = client("", config).create_native_config();
        checked.map_err(|error| match error {
            KafkaError::ClientConfig(code, description, name, _) => {
                KafkaError::ClientConfig(code, description, name, "***".to_string())
            }
            error => error,
        })?;
        let embedded = match config.broker.as_str() {
            EMBEDDED => Some(EmbeddedBroker::start()?),
            _ => None,
        };
        let bootstrap = match &embedded {
            Some(broker) => broker.bootstrap.clone(),
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
///
/// A thread of its own owns it, because its handle cannot be shared; it ends when the last sender is dropped.
struct EmbeddedBroker {
    bootstrap: String,
    requests: mpsc::Sender<NewTopic>,
}

struct NewTopic {
    name: String,
    partitions: i32,
    answer: mpsc::Sender<Result<(), KafkaError>>,
}

/// What the thread says when it is not there any more.
const GONE: KafkaError = KafkaError::MockCluster(RDKafkaErrorCode::BrokerDestroy);

impl EmbeddedBroker {
    fn start() -> Result<EmbeddedBroker, KafkaError> {
        let (requests, incoming) = mpsc::channel();
        let (started, bootstrap) = mpsc::channel();
        thread::Builder::new()
            .name("embedded-broker".into())
            .spawn(move || match MockCluster::new(1) {
                Err(error) => drop(started.send(Err(error))),
                Ok(cluster) => {
                    let _ = started.send(Ok(cluster.bootstrap_servers()));
                    serve(&cluster, &incoming);
                }
            })
            .map_err(|_| GONE)?;
        Ok(EmbeddedBroker {
            bootstrap: bootstrap.recv().map_err(|_| GONE)??,
            requests,
        })
    }

    fn provide_topic(&self, topic: &str, partitions: i32) -> Result<(), KafkaError> {
        let (answer, answered) = mpsc::channel();
        let request = NewTopic {
            name: topic.to_string(),
            partitions,
            answer,
        };
        self.requests.send(request).map_err(|_| GONE)?;
        answered.recv().map_err(|_| GONE)?
    }
}

fn serve(
    cluster: &MockCluster<'static, DefaultProducerContext>,
    requests: &mpsc::Receiver<NewTopic>,
) {
    let mut topics = BTreeSet::new();
    for topic in requests {
        let created = match topics.insert(topic.name.clone()) {
            true => cluster.create_topic(&topic.name, topic.partitions, 1),
            false => Ok(()),
        };
        let _ = topic.answer.send(created);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Cluster>();
    }

    #[test]
    fn a_topic_is_made_once() {
        let config = KafkaConfig {
            broker: EMBEDDED.into(),
            ..KafkaConfig::default()
        };
        let cluster = Cluster::new(&config).unwrap();
        assert!(cluster.is_embedded());
        cluster.provide_topic("orders").unwrap();
        cluster.provide_topic("orders").unwrap();
    }
}
