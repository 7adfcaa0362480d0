//! What runs: a definition from a file, or one made for a state, a rule or an expression.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::asl;
use crate::diagnostic::Diagnostic;
use crate::plan;
use crate::plan::Plan;

/// A definition as JSON text, and what problems call it.
pub(super) struct Machine {
    name: String,
    text: String,
}

impl Machine {
    /// The definition that a test file is named after: `order.asl.json`, else `order.json`, for `order.test.yaml`.
    pub(super) fn beside(file: &Path) -> Result<Machine, String> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let stem = name.split('.').next().unwrap_or_default();
        let candidates = [format!("{stem}.asl.json"), format!("{stem}.json")];
        let files = candidates.map(|name| file.with_file_name(name));
        match files.iter().find(|file| file.is_file()) {
            Some(found) => Machine::load(found),
            None => Err(format!(
                "there is neither a `definition` nor the file {}",
                files[0].display()
            )),
        }
    }

    /// The definition in a file.
    pub(super) fn load(path: &Path) -> Result<Machine, String> {
        let name = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
        Ok(Machine { name, text })
    }

    /// A definition written in the case, as JSON text or as YAML.
    pub(super) fn written(definition: &Value) -> Machine {
        Machine::new(match definition {
            Value::String(text) => text.clone(),
            yaml => yaml.to_string(),
        })
    }

    /// The machine of a single state `S`. It ends there unless its type says so already.
    pub(super) fn of_state(state: &Value) -> Result<Machine, String> {
        let mut state = object(state, "a state")?;
        let ends = matches!(
            state.get("Type").and_then(Value::as_str),
            Some("Succeed" | "Fail")
        );
        if !ends {
            state.insert("End".to_string(), json!(true));
        }
        let machine = json!({"StartAt": "S", "States": {"S": state}});
        Ok(Machine::new(machine.to_string()))
    }

    /// The machine that answers whether a Choice Rule holds.
    pub(super) fn of_rule(rule: &Value) -> Result<Machine, String> {
        let mut rule = object(rule, "a rule")?;
        rule.insert("Next".to_string(), json!("Yes"));
        let answer = |answer: bool| json!({"Type": "Pass", "Result": answer, "End": true});
        let machine = json!({
            "StartAt": "S",
            "States": {
                "S": {"Type": "Choice", "Choices": [rule], "Default": "No"},
                "Yes": answer(true),
                "No": answer(false),
            },
        });
        Ok(Machine::new(machine.to_string()))
    }

    /// The machine whose output is the value of an expression.
    pub(super) fn of_expression(expression: &str) -> Machine {
        let state = json!({
            "Type": "Pass",
            "Parameters": {"value.$": expression},
            "OutputPath": "$.value",
            "End": true,
        });
        Machine::new(json!({"StartAt": "S", "States": {"S": state}}).to_string())
    }

    fn new(text: String) -> Machine {
        let name = "machine".to_string();
        Machine { name, text }
    }
}

/// Compiles a definition; all its problems at once.
pub(super) fn compile(machine: Machine) -> Result<Arc<Plan>, String> {
    let render = |problems: Vec<Diagnostic>| -> String {
        let lines = problems
            .iter()
            .map(|problem| problem.render(&machine.name, &machine.text));
        lines.collect::<Vec<_>>().join("\n")
    };
    let (definition, _warnings) = asl::parse(&machine.text).map_err(render)?;
    plan::compile(&definition).map(Arc::new).map_err(render)
}

/// An object, as JSON text or as YAML.
fn object(value: &Value, what: &str) -> Result<Map<String, Value>, String> {
    let parsed = match value {
        Value::String(text) => serde_json::from_str(text).map_err(|e| format!("{what}: {e}"))?,
        yaml => yaml.clone(),
    };
    match parsed {
        Value::Object(members) => Ok(members),
        _ => Err(format!("{what} is an object")),
    }
}
