//! One life of a member: the code of a pipeline on one thread, from its start to its end or its crash.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::asl;
use crate::engine::{Limits, TaskReply};
use crate::kafka::simulation::{MemberId, Random, Universe};
use crate::mutants::{self, Mutant};
use crate::plan::{self, Plan};
use crate::runtime::{Clock, IdentityConfig, Machine, Runtime, simulated};
use crate::sink::record::ResultHeaders;
use crate::sink::{KafkaSink, KafkaSinkConfig, Sender, Serving, Sink, largest, producers};
use crate::source::kafka::{KafkaSourceConfig, simulated as source};
use crate::source::{Control, Deadlines, MemoryBudget, SourceEnd, Wiring};
use crate::task::{Answer, Binding, Call, Glob, Handler, Integration, Registry, Site};
use crate::telemetry::PipelineMetrics;

use super::super::config::PipelineOptions;
use super::super::retry::{Retries, RetryConfig};
use super::super::stage::Stage;
use super::super::ticket::Ticket;

/// Passes `{"ok": …}` on, fails what is to fail, and calls what takes its time or kills.
const MACHINE: &str = r#"{ "StartAt": "Look", "States": {
    "Look": { "Type": "Choice", "Default": "Done", "Choices": [
        { "Variable": "$.fail", "IsPresent": true, "Next": "Fail" },
        { "Variable": "$.kill", "IsPresent": true, "Next": "Call" },
        { "Variable": "$.call", "IsPresent": true, "Next": "Call" } ] },
    "Call": { "Type": "Task", "Resource": "local:slow", "Next": "Done" },
    "Fail": { "Type": "Fail", "Error": "NotOk", "CausePath": "$.fail" },
    "Done": { "Type": "Succeed" } } }"#;

static PLAN: LazyLock<Arc<Plan>> = LazyLock::new(|| {
    let (machine, _) = asl::parse(MACHINE).unwrap();
    Arc::new(plan::compile(&machine).unwrap())
});

/// Answers after as many milliseconds as its input says; or the member is no more.
#[derive(Clone)]
struct Slow {
    universe: Arc<Universe>,
    id: MemberId,
}

impl Integration for Slow {
    fn bind(&self, _: &Site<'_>) -> Option<Arc<dyn Handler>> {
        Some(Arc::new(self.clone()))
    }
}

impl Handler for Slow {
    fn call(&self, call: Call<'_>) -> Answer {
        let input = call.input_json();
        let value: serde_json::Value = serde_json::from_slice(&input).unwrap();
        if value.get("kill").is_some() {
            self.universe.world().kill(self.id, 0);
        }
        let wait = Duration::from_millis(value["call"].as_u64().unwrap_or(0));
        Answer::After(wait, TaskReply::Result(input))
    }
}

/// What a life needs.
pub(super) struct Life {
    pub(super) universe: Arc<Universe>,
    pub(super) id: MemberId,
    pub(super) seed: u64,
    pub(super) source: KafkaSourceConfig,
    pub(super) options: PipelineOptions,
    pub(super) budget: usize,
    pub(super) deadlines: Deadlines,
    pub(super) control: Arc<Control>,
    pub(super) mutant: Option<Mutant>,
    /// Where its end is told.
    pub(super) ends: Ends,
}

/// How members ended.
pub(super) type Ends = Arc<Mutex<BTreeMap<MemberId, End>>>;

/// How it ended.
#[derive(Debug)]
pub(super) enum End {
    Ended(SourceEnd),
    Killed,
    Panicked(String),
}

/// What a killed thread unwinds with.
struct Killed;

impl Life {
    /// Lives; the calling thread is the member's.
    pub(super) fn live(self) {
        let (universe, id, ends) = (Arc::clone(&self.universe), self.id, Arc::clone(&self.ends));
        universe.wait_for_turn(id);
        mutants::set(self.mutant);
        let lived = catch_unwind(AssertUnwindSafe(|| self.run()));
        simulated::set(None);
        let end = match lived {
            Ok(end) => End::Ended(end),
            Err(payload) if payload.is::<Killed>() => End::Killed,
            Err(payload) => {
                let text = payload.downcast_ref::<String>().cloned();
                let text = text.or_else(|| payload.downcast_ref::<&str>().map(|t| t.to_string()));
                End::Panicked(text.unwrap_or_default())
            }
        };
        // Told while the others rest: they find it at the same time in every run.
        ends.lock().unwrap().insert(id, end);
        universe.leave(id);
    }

    fn run(self) -> SourceEnd {
        let tokio = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let tokio = Rc::new(tokio);
        let inside = tokio.enter();
        let runtime = Runtime::simulated(Clock::real(), tokio.handle().clone());
        let mut registry = Registry::default();
        registry.add(Binding {
            resource: Glob::new("local:*"),
            function: None,
            integration: Arc::new(Slow {
                universe: Arc::clone(&self.universe),
                id: self.id,
            }),
        });
        let machine = Machine::new(
            Arc::clone(&PLAN),
            "p",
            &registry,
            &IdentityConfig::default(),
            Limits::default(),
        );
        let machine = Arc::new(machine.unwrap());
        let metrics = Arc::new(PipelineMetrics::new("p", Arc::clone(machine.metrics())));
        let sink: KafkaSinkConfig =
            serde_json::from_value(serde_json::json!({"output": "out", "dead_letters": "dead"}))
                .unwrap();
        let outlets = producers(Arc::clone(&self.universe), self.id);
        let ask = largest(Arc::clone(&self.universe));
        let sender = Sender::<Ticket>::new(&sink, outlets, ask, Arc::clone(&metrics)).unwrap();
        sender.learn();
        let sender = Arc::new(sender);
        let stage = Arc::new(Stage {
            machine: ArcSwap::new(machine),
            runtime: runtime.clone(),
            sink: Sink::Kafka(KafkaSink::simulated(Arc::clone(&sender))),
            options: self.options,
            result_headers: ResultHeaders::All,
            metrics: Arc::clone(&metrics),
            control: Arc::clone(&self.control),
            instance: "test".to_string(),
            retries: Retries::new(&RetryConfig::default(), "p", &[]),
        });
        let rest = Rest {
            universe: Arc::clone(&self.universe),
            id: self.id,
            random: RefCell::new(Random::new(self.seed ^ u64::from(self.id) << 32)),
            runtime: runtime.clone(),
            tokio: Rc::clone(&tokio),
            sender,
            serving: RefCell::default(),
            is_serving: Cell::new(false),
        };
        simulated::set(Some(Rc::new(move |wait| rest.pause(wait))));
        let control = Arc::clone(&self.control);
        let wiring = Wiring {
            budget: Arc::new(MemoryBudget::new(self.budget)),
            metrics,
            control: self.control,
            deadlines: self.deadlines,
            intake: super::super::intake(&stage),
        };
        let universe = Arc::clone(&self.universe);
        let run = AssertUnwindSafe(|| source::run(&self.source, universe, self.id, wiring));
        let end = catch_unwind(run);
        // What a killed process leaves behind has no effect, but is to be freed.
        while runtime.run_one() {}
        simulated::set(None);
        if let Ok(SourceEnd::Drained) = end {
            // What was cancelled with a partition that was lost may be about to notice.
            for _ in 0..100 {
                tokio.block_on(tokio::task::yield_now());
                while runtime.run_one() {}
            }
            assert_eq!(control.suspended(), 0, "all that waited has ended");
        }
        drop((stage, inside));
        end.unwrap_or_else(|payload| resume_unwind(payload))
    }
}

/// All the other threads of a process: they run while the consumer's thread rests.
struct Rest {
    universe: Arc<Universe>,
    id: MemberId,
    random: RefCell<Random>,
    runtime: Runtime,
    tokio: Rc<tokio::runtime::Runtime>,
    sender: Arc<Sender<Ticket>>,
    serving: RefCell<Serving<Ticket>>,
    is_serving: Cell<bool>,
}

impl Rest {
    fn pause(&self, wait: Duration) {
        self.work();
        let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let wait = wait + self.draw(0, 12);
        let passed = self.universe.sleep(self.id, wait);
        if self.universe.world().group.is_dead(self.id) {
            simulated::set(None);
            resume_unwind(Box::new(Killed));
        }
        let passed = Duration::from_millis(passed);
        self.tokio.block_on(tokio::time::advance(passed));
        self.work();
    }

    fn draw(&self, low: u64, high: u64) -> u64 {
        self.random.borrow_mut().within(low, high)
    }

    /// Each of the others may get its turn, or not.
    fn work(&self) {
        for _ in 0..self.draw(1, 4) {
            match self.draw(0, 3) {
                0 => while self.runtime.run_one() {},
                1 => self.tokio.block_on(async {
                    for _ in 0..4 {
                        tokio::task::yield_now().await;
                    }
                }),
                _ => self.serve(),
            }
        }
    }

    fn serve(&self) {
        // A sender that rests is not served by itself.
        if !self.is_serving.replace(true) {
            self.sender.turn(&mut self.serving.borrow_mut());
            self.is_serving.set(false);
        }
    }
}
