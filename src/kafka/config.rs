//! How to reach a cluster: what a config says, and the client properties that follow from it.

use std::collections::BTreeMap;

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The Kafka cluster and how to reach it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KafkaConfig {
    /// Bootstrap addresses, `host:port` with commas between them; or `embedded`: a broker inside this process that keeps
    /// events in memory only.
    pub broker: String,
    /// `client.id`, which names this process in the broker's logs, metrics and quotas.
    pub client_id: String,
    /// Passed to librdkafka as they are: `security.protocol`, `sasl.mechanism`, …
    pub properties: Properties,
    /// The broker of `broker: embedded`.
    pub embedded: EmbeddedConfig,
}

/// The broker inside this process.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EmbeddedConfig {
    /// Partitions of each topic.
    pub partitions: u32,
}

/// librdkafka properties by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Properties(pub BTreeMap<String, Property>);

/// A property's value; numbers and flags need no quotes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Property {
    /// `true` or `false`
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// Anything else.
    Text(String),
}

/// A property that a config must not set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("property `{name}` cannot be set: {why}")]
pub struct PropertyError {
    /// The property.
    pub name: String,
    /// Who sets it instead.
    pub why: &'static str,
}

/// `broker:` of the embedded broker.
pub const EMBEDDED: &str = "embedded";

const COMMITS: &str = "offsets are committed only behind acknowledged outcomes";
const DELIVERY: &str = "at-least-once delivery rests on it";

/// Properties that belong to us.
const OWNED: &[(&str, &str)] = &[
    ("bootstrap.servers", "use `broker`"),
    ("metadata.broker.list", "use `broker`"),
    ("client.id", "use `client_id`"),
    ("group.id", "use `group`"),
    (
        "auto.offset.reset",
        "use `start_from` and `on_out_of_range`",
    ),
    ("enable.auto.commit", COMMITS),
    ("enable.auto.offset.store", COMMITS),
    ("enable.partition.eof", COMMITS),
    ("auto.commit.interval.ms", COMMITS),
    ("auto.commit.enable", COMMITS),
    ("acks", DELIVERY),
    ("request.required.acks", DELIVERY),
    ("enable.idempotence", DELIVERY),
    ("transactional.id", DELIVERY),
    ("delivery.report.only.error", DELIVERY),
    ("log.queue", "log lines come through our own log"),
    ("plugin.library.paths", "plugins are not loaded"),
    ("test.mock.num.brokers", "use `broker: embedded`"),
];

impl Default for KafkaConfig {
    fn default() -> KafkaConfig {
        KafkaConfig {
            broker: "localhost:9092".into(),
            client_id: "expressd".into(),
            properties: Properties::default(),
            embedded: EmbeddedConfig::default(),
        }
    }
}

impl Default for EmbeddedConfig {
    fn default() -> EmbeddedConfig {
        EmbeddedConfig { partitions: 4 }
    }
}

impl Properties {
    /// Every property that a config must not set.
    pub fn check(&self) -> Vec<PropertyError> {
        let mut errors: Vec<_> = self
            .0
            .keys()
            .filter_map(|name| {
                let (_, why) = OWNED.iter().find(|(owned, _)| owned == name)?;
                Some(PropertyError {
                    name: name.clone(),
                    why,
                })
            })
            .collect();
        if self.get("group.protocol").is_some_and(|p| p != "classic") {
            errors.push(PropertyError {
                name: "group.protocol".into(),
                why: "this client version stalls with the new group protocol",
            });
        }
        errors
    }

    /// Sets them all on a client.
    pub fn apply(&self, client: &mut ClientConfig) {
        for (name, value) in &self.0 {
            client.set(name, value.to_string());
        }
    }

    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).map(Property::to_string)
    }
}

impl std::fmt::Display for Property {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Property::Flag(flag) => flag.fmt(f),
            Property::Number(number) => number.fmt(f),
            Property::Text(text) => text.fmt(f),
        }
    }
}

/// Properties that every client starts with; what a config says comes on top.
pub(super) fn client(bootstrap: &str, config: &KafkaConfig) -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set_log_level(RDKafkaLogLevel::Info);
    client
        .set("bootstrap.servers", bootstrap)
        .set("client.id", &config.client_id)
        .set("socket.nagle.disable", "true");
    config.properties.apply(&mut client);
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(json: serde_json::Value) -> Properties {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn properties_that_are_ours_are_refused() {
        let errors = properties(serde_json::json!({
            "enable.auto.commit": true,
            "security.protocol": "SSL",
            "group.protocol": "consumer",
        }))
        .check();
        let names: Vec<_> = errors.iter().map(|error| error.name.as_str()).collect();
        assert_eq!(names, ["enable.auto.commit", "group.protocol"]);
        assert_eq!(
            errors[0].to_string(),
            "property `enable.auto.commit` cannot be set: offsets are committed only behind acknowledged outcomes"
        );
    }

    #[test]
    fn numbers_and_flags_need_no_quotes() {
        let mut client = ClientConfig::new();
        properties(serde_json::json!({"linger.ms": 5, "socket.keepalive.enable": false, "sasl.username": "u"}))
            .apply(&mut client);
        for (name, value) in [
            ("linger.ms", "5"),
            ("socket.keepalive.enable", "false"),
            ("sasl.username", "u"),
        ] {
            assert_eq!(client.get(name), Some(value));
        }
    }
}
