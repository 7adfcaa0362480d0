//! The same through the runtime, as a pipeline drives it.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use expressd::asl;
use expressd::engine::Outcome;
use expressd::plan;
use expressd::runtime::{
    CancelToken, Clock, Ended, Event, IdentityConfig, LimitsConfig, Machine, Runtime,
    RuntimeConfig, Started,
};
use expressd::task::http::Http;
use expressd::task::{Binding, Glob, Registry};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::Program;

pub(crate) struct Bench {
    runtime: Runtime,
    machine: Arc<Machine>,
    tokio: Handle,
}

/// Events that go to the pool together.
const BATCH: usize = 16;

/// Calls under way at the same time; further ones queue.
pub(crate) const CALLS: usize = 1_024;

impl Bench {
    pub(crate) fn new(definition: &str, url: &str, tokio: &tokio::runtime::Runtime) -> Bench {
        let (machine, _) = asl::parse(definition).unwrap();
        let plan = Arc::new(plan::compile(&machine).unwrap());
        let config = json!({ "url": url, "concurrency": CALLS });
        let http = Http::new(&serde_json::from_value(config).unwrap(), Path::new(""));
        let mut registry = Registry::default();
        registry.add(Binding {
            resource: Glob::new("*"),
            function: None,
            integration: Arc::new(http.ok().unwrap()),
        });
        let limits = LimitsConfig::default().limits();
        let identity = IdentityConfig::default();
        let machine = Machine::new(plan, "bench", &registry, &identity, limits)
            .ok()
            .unwrap();
        let config = RuntimeConfig::default();
        Bench {
            runtime: Runtime::new(&config, Clock::real(), tokio.handle().clone()).unwrap(),
            machine: Arc::new(machine),
            tokio: tokio.handle().clone(),
        }
    }
}

impl Program for Bench {
    fn each(
        &self,
        events: &[String],
        in_flight: usize,
        take: impl Fn(usize, &[u8]) + Clone + Send + 'static,
    ) {
        self.tokio.block_on(async {
            let room = Arc::new(Semaphore::new(in_flight));
            let cancel = CancelToken::new();
            for (batch, events) in events.chunks(BATCH).enumerate() {
                let mut permits = Vec::new();
                for _ in events {
                    permits.push(Arc::clone(&room).acquire_owned().await.unwrap());
                }
                let (runtime, machine, take) = (
                    self.runtime.clone(),
                    Arc::clone(&self.machine),
                    take.clone(),
                );
                let (events, cancel) = (events.to_vec(), cancel.clone());
                self.runtime.spawn(move || {
                    for ((at, event), permit) in events.iter().enumerate().zip(permits) {
                        let (index, take) = (batch * BATCH + at, take.clone());
                        let finish = move |ended: Ended| {
                            take(index, &output(&ended));
                            drop(permit);
                        };
                        start(&runtime, &machine, event, index, &cancel, finish);
                    }
                });
            }
            let _all = room.acquire_many(in_flight as u32).await.unwrap();
        });
    }
}

impl Bench {
    /// Starts executions whose first task never answers, and says what each of them adds to the process's memory: those
    /// whose call has a connection of its own, and so many more whose call queues.
    pub(crate) fn resident_bytes_of_waiting(
        &self,
        events: &[String],
        queued: usize,
    ) -> (usize, usize) {
        let cancel = CancelToken::new();
        let all = CALLS + queued;
        let room = Arc::new(Semaphore::new(all));
        let wait = |indexes: Range<usize>| {
            for (index, event) in indexes.zip(events.iter().cycle()) {
                let permit = Arc::clone(&room).try_acquire_owned().unwrap();
                let finish = move |_: Ended| drop(permit);
                start(&self.runtime, &self.machine, event, index, &cancel, finish);
            }
        };
        let before = resident();
        let connected = open_files().map(|others| others + CALLS);
        wait(0..CALLS);
        while open_files() < connected {
            std::thread::yield_now();
        }
        let called = resident();
        wait(CALLS..all);
        let after = resident();
        cancel.cancel();
        let ended = room.acquire_many(all as u32);
        self.tokio.block_on(async { drop(ended.await) });
        let each = |after: usize, before, n| after.saturating_sub(before) / n;
        (each(called, before, CALLS), each(after, called, queued))
    }
}

fn start(
    runtime: &Runtime,
    machine: &Machine,
    event: &str,
    index: usize,
    cancel: &CancelToken,
    finish: impl FnOnce(Ended) + Send + 'static,
) {
    let event = Event {
        payload: event.as_bytes(),
        name: &format!("orders-0-{index}"),
        timestamp: None,
    };
    match runtime.start(machine, event) {
        Started::Done(ended) => finish(ended),
        Started::Waiting(waiting) => runtime.drive(waiting, cancel, finish),
    }
}

fn output(ended: &Ended) -> Vec<u8> {
    let Outcome::Succeeded(output) = ended.outcome() else {
        panic!("{:?}", ended.outcome());
    };
    let mut text = Vec::new();
    ended.execution().arena().print(*output, &mut text);
    text
}

/// Files and sockets that this process has open; None where the system does not say.
fn open_files() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count())
}

/// Resident bytes of this process.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or(0) * 4_096
}
