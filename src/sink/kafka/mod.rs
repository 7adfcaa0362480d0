//! Outcomes as records. Fed from the workers; one thread serves the delivery reports and sends again what failed.

mod bodies;
mod config;
mod context;
mod held;
mod limits;
mod native;
mod outlet;
mod sender;

pub use config::{KafkaSinkConfig, OnDeadLetterError};

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;

use crate::kafka::{Cluster, largest_batches, missing_topics};
use crate::telemetry::{KafkaClientMetrics, PipelineMetrics};

use super::{Kind, Publication, Receipt};
use limits::AskLargest;
pub(crate) use sender::Sender;

/// Writes to an output topic and a dead-letter topic.
pub struct KafkaSink<R: Receipt> {
    sender: Arc<Sender<R>>,
    thread: Option<JoinHandle<()>>,
    verify: bool,
}

/// Why a Kafka sink did not start.
#[derive(Debug, thiserror::Error)]
pub enum KafkaSinkError {
    /// The client does not accept its properties.
    #[error("kafka producer: {0}")]
    Client(#[from] KafkaError),
    /// The thread did not start.
    #[error(transparent)]
    Thread(#[from] std::io::Error),
}

impl<R: Receipt> KafkaSink<R> {
    /// Makes the client; it connects by itself.
    pub fn start(
        config: &KafkaSinkConfig,
        cluster: &Cluster,
        metrics: Arc<PipelineMetrics>,
    ) -> Result<KafkaSink<R>, KafkaSinkError> {
        let client_metrics = Arc::new(KafkaClientMetrics::new(metrics.pipeline(), "producer"));
        let topics = config.topics().map(str::to_string).collect();
        let client = config.client(cluster);
        let ask = ask_largest(client.clone(), cluster.is_embedded());
        let producers = native::producers(client, topics, client_metrics);
        let sender = Sender::new(config, producers, ask, metrics)?;
        let sender = Arc::new(sender);
        let serving = Arc::clone(&sender);
        let thread = thread::Builder::new()
            .name("sink-kafka".into())
            .spawn(move || serving.serve())?;
        Ok(KafkaSink {
            sender,
            thread: Some(thread),
            verify: config.verify,
        })
    }

    /// Hands a publication to the client; never blocks. `receipt` hears of it when the brokers have it.
    pub fn publish(&self, publication: &Publication<'_>, receipt: R) {
        self.sender.publish(publication, receipt);
    }

    /// Whether publications of this kind are kept at all.
    pub fn takes(&self, kind: Kind) -> bool {
        self.sender.topic(kind).is_some()
    }

    /// What is missing at start: topics, or the whole cluster. One question for each topic. When all are there they are
    /// asked what they take. Blocks.
    pub fn missing(&self) -> Option<String> {
        let producer = self.sender.producer();
        let topics = self.sender.topics().filter(|_| self.verify);
        let missing = missing_topics(topics, |topic| producer.verify(topic));
        if missing.is_none() {
            self.sender.learn();
        }
        missing
    }

    /// Why publications do not arrive at present.
    pub fn halted(&self) -> Option<String> {
        self.sender.halted()
    }
}

/// For the cluster to say what topics take.
const ANSWER: Duration = Duration::from_secs(5);

/// Asks a real cluster; the embedded broker takes everything.
fn ask_largest(client: ClientConfig, embedded: bool) -> AskLargest {
    Box::new(move |topics| match embedded {
        true => topics.iter().map(|_| Ok(usize::MAX)).collect(),
        false => largest_batches(&client, topics, ANSWER),
    })
}

impl<R: Receipt> Drop for KafkaSink<R> {
    /// Ends the thread. What is not delivered by now stays without acknowledgement.
    fn drop(&mut self) {
        self.sender.close();
        if let Some(thread) = self.thread.take()
            // The last receipt may own the sink: then its thread is the one that drops it.
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod simulated;
#[cfg(test)]
pub(crate) use sender::Serving;
#[cfg(test)]
pub(crate) use simulated::{largest, producers};

#[cfg(test)]
impl<R: Receipt> KafkaSink<R> {
    /// A sink without a thread: whoever made the sender serves it.
    pub(crate) fn simulated(sender: Arc<Sender<R>>) -> KafkaSink<R> {
        KafkaSink {
            sender,
            thread: None,
            verify: false,
        }
    }
}
