//! What a config file says. The doc comments here are the reference for its keys.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tasks::BindingConfig;
use crate::admin::AdminConfig;
use crate::demo::DemoConfig;
use crate::kafka::KafkaConfig;
use crate::runtime::IdentityConfig;
use crate::runtime::LimitsConfig;
use crate::runtime::RuntimeConfig;
use crate::sink::FileSinkConfig;
use crate::sink::KafkaSinkConfig;
use crate::source::file::FileSourceConfig;
use crate::source::kafka::KafkaSourceConfig;
use crate::telemetry::LogConfig;
use crate::units::ByteSize;
use crate::units::HumanDuration;

/// A config file. Unknown keys are errors.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Logging.
    #[serde(default)]
    pub log: LogConfig,
    /// The admin port.
    #[serde(default)]
    pub admin: AdminConfig,
    /// Threads and task calls.
    #[serde(default)]
    pub runtime: RuntimeConfig,
    /// Memory.
    #[serde(default)]
    pub memory: MemoryConfig,
    /// How the process ends.
    #[serde(default)]
    pub shutdown: ShutdownConfig,
    /// Who executions say they are.
    #[serde(default)]
    pub identity: IdentityConfig,
    /// The cluster that Kafka sources and sinks use.
    #[serde(default)]
    pub kafka: KafkaConfig,
    /// What runs, by name.
    pub pipelines: BTreeMap<String, PipelineFile>,
    /// Sample orders for a quick look.
    #[serde(default)]
    pub demo: Option<DemoConfig>,
}

/// Memory bounds of the process.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct MemoryConfig {
    /// Bytes of records under way, over all pipelines and partitions. No more are taken in beyond it.
    pub in_flight: ByteSize,
}

/// How the process ends.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct ShutdownConfig {
    /// How long running executions and their outcomes have after SIGTERM or SIGINT. Five seconds more and a watchdog ends
    /// the process.
    pub deadline: HumanDuration,
}

/// One pipeline: a source, a machine, a sink.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PipelineFile {
    /// File of the state machine's definition; relative paths start at the config file.
    pub definition: PathBuf,
    /// Who answers Task states.
    #[serde(default)]
    pub tasks: Vec<BindingConfig>,
    /// Bounds of each execution.
    #[serde(default)]
    pub limits: LimitsConfig,
    /// Where events come from.
    pub source: SourceConfig,
    /// Where outcomes go.
    pub sink: SinkConfig,
}

/// Where events come from.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SourceConfig {
    /// Topics, as a member of a consumer group.
    Kafka(KafkaSourceConfig),
    /// JSON Lines from a file or standard input.
    File(FileSourceConfig),
}

/// Where outcomes go.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SinkConfig {
    /// An output topic and a dead-letter topic.
    Kafka(KafkaSinkConfig),
    /// JSON Lines to a file or standard output.
    File(FileSinkConfig),
}

impl Default for MemoryConfig {
    fn default() -> MemoryConfig {
        MemoryConfig {
            in_flight: ByteSize::mib(256),
        }
    }
}

impl Default for ShutdownConfig {
    fn default() -> ShutdownConfig {
        ShutdownConfig {
            deadline: HumanDuration::from_secs(25),
        }
    }
}
