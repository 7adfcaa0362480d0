//! Our side: the definition compiled once, one execution object from event to event. Tasks are answered here by a
//! `match`, as the hand-written programs do.

use std::sync::Arc;

use expressd::asl;
use expressd::engine::{
    Effect, Execution, FanOut, InPlace, Limits, Now, Outcome, Progress, Start, TaskCall, TaskReply,
};
use expressd::expr::ExecutionInfo;
use expressd::plan::{self, Plan};
use expressd::value::{Arena, Key};

use crate::baseline::{DECLINED, Program};

const NOW: Now = Now {
    wall: 1_790_000_000_000,
    monotonic: 0,
};

/// A definition, compiled.
pub(crate) fn compile(definition: &str) -> Arc<Plan> {
    let (machine, _warnings) = asl::parse(definition).expect("the definition is valid");
    Arc::new(plan::compile(&machine).expect("the definition can be compiled"))
}

/// Ours, as a program like the hand-written ones.
pub(crate) fn program(definition: &str) -> Program {
    let mut machine = Machine::new(compile(definition));
    Box::new(move |event, out| machine.run(event, &InPlace, out))
}

/// A plan with the buffers of one worker.
pub(crate) struct Machine {
    plan: Arc<Plan>,
    execution: Execution,
    info: ExecutionInfo,
    event_type: Key,
}

impl Machine {
    /// Buffers for a plan; they grow with the first events.
    pub(crate) fn new(plan: Arc<Plan>) -> Machine {
        Machine {
            plan,
            execution: Execution::new(),
            info: ExecutionInfo::default(),
            event_type: Key::new("eventType"),
        }
    }

    /// Runs one event to its end and appends its output.
    pub(crate) fn run(&mut self, event: &[u8], fan_out: &dyn FanOut, out: &mut Vec<u8>) {
        let start = Start {
            info: &self.info,
            seed: 1,
            limits: Limits::default(),
        };
        let execution = &mut self.execution;
        execution
            .start(&self.plan, event, start, NOW)
            .expect("the event is JSON");
        while execution.advance(NOW, fan_out) == Progress::Waiting {
            let Some(Effect::Call(call)) = execution.take_effects().next() else {
                panic!("these machines wait for tasks alone, one at a time");
            };
            let reply = answer(&self.plan, execution.arena(), &call, &self.event_type);
            execution.reply(call.id, reply);
        }
        match execution.outcome() {
            Some(Outcome::Succeeded(output)) => execution.arena().print(*output, out),
            outcome => panic!("the execution ended with {outcome:?}"),
        }
    }
}

fn answer(plan: &Plan, arena: &Arena, call: &TaskCall, event_type: &Key) -> TaskReply {
    let result: &[u8] = match plan.state(call.state).name.as_str() {
        "ValidateOrder" => br#"{"valid":true}"#,
        "CheckInventory" => br#"{"inStock":true,"warehouse":"W1"}"#,
        "ProcessPayment" => {
            let event_type = arena
                .get(call.input, event_type)
                .and_then(|value| arena.as_str(value));
            if event_type.is_some_and(|text| text.eq_str("order.cancelled")) {
                let (error, cause) = DECLINED;
                return TaskReply::Error {
                    error: Some(error.to_owned()),
                    cause: Some(cause.to_owned()),
                };
            }
            br#"{"status":"captured","fee":0.35}"#
        }
        "UpdateInventory" => br#"{"reserved":true}"#,
        "SendConfirmation" => br#"{"channel":"email","sent":true}"#,
        state => panic!("there is no task for the state {state}"),
    };
    TaskReply::Result(result.to_vec())
}
