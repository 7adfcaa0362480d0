//! From the text of a config to what it means, or to everything that is wrong with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::definition::Definition;
use super::file::{File, MemoryConfig, PipelineFile, ReloadConfig, ShutdownConfig};
use super::places::Places;
use super::problem::{Document, Problem};
use super::{codes, env, read, redact, tasks};
use crate::admin::AdminConfig;
use crate::demo::DemoConfig;
use crate::kafka::KafkaConfig;
use crate::kafka::Properties;
use crate::pipeline::PipelineConfig;
use crate::pipeline::PipelineOptions;
use crate::pipeline::SinkConfig;
use crate::pipeline::SourceConfig;
use crate::runtime::IdentityConfig;
use crate::runtime::Machine;
use crate::runtime::RuntimeConfig;
use crate::task::Registry;
use crate::telemetry::LogConfig;

/// A config that can run: definitions are compiled, tasks bound, files found.
#[allow(missing_docs)]
pub struct Config {
    pub instance: String,
    pub log: LogConfig,
    pub admin: AdminConfig,
    pub runtime: RuntimeConfig,
    pub memory: MemoryConfig,
    pub shutdown: ShutdownConfig,
    pub reload: ReloadConfig,
    /// The file it was read from.
    pub path: PathBuf,
    pub kafka: KafkaConfig,
    /// By name.
    pub pipelines: Vec<Pipeline>,
    pub demo: Option<DemoConfig>,
    /// For showing: as it was written, without its secrets.
    pub redacted: serde_json::Value,
    /// What its author may want to know.
    pub warnings: Vec<Problem>,
}

/// A pipeline that can run.
#[allow(missing_docs)]
pub struct Pipeline {
    pub name: String,
    pub machine: Arc<Machine>,
    /// Who answers its tasks; to be opened before it starts.
    pub tasks: Registry,
    pub stream: PipelineConfig,
    /// The file of the definition.
    pub definition: PathBuf,
}

impl Pipeline {
    /// Reads the definition again: the machine for it, on the same bindings; none when it says the same as `running`.
    pub fn reload(&self, running: &Machine) -> Result<Option<Arc<Machine>>, Vec<Problem>> {
        let definition = Definition::load(&self.definition)?;
        if definition.plan.hash() == running.plan().hash() {
            return Ok(None);
        }
        let machine = running.with_plan(Arc::clone(&definition.plan), &self.tasks);
        let machine = machine.map_err(|error| definition.unanswered(&error))?;
        Ok(Some(Arc::new(machine)))
    }
}

/// Longest name of a pipeline: as AWS has it for state machines.
const NAME_LENGTH: usize = 80;

impl Config {
    /// Whether a file looks like a config rather than a definition.
    pub fn is_config(path: &Path) -> bool {
        #[derive(Deserialize)]
        struct Look {
            /// Being there is all that counts.
            #[serde(rename = "pipelines")]
            _pipelines: serde::de::IgnoredAny,
        }
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("yaml" | "yml" | "toml") => true,
            _ => std::fs::read_to_string(path)
                .is_ok_and(|text| serde_json::from_str::<Look>(&text).is_ok()),
        }
    }

    /// Reads a config file, the definitions and the scripts that it names. The environment fills in `${…}`.
    pub fn load(path: &Path) -> Result<Config, Vec<Problem>> {
        Config::load_with(path, |name| std::env::var(name).ok())
    }

    /// The same with another environment.
    pub fn load_with(
        path: &Path,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Config, Vec<Problem>> {
        let document = Document::read(path).map_err(|problem| vec![problem])?;
        let toml = path
            .extension()
            .is_some_and(|extension| extension == "toml");
        let expanded = env::expand(&document.text, toml, environment).map_err(|problems| {
            let problems = problems.into_iter();
            problems
                .map(|found| document.problem(found))
                .collect::<Vec<_>>()
        })?;
        let places = Places::read(&env::masked(&document.text), toml);
        let has = |name: &str| places.as_ref().is_some_and(|places| places.has(name));
        if has("StartAt") && !has("pipelines") {
            let message = "this is a definition; a config names it under `pipelines`".to_string();
            return Err(vec![document.error(codes::MIXED_UP, "", message)]);
        }
        let file = read::file(&document, &expanded, toml, places.as_ref())?;
        let base = path.parent().unwrap_or(Path::new("")).to_path_buf();
        Checker {
            document,
            toml,
            places,
            base,
            path: path.to_path_buf(),
            problems: Vec::new(),
            warnings: Vec::new(),
        }
        .check(file)
    }
}

/// Finds everything that is wrong with a file whose keys and types are right.
struct Checker {
    document: Document,
    toml: bool,
    places: Option<Places>,
    /// Relative paths start here.
    base: PathBuf,
    path: PathBuf,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Checker {
    fn check(mut self, mut file: File) -> Result<Config, Vec<Problem>> {
        self.read_files("/kafka/properties", &mut file.kafka.properties);
        for (name, pipeline) in &mut file.pipelines {
            let at = format!("/pipelines/{name}");
            if let SourceConfig::Kafka(source) = &mut pipeline.source {
                let at = format!("{at}/source/kafka/properties");
                self.read_files(&at, &mut source.properties);
            }
            if let SinkConfig::Kafka(sink) = &mut pipeline.sink {
                self.read_files(&format!("{at}/sink/kafka/properties"), &mut sink.properties);
            }
        }
        if let Err(error) = file.log.check() {
            self.report(codes::OUT_OF_BOUNDS, "/log/level", error.to_string());
        }
        if file.runtime.concurrency == 0 {
            let message = "0 would let no task be called".to_string();
            self.report(codes::OUT_OF_BOUNDS, "/runtime/concurrency", message);
        }
        for (name, reason) in file.kafka.properties.check() {
            let at = format!("/kafka/properties/{name}");
            self.report(codes::COMBINATION, &at, reason);
        }
        if file.pipelines.is_empty() {
            let message = "there is no pipeline".to_string();
            self.report(codes::COMBINATION, "/pipelines", message);
        }
        let demo = file.demo;
        if let Some(demo) = &demo {
            self.check_demo(demo, &file.pipelines);
        }
        let mut pipelines = Vec::new();
        for (name, pipeline) in file.pipelines {
            pipelines.extend(self.pipeline(name, pipeline, &file.identity));
        }
        if !self.problems.is_empty() {
            self.problems.append(&mut self.warnings);
            return Err(self.problems);
        }
        Ok(Config {
            instance: file.instance,
            log: file.log,
            admin: file.admin,
            runtime: file.runtime,
            memory: file.memory,
            shutdown: file.shutdown,
            reload: file.reload,
            path: self.path,
            kafka: file.kafka,
            pipelines,
            demo,
            redacted: redact::redacted(&self.document.text, self.toml),
            warnings: self.warnings,
        })
    }

    fn check_demo(
        &mut self,
        demo: &DemoConfig,
        pipelines: &std::collections::BTreeMap<String, PipelineFile>,
    ) {
        for (key, reason) in demo.check() {
            self.report(codes::OUT_OF_BOUNDS, &format!("/demo/{key}"), reason);
        }
        let pipeline = pipelines.get(&demo.pipeline);
        if !pipeline.is_some_and(|pipeline| matches!(pipeline.source, SourceConfig::Kafka(_))) {
            let message = format!(
                "no pipeline with a Kafka source is called \"{}\"",
                demo.pipeline
            );
            self.report(codes::COMBINATION, "/demo/pipeline", message);
        }
    }

    /// The pipeline, if nothing is wrong with its machine.
    fn pipeline(
        &mut self,
        name: String,
        file: PipelineFile,
        identity: &IdentityConfig,
    ) -> Option<Pipeline> {
        let at = format!("/pipelines/{name}");
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > NAME_LENGTH || !name.chars().all(allowed) {
            let message = format!(
                "\"{name}\" is not a name of 1 to {NAME_LENGTH} letters, digits, hyphens and underscores"
            );
            self.report(codes::OUT_OF_BOUNDS, &at, message);
        }
        for (key, reason) in file.limits.check() {
            self.report(codes::OUT_OF_BOUNDS, &format!("{at}/limits/{key}"), reason);
        }
        let stream = PipelineConfig {
            source: file.source,
            sink: file.sink,
            options: PipelineOptions {
                input: file.input,
                on_null: file.on_null,
                on_failure: file.on_failure,
                ordering: file.ordering,
            },
            retry: file.retry,
        };
        for (key, reason) in stream.check() {
            self.report(codes::COMBINATION, &format!("{at}/{key}"), reason);
        }
        let registry = tasks::registry(&file.tasks, &self.base);
        let path = self.base.join(&file.definition);
        let registry = registry.map_err(|problems| {
            for problem in problems {
                let pointer = format!("{at}/tasks/{}", problem.pointer);
                self.report(problem.code, &pointer, problem.message);
            }
        });
        let definition = self.definition(&at, &path);
        let (registry, definition) = (registry.ok()?, definition?);
        let limits = file.limits.limits();
        let plan = Arc::clone(&definition.plan);
        match Machine::new(plan, &name, &registry, identity, limits) {
            Ok(machine) => {
                self.warnings.extend(definition.warnings);
                Some(Pipeline {
                    name,
                    machine: Arc::new(machine),
                    tasks: registry,
                    stream,
                    definition: path,
                })
            }
            Err(error) => {
                self.problems.extend(definition.unanswered(&error));
                None
            }
        }
    }

    fn definition(&mut self, at: &str, path: &Path) -> Option<Definition> {
        let problems = match Definition::load(path) {
            Ok(definition) => return Some(definition),
            Err(problems) => problems,
        };
        for problem in problems {
            match problem.diagnostic().code {
                // Where it is named is where that is mended.
                codes::UNREADABLE => {
                    let (file, why) = (problem.file(), &problem.diagnostic().message);
                    let pointer = format!("{at}/definition");
                    self.report(codes::UNREADABLE, &pointer, format!("{file}: {why}"));
                }
                _ => self.problems.push(problem),
            }
        }
        None
    }

    /// Secrets of clients come from files.
    fn read_files(&mut self, at: &str, properties: &mut Properties) {
        for (name, reason) in properties.read_files(&self.base) {
            self.report(codes::UNREADABLE, &format!("{at}/{name}"), reason);
        }
    }

    fn report(&mut self, code: &'static str, pointer: &str, message: String) {
        let position = self.places.as_ref().and_then(|places| places.find(pointer));
        let problem = self.document.error_at(code, pointer, position, message);
        self.problems.push(problem);
    }
}
