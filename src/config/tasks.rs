//! The `tasks` section: who answers which Task state.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codes;
use crate::diagnostic::{KeyProblem, in_section};
use crate::task::Binding;
use crate::task::Glob;
use crate::task::Integration;
use crate::task::Registry;
use crate::task::http::Http;
use crate::task::http::HttpConfig;
use crate::task::http_invoke::HttpInvoke;
use crate::task::http_invoke::HttpInvokeConfig;
use crate::task::kafka::Kafka;
use crate::task::kafka::KafkaTaskConfig;
use crate::task::lambda::Lambda;
use crate::task::lambda::LambdaConfig;
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
    /// Answers from an HTTP endpoint.
    #[serde(default)]
    pub http: Option<HttpConfig>,
    /// Answers from Lambda functions.
    #[serde(default)]
    pub lambda: Option<LambdaConfig>,
    /// Requests put together by states with the resource `arn:aws:states:::http:invoke`.
    #[serde(default)]
    pub http_invoke: Option<HttpInvokeConfig>,
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

/// Something wrong with a binding.
pub(super) struct BindingProblem {
    /// From the section's beginning: `0/http/url`.
    pub(super) pointer: String,
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// Reads the files of all bindings; paths are relative to `base`.
pub(super) fn registry(
    bindings: &[BindingConfig],
    base: &Path,
) -> Result<Registry, Vec<BindingProblem>> {
    let mut registry = Registry::default();
    let mut problems = Vec::new();
    for (index, binding) in bindings.iter().enumerate() {
        match binding.integration(base) {
            Ok(integration) => registry.add(Binding {
                resource: Glob::new(&binding.resource),
                function: binding.function.as_deref().map(Glob::new),
                integration,
            }),
            Err(found) => problems.extend(found.into_iter().map(|problem| BindingProblem {
                pointer: match problem.pointer.is_empty() {
                    true => index.to_string(),
                    false => format!("{index}/{}", problem.pointer),
                },
                ..problem
            })),
        }
    }
    match problems.is_empty() {
        true => Ok(registry),
        false => Err(problems),
    }
}

/// Who answers: one of these in each binding.
enum Kind<'a> {
    Script(&'a Path),
    Mock(&'a MockConfig),
    Process(&'a ProcessConfig),
    Kafka(&'a KafkaTaskConfig),
    Http(&'a HttpConfig),
    Lambda(&'a LambdaConfig),
    HttpInvoke(&'a HttpInvokeConfig),
}

impl BindingConfig {
    fn integration(&self, base: &Path) -> Result<Arc<dyn Integration>, Vec<BindingProblem>> {
        let kinds = [
            self.script.as_deref().map(Kind::Script),
            self.mock.as_ref().map(Kind::Mock),
            self.process.as_ref().map(Kind::Process),
            self.kafka.as_ref().map(Kind::Kafka),
            self.http.as_ref().map(Kind::Http),
            self.lambda.as_ref().map(Kind::Lambda),
            self.http_invoke.as_ref().map(Kind::HttpInvoke),
        ];
        let mut given = kinds.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(kind), None) => kind.integration(base),
            _ => Err(vec![BindingProblem {
                pointer: String::new(),
                code: codes::COMBINATION,
                message:
                    "a binding has exactly one of script, mock, process, kafka, http, lambda and http_invoke"
                        .to_string(),
            }]),
        }
    }
}

impl Kind<'_> {
    fn integration(self, base: &Path) -> Result<Arc<dyn Integration>, Vec<BindingProblem>> {
        Ok(match self {
            Kind::Script(script) => {
                let script = Script::load(&base.join(script));
                Arc::new(script.map_err(|error| in_file("script", error))?)
            }
            Kind::Mock(mock) => {
                let MockConfig {
                    file,
                    machine,
                    test_case,
                } = mock;
                let mock = Mock::load(&base.join(file), machine, test_case);
                Arc::new(mock.map_err(|error| in_file("mock", error))?)
            }
            Kind::Process(process) => {
                checked("process", process.check())?;
                Arc::new(Process::new(process, base))
            }
            Kind::Kafka(kafka) => {
                let mut kafka = kafka.clone();
                let unread = kafka.properties.read_files(base);
                checked(
                    "kafka",
                    [in_section("properties", unread), kafka.check()].concat(),
                )?;
                Arc::new(Kafka::new(&kafka))
            }
            Kind::Http(http) => Arc::new(Http::new(http, base).map_err(|found| at("http", found))?),
            Kind::HttpInvoke(http_invoke) => {
                let http_invoke = HttpInvoke::new(http_invoke, base);
                Arc::new(http_invoke.map_err(|found| at("http_invoke", found))?)
            }
            Kind::Lambda(lambda) => {
                let lambda = Lambda::new(lambda, base);
                Arc::new(lambda.map_err(|found| at("lambda", found))?)
            }
        })
    }
}

fn in_file(kind: &str, ScriptError(problems): ScriptError) -> Vec<BindingProblem> {
    let problem = |message| BindingProblem {
        pointer: kind.to_string(),
        code: codes::SCRIPT,
        message,
    };
    problems.into_iter().map(problem).collect()
}

fn checked(kind: &str, problems: Vec<KeyProblem>) -> Result<(), Vec<BindingProblem>> {
    match problems.is_empty() {
        true => Ok(()),
        false => Err(at(kind, problems)),
    }
}

/// Problems of keys below `kind`.
fn at(kind: &str, problems: Vec<KeyProblem>) -> Vec<BindingProblem> {
    let problem = |(key, message): KeyProblem| BindingProblem {
        pointer: format!("{kind}/{key}"),
        code: codes::BINDING,
        message,
    };
    problems.into_iter().map(problem).collect()
}
