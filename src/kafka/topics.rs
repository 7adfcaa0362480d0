//! Topics: how many partitions they have and what they take; and those that are made for a while and deleted again, for measuring.

use std::time::Duration;

use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, ConfigResourceResult, NewTopic, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::Cluster;
use super::reader::Quiet;

/// What a topic says of the batches it takes.
const LARGEST_BATCH: &str = "max.message.bytes";

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

/// Bytes of the largest batch that each of these topics takes, its `max.message.bytes`; or why the cluster does not say so
/// within `patience`: not everybody may ask. Blocks, and so is not for a thread that serves futures.
pub fn largest_batches(
    client: &ClientConfig,
    topics: &[&str],
    patience: Duration,
) -> Vec<Result<usize, String>> {
    let answers = match describe(client, topics, patience) {
        Ok(answers) => answers,
        Err(reason) => return topics.iter().map(|_| Err(reason.clone())).collect(),
    };
    // The client answers in the order of the question.
    let read = |answer: Result<_, _>| {
        let resource: ConfigResource = answer.map_err(|code: RDKafkaErrorCode| code.to_string())?;
        let entry = resource.get(LARGEST_BATCH).and_then(|e| e.value.as_ref());
        let bytes = entry.and_then(|value| value.parse().ok());
        bytes.ok_or_else(|| format!("no {LARGEST_BATCH}"))
    };
    let mut answers = answers.into_iter().map(read);
    let mut next = || answers.next().unwrap_or_else(|| Err("no answer".into()));
    topics.iter().map(|_| next()).collect()
}

fn describe(
    client: &ClientConfig,
    topics: &[&str],
    patience: Duration,
) -> Result<Vec<ConfigResourceResult>, String> {
    let mut client = client.clone();
    client.set("statistics.interval.ms", "0");
    let text = |error: KafkaError| error.to_string();
    let admin: AdminClient<DefaultClientContext> = client.create().map_err(text)?;
    let asked: Vec<_> = topics.iter().map(|t| ResourceSpecifier::Topic(t)).collect();
    let options = AdminOptions::new().request_timeout(Some(patience));
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let answers = runtime.block_on(admin.describe_configs(&asked, &options));
    answers.map_err(text)
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
