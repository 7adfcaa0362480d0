//! The state that is tried: found in its definition, which has to be valid as a whole.

use serde_json::{Map, Value, json};

use super::Refused;
use super::trial::STATE;
use super::without;
use crate::asl;
use crate::asl::WorkflowType;

/// A direct call of a function, which needs no arguments: what a Map or Parallel becomes when its result is given.
const MOCKED: &str = "arn:aws:lambda:us-east-1:111111111111:function:mock";

/// Fields of a Map or Parallel that say how its work is done.
const WORK: &[&str] = &[
    "Branches",
    "ItemBatcher",
    "ItemProcessor",
    "ItemReader",
    "ItemSelector",
    "Items",
    "ItemsPath",
    "Iterator",
    "Label",
    "MaxConcurrency",
    "MaxConcurrencyPath",
    "ResultWriter",
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
];

/// The state that is tried.
pub(super) struct Subject {
    /// As it is written.
    pub(super) state: Map<String, Value>,
    /// Whether its expressions are JSONata, of its own will or of its machine's.
    pub(super) is_jsonata: bool,
}

impl Subject {
    /// Finds a state in a machine, or takes the definition for the state itself.
    pub(super) fn find(definition: &str, name: Option<&str>) -> Result<Subject, Refused> {
        let parsed = serde_json::from_str(definition)
            .map_err(|error| Refused::definition(format!("the definition is not JSON: {error}")))?;
        let Value::Object(top) = parsed else {
            return Err(Refused::definition("the definition is not an object"));
        };
        let language = top.get("QueryLanguage").cloned();
        let state = match name {
            Some(name) => {
                check(definition)?;
                let found = find_in(&top, name).cloned();
                found.ok_or_else(|| Refused::request("State not found in definition"))?
            }
            None if top.contains_key("States") => {
                let message = "the definition is a machine: say which of its states to test";
                return Err(Refused::request(message));
            }
            None => {
                check(&alone(&top).to_string())?;
                top
            }
        };
        let language = state.get("QueryLanguage").cloned().or(language);
        Ok(Subject {
            is_jsonata: language.is_some_and(|language| language == "JSONata"),
            state,
        })
    }

    /// `Type`
    pub(super) fn kind(&self) -> &str {
        self.text("Type")
    }

    /// A field that is a string; empty where it is none.
    pub(super) fn text(&self, field: &str) -> &str {
        self.state
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Whether its work is that of children.
    pub(super) fn is_container(&self) -> bool {
        matches!(self.kind(), "Map" | "Parallel")
    }

    /// The state as it is run: a Map or Parallel, whose result is given, waits for it like a Task.
    pub(super) fn tried(&self) -> Map<String, Value> {
        let mut tried = self.state.clone();
        if self.is_container() {
            tried = without(&tried, WORK);
            if self.kind() == "Map" {
                // The older name of ItemSelector.
                tried.remove("Parameters");
            }
            tried.insert("Type".into(), json!("Task"));
            tried.insert("Resource".into(), json!(MOCKED));
        } else if self.kind() == "Task" {
            let resource = self.text("Resource");
            let plain = match resource.split_once(":activity:") {
                Some(_) => MOCKED,
                None => resource
                    .trim_end_matches(".waitForTaskToken")
                    .trim_end_matches(".sync:2")
                    .trim_end_matches(".sync"),
            };
            tried.insert("Resource".into(), json!(plain));
        }
        if self.is_jsonata {
            tried.insert("QueryLanguage".into(), json!("JSONata"));
        }
        tried
    }
}

/// Refuses a machine as AWS does. Standard ones have states that Express ones have not, and can be tested, too.
fn check(definition: &str) -> Result<(), Refused> {
    match asl::refusal(&asl::check(definition, WorkflowType::Standard)) {
        None => Ok(()),
        Some(message) => Err(Refused::definition(message)),
    }
}

/// A state by its name, in its machine or inside one of its states.
fn find_in<'a>(scope: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    let states = scope.get("States")?.as_object()?;
    if let Some(state) = states.get(name) {
        return state.as_object();
    }
    states.values().find_map(|state| {
        let branches = state["Branches"].as_array().into_iter().flatten();
        let inner = branches.chain([&state["ItemProcessor"], &state["Iterator"]]);
        inner
            .filter_map(Value::as_object)
            .find_map(|scope| find_in(scope, name))
    })
}

/// A machine of this state and whatever it leads to.
fn alone(state: &Map<String, Value>) -> Value {
    let mut states = Map::new();
    states.insert(STATE.into(), Value::Object(state.clone()));
    for link in links(&mut state.clone()) {
        if let Some(name) = link.target.as_str() {
            states
                .entry(name)
                .or_insert_with(|| json!({"Type": "Succeed"}));
        }
    }
    json!({"StartAt": STATE, "States": states})
}

/// A place that names a state to go on with.
pub(super) struct Link<'a> {
    pub(super) target: &'a mut Value,
    /// The catcher that it belongs to.
    pub(super) catcher: Option<usize>,
}

/// `Next`, `Default`, and the `Next` of Choice rules and catchers.
pub(super) fn links(state: &mut Map<String, Value>) -> Vec<Link<'_>> {
    let mut found = Vec::new();
    for (name, value) in state {
        let is_catch = name == "Catch";
        match name.as_str() {
            "Next" | "Default" => found.push(Link {
                target: value,
                catcher: None,
            }),
            "Choices" | "Catch" => {
                let entries = value.as_array_mut().into_iter().flatten().enumerate();
                found.extend(entries.filter_map(|(index, entry)| {
                    Some(Link {
                        target: entry.get_mut("Next")?,
                        catcher: is_catch.then_some(index),
                    })
                }));
            }
            _ => {}
        }
    }
    found
}
