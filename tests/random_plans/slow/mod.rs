//! An interpreter of definitions over `serde_json`, written to be read and not to be fast: it takes nothing from the crate
//! it checks, compiles nothing, shares nothing, and copies every value at every step.
//!
//! It knows definite paths, the states that wait for nobody, and counts the events that error texts name.

mod choice;
mod data;
mod intrinsic;
mod jsonata;
mod path;

use serde_json::{Value, json};

use data::{Context, Scope, Variables};

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
    /// A JSONata expression failed, which is an event of its own.
    is_evaluation: bool,
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
    /// As they are when it is entered.
    variables: &'a Variables,
}

/// Output, the next state if there is one, and what was assigned.
type Done = (Value, Option<String>, Variables);

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
            is_evaluation: false,
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
        slow.scope(machine, input, None, &Variables::new())
    }

    /// Runs the states of a machine, a branch or an item processor.
    fn scope(
        &mut self,
        scope: &Value,
        input: &Value,
        item: Option<(usize, &Value)>,
        outer: &Variables,
    ) -> Result<Value, Failure> {
        let mut variables = outer.clone();
        let mut name = scope["StartAt"].as_str().unwrap().to_string();
        let mut input = input.clone();
        loop {
            let state = &scope["States"][&name];
            self.events += 1;
            let visit = Visit {
                name: &name,
                entered: self.events,
                item,
                variables: &variables,
            };
            let (output, next, assigned) = self.visit(state, visit, &input)?;
            variables.extend(assigned);
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
            let attempt = match state["QueryLanguage"] == "JSONata" {
                true => self.attempt_jsonata(state, visit, raw),
                false => self.attempt(state, visit, raw),
            };
            let failure = match attempt {
                Ok(done) => return Ok(done),
                Err(failure) => self.counted(failure),
            };
            let mut retriers = state["Retry"].as_array().unwrap_or(&empty).iter();
            let retrier = retriers.find(|retrier| failure.is_named_by(retrier));
            // The machines have one retrier at most, so one counter is enough.
            match retrier.and_then(|retrier| retrier["MaxAttempts"].as_u64()) {
                Some(most) if attempts < most => attempts += 1,
                _ => break failure,
            }
        };
        let is_container = matches!(state["Type"].as_str(), Some("Parallel" | "Map"));
        let by_query = failure.error.as_deref() == Some("States.QueryEvaluationError");
        if is_container && (failure.from_inside && !failure.is_fatal() || by_query) {
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
        let caught = self.caught(state, catcher, visit, raw, &output);
        let (output, assigned) = caught.map_err(|f| self.counted(f.in_state(visit)))?;
        Ok((output, next(&catcher["Next"]), assigned))
    }

    /// What goes on from a catcher.
    fn caught(
        &self,
        state: &Value,
        catcher: &Value,
        visit: Visit<'_>,
        raw: &Value,
        error: &Value,
    ) -> Result<(Value, Variables), Failure> {
        let context = self.context(visit, visit.item);
        if state["QueryLanguage"] != "JSONata" {
            let scope = Scope {
                input: error,
                context,
            };
            let assigned = data::assign(catcher, scope)?;
            let output = data::result_path(catcher, raw, error.clone())?;
            return Ok((output, assigned));
        }
        let scope = jsonata::Scope {
            input: raw,
            context,
            answer: Some(error),
        };
        let catchers = state["Catch"].as_array().unwrap();
        let at = catchers.iter().position(|one| one == catcher).unwrap();
        finish_jsonata(catcher, &format!("Catch[{at}]/"), error, scope)
    }

    /// Counts the event of a failed evaluation, once.
    fn counted(&mut self, mut failure: Failure) -> Failure {
        if std::mem::take(&mut failure.is_evaluation) {
            self.events += 1; // EvaluationFailed
        }
        failure
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
                let scope = Scope {
                    input: &result,
                    context,
                };
                let assigned = data::assign(state, scope).map_err(here)?;
                let output = data::finish(state, raw, result, context).map_err(here)?;
                Ok((output, on, assigned))
            }
            "Succeed" => {
                let output = data::select(state, "OutputPath", &input, context).map_err(here)?;
                Ok((output, None, Variables::new()))
            }
            "Choice" => {
                let (chosen, next_state) = choice::next(state, scope).map_err(here)?;
                let assigned = data::assign(chosen, scope).map_err(here)?;
                let output = data::select(state, "OutputPath", &input, context).map_err(here)?;
                Ok((output, Some(next_state), assigned))
            }
            "Fail" => Err(data::failure(state, raw, context).map_err(here)?),
            "Parallel" => {
                let input = data::template(state, "Parameters", scope).map_err(here)?;
                let result = self.branches(state, &input, visit)?;
                let (output, assigned) =
                    data::selected(state, raw, result, context).map_err(here)?;
                Ok((output, on, assigned))
            }
            "Map" => {
                let items = data::items(state, scope).map_err(here)?;
                let result = self.items(state, &items, visit, |context| {
                    data::template(state, "ItemSelector", Scope { context, ..scope })
                })?;
                let (output, assigned) =
                    data::selected(state, raw, result, context).map_err(here)?;
                Ok((output, on, assigned))
            }
            other => unreachable!("no machine here has a state of type {other}"),
        }
    }

    fn attempt_jsonata(
        &mut self,
        state: &Value,
        visit: Visit<'_>,
        raw: &Value,
    ) -> Result<Done, Failure> {
        let here = |failure: Failure| failure.in_state(visit);
        let scope = jsonata::Scope {
            input: raw,
            context: self.context(visit, visit.item),
            answer: None,
        };
        let result = match state["Type"].as_str().unwrap() {
            "Choice" => {
                let (holder, location, next) =
                    choice::next_by_queries(state, scope).map_err(here)?;
                let done = finish_jsonata(holder, &location, raw, scope).map_err(here)?;
                return Ok((done.0, Some(next), done.1));
            }
            "Pass" => None,
            "Parallel" => {
                let input = match state.get("Arguments") {
                    None => raw.clone(),
                    Some(arguments) => {
                        jsonata::fill(arguments, "Arguments", scope).map_err(here)?
                    }
                };
                Some(self.branches(state, &input, visit)?)
            }
            "Map" => {
                let items = match state.get("Items") {
                    Some(items) => jsonata::typed(items, "Items", "array", scope).map_err(here)?,
                    None if raw.is_array() => raw.clone(),
                    None => {
                        let reason = format!("Map state input must be an array but was: {raw}");
                        return Err(here(jsonata::failure(reason)));
                    }
                };
                let items = items.as_array().unwrap();
                Some(self.items(state, items, visit, |context| {
                    let scope = jsonata::Scope { context, ..scope };
                    jsonata::fill(&state["ItemSelector"], "ItemSelector", scope)
                })?)
            }
            other => unreachable!("no machine here has a JSONata state of type {other}"),
        };
        let scope = jsonata::Scope {
            answer: result.as_ref(),
            ..scope
        };
        let result = result.as_ref().unwrap_or(raw);
        let (output, assigned) = finish_jsonata(state, "", result, scope).map_err(here)?;
        Ok((output, next(&state["Next"]), assigned))
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
            let output = self.scope(branch, input, visit.item, visit.variables);
            outputs.push(output.map_err(passed_on)?);
        }
        self.events += 1; // ParallelStateSucceeded
        Ok(Value::Array(outputs))
    }

    fn items(
        &mut self,
        state: &Value,
        items: &[Value],
        visit: Visit<'_>,
        select: impl Fn(Context<'_>) -> Result<Value, Failure>,
    ) -> Result<Value, Failure> {
        self.events += 1; // MapStateStarted
        let mut outputs = Vec::new();
        for (index, value) in items.iter().enumerate() {
            let item = Some((index, value));
            let input = match state.get("ItemSelector") {
                None => value.clone(),
                Some(_) => select(self.context(visit, item)).map_err(|f| f.in_state(visit))?,
            };
            self.events += 1; // MapIterationStarted
            let output = self.scope(&state["ItemProcessor"], &input, item, visit.variables);
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
            variables: visit.variables,
        }
    }
}

/// `Assign` and `Output` of a JSONata state, rule or catcher.
fn finish_jsonata(
    holder: &Value,
    location: &str,
    result: &Value,
    scope: jsonata::Scope<'_>,
) -> Result<(Value, Variables), Failure> {
    let assigned = match holder.get("Assign") {
        None => Variables::new(),
        Some(assign) => {
            let filled = jsonata::fill(assign, &format!("{location}Assign"), scope)?;
            filled.as_object().unwrap().clone().into_iter().collect()
        }
    };
    let output = match holder.get("Output") {
        None => result.clone(),
        Some(output) => jsonata::fill(output, &format!("{location}Output"), scope)?,
    };
    Ok((output, assigned))
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
