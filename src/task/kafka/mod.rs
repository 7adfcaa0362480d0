//! `expressd:kafka:produce`: a state that writes a record and goes on when the brokers have it. Knows no groups and
//! no outcomes.

mod config;
mod producer;
mod request;

pub use config::KafkaTaskConfig;

use std::sync::{Arc, OnceLock};

use super::{Answer, Call, Glob, Handler, Integration, OpenError, Site};
use crate::engine::TaskReply;
use crate::kafka::Cluster;

use producer::Producer;
use request::Request;

/// The `Resource` of states that write records.
pub const RESOURCE: &str = "expressd:kafka:produce";

/// Writes to the cluster of the config, once it is open.
pub struct Kafka {
    shared: Arc<Shared>,
}

struct Shared {
    config: KafkaTaskConfig,
    topics: Vec<Glob>,
    producer: OnceLock<Producer>,
}

impl Kafka {
    /// A producer that is not connected yet.
    pub fn new(config: &KafkaTaskConfig) -> Kafka {
        Kafka {
            shared: Arc::new(Shared {
                topics: config.topics.iter().map(|topic| Glob::new(topic)).collect(),
                config: config.clone(),
                producer: OnceLock::new(),
            }),
        }
    }
}

impl Integration for Kafka {
    fn bind(&self, site: &Site<'_>) -> Option<Arc<dyn Handler>> {
        (site.resource == RESOURCE).then(|| Arc::clone(&self.shared) as Arc<dyn Handler>)
    }

    fn open(&self, cluster: &Cluster) -> Result<(), OpenError> {
        let producer = Producer::connect(&self.shared.config, cluster)?;
        // A second one would be dropped: the first goes on.
        let _ = self.shared.producer.set(producer);
        Ok(())
    }
}

impl Handler for Shared {
    fn call(&self, call: Call<'_>) -> Answer {
        let request = match Request::read(&call) {
            Ok(request) => request,
            Err(problem) => return Answer::Now(failure("Kafka.InvalidRequest", problem)),
        };
        if !self
            .topics
            .iter()
            .any(|topic| topic.matches(&request.topic))
        {
            let cause = format!("the config does not let states write to {}", request.topic);
            return Answer::Now(failure("Kafka.TopicNotAllowed", cause));
        }
        match self.producer.get() {
            Some(producer) => producer.send(request),
            None => {
                let cause = "there is no cluster to write to".to_string();
                Answer::Now(failure("Kafka.NotConnected", cause))
            }
        }
    }
}

fn failure(error: &str, cause: String) -> TaskReply {
    TaskReply::Error {
        error: Some(error.to_string()),
        cause: Some(cause),
    }
}

#[cfg(test)]
mod tests;
