//! Outcomes as records. Fed from the workers; one thread serves the delivery reports and sends again what failed.

mod config;
mod context;
mod held;
mod outlet;
mod sender;

pub use config::{KafkaSinkConfig, OnDeadLetterError};

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rdkafka::error::KafkaError;

use crate::kafka::Cluster;
use crate::telemetry::{KafkaClientMetrics, PipelineMetrics};

use super::{Kind, Publication, Receipt};
pub(crate) use sender::Sender;

/// Writes to an output topic and a dead-letter topic.
pub struct KafkaSink<R: Receipt> {
    sender: Arc<Sender<R>>,
    thread: Option<JoinHandle<()>>,
}

/// Why a Kafka sink did not start.
#[derive(Debug, thiserror::Error)]
pub enum KafkaSinkError {
    /// The client does not accept its properties.
    #[error("kafka producer: {0}")]
    Client(#[from] KafkaError),
    /// A topic is missing, or cannot be seen.
    #[error("topic {topic}: {reason}")]
    Topic {
        /// Which.
        topic: String,
        /// What the cluster says.
        reason: String,
    },
    /// The thread did not start.
    #[error(transparent)]
    Thread(#[from] std::io::Error),
}

impl<R: Receipt> KafkaSink<R> {
    /// Connects, and looks whether the topics are there.
    pub fn start(
        config: &KafkaSinkConfig,
        cluster: &Cluster,
        metrics: Arc<PipelineMetrics>,
    ) -> Result<KafkaSink<R>, KafkaSinkError> {
        let client_metrics = Arc::new(KafkaClientMetrics::new(metrics.pipeline(), "producer"));
        let producers = outlet::native(config.client(cluster), client_metrics);
        let sender = Sender::new(config, producers, metrics)?;
        if config.verify {
            for topic in config.topics() {
                let refused = |reason| KafkaSinkError::Topic {
                    topic: topic.to_string(),
                    reason,
                };
                sender.producer().verify(topic).map_err(refused)?;
            }
        }
        let sender = Arc::new(sender);
        let serving = Arc::clone(&sender);
        let thread = thread::Builder::new()
            .name("sink-kafka".into())
            .spawn(move || serving.serve())?;
        Ok(KafkaSink {
            sender,
            thread: Some(thread),
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

    /// Why publications do not arrive at present.
    pub fn halted(&self) -> Option<String> {
        self.sender.halted()
    }
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
pub(crate) use simulated::producers;

#[cfg(test)]
impl<R: Receipt> KafkaSink<R> {
    /// A sink without a thread: whoever made the sender serves it.
    pub(crate) fn simulated(sender: Arc<Sender<R>>) -> KafkaSink<R> {
        KafkaSink {
            sender,
            thread: None,
        }
    }
}
