//! Topics read as a member of a consumer group. Offsets are committed behind acknowledged outcomes only.

mod assigned;
mod client;
mod commit;
mod config;
mod consumer;
mod context;
mod guard;
mod native;
mod rebalance;
mod watch;
mod word;

pub use config::{
    CommitConfig, KafkaSourceConfig, OnOutOfRange, QuarantineConfig, RebalanceConfig, StartFrom,
};

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tracing::info;

use crate::kafka::{Cluster, count_partitions};

use crate::telemetry::KafkaClientMetrics;

use super::{SourceEnd, SourceError, Wiring};

use client::NativeClient;
use config::MOST_PREFETCH;
use consumer::Consumer;

/// The main queue is polled at least so often, whatever else is to be done.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// What the client may fetch ahead of its records being taken in, as a share of the memory for records: one of so many.
const PREFETCH_SHARE: usize = 16;
/// A partition's own part of it, in bytes.
const LEAST_PREFETCH: usize = 128 << 10;
/// Where the cluster does not say yet how many partitions there are.
const UNKNOWN_PARTITIONS: usize = 16;
/// For the cluster to say it.
const METADATA: Duration = Duration::from_secs(2);

/// Bytes that the client may fetch ahead of one partition.
fn prefetch(config: &KafkaSourceConfig, cluster: &Cluster, memory: usize) -> usize {
    let topics = config.topics.iter().chain(&config.delayed);
    let partitions = match count_partitions(cluster, topics, METADATA) {
        Ok(0) | Err(_) => UNKNOWN_PARTITIONS,
        Ok(partitions) => partitions,
    };
    (memory / PREFETCH_SHARE / partitions).clamp(LEAST_PREFETCH, MOST_PREFETCH)
}

/// Starts the thread that owns the consumer.
pub fn start(
    config: &KafkaSourceConfig,
    cluster: &Cluster,
    wiring: Wiring,
) -> Result<JoinHandle<SourceEnd>, SourceError> {
    let failed = |error: &dyn std::error::Error| SourceError::Kafka(error.to_string());
    let pipeline = wiring.metrics.pipeline();
    let group = config.group.as_deref().unwrap_or(pipeline).to_string();
    let metrics = Arc::new(KafkaClientMetrics::new(pipeline, "consumer"));
    let config = &KafkaSourceConfig {
        prefetch: Some(prefetch(config, cluster, wiring.budget.limit())),
        ..config.clone()
    };
    let client =
        NativeClient::new(config, cluster, &group, metrics).map_err(|error| failed(&error))?;
    let config = config.clone();
    let run = move || {
        let (control, metrics) = (Arc::clone(&wiring.control), Arc::clone(&wiring.metrics));
        if !control.wait_for(metrics.pipeline(), || client.missing()) {
            return SourceEnd::Drained;
        }
        match client.subscribe() {
            Ok(()) => {
                info!(topics = ?config.topics, group, "subscribed");
                Consumer::new(config, Box::new(client), wiring).run()
            }
            Err(error) => SourceEnd::Failed(SourceError::Kafka(error.to_string())),
        }
    };
    thread::Builder::new()
        .name("source-kafka".into())
        .spawn(run)
        .map_err(|error| failed(&error))
}

#[cfg(test)]
pub(crate) mod simulated;
