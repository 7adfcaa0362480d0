//! What a config file says. The doc comments here are the reference for its keys.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tasks::BindingConfig;
use crate::admin::AdminConfig;
use crate::demo::DemoConfig;
use crate::kafka::KafkaConfig;
use crate::pipeline::InputForm;
use crate::pipeline::OnFailure;
use crate::pipeline::OnNull;
use crate::pipeline::Order;
use crate::pipeline::RetryConfig;
use crate::pipeline::SinkConfig;
use crate::pipeline::SourceConfig;
use crate::runtime::IdentityConfig;
use crate::runtime::LimitsConfig;
use crate::runtime::RuntimeConfig;
use crate::telemetry::LogConfig;
use crate::units::ByteSize;
use crate::units::HumanDuration;

/// A config file. Unknown keys are errors.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Name of this process, in the headers of what it writes.
    #[serde(default = "instance")]
    pub instance: String,
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
    /// How changed definitions are noticed.
    #[serde(default)]
    pub reload: ReloadConfig,
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
    /// Bytes of records under way, of parsed events and of outcomes that are not acknowledged, over all pipelines and
    /// partitions. Beyond it no execution starts, and no more records are taken in.
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

/// How changed definitions are noticed; SIGHUP always makes the process read them again.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct ReloadConfig {
    /// Looks every second whether the file of a definition has changed.
    pub watch: bool,
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
    /// What the input of an execution is: the record's `value`, or an `envelope` with its coordinates around it.
    #[serde(default)]
    pub input: InputForm,
    /// What becomes of a record whose value is null: `dead_letter`, `null_input` or `discard`.
    #[serde(default)]
    pub on_null: OnNull,
    /// What becomes of a record whose execution failed: `dead_letter`, `block` or `discard`.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// Which records of a partition wait for each other: `unordered` (none), `key` (those with the same key) or
    /// `partition` (all).
    #[serde(default)]
    pub ordering: Order,
    /// Which failed records run again, and when.
    #[serde(default)]
    pub retry: RetryConfig,
}

fn instance() -> String {
    "expressd".to_string()
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
