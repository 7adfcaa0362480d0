//! Topics: how many partitions they have; and those that are made for a while and deleted again, for measuring.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;

use super::Cluster;
use super::reader::Quiet;

const TIMEOUT: Duration = Duration::from_secs(30);
/// The cluster's own default.
const REPLICATION: TopicReplication<'static> = TopicReplication::Fixed(-1);

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(TIMEOUT))
        .operation_timeout(Some(TIMEOUT))
}

/// The partitions that these topics have together, as far as the cluster says so within `patience` for each.
pub fn count_partitions<'a>(
    cluster: &Cluster,
    topics: impl IntoIterator<Item = &'a String>,
    patience: Duration,
) -> Result<usize, KafkaError> {
    let mut client = cluster.client();
    client.set("group.id", "expressd-reader");
    let consumer: BaseConsumer<Quiet> = client.create_with_context(Quiet)?;
    let mut count = 0;
    for topic in topics {
        let metadata = consumer.fetch_metadata(Some(topic), patience)?;
        let found = metadata.topics().iter();
        count += found.map(|found| found.partitions().len()).sum::<usize>();
    }
    Ok(count)
}

/// Creates a topic, also on a real cluster.
pub async fn create_topic(
    cluster: &Cluster,
    topic: &str,
    partitions: u32,
) -> Result<(), KafkaError> {
    if cluster.is_embedded() {
        return cluster.provide_topic(topic);
    }
    let admin: AdminClient<DefaultClientContext> = cluster.client().create()?;
    let partitions = i32::try_from(partitions).unwrap_or(i32::MAX);
    let topic = NewTopic::new(topic, partitions, REPLICATION);
    let results = admin.create_topics([&topic], &options()).await?;
    match results.into_iter().next() {
        Some(Err((_, code))) => Err(KafkaError::AdminOp(code)),
        _ => Ok(()),
    }
}

/// Deletes topics; those of the embedded broker go with it.
pub async fn delete_topics(cluster: &Cluster, topics: &[&str]) -> Result<(), KafkaError> {
    if cluster.is_embedded() {
        return Ok(());
    }
    let admin: AdminClient<DefaultClientContext> = cluster.client().create()?;
    let results = admin.delete_topics(topics, &options()).await?;
    let failed = results.into_iter().find_map(Result::err);
    match failed {
        Some((_, code)) => Err(KafkaError::AdminOp(code)),
        None => Ok(()),
    }
}
