use std::time::Duration;

use serde_json::json;

use super::*;
use crate::kafka::{EMBEDDED, KafkaConfig, read_topic};
use crate::value::{Arena, Constants, ParseLimits};

fn kafka() -> Kafka {
    let config: KafkaTaskConfig =
        serde_json::from_value(json!({"topics": ["audit", "open-*"], "delivery_timeout": "5s"}))
            .unwrap();
    assert_eq!(config.check(), []);
    Kafka::new(&config)
}

fn site(resource: &str) -> Site<'_> {
    Site {
        state: "A",
        resource,
        function_name: None,
    }
}

async fn call(kafka: &Kafka, input: &str) -> Result<serde_json::Value, String> {
    let handler = kafka.bind(&site(RESOURCE)).unwrap();
    let mut arena = Arena::new(Constants::empty());
    let input = arena
        .parse(input.as_bytes(), ParseLimits::default())
        .unwrap();
    let reply = match handler.call(Call::example(&arena, input, "A")) {
        Answer::Now(reply) => reply,
        Answer::Later(reply) => reply.await,
        _ => unreachable!("a producer answers"),
    };
    match reply {
        TaskReply::Result(json) => Ok(serde_json::from_slice(&json).unwrap()),
        TaskReply::Known(document) => Ok(serde_json::from_str(&document.to_json()).unwrap()),
        TaskReply::Error { error, .. } => Err(error.unwrap_or_default()),
    }
}

#[test]
fn only_its_own_resource_is_answered() {
    assert!(
        kafka()
            .bind(&site("arn:aws:states:::sqs:sendMessage"))
            .is_none()
    );
}

#[tokio::test]
async fn a_record_is_in_the_topic_when_the_state_ends() {
    let cluster = Cluster::new(&KafkaConfig {
        broker: EMBEDDED.into(),
        ..KafkaConfig::default()
    })
    .unwrap();
    let kafka = kafka();
    kafka.open(&cluster).unwrap();
    let input = r#"{"Topic":"audit","Key":"k","Value":{"n":1},"Headers":{"h":"x"},"Partition":2}"#;
    let result = call(&kafka, input).await;
    assert_eq!(
        result,
        Ok(json!({"Topic": "audit", "Partition": 2, "Offset": 0}))
    );
    let mut seen = Vec::new();
    read_topic(&cluster, "audit", Duration::from_secs(20), |record| {
        seen.push(record);
        false
    })
    .unwrap();
    assert_eq!(
        (seen[0].key.as_str(), seen[0].value.as_str()),
        ("k", r#"{"n":1}"#)
    );
    assert_eq!(seen[0].header("h"), Some("x"));
    assert_eq!(seen[0].header("expressd.key"), Some("p/t-0-7::A:0"));
}

#[tokio::test]
async fn what_cannot_be_written_fails_by_name() {
    let kafka = kafka();
    for (input, want) in [
        (r#"{"Topic":"orders"}"#, "Kafka.TopicNotAllowed"),
        (r#"{"Value":1}"#, "Kafka.InvalidRequest"),
        (r#"{"Topic":"open-1"}"#, "Kafka.NotConnected"),
    ] {
        assert_eq!(call(&kafka, input).await, Err(want.to_string()), "{input}");
    }
}
