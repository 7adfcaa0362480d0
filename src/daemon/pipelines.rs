//! The pipelines of the process: started together, ended together.

use std::sync::Arc;

use anyhow::Context;
use tracing::{error, info, warn};

use super::Exit;
use super::standing::PipelineStanding;
use crate::config;
use crate::pipeline::Pipeline;
use crate::pipeline::Shared;
use crate::runtime::Machine;
use crate::source::SourceEnd;
use crate::telemetry::Exporter;
use crate::telemetry::PipelineMetrics;

/// All pipelines, those that have ended included.
pub(super) struct Pipelines {
    running: Vec<Running>,
    exit: Exit,
    stopping: bool,
}

struct Running {
    name: String,
    metrics: Arc<PipelineMetrics>,
    /// Content hash.
    definition: Arc<str>,
    /// None once it has ended.
    pipeline: Option<Pipeline>,
}

impl Pipelines {
    /// Starts one after the other; when one does not start, those before it are stopped again.
    pub(super) fn start(
        configs: &[config::Pipeline],
        shared: impl Fn(&config::Pipeline) -> Shared,
        exporter: &Exporter,
    ) -> anyhow::Result<Pipelines> {
        let mut pipelines = Pipelines {
            running: Vec::new(),
            exit: Exit::Done,
            stopping: false,
        };
        for config in configs {
            let name = config.name.clone();
            let metrics = Arc::new(PipelineMetrics::new(
                &name,
                Arc::clone(config.machine.metrics()),
            ));
            metrics.definition(config.machine.plan().hash());
            exporter.add(Arc::clone(&metrics));
            let machine = Arc::clone(&config.machine);
            let shared = shared(config);
            let opened = config.tasks.open(&shared.cluster);
            let started = opened.context("tasks").and_then(|()| {
                let metrics = Arc::clone(&metrics);
                Ok(Pipeline::start(&config.stream, machine, metrics, &shared)?)
            });
            let started = started.with_context(|| format!("pipeline {name}"));
            if started.is_err() {
                pipelines.stop();
                pipelines.join();
            }
            let pipeline = Some(started?);
            let definition: Arc<str> = config.machine.plan().hash().into();
            info!(pipeline = name, %definition, "started");
            pipelines.running.push(Running {
                name,
                metrics,
                definition,
                pipeline,
            });
        }
        Ok(pipelines)
    }

    /// The numbers of a pipeline.
    pub(super) fn metrics(&self, name: &str) -> Option<&Arc<PipelineMetrics>> {
        let mut running = self.running.iter();
        let found = running.find(|running| running.name == name)?;
        Some(&found.metrics)
    }

    /// Whether a pipeline's source is at its end with nothing under way.
    pub(super) fn is_idle(&self, name: &str) -> bool {
        let mut running = self.running.iter();
        running
            .find(|running| running.name == name)
            .and_then(|running| running.pipeline.as_ref())
            .is_none_or(Pipeline::is_idle)
    }

    /// Gives a pipeline another machine.
    pub(super) fn replace_machine(&mut self, name: &str, before: &Machine, machine: &Arc<Machine>) {
        let mut all = self.running.iter_mut();
        let Some(running) = all.find(|running| running.name == name) else {
            return;
        };
        if let Some(pipeline) = &running.pipeline {
            pipeline.replace_machine(Arc::clone(machine));
        }
        running.definition = machine.plan().hash().into();
        running.metrics.definition_gone(before.plan().hash());
        running.metrics.definition(machine.plan().hash());
        running.metrics.reload(true);
    }

    /// A pipeline's definition could not be read again.
    pub(super) fn not_reloaded(&self, name: &str) {
        if let Some(metrics) = self.metrics(name) {
            metrics.reload(false);
        }
    }

    /// Asks all to take in nothing more and to end.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
        self.each(Pipeline::stop);
    }

    /// Ends the wait for what is under way.
    pub(super) fn hurry(&self) {
        self.each(Pipeline::hurry);
    }

    fn each(&self, act: impl Fn(&Pipeline)) {
        let pipelines = self.running.iter().flat_map(|running| &running.pipeline);
        pipelines.for_each(act);
    }

    /// Why something is not taken in.
    pub(super) fn not_ready(&self) -> Option<String> {
        if self.stopping {
            return Some("stopping".to_string());
        }
        self.running.iter().find_map(|running| {
            let pipeline = running.pipeline.as_ref()?;
            let why = pipeline
                .halted()
                .or_else(|| Some(format!("waits for {}", pipeline.waiting()?)))
                .or_else(|| (!pipeline.is_ready()).then(|| "has not begun to read".to_string()));
            why.map(|why| format!("{}: {why}", running.name))
        })
    }

    /// How each pipeline is; brings its gauges up to date.
    pub(super) fn standing(&self) -> Vec<PipelineStanding> {
        let running = self.running.iter();
        running.map(|running| self.standing_of(running)).collect()
    }

    fn standing_of(&self, running: &Running) -> PipelineStanding {
        let pipeline = running.pipeline.as_ref();
        let halted = pipeline.and_then(Pipeline::halted);
        let is_halted = halted.is_some();
        let reason = halted.or_else(|| pipeline.and_then(Pipeline::waiting));
        let state = match &running.pipeline {
            None => "ended",
            Some(_) if self.stopping => "stopping",
            Some(_) if is_halted => "halted",
            Some(pipeline) if pipeline.is_ready() => "running",
            Some(_) => "starting",
        };
        // A pipeline of which a part stands still goes on with the rest.
        let ready = matches!(state, "running" | "halted");
        running.metrics.standing(ready, is_halted);
        PipelineStanding {
            state,
            reason,
            definition: Arc::clone(&running.definition),
            metrics: Arc::clone(&running.metrics),
        }
    }

    /// Notices what has ended. One that fails takes the others with it: a process that works by halves is noticed late.
    /// Says whether all have ended.
    pub(super) fn look(&mut self) -> bool {
        for index in 0..self.running.len() {
            let running = &mut self.running[index];
            if let Some(ended) = running.pipeline.take_if(|pipeline| pipeline.is_finished()) {
                let exit = ended_with(&running.name, ended.join());
                self.exit = worse(self.exit, exit);
                if exit == Exit::Fatal {
                    self.stop();
                }
            }
        }
        self.running
            .iter()
            .all(|running| running.pipeline.is_none())
    }

    /// Waits until all have ended.
    fn join(&mut self) {
        for running in &mut self.running {
            if let Some(pipeline) = running.pipeline.take() {
                let exit = ended_with(&running.name, pipeline.join());
                self.exit = worse(self.exit, exit);
            }
        }
    }

    /// How the process is to end on account of its pipelines.
    pub(super) fn exit(&self) -> Exit {
        self.exit
    }
}

fn ended_with(pipeline: &str, end: SourceEnd) -> Exit {
    match end {
        SourceEnd::Drained => {
            info!(pipeline, "ended, everything committed");
            Exit::Done
        }
        SourceEnd::Cut(left) => {
            warn!(
                pipeline,
                left, "deadline hit; records are left for the next start"
            );
            Exit::Deadline
        }
        SourceEnd::Failed(reason) => {
            let error = anyhow::Error::from(reason);
            error!(pipeline, error = format!("{error:#}"), "failed");
            Exit::Fatal
        }
    }
}

fn worse(a: Exit, b: Exit) -> Exit {
    if b.code() > a.code() { b } else { a }
}
