//! Drives one execution in virtual time: the clock stands still while anything can run, then jumps to whatever is due next.

use std::sync::Arc;

use super::script::Script;
use crate::engine::{
    CallId, Effect, Execution, FanOut, Limits, Now, Outcome, Progress, Start, TaskCall, TaskReply,
};
use crate::expr::ExecutionInfo;
use crate::plan::Plan;
use crate::value::ParseError;

/// Advances of one execution after which it counts as hanging.
const MAX_ROUNDS: usize = 100_000;

/// `$$.Execution.Name` of every execution.
pub const NAME: &str = "run-1";

/// What an execution starts with.
pub struct Setting<'a> {
    /// JSON text.
    pub input: &'a str,
    /// Milliseconds since the epoch at the start.
    pub start: i64,
    /// Of random numbers.
    pub seed: u64,
    /// What bounds it.
    pub limits: Limits,
    /// Without it `entered` stays empty.
    pub history: bool,
    /// Where branches and iterations may run.
    pub fan_out: &'a dyn FanOut,
}

/// Why there is nothing to report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The input is not JSON.
    #[error("the input cannot be read: {0}")]
    Input(#[source] ParseError),
    /// It went on and on.
    #[error("the execution does not end within {MAX_ROUNDS} moments of virtual time")]
    Hangs,
}

/// What became of an execution, and what it did on the way.
#[derive(Debug, Default, PartialEq)]
pub struct Report {
    /// How it ended.
    pub end: End,
    /// Names of states, in the order in which they were entered.
    pub entered: Vec<String>,
    /// Milliseconds from start to end.
    pub waited: u64,
    /// State and arguments, as JSON text, of each call, in order.
    pub calls: Vec<(String, String)>,
    /// States whose calls were called off.
    pub cancelled: Vec<String>,
    /// States with scripted answers that no call asked for.
    pub left_over: Vec<String>,
}

/// How it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// With this JSON text.
    Succeeded(String),
    /// With an error.
    Failed {
        /// Its name.
        error: Option<String>,
        /// And its cause.
        cause: Option<String>,
        /// The failing state with its scope.
        state: String,
    },
    /// `TimeoutSeconds` of the machine or the limit of an execution is over.
    TimedOut,
    /// By the engine, because of a limit.
    #[default]
    Aborted,
}

/// Something that the script has in store.
struct Planned {
    at: u64,
    call: CallId,
    /// None for a heartbeat.
    reply: Option<TaskReply>,
}

/// Runs an execution to its end, in buffers that earlier ones may have used.
pub fn run(
    execution: &mut Execution,
    plan: &Arc<Plan>,
    setting: &Setting<'_>,
    script: &mut Script,
) -> Result<Report, RunError> {
    let info = info(setting.start);
    let mut now = Now {
        wall: setting.start,
        // Nothing may depend on where this clock begins.
        monotonic: 5_000_000,
    };
    let begin = now.monotonic;
    execution.keep_history(setting.history);
    let start = Start {
        info: &info,
        seed: setting.seed,
        limits: setting.limits,
    };
    execution
        .start(plan, setting.input.as_bytes(), start, now)
        .map_err(RunError::Input)?;

    let mut report = Report::default();
    let mut planned: Vec<Planned> = Vec::new();
    let mut names: Vec<(CallId, String)> = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let progress = execution.advance(now, setting.fan_out);
        let effects: Vec<Effect> = execution.take_effects().collect();
        for effect in effects {
            match effect {
                Effect::Call(call) => {
                    let state = plan.state(call.state).name.clone();
                    let arguments = execution.arena().to_json(call.input);
                    report.calls.push((state.clone(), arguments));
                    plan_answer(&call, script, &state, now, &mut planned);
                    names.push((call.id, state));
                }
                Effect::Cancel(id) => {
                    planned.retain(|planned| planned.call != id);
                    let name = names.iter().find(|(call, _)| *call == id);
                    let (_, name) = name.expect("only a call that was made is called off");
                    report.cancelled.push(name.clone());
                }
            }
        }
        if progress == Progress::Done {
            report.waited = now.monotonic - begin;
            report.end = end(execution);
            report.entered = entered(execution);
            report.left_over = script.left_over();
            return Ok(report);
        }
        // As in the daemon, where others use its buffers meanwhile.
        let suspended = execution.suspend();
        execution.resume(plan, &setting.limits, suspended);
        let next_reply = planned.iter().map(|planned| planned.at).min();
        let deadline = execution.next_deadline();
        let next = next_reply.into_iter().chain(deadline).min();
        let jump = next
            .expect("an execution has a deadline")
            .saturating_sub(now.monotonic);
        now.monotonic += jump;
        now.wall = now.wall.saturating_add_unsigned(jump);
        // Replies of one moment come in the order of their calls.
        let (due, later) = planned.into_iter().partition(|p| p.at <= now.monotonic);
        planned = later;
        for Planned { call, reply, .. } in due {
            match reply {
                Some(reply) => execution.reply(call, reply),
                None => execution.heartbeat(call, now),
            }
        }
    }
    Err(RunError::Hangs)
}

fn plan_answer(
    call: &TaskCall,
    script: &mut Script,
    state: &str,
    now: Now,
    planned: &mut Vec<Planned>,
) {
    let answer = script.next(state);
    for beat in answer.heartbeats {
        planned.push(Planned {
            at: now.monotonic.saturating_add(beat),
            call: call.id,
            reply: None,
        });
    }
    if let Some(reply) = answer.reply {
        planned.push(Planned {
            at: now.monotonic.saturating_add(answer.after),
            call: call.id,
            reply: Some(reply),
        });
    }
}

/// Names and ids as an asynchronous Express execution has them.
fn info(start_time: i64) -> ExecutionInfo {
    ExecutionInfo {
        id: "arn:aws:states:eu-west-1:123456789012:express:shop:run-1:aa-bb".to_string(),
        name: NAME.to_string(),
        role_arn: "arn:aws:iam::123456789012:role/shop".to_string(),
        start_time,
        redrive_count: Some(0),
        state_machine_id: "arn:aws:states:eu-west-1:123456789012:stateMachine:shop".to_string(),
        state_machine_name: "shop".to_string(),
        given: None,
    }
}

fn end(execution: &Execution) -> End {
    match execution.outcome() {
        Some(Outcome::Succeeded(output)) => End::Succeeded(execution.arena().to_json(*output)),
        Some(Outcome::Failed(failure)) => End::Failed {
            error: failure.error.clone(),
            cause: failure.cause.clone(),
            state: failure.state.clone(),
        },
        Some(Outcome::TimedOut) => End::TimedOut,
        Some(Outcome::Aborted) | None => End::Aborted,
    }
}

fn entered(execution: &Execution) -> Vec<String> {
    let plan = execution.plan();
    let events = execution
        .history()
        .iter()
        .filter(|event| event.kind.name().ends_with("StateEntered"));
    events
        .filter_map(|event| event.state)
        .map(|state| plan.state(state).name.to_string())
        .collect()
}
