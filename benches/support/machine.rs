//! A definition compiled once, and one execution object from event to event. Tasks are answered here by a `match`, as the
//! hand-written programs do.

use std::sync::Arc;

use expressd::asl;
use expressd::engine::{
    Effect, Execution, FanOut, Limits, Now, Outcome, Progress, Start, TaskCall, TaskReply,
};
use expressd::expr::ExecutionInfo;
use expressd::plan::{self, Plan};
use expressd::value::{Arena, Document, Key};

/// What a payment of the `order` case ends with: orders that were cancelled are not paid for.
pub(crate) const DECLINED: (&str, &str) = ("PaymentDeclined", "the order was cancelled");

const NOW: Now = Now {
    wall: 1_790_000_000_000,
    monotonic: 0,
};

/// A definition, compiled.
pub(crate) fn compile(definition: &str) -> Arc<Plan> {
    let (machine, _warnings) = asl::parse(definition).expect("the definition is valid");
    Arc::new(plan::compile(&machine).expect("the definition can be compiled"))
}

/// A plan with the buffers of one worker.
pub(crate) struct Machine {
    plan: Arc<Plan>,
    execution: Execution,
    info: ExecutionInfo,
    answers: Answers,
}

impl Machine {
    /// Buffers for a plan; they grow with the first events.
    pub(crate) fn new(plan: Arc<Plan>) -> Machine {
        Machine {
            plan,
            execution: Execution::new(),
            info: ExecutionInfo::default(),
            answers: Answers::new(),
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
            .start_on(&self.plan, event, start, NOW, fan_out)
            .expect("the event is JSON");
        while execution.advance(NOW, fan_out) == Progress::Waiting {
            let Some(Effect::Call(call)) = execution.take_effects().next() else {
                panic!("these machines wait for tasks alone, one at a time");
            };
            let reply = self.answers.give(&self.plan, execution.arena(), &call);
            execution.reply(call.id, reply);
        }
        match execution.outcome() {
            Some(Outcome::Succeeded(output)) => execution.arena().print(*output, out),
            outcome => panic!("the execution ended with {outcome:?}"),
        }
    }
}

/// What the tasks of `order` answer, read once, as the scripted tasks of the daemon do.
struct Answers {
    validation: Arc<Document>,
    inventory: Arc<Document>,
    payment: Arc<Document>,
    update: Arc<Document>,
    confirmation: Arc<Document>,
    event_type: Key,
}

impl Answers {
    fn new() -> Answers {
        let read = |text: &str| Document::parse(text.as_bytes()).expect("the answers are JSON");
        Answers {
            validation: read(r#"{"valid":true}"#),
            inventory: read(r#"{"inStock":true,"warehouse":"W1"}"#),
            payment: read(r#"{"status":"captured","fee":0.35}"#),
            update: read(r#"{"reserved":true}"#),
            confirmation: read(r#"{"channel":"email","sent":true}"#),
            event_type: Key::new("eventType"),
        }
    }

    fn give(&self, plan: &Plan, arena: &Arena, call: &TaskCall) -> TaskReply {
        let result = match plan.state(call.state).name.as_str() {
            "ValidateOrder" => &self.validation,
            "CheckInventory" => &self.inventory,
            "ProcessPayment" => {
                let event_type = arena
                    .get(call.input, &self.event_type)
                    .and_then(|value| arena.as_str(value));
                if event_type.is_some_and(|text| text.eq_str("order.cancelled")) {
                    let (error, cause) = DECLINED;
                    return TaskReply::Error {
                        error: Some(error.to_owned()),
                        cause: Some(cause.to_owned()),
                    };
                }
                &self.payment
            }
            "UpdateInventory" => &self.update,
            "SendConfirmation" => &self.confirmation,
            state => panic!("there is no task for the state {state}"),
        };
        TaskReply::Known(result.clone())
    }
}
