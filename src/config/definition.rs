//! From the file of a definition to its plan.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::codes;
use super::load::Config;
use super::problem::{Document, Problem};
use crate::asl;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Lines;
use crate::diagnostic::Severity;
use crate::plan;
use crate::plan::Plan;
use crate::runtime::{Unanswered, UnansweredError};

/// A definition that can run.
pub struct Definition {
    /// Compiled.
    pub plan: Arc<Plan>,
    /// What its author may want to know.
    pub warnings: Vec<Problem>,
    document: Document,
    /// Where each Task names its resource, by the state's name: those are unique in a machine.
    resources: HashMap<String, asl::Place>,
}

impl Definition {
    /// Reads, checks and compiles a definition; everything that is wrong with it at once.
    pub fn load(path: &Path) -> Result<Definition, Vec<Problem>> {
        let document = Document::read(path).map_err(|problem| vec![problem])?;
        if Config::is_config(path) {
            let message = "this is a config; a definition is JSON with StartAt and States";
            return Err(vec![document.error(codes::MIXED_UP, "", message.into())]);
        }
        let problems = |diagnostics: Vec<_>| {
            let problems = diagnostics.into_iter();
            problems.map(|found| document.problem(found)).collect()
        };
        let (machine, warnings) = asl::parse(&document.text).map_err(problems)?;
        let plan = plan::compile(&machine).map_err(problems)?;
        let mut resources = HashMap::new();
        collect_resources(&machine.scope, &mut resources);
        Ok(Definition {
            warnings: problems([warnings, plan.warnings().to_vec()].concat()),
            plan: Arc::new(plan),
            document,
            resources,
        })
    }

    /// Task states without an answer, each at its `Resource`.
    pub fn unanswered(&self, error: &UnansweredError) -> Vec<Problem> {
        let lines = Lines::new(&self.document.text);
        let problem = |unanswered: &Unanswered| {
            let place = self.resources.get(&unanswered.state);
            let function = unanswered.function_name.as_ref();
            let function = function.map_or(String::new(), |name| format!(" with function {name}"));
            self.document.problem(Diagnostic {
                severity: Severity::Error,
                code: codes::UNANSWERED,
                pointer: place.map_or(String::new(), |place| place.pointer.clone()),
                position: place.map(|place| lines.position(place.span.start)),
                message: format!("nothing answers {}{function}", unanswered.resource),
                help: Some(cure(unanswered, &error.patterns)),
                refusal: None,
            })
        };
        error.states.iter().map(problem).collect()
    }
}

fn cure(unanswered: &Unanswered, patterns: &[String]) -> String {
    match (&unanswered.matched[..], patterns) {
        ([], []) => {
            "nothing is bound: answers come from `tasks` in a config, or from --script".into()
        }
        ([], patterns) => format!("no pattern matches it: {}", patterns.join(", ")),
        (matched, _) => format!(
            "the binding {} matches, but has no answer for it",
            matched.join(", ")
        ),
    }
}

/// As deep as scopes nest, which the parser bounds.
fn collect_resources(scope: &asl::Scope, resources: &mut HashMap<String, asl::Place>) {
    for state in &scope.states {
        match &state.kind {
            asl::StateKind::Task(task) => {
                resources.insert(state.name.clone(), task.resource.place.clone());
            }
            asl::StateKind::Parallel(parallel) => {
                for branch in &parallel.branches {
                    collect_resources(branch, resources);
                }
            }
            asl::StateKind::Map(map) => collect_resources(&map.item_processor, resources),
            _ => {}
        }
    }
}
