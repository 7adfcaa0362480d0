//! Drives one execution in virtual time: the clock stands still while anything can run, then jumps to whatever is due next.

use std::sync::Arc;

use expressd::engine::{
    CallId, Effect, Execution, FanOut, Limits, Now, Outcome, Progress, Start, TaskCall, TaskReply,
};
use expressd::expr::ExecutionInfo;
use expressd::plan::Plan;
use serde_json::Value;

use super::script::Script;

/// Advances of one execution after which it counts as hanging.
const MAX_ROUNDS: usize = 100_000;

/// `$$.Execution.Name` of every execution.
pub(crate) const NAME: &str = "run-1";

/// What an execution starts with.
pub(crate) struct Setting<'a> {
    /// JSON text.
    pub(crate) input: &'a str,
    /// Milliseconds since the epoch at the start.
    pub(crate) start: i64,
    pub(crate) seed: u64,
    pub(crate) limits: Limits,
    /// Without it `entered` stays empty.
    pub(crate) history: bool,
    pub(crate) fan_out: &'a dyn FanOut,
}

/// What became of an execution, and what it did on the way.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Report {
    pub(crate) end: End,
    /// Names of states, in the order in which they were entered.
    pub(crate) entered: Vec<String>,
    /// Milliseconds from start to end.
    pub(crate) waited: u64,
    /// State and arguments of each call, in order.
    pub(crate) calls: Vec<(String, Value)>,
    /// States whose calls were called off.
    pub(crate) cancelled: Vec<String>,
}

/// How it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// With this JSON text.
    Succeeded(String),
    Failed {
        error: Option<String>,
        cause: Option<String>,
        /// The failing state with its scope.
        state: String,
    },
    TimedOut,
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
pub(crate) fn run(
    execution: &mut Execution,
    plan: &Arc<Plan>,
    setting: &Setting<'_>,
    script: &mut Script,
) -> Report {
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
        .expect("the input of a test is JSON");

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
                    let arguments = serde_json::from_str(&arguments).expect("arguments are JSON");
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
            return report;
        }
        let next_reply = planned.iter().map(|planned| planned.at).min();
        let deadline = execution.next_deadline();
        let next = next_reply.into_iter().chain(deadline).min();
        let jump = next
            .expect("an execution has a deadline")
            .saturating_sub(now.monotonic);
        now.monotonic += jump;
        now.wall += i64::try_from(jump).expect("no test waits that long");
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
    panic!("the execution hangs");
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
            at: now.monotonic + beat,
            call: call.id,
            reply: None,
        });
    }
    if let Some(reply) = answer.reply {
        planned.push(Planned {
            at: now.monotonic + answer.after,
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
