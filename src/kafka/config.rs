//! How to reach a cluster: what a config says, and the client properties that follow from it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnostic::KeyProblem;

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
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Property {
    /// `true` or `false`
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// Anything else.
    Text(String),
    /// What a file says, without the line end: for secrets.
    File(PropertyFile),
}

/// A property whose value stands in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PropertyFile {
    /// Its path; a relative one starts at the config file.
    pub file: PathBuf,
}

impl std::fmt::Debug for Property {
    /// A text may be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Property::Text(_) => f.write_str("***"),
            Property::File(file) => file.fmt(f),
            flag_or_number => flag_or_number.fmt_value(f),
        }
    }
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
    /// Everything that is wrong with a property by itself, files that are not read aside.
    pub fn check(&self) -> Vec<KeyProblem> {
        let problem =
            |(name, value): (&String, &Property)| Some((name.clone(), refused(name, value)?));
        self.0.iter().filter_map(problem).collect()
    }

    /// Replaces files by what they say; gives the property of each that cannot be read, and why.
    pub fn read_files(&mut self, base: &Path) -> Vec<KeyProblem> {
        let mut problems = Vec::new();
        for (name, value) in &mut self.0 {
            if let Property::File(file) = value {
                match std::fs::read_to_string(base.join(&file.file)) {
                    Ok(text) => {
                        let text = text.strip_suffix('\n').unwrap_or(&text);
                        *value = Property::Text(text.strip_suffix('\r').unwrap_or(text).into());
                    }
                    Err(error) => {
                        let file = file.file.display();
                        problems.push((name.clone(), format!("{file}: {error}")));
                    }
                }
            }
        }
        problems
    }

    /// Sets them all on a client.
    pub fn apply(&self, client: &mut ClientConfig) {
        for (name, value) in &self.0 {
            client.set(name, value.to_string());
        }
    }
}

/// Why a config must not set a property to this.
fn refused(name: &str, value: &Property) -> Option<String> {
    if let Some((_, why)) = OWNED.iter().find(|(owned, _)| *owned == name) {
        return Some(format!("cannot be set: {why}"));
    }
    let value = match value {
        Property::File(_) => return None,
        value => value.to_string(),
    };
    if name == "group.protocol" && value != "classic" {
        return Some("this client version stalls with the new group protocol".into());
    }
    let mut alone = ClientConfig::new();
    alone.set(name, value);
    match alone.create_native_config() {
        Err(KafkaError::ClientConfig(_, why, ..)) => Some(why),
        _ => None,
    }
}

impl std::fmt::Display for Property {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.fmt_value(f)
    }
}

impl Property {
    fn fmt_value(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Property::Flag(flag) => write!(f, "{flag}"),
            Property::Number(number) => write!(f, "{number}"),
            Property::Text(text) => f.write_str(text),
            // Files are read when the config is loaded.
            Property::File(file) => write!(f, "{}", file.file.display()),
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
    fn properties_that_are_ours_and_those_that_nobody_knows_are_refused() {
        let problems = properties(serde_json::json!({
            "enable.auto.commit": true,
            "security.protocol": "SSL",
            "group.protocol": "consumer",
            "sasl.mechanims": "PLAIN",
            "linger.ms": "soon",
            "ssl.key.password": {"file": "read later"},
        }))
        .check();
        let names: Vec<_> = problems.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "enable.auto.commit",
                "group.protocol",
                "linger.ms",
                "sasl.mechanims"
            ]
        );
        assert_eq!(
            problems[0].1,
            "cannot be set: offsets are committed only behind acknowledged outcomes"
        );
    }

    #[test]
    fn every_way_to_secure_a_connection_is_built_in() {
        for (protocol, mechanism) in [
            ("ssl", None),
            ("sasl_ssl", Some("PLAIN")),
            ("sasl_plaintext", Some("SCRAM-SHA-256")),
            ("sasl_ssl", Some("SCRAM-SHA-512")),
        ] {
            let mut config = ClientConfig::new();
            config.set("security.protocol", protocol);
            if let Some(mechanism) = mechanism {
                config
                    .set("sasl.mechanism", mechanism)
                    .set("sasl.username", "me")
                    .set("sasl.password", "word");
            }
            let client: Result<rdkafka::producer::BaseProducer, _> = config.create();
            assert!(
                client.is_ok(),
                "{protocol} {mechanism:?}: {:?}",
                client.err()
            );
        }
    }

    #[test]
    fn secrets_come_from_files_and_are_not_told() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("word"), "hunter2\n").unwrap();
        let mut found = properties(serde_json::json!({
            "sasl.password": {"file": "word"}, "ssl.key.password": {"file": "missing"}, "a": "secret",
        }));
        let problems = found.read_files(dir.path());
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].0, "ssl.key.password");
        let mut client = ClientConfig::new();
        found.apply(&mut client);
        assert_eq!(client.get("sasl.password"), Some("hunter2"));
        let told = format!("{found:?}");
        assert!(
            !told.contains("hunter2") && !told.contains("secret"),
            "{told}"
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
