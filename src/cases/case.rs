//! A case as it stands in a file: a definition and what it does.

use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::machine::{self, Machine};
use super::run::Run;
use crate::plan::Plan;

/// A definition and what it does. What runs is said by one of `definition`, `machine`, `state`, `rule`, `expression`;
/// without any it is the definition that the file is named after: `order.asl.json` for `order.test.yaml`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the case shows.
    note: String,
    /// File of the definition, seen from the test file.
    definition: Option<String>,
    /// A definition, as JSON text or as YAML.
    machine: Option<Value>,
    /// A machine of this one state, called `S`; it ends there.
    state: Option<Value>,
    /// A Choice Rule; the output is whether it holds.
    rule: Option<Value>,
    /// A path or an intrinsic function, as in a payload template; the output is its value.
    expression: Option<String>,
    /// Several executions of one definition. All keys of an execution stand in them then.
    #[serde(default)]
    runs: Vec<NamedRun>,
    #[serde(flatten)]
    run: Run,
}

/// One of several executions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NamedRun {
    /// What this execution shows.
    note: Option<String>,
    #[serde(flatten)]
    run: Run,
}

impl Case {
    /// Its executions, each with its name; or what is wrong with how the case is written.
    pub fn runs(&self) -> Result<Vec<(String, &Run)>, String> {
        let runs = match &self.runs[..] {
            [] => vec![(self.note.clone(), &self.run)],
            _ if self.run != Run::default() => {
                return Err(
                    "with `runs`, all that is about an execution stands in them".to_string()
                );
            }
            runs => {
                let named = runs.iter().enumerate().map(|(index, run)| {
                    let note = match &run.note {
                        Some(note) => format!("{}: {note}", self.note),
                        None => format!("{}, run {}", self.note, index + 1),
                    };
                    (note, &run.run)
                });
                named.collect()
            }
        };
        for (note, run) in &runs {
            run.check()
                .map_err(|problem| format!("{note}: {problem}"))?;
        }
        Ok(runs)
    }

    /// What the case shows.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The definition, compiled; or its problems in words. `file` is where the case stands.
    pub fn plan(&self, file: &Path) -> Result<Arc<Plan>, String> {
        machine::compile(self.machine(file)?)
    }

    fn machine(&self, file: &Path) -> Result<Machine, String> {
        match (
            &self.definition,
            &self.machine,
            &self.state,
            &self.rule,
            &self.expression,
        ) {
            (None, None, None, None, None) => Machine::beside(file),
            (Some(definition), None, None, None, None) => {
                Machine::load(&file.with_file_name(definition))
            }
            (None, Some(definition), None, None, None) => Ok(Machine::written(definition)),
            (None, None, Some(state), None, None) => Machine::of_state(state),
            (None, None, None, Some(rule), None) => Machine::of_rule(rule),
            (None, None, None, None, Some(expression)) => Ok(Machine::of_expression(expression)),
            _ => {
                Err("only one of definition, machine, state, rule, expression can run".to_string())
            }
        }
    }
}
