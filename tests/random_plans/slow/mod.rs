//! An interpreter of definitions over `serde_json`, written to be read and not to be fast: it takes nothing from the crate
//! it checks, compiles nothing, shares nothing, and copies every value at every step.
//!
//! It knows definite paths, the states that wait for nobody, and counts the events that error texts name.

mod choice;
mod data;
mod intrinsic;
mod path;

use serde_json::{Value, json};

use data::{Context, Scope};

/// An execution under way.
pub(crate) struct Slow<'a> {
    input: &'a Value,
    name: &'a str,
    /// The id of the last event.
    events: u64,
}

/// Why a state failed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) error: Option<String>,
    pub(crate) cause: Cause,
    /// A branch or iteration let it through.
    from_inside: bool,
}

/// What is known of a cause.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cause {
    None,
    Exact(String),
    /// The rest is Jayway's wording.
    Begins(String),
}

/// A visit of a state.
#[derive(Clone, Copy)]
struct Visit<'a> {
    name: &'a str,
    entered: u64,
    /// Index and value of the iteration around it.
    item: Option<(usize, &'a Value)>,
}

/// Output, and the next state if there is one.
type Done = (Value, Option<String>);

impl Cause {
    pub(crate) fn fits(&self, got: Option<&str>) -> bool {
        match self {
            Cause::None => got.is_none(),
            Cause::Exact(text) => got == Some(text),
            Cause::Begins(text) => got.is_some_and(|got| got.starts_with(text)),
        }
    }
}

impl Failure {
    fn new(error: &str, cause: Cause) -> Failure {
        Failure {
            error: Some(error.to_string()),
            cause,
            from_inside: false,
        }
    }

    fn runtime(reason: String) -> Failure {
        Failure::new("States.Runtime", Cause::Exact(reason))
    }

    /// Names the state, as AWS does, in a cause that does not yet.
    fn in_state(mut self, visit: Visit<'_>) -> Failure {
        let (name, event) = (visit.name, visit.entered);
        let prefix = format!(
            "An error occurred while executing the state '{name}' (entered at the event id #{event}). "
        );
        match &mut self.cause {
            Cause::None => {}
            Cause::Exact(text) | Cause::Begins(text) => text.insert_str(0, &prefix),
        }
        self
    }

    fn is_fatal(&self) -> bool {
        self.error.as_deref() == Some("States.Runtime")
    }

    /// `ErrorEquals`
    fn is_named_by(&self, entry: &Value) -> bool {
        let names = entry["ErrorEquals"].as_array().unwrap();
        !self.is_fatal()
            && names
                .iter()
                .any(|name| name == "States.ALL" || name.as_str() == self.error.as_deref())
    }
}

impl<'a> Slow<'a> {
    /// The output of a machine, or how it fails.
    pub(crate) fn run(machine: &Value, input: &'a Value, name: &'a str) -> Result<Value, Failure> {
        // The first event says that the execution has started.
        let mut slow = Slow {
            input,
            name,
            events: 1,
        };
        slow.scope(machine, input, None)
    }

    /// Runs the states of a machine, a branch or an item processor.
    fn scope(
        &mut self,
        scope: &Value,
        input: &Value,
        item: Option<(usize, &Value)>,
    ) -> Result<Value, Failure> {
        let mut name = scope["StartAt"].as_str().unwrap().to_string();
        let mut input = input.clone();
        loop {
            let state = &scope["States"][&name];
            self.events += 1;
            let visit = Visit {
                name: &name,
                entered: self.events,
                item,
            };
            let (output, next) = self.visit(state, visit, &input)?;
            self.events += 1;
            match next {
                Some(next) => name = next,
                None => return Ok(output),
            }
            input = output;
        }
    }

    /// A state with its retries and catchers.
    fn visit(&mut self, state: &Value, visit: Visit<'_>, raw: &Value) -> Result<Done, Failure> {
        let empty = Vec::new();
        let mut attempts = 0;
        let failure = loop {
            let failure = match self.attempt(state, visit, raw) {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            let mut retriers = state["Retry"].as_array().unwrap_or(&empty).iter();
            let retrier = retriers.find(|retrier| failure.is_named_by(retrier));
            // The machines have one retrier at most, so one counter is enough.
            match retrier.and_then(|retrier| retrier["MaxAttempts"].as_u64()) {
                Some(most) if attempts < most => attempts += 1,
                _ => break failure,
            }
        };
        if failure.from_inside && !failure.is_fatal() {
            self.events += 1; // ParallelStateFailed, MapStateFailed
        }
        let mut catchers = state["Catch"].as_array().unwrap_or(&empty).iter();
        let Some(catcher) = catchers.find(|catcher| failure.is_named_by(catcher)) else {
            return Err(failure);
        };
        let cause = match &failure.cause {
            Cause::None => Value::Null,
            Cause::Exact(text) | Cause::Begins(text) => json!(text),
        };
        let output = json!({"Error": failure.error, "Cause": cause});
        let output = data::result_path(catcher, raw, output).map_err(|f| f.in_state(visit))?;
        Ok((output, next(&catcher["Next"])))
    }

    fn attempt(&mut self, state: &Value, visit: Visit<'_>, raw: &Value) -> Result<Done, Failure> {
        let context = self.context(visit, visit.item);
        let here = |failure: Failure| failure.in_state(visit);
        let input = data::select(state, "InputPath", raw, context).map_err(here)?;
        let scope = Scope {
            input: &input,
            context,
        };
        let on = next(&state["Next"]);
        match state["Type"].as_str().unwrap() {
            "Pass" => {
                let result = match state.get("Result") {
                    Some(result) => result.clone(),
                    None => data::template(state, "Parameters", scope).map_err(here)?,
                };
                let output = data::finish(state, raw, result, context).map_err(here)?;
                Ok((output, on))
            }
            "Succeed" => {
                let output = data::select(state, "OutputPath", &input, context).map_err(here)?;
                Ok((output, None))
            }
            "Choice" => {
                let next_state = choice::next(state, scope).map_err(here)?;
                let output = data::select(state, "OutputPath", &input, context).map_err(here)?;
                Ok((output, Some(next_state)))
            }
            "Fail" => Err(data::failure(state, raw, context).map_err(here)?),
            "Parallel" => {
                let input = data::template(state, "Parameters", scope).map_err(here)?;
                let result = self.branches(state, &input, visit)?;
                let output = data::selected(state, raw, result, context).map_err(here)?;
                Ok((output, on))
            }
            "Map" => {
                let result = self.items(state, visit, scope)?;
                let output = data::selected(state, raw, result, context).map_err(here)?;
                Ok((output, on))
            }
            other => unreachable!("no machine here has a state of type {other}"),
        }
    }

    fn branches(
        &mut self,
        state: &Value,
        input: &Value,
        visit: Visit<'_>,
    ) -> Result<Value, Failure> {
        self.events += 1; // ParallelStateStarted
        let mut outputs = Vec::new();
        for branch in state["Branches"].as_array().unwrap() {
            let output = self.scope(branch, input, visit.item);
            outputs.push(output.map_err(passed_on)?);
        }
        self.events += 1; // ParallelStateSucceeded
        Ok(Value::Array(outputs))
    }

    fn items(
        &mut self,
        state: &Value,
        visit: Visit<'_>,
        scope: Scope<'_>,
    ) -> Result<Value, Failure> {
        let items = data::items(state, scope).map_err(|f| f.in_state(visit))?;
        self.events += 1; // MapStateStarted
        let mut outputs = Vec::new();
        for (index, value) in items.iter().enumerate() {
            let item = Some((index, value));
            let input = match state.get("ItemSelector") {
                None => value.clone(),
                Some(_) => {
                    let context = self.context(visit, item);
                    let scope = Scope { context, ..scope };
                    data::template(state, "ItemSelector", scope).map_err(|f| f.in_state(visit))?
                }
            };
            self.events += 1; // MapIterationStarted
            let output = self.scope(&state["ItemProcessor"], &input, item);
            self.events += 1; // MapIterationSucceeded, MapIterationFailed
            outputs.push(output.map_err(passed_on)?);
        }
        self.events += 1; // MapStateSucceeded
        Ok(Value::Array(outputs))
    }

    fn context<'c>(&self, visit: Visit<'c>, item: Option<(usize, &'c Value)>) -> Context<'c>
    where
        'a: 'c,
    {
        Context {
            execution_input: self.input,
            execution_name: self.name,
            state_name: visit.name,
            item,
        }
    }
}

fn next(next: &Value) -> Option<String> {
    next.as_str().map(str::to_string)
}

/// The failure of a branch or iteration, as its container has it.
fn passed_on(failure: Failure) -> Failure {
    Failure {
        from_inside: true,
        ..failure
    }
}
