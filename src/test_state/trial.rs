//! Runs a state in a machine made for it, with its answers at hand and a clock that jumps.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::context;
use super::subject::{Subject, links};
use super::{Refused, Request};
use crate::asl;
use crate::engine::{
    Effect, EventKind, Execution, InPlace, Limits, Now, Outcome, Progress, Start, TaskReply,
};
use crate::expr::ExecutionInfo;
use crate::plan;
use crate::plan::Plan;

/// What AWS calls every state that is tested.
pub(super) const STATE: &str = "StateName";

/// Brings the input and the variables, so that `$$.Execution.Input` can be another value.
const SEED: &str = "seed";

/// Where a state leads that ends its scope.
const END: &str = "end";

/// Advances of one trial: a Wait until a timestamp looks at the clock every 30 s, and some wait for years.
const MAX_ROUNDS: usize = 10_000_000;

/// A state's surroundings, the same for all its variants.
pub(super) struct Trial<'a> {
    request: &'a Request<'a>,
    info: ExecutionInfo,
    execution_input: Value,
    /// The answer of every call.
    pub(super) reply: Option<TaskReply>,
    seed: Value,
}

/// What became of a state.
pub(super) struct Ran {
    pub(super) end: End,
    /// Whether a catcher took its error.
    pub(super) caught: bool,
    /// Where it leads.
    pub(super) next: Option<Target>,
    /// What it called its task with.
    pub(super) arguments: Option<Value>,
}

/// How a state ends.
#[derive(Clone)]
pub(super) enum End {
    Succeeded(Value),
    Failed {
        error: Option<String>,
        cause: Option<String>,
    },
    /// It tries again after so many milliseconds.
    Retrying(u64),
}

/// A state to go on with.
pub(super) struct Target {
    pub(super) name: String,
    /// The catcher that leads there.
    pub(super) catcher: Option<usize>,
}

impl<'a> Trial<'a> {
    pub(super) fn new(
        subject: &Subject,
        request: &'a Request<'a>,
        reply: Option<TaskReply>,
    ) -> Result<Trial<'a>, Refused> {
        let (info, execution_input) = context::of(subject, request)?;
        let mut seed = json!({"Type": "Pass", "Result": request.input, "Next": STATE});
        if !request.variables.is_empty() {
            let variables = request.variables.iter();
            seed["Assign"] = variables
                .map(|(name, value)| (format!("{name}.$"), json!(literal(value))))
                .collect::<Map<_, _>>()
                .into();
        }
        Ok(Trial {
            request,
            info,
            execution_input,
            reply,
            seed,
        })
    }

    /// What a variant of the state gives, if it gives anything.
    pub(super) fn value(&self, state: Value) -> Option<Value> {
        let Value::Object(state) = state else {
            return None;
        };
        match self.run(&state).ok()?.end {
            End::Succeeded(output) => Some(output),
            _ => None,
        }
    }

    /// Runs the state, or a variant of it.
    pub(super) fn run(&self, state: &Map<String, Value>) -> Result<Ran, Refused> {
        self.run_until(state, &json!({"Type": "Succeed"}))
    }

    /// The same, with `stub` for every state that it leads to.
    pub(super) fn run_until(
        &self,
        state: &Map<String, Value>,
        stub: &Value,
    ) -> Result<Ran, Refused> {
        let mut state = state.clone();
        let mut led_to = Vec::new();
        for (index, link) in links(&mut state).into_iter().enumerate() {
            led_to.push(Target {
                name: link.target.as_str().unwrap_or_default().to_string(),
                catcher: link.catcher,
            });
            *link.target = json!(format!("next-{index}"));
        }
        let mut stubs: Vec<String> = (0..led_to.len())
            .map(|index| format!("next-{index}"))
            .collect();
        if state.remove("End").is_some() {
            state.insert("Next".into(), json!(END));
            stubs.push(END.to_string());
        }
        let mut states = Map::new();
        states.insert(SEED.into(), self.seed.clone());
        states.insert(STATE.into(), Value::Object(state));
        states.extend(stubs.into_iter().map(|name| (name, stub.clone())));
        let plan = compile(&json!({"StartAt": SEED, "States": states}).to_string())?;

        let (execution, end, arguments) = self.drive(&plan)?;
        let entered = execution.history().iter().rev().find_map(|event| {
            matches!(event.kind, EventKind::StateEntered(_)).then_some(event.state)?
        });
        let index = entered.and_then(|state| {
            let index = plan.state(state).name.strip_prefix("next-")?;
            index.parse::<usize>().ok()
        });
        let next = index.and_then(|index| led_to.into_iter().nth(index));
        Ok(Ran {
            end,
            caught: execution.counts().catches > 0,
            next,
            arguments,
        })
    }

    fn drive(&self, plan: &Arc<Plan>) -> Result<(Execution, End, Option<Value>), Refused> {
        let mut now = Now {
            wall: self.request.now,
            monotonic: 0,
        };
        let start = Start {
            info: &self.info,
            seed: 1,
            limits: Limits {
                // The clock jumps: a long Wait costs nothing.
                execution_time: u64::MAX,
                ..Limits::default()
            },
        };
        let mut execution = Execution::new();
        execution.keep_history(true);
        let input = self.execution_input.to_string();
        execution
            .start(plan, input.as_bytes(), start, now)
            .map_err(|error| Refused::request(format!("the input cannot be read: {error}")))?;
        let mut arguments = None;
        for _ in 0..MAX_ROUNDS {
            let progress = execution.advance(now, &InPlace);
            let effects: Vec<Effect> = execution.take_effects().collect();
            let call = effects.iter().find_map(|effect| match effect {
                Effect::Call(call) => Some(call),
                Effect::Cancel(_) => None,
            });
            if let Some(call) = call {
                arguments = Some(json_of(&execution, call.input)?);
            }
            if execution.counts().retries > self.request.retries {
                let due = execution.next_deadline().filter(|_| call.is_none());
                let delay = due.map_or(0, |due| due.saturating_sub(now.monotonic));
                return Ok((execution, End::Retrying(delay), arguments));
            }
            if progress == Progress::Done {
                let end = end(&execution)?;
                return Ok((execution, end, arguments));
            }
            match (call, &self.reply) {
                (Some(call), Some(reply)) => execution.reply(call.id, reply.clone()),
                _ => {
                    let Some(due) = execution.next_deadline().filter(|due| *due != u64::MAX) else {
                        break;
                    };
                    let jump = due.saturating_sub(now.monotonic);
                    now.wall = now.wall.saturating_add_unsigned(jump);
                    now.monotonic += jump;
                }
            }
        }
        Err(Refused::request("the state does not end"))
    }
}

fn compile(definition: &str) -> Result<Arc<Plan>, Refused> {
    let refused = |problems: &[crate::diagnostic::Diagnostic]| {
        let text = problems.iter().map(ToString::to_string);
        let text = asl::refusal(problems).unwrap_or_else(|| text.collect::<Vec<_>>().join("; "));
        Refused::definition(text)
    };
    let (machine, _) = asl::parse(definition).map_err(|problems| refused(&problems))?;
    let plan = plan::compile(&machine).map_err(|problems| refused(&problems))?;
    Ok(Arc::new(plan))
}

fn end(execution: &Execution) -> Result<End, Refused> {
    let failed = |error: Option<&str>, cause: Option<&str>| End::Failed {
        error: error.map(str::to_string),
        cause: cause.map(|cause| bare(cause).to_string()),
    };
    Ok(match execution.outcome() {
        Some(Outcome::Succeeded(output)) => {
            let mut output = json_of(execution, *output)?;
            if execution.counts().catches > 0 {
                make_bare(&mut output);
            }
            End::Succeeded(output)
        }
        Some(Outcome::Failed(failure)) => {
            failed(failure.error.as_deref(), failure.cause.as_deref())
        }
        _ => failed(Some(crate::error_name::TIMEOUT), None),
    })
}

/// A cause without the sentence that places it in an execution: a state that is tested has none.
fn bare(cause: &str) -> &str {
    let placed = cause
        .strip_prefix("An error occurred while executing the state '")
        .and_then(|rest| rest.strip_prefix(STATE))
        .and_then(|rest| rest.strip_prefix("' (entered at the event id #"));
    match placed.and_then(|rest| rest.split_once("). ")) {
        Some((_, bare)) => bare,
        None => cause,
    }
}

/// The same of the causes in what a catcher gives.
fn make_bare(value: &mut Value) {
    match value {
        Value::String(text) => {
            let kept = bare(text).len();
            text.drain(..text.len() - kept);
        }
        Value::Array(elements) => elements.iter_mut().for_each(make_bare),
        Value::Object(members) => members.values_mut().for_each(make_bare),
        _ => {}
    }
}

fn json_of(execution: &Execution, value: crate::value::Value) -> Result<Value, Refused> {
    let text = execution.arena().to_json(value);
    serde_json::from_str(&text)
        .map_err(|error| Refused::request(format!("the value cannot be shown: {error}")))
}

/// A value as an expression that gives it, whatever its strings and names look like.
fn literal(value: &Value) -> String {
    let text = value.to_string().replace('\\', "\\\\").replace('\'', "\\'");
    format!("States.StringToJson('{text}')")
}
