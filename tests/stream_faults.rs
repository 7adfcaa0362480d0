//! What goes wrong between a source, a sink and the broker, and what is left of it. On the client library's mock cluster,
//! which answers as it is told.
#![allow(clippy::unwrap_used)]

mod stream_bed;

use std::sync::Arc;

use expressd::source::SourceEnd;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use rdkafka::{Offset, TopicPartitionList};
use stream_bed::{Bed, echo, wait_for};

type Mock = MockCluster<'static, DefaultProducerContext>;

fn bed() -> (Mock, Bed) {
    let mock = MockCluster::new(1).unwrap();
    let bed = Bed::on(&mock.bootstrap_servers(), 1);
    bed.topics()
        .for_each(|topic| mock.create_topic(topic, 1, 1).unwrap());
    (mock, bed)
}

#[test]
fn a_broken_producer_is_replaced_and_nothing_is_missing() {
    let (mock, bed) = bed();
    bed.produce(0..200, 1);
    // Fatal for an idempotent producer.
    mock.request_errors(
        RDKafkaApiKey::InitProducerId,
        &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED],
    );
    let source = bed.source("g", serde_json::json!({}), echo(bed.sink()));
    wait_for("the end", || source.control.is_idle());
    assert!(matches!(source.stop(), SourceEnd::Drained));
    assert_eq!(bed.committed("g", 1), 200);
    assert!(bed.read(&bed.output, 1).len() >= 200);
}

#[test]
fn an_outcome_that_the_broker_refuses_for_its_size_becomes_a_dead_letter() {
    let (mock, bed) = bed();
    bed.produce(0..1, 1);
    // Once as part of a request that may be too large as a whole, once alone.
    let refused = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE; 2];
    mock.request_errors(RDKafkaApiKey::Produce, &refused);
    let source = bed.source("g", serde_json::json!({}), echo(bed.sink()));
    wait_for("the end", || source.control.is_idle());
    assert!(matches!(source.stop(), SourceEnd::Drained));
    assert_eq!(bed.read(&bed.output, 1), []);
    let dead = bed.read(&bed.dead, 1);
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].0, "0");
}

#[test]
fn a_request_that_is_too_large_costs_none_of_its_outcomes() {
    let (mock, bed) = bed();
    bed.produce(0..100, 1);
    let refused = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE];
    mock.request_errors(RDKafkaApiKey::Produce, &refused);
    let source = bed.source("g", serde_json::json!({}), echo(bed.sink()));
    wait_for("the end", || source.control.is_idle());
    assert!(matches!(source.stop(), SourceEnd::Drained));
    assert_eq!(first_occurrences(&bed), numbers(100));
    assert_eq!(bed.read(&bed.dead, 1), []);
}

/// The values of the output, each where it stands first.
fn first_occurrences(bed: &Bed) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let mut values: Vec<_> = bed.read(&bed.output, 1).into_iter().map(|r| r.0).collect();
    values.retain(|value| seen.insert(value.clone()));
    values
}

fn numbers(n: u32) -> Vec<String> {
    (0..n).map(|n| n.to_string()).collect()
}

#[test]
fn outcomes_are_sent_again_in_their_order_until_the_broker_takes_them() {
    let (mock, bed) = bed();
    bed.produce(0..50, 1);
    // Neither is tried again by the client itself.
    let refused = [RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS; 3];
    mock.request_errors(RDKafkaApiKey::Produce, &refused);
    let source = bed.source("g", serde_json::json!({}), echo(bed.sink()));
    wait_for("the end", || source.control.is_idle());
    assert!(matches!(source.stop(), SourceEnd::Drained));
    assert_eq!(first_occurrences(&bed), numbers(50));
}

#[test]
fn a_committed_offset_that_is_not_in_the_log_halts_the_partition() {
    let (_mock, bed) = bed();
    bed.produce(0..10, 1);
    let consumer: BaseConsumer = bed
        .client()
        .set("group.id", bed.group("g"))
        .create()
        .unwrap();
    let mut offsets = TopicPartitionList::new();
    offsets
        .add_partition_offset(&bed.input, 0, Offset::Offset(1_000))
        .unwrap();
    consumer.commit(&offsets, CommitMode::Sync).unwrap();
    drop(consumer);

    let source = bed.source("g", serde_json::json!({}), |_| panic!("nothing is read"));
    wait_for("the alarm", || source.control.halted().is_some());
    let alarm = source.control.halted().unwrap();
    assert_eq!(
        alarm,
        format!("{} [0]: offset 1000 is out of range 0 to 10", bed.input)
    );
    assert!(!source.control.is_idle());
    source.stop();
    assert_eq!(bed.committed("g", 1), 1_000);

    let sink = bed.sink();
    let options = serde_json::json!({"on_out_of_range": "earliest"});
    let source = bed.source("g", options, echo(Arc::clone(&sink)));
    wait_for("the end", || source.control.is_idle());
    assert!(matches!(source.stop(), SourceEnd::Drained));
    assert_eq!(bed.read(&bed.output, 1).len(), 10);
    assert_eq!(bed.committed("g", 1), 10);
}

#[test]
fn commits_go_on_when_the_coordinator_refuses_some() {
    let (mock, bed) = bed();
    bed.produce(0..10, 1);
    mock.request_errors(
        RDKafkaApiKey::OffsetCommit,
        &[
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN,
        ],
    );
    let options = serde_json::json!({"commit": {"interval": "20ms"}});
    let source = bed.source("g", options, echo(bed.sink()));
    wait_for("the commit", || bed.committed("g", 1) == 10);
    assert!(matches!(source.stop(), SourceEnd::Drained));
}
