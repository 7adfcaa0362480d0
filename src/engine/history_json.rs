//! The history as JSON, in the words of AWS's GetExecutionHistory.
//!
//! An event is one object: `id`, `previousEventId`, `type`, and beside them what AWS puts into an object of details of its
//! own: `name`, `input`, `output`, `assignedVariables`, `error`, `cause`, `resource`, `parameters`, … Payloads and variables are
//! values and not texts of JSON. Times are left out, and details that AWS leaves empty.

use serde_json::{Map, Value, json};

use super::Execution;
use super::history::{EventKind as Kind, HistoryEvent};
use crate::plan::{Plan, Resource, StateKind};

impl Execution {
    /// The events so far, when [`Execution::keep_history`] was set before the start, of an execution in `region`.
    pub fn history_json(&self, region: &str) -> impl Iterator<Item = Value> {
        let events = self.history().iter();
        events.map(move |event| self.event_json(event, region))
    }

    fn event_json(&self, event: &HistoryEvent, region: &str) -> Value {
        let mut object = json!({
            "id": event.id,
            "previousEventId": event.previous_id,
            "type": event.kind.name(),
        });
        if let Value::Object(members) = &mut object {
            self.details(event, region, members);
        }
        object
    }

    fn details(&self, event: &HistoryEvent, region: &str, to: &mut Map<String, Value>) {
        let mut put = |name: &str, value: Value| {
            to.insert(name.to_string(), value);
        };
        let kind = event.kind;
        if let Some((name, place)) = self.place(event) {
            put(place, json!(name));
        }
        let called = called(self.plan(), event);
        if let Some(resource) = called {
            for (name, text) in resource_members(resource) {
                put(name, json!(text));
            }
        }
        if kind == Kind::TaskScheduled {
            put("region", json!(region));
        }
        if let Some(value) = event.value {
            put(value_name(kind), self.json(value));
        }
        if let Some(index) = event.index {
            let name = match kind {
                Kind::MapStateStarted => "length",
                _ => "index",
            };
            put(name, json!(index));
        }
        if let (Kind::StateExited(_), Some(state)) = (kind, event.state)
            && !event.assigned.is_empty()
        {
            let scope = self.plan().scope(self.plan().state(state).scope);
            let variables = event.assigned.iter().map(|(slot, value)| {
                let name = &scope.variable_names[*slot as usize];
                (name.clone(), self.json(*value))
            });
            put("assignedVariables", Value::Object(variables.collect()));
        }
        for (name, seconds) in [
            ("timeoutInSeconds", event.limits.0),
            ("heartbeatInSeconds", event.limits.1),
        ] {
            if let Some(seconds) = seconds {
                put(name, json!(seconds));
            }
        }
        // AWS tells them of what failed first and of the execution, not of what they went through.
        if !matches!(
            kind,
            Kind::MapIterationFailed | Kind::MapStateFailed | Kind::ParallelStateFailed
        ) {
            for (name, text) in [("error", &event.error), ("cause", &event.cause)] {
                if let Some(text) = text {
                    put(name, json!(text));
                }
            }
        }
        if let Some(location) = event.location.as_deref().filter(|place| !place.is_empty()) {
            put("location", json!(location));
        }
    }

    /// The name of the event's state, and of the member that has it, where AWS gives it.
    fn place(&self, event: &HistoryEvent) -> Option<(&str, &'static str)> {
        let name = self.plan().state(event.state?).name.as_str();
        match event.kind {
            Kind::StateEntered(_)
            | Kind::StateExited(_)
            | Kind::MapIterationStarted
            | Kind::MapIterationSucceeded
            | Kind::MapIterationFailed
            | Kind::MapIterationAborted => Some((name, "name")),
            Kind::EvaluationFailed => Some((name, "state")),
            _ => None,
        }
    }

    fn json(&self, value: crate::value::Value) -> Value {
        let text = self.arena().to_json(value);
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }
}

fn value_name(kind: Kind) -> &'static str {
    match kind {
        Kind::StateEntered(_) | Kind::ExecutionStarted | Kind::LambdaFunctionScheduled => "input",
        Kind::TaskScheduled => "parameters",
        _ => "output",
    }
}

/// The resource of an event that tells it.
fn called<'a>(plan: &'a Plan, event: &HistoryEvent) -> Option<&'a Resource> {
    let is_of_call = matches!(
        event.kind,
        Kind::TaskScheduled
            | Kind::TaskStarted
            | Kind::TaskSucceeded
            | Kind::TaskFailed
            | Kind::TaskTimedOut
            | Kind::LambdaFunctionScheduled
    );
    match &plan.state(event.state?).kind {
        StateKind::Task(task) if is_of_call => Some(plan.resource(task.resource)),
        _ => None,
    }
}

/// `arn:aws:states:::sqs:sendMessage` is the resource `sendMessage` of the type `sqs`; what is no integration is told whole.
fn resource_members(resource: &Resource) -> Vec<(&'static str, &str)> {
    let integration = resource.text.split_once(":states:::");
    let parts = integration.and_then(|(_, name)| name.rsplit_once(':'));
    match parts {
        Some((service, action)) => vec![("resource", action), ("resourceType", service)],
        None => vec![("resource", &resource.text)],
    }
}
