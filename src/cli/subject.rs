//! What a command runs: the pipeline of a config, or a definition alone.

use std::path::Path;
use std::sync::Arc;

use super::{print_problems, wrong_usage};
use crate::config::Config;
use crate::config::Definition;
use crate::kafka::EMBEDDED;
use crate::kafka::KafkaConfig;
use crate::pipeline::PipelineOptions;
use crate::runtime::IdentityConfig;
use crate::runtime::LimitsConfig;
use crate::runtime::Machine;
use crate::runtime::RuntimeConfig;
use crate::task::Registry;

/// Something that can run, whatever it was read from.
pub(super) struct Subject {
    pub(super) machine: Arc<Machine>,
    /// To be opened where there is a cluster.
    pub(super) tasks: Registry,
    pub(super) runtime: RuntimeConfig,
    pub(super) kafka: KafkaConfig,
    pub(super) options: PipelineOptions,
}

impl Subject {
    /// A pipeline of a config: the one with this name, or the only one. None when problems were printed.
    pub(super) fn of_config(file: &Path, name: Option<&str>) -> anyhow::Result<Option<Subject>> {
        let config = match Config::load(file) {
            Ok(config) => config,
            Err(problems) => {
                print_problems(&problems);
                return Ok(None);
            }
        };
        print_problems(&config.warnings);
        let names = config
            .pipelines
            .iter()
            .map(|pipeline| pipeline.name.clone());
        let names: Vec<_> = names.collect();
        let is_meant = |found: &str| name.is_none_or(|name| name == found);
        let pipelines = config.pipelines.into_iter();
        let mut found = pipelines.filter(|pipeline| is_meant(&pipeline.name));
        let (Some(pipeline), None) = (found.next(), found.next()) else {
            let reason = format!("--pipeline has to be one of {}", names.join(", "));
            return Err(wrong_usage(reason));
        };
        Ok(Some(Subject {
            machine: pipeline.machine,
            tasks: pipeline.tasks,
            runtime: config.runtime,
            kafka: config.kafka,
            options: pipeline.stream.options,
        }))
    }

    /// A definition whose tasks are answered by `tasks`. None when problems were printed.
    pub(super) fn of_definition(file: &Path, tasks: Registry) -> Option<Subject> {
        let definition = match Definition::load(file) {
            Ok(definition) => definition,
            Err(problems) => {
                print_problems(&problems);
                return None;
            }
        };
        print_problems(&definition.warnings);
        let stem = file.file_name().unwrap_or_default().to_string_lossy();
        let machine = Machine::new(
            Arc::clone(&definition.plan),
            stem.split('.').next().unwrap_or_default(),
            &tasks,
            &IdentityConfig::default(),
            LimitsConfig::default().limits(),
        );
        let machine = match machine {
            Ok(machine) => Arc::new(machine),
            Err(error) => {
                print_problems(&definition.unanswered(&error));
                return None;
            }
        };
        Some(Subject {
            machine,
            tasks,
            runtime: RuntimeConfig::default(),
            kafka: KafkaConfig {
                broker: EMBEDDED.to_string(),
                ..KafkaConfig::default()
            },
            options: PipelineOptions::default(),
        })
    }
}
