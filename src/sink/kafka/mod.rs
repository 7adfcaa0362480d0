//! Outcomes as records. Fed from the workers; one thread serves the delivery reports and sends again what failed.

mod config;
mod context;
mod sender;

pub use config::KafkaSinkConfig;

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer};

use crate::kafka::Cluster;
use crate::telemetry::PipelineMetrics;

use super::{Kind, Publication, Receipt};
use context::Context;
use sender::Sender;

/// One question to the cluster, and all attempts at it together.
const REQUEST: Duration = Duration::from_secs(5);
const REQUESTS: Duration = Duration::from_secs(20);

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
        let sender = Sender::new(config, config.client(cluster), metrics)?;
        if config.verify {
            for topic in config.topics() {
                verify(&sender.producer(), topic)?;
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
        self.sender.publish(publication, Box::new(receipt), 0);
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

/// A missing dead-letter topic that is discovered at the first failure is discovered too late.
fn verify<R: Receipt>(
    producer: &BaseProducer<Context<R>>,
    topic: &str,
) -> Result<(), KafkaSinkError> {
    let deadline = Instant::now() + REQUESTS;
    loop {
        let reason = match producer.client().fetch_metadata(Some(topic), REQUEST) {
            Err(error) => error.to_string(),
            Ok(metadata) => {
                let found = metadata.topics().iter().find(|found| found.name() == topic);
                match found.map(|found| (found.error(), found.partitions().len())) {
                    Some((None, 1..)) => return Ok(()),
                    Some((Some(error), _)) => RDKafkaErrorCode::from(error).to_string(),
                    _ => "not there".to_string(),
                }
            }
        };
        if Instant::now() >= deadline {
            return Err(KafkaSinkError::Topic {
                topic: topic.to_string(),
                reason,
            });
        }
        // A cluster that makes topics by itself makes them while we ask.
        thread::park_timeout(Duration::from_millis(200));
    }
}
