//! The `tasks` section: who answers which Task state.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::task::Binding;
use crate::task::Glob;
use crate::task::Integration;
use crate::task::Registry;
use crate::task::kafka::Kafka;
use crate::task::kafka::KafkaTaskConfig;
use crate::task::process::Process;
use crate::task::process::ProcessConfig;
use crate::task::script::Mock;
use crate::task::script::Script;
use crate::task::script::ScriptError;

/// Task states whose resource matches are answered by this integration. The first binding that matches and has an answer
/// wins; a Task state that none answers is an error at start.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BindingConfig {
    /// Pattern over `Resource`; `*` stands for any run of characters.
    #[serde(default = "any")]
    pub resource: String,
    /// Pattern over the function's name: of `arn:aws:states:::lambda:invoke`, or the last part of a function's ARN.
    #[serde(default)]
    pub function: Option<String>,
    /// Answers from a script file, YAML or JSON.
    #[serde(default)]
    pub script: Option<PathBuf>,
    /// Answers from a test case of AWS's `MockConfigFile.json`.
    #[serde(default)]
    pub mock: Option<MockConfig>,
    /// Answers from worker processes.
    #[serde(default)]
    pub process: Option<ProcessConfig>,
    /// Records written by states with the resource `expressd:kafka:produce`.
    #[serde(default)]
    pub kafka: Option<KafkaTaskConfig>,
}

/// A test case in a mock file.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MockConfig {
    /// The file.
    pub file: PathBuf,
    /// Name of the state machine in the file.
    pub machine: String,
    /// Name of the test case.
    pub test_case: String,
}

fn any() -> String {
    "*".to_string()
}

/// Something wrong with binding number `.0`.
pub(super) type BindingProblems = Vec<(usize, String)>;

/// Reads the files of all bindings; paths are relative to `base`.
pub(super) fn registry(
    bindings: &[BindingConfig],
    base: &Path,
) -> Result<Registry, BindingProblems> {
    let mut registry = Registry::default();
    let mut problems = Vec::new();
    for (index, binding) in bindings.iter().enumerate() {
        match binding.integration(base) {
            Ok(integration) => registry.add(Binding {
                resource: Glob::new(&binding.resource),
                function: binding.function.as_deref().map(Glob::new),
                integration,
            }),
            Err(ScriptError(found)) => {
                problems.extend(found.into_iter().map(|problem| (index, problem)));
            }
        }
    }
    match problems.is_empty() {
        true => Ok(registry),
        false => Err(problems),
    }
}

impl BindingConfig {
    fn integration(&self, base: &Path) -> Result<Arc<dyn Integration>, ScriptError> {
        match (&self.script, &self.mock, &self.process, &self.kafka) {
            (Some(script), None, None, None) => Ok(Arc::new(Script::load(&base.join(script))?)),
            (None, Some(mock), None, None) => {
                let file = base.join(&mock.file);
                Ok(Arc::new(Mock::load(&file, &mock.machine, &mock.test_case)?))
            }
            (None, None, None, Some(kafka)) => match kafka.check() {
                problems if problems.is_empty() => Ok(Arc::new(Kafka::new(kafka))),
                problems => Err(ScriptError(problems)),
            },
            (None, None, Some(process), None) => match process.check() {
                problems if problems.is_empty() => Ok(Arc::new(Process::new(process, base))),
                problems => Err(ScriptError(problems)),
            },
            _ => Err(ScriptError(vec![
                "a binding has exactly one of script, mock, process and kafka".to_string(),
            ])),
        }
    }
}
