//! What a call must pass before it is made: the binding's concurrency, its circuit breaker, its rate. Knows nothing of
//! what is called.

mod breaker;
mod config;
mod pace;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use self::breaker::{Admission, Breaker, Change, Ticket};
use self::pace::Pace;
use super::{Queue, Turn};
use crate::engine::TaskReply;
use crate::telemetry::BreakerMetrics;

pub use config::{BreakerAction, BreakerConfig, GateConfig};

/// The calls of one binding. All its Task states share it.
pub(crate) struct Gate {
    /// For the log.
    name: String,
    concurrency: Arc<Semaphore>,
    action: BreakerAction,
    watch: Mutex<Watch>,
    metrics: Arc<BreakerMetrics>,
    /// The breaker has changed.
    changed: Notify,
    /// Times are told to the breaker as distances from here.
    origin: Instant,
}

struct Watch {
    breaker: Breaker,
    pace: Option<Pace>,
}

/// What the end of a call says about the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It answered, if only with an error of its own.
    Up,
    /// It could not be reached, did not answer, or is in trouble itself.
    Down,
}

impl Gate {
    /// `name` is how the log calls what is behind the gate.
    pub(crate) fn new(name: &str, config: &GateConfig) -> Arc<Gate> {
        Arc::new(Gate {
            name: name.to_string(),
            concurrency: Arc::new(Semaphore::new(config.concurrency)),
            action: config.breaker.action,
            watch: Mutex::new(Watch {
                breaker: Breaker::new(&config.breaker),
                pace: config.rate.map(Pace::new),
            }),
            metrics: Arc::default(),
            changed: Notify::new(),
            origin: Instant::now(),
        })
    }

    /// Lets a call pass: now, where the gate is open and nobody queues, or when its turn has come. `timeout` is the task's,
    /// in milliseconds.
    pub(crate) fn enter(self: &Arc<Gate>, timeout: Option<u64>) -> Result<Pass, Queue> {
        let entry = Entry {
            gate: Arc::clone(self),
            timeout: timeout.map(Duration::from_millis),
        };
        let Ok(permit) = Arc::clone(&self.concurrency).try_acquire_owned() else {
            return Err(Box::pin(entry.queue()));
        };
        match entry.admit(permit) {
            Entered::Pass(pass, None) => Ok(pass),
            entered => Err(Box::pin(entered.pass())),
        }
    }

    /// How its breaker is.
    pub(crate) fn metrics(&self) -> Arc<BreakerMetrics> {
        Arc::clone(&self.metrics)
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        // A panic cannot leave it half changed: it is plain numbers.
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, change: Option<Change>) {
        match change {
            None => return,
            Some(Change::Opened { pause }) => {
                let pause = pause.as_secs_f64();
                warn!(binding = self.name, pause, "circuit breaker opened");
                self.metrics.opened();
            }
            Some(Change::Closed) => {
                info!(binding = self.name, "circuit breaker closed");
                self.metrics.closed();
            }
            Some(Change::Released) => {}
        }
        self.changed.notify_waiters();
    }

    /// The answer of a call that the breaker does not let through.
    fn refusal(&self) -> TaskReply {
        TaskReply::Error {
            error: Some(super::lambda_error::SERVICE.to_string()),
            cause: Some(format!("the circuit breaker of {} is open", self.name)),
        }
    }
}

/// A call before the gate.
struct Entry {
    gate: Arc<Gate>,
    /// `TimeoutSeconds`
    timeout: Option<Duration>,
}

/// How far a call came.
enum Entered {
    /// Through, and when the rate lets it begin if that is not at once.
    Pass(Pass, Option<Instant>),
    /// Up to the breaker, which may let it through at that moment or when something changes. It keeps its permit: when
    /// the breaker closes, no more calls begin at once than may.
    Held(Entry, OwnedSemaphorePermit, Option<Instant>),
}

impl Entry {
    fn admit(self, permit: OwnedSemaphorePermit) -> Entered {
        let gate = &self.gate;
        let now = gate.origin.elapsed();
        let mut watch = gate.watch();
        let at = |moment| gate.origin + moment;
        match watch.breaker.admit(now) {
            Admission::Go(ticket) => {
                let start = watch.pace.as_mut().and_then(|pace| pace.next(now)).map(at);
                drop(watch);
                let pass = Pass {
                    entry: self,
                    ticket: Some(ticket),
                    begun: None,
                    _permit: permit,
                };
                Entered::Pass(pass, start)
            }
            Admission::Wait(until) => {
                let until = until.map(at);
                drop(watch);
                Entered::Held(self, permit, until)
            }
        }
    }
}

impl Entry {
    /// Waits for room, as thousands may at the same time: what comes after it has a box of its own.
    async fn queue(self) -> Turn {
        let permit = Arc::clone(&self.gate.concurrency).acquire_owned().await;
        match self.admit(permit.expect("nobody closes the semaphore")) {
            Entered::Pass(pass, None) => Ok(pass),
            entered => Box::pin(entered.pass()).await,
        }
    }
}

impl Entered {
    /// Waits until the call may pass, or until it is known that it will not.
    async fn pass(self) -> Turn {
        let mut entered = self;
        loop {
            entered = match entered {
                Entered::Pass(pass, start) => {
                    if let Some(start) = start {
                        sleep_until(start).await;
                    }
                    return Ok(pass);
                }
                Entered::Held(entry, ..) if entry.gate.action == BreakerAction::Fail => {
                    return Err(entry.gate.refusal());
                }
                Entered::Held(entry, permit, _) => entry.held(permit).await,
            }
        }
    }
}

impl Entry {
    async fn held(self, permit: OwnedSemaphorePermit) -> Entered {
        let gate = Arc::clone(&self.gate);
        // Before the look at the breaker, so that no change between the two is missed.
        let mut changed = std::pin::pin!(gate.changed.notified());
        changed.as_mut().enable();
        let entered = self.admit(permit);
        match &entered {
            Entered::Held(_, _, Some(until)) => {
                tokio::select! {
                    () = changed => {}
                    () = sleep_until(*until) => {}
                }
            }
            Entered::Held(_, _, None) => changed.await,
            Entered::Pass(..) => {}
        }
        entered
    }
}

/// A call that has passed. Dropping it makes room for the next one.
pub struct Pass {
    entry: Entry,
    /// Until the call has ended.
    ticket: Option<Ticket>,
    begun: Option<Instant>,
    _permit: OwnedSemaphorePermit,
}

impl Pass {
    /// The call begins now.
    pub(crate) fn begin(&mut self) {
        self.begun = Some(Instant::now());
    }

    /// The call has ended, and this came of it.
    pub(crate) fn ended(mut self, (reply, health): (TaskReply, Health)) -> TaskReply {
        self.end(Some(health));
        reply
    }

    fn end(&mut self, health: Option<Health>) {
        let Some(ticket) = self.ticket.take() else {
            return;
        };
        let gate = &self.entry.gate;
        let now = gate.origin.elapsed();
        let change = match health {
            Some(health) => gate.watch().breaker.ended(ticket, health, now),
            None => gate.watch().breaker.withdrawn(ticket, now),
        };
        gate.tell(change);
    }

    /// Whether the call was under way for most of the task's timeout.
    fn was_silent(&self) -> bool {
        let (Some(begun), Some(timeout)) = (self.begun, self.entry.timeout) else {
            return false;
        };
        begun.elapsed() >= timeout.mul_f64(0.9)
    }
}

impl Drop for Pass {
    /// Given up, unless it has ended. An endpoint that was silent until the task's timeout is taken for down; a call that
    /// is not wanted any more says nothing.
    fn drop(&mut self) {
        let health = self.was_silent().then_some(Health::Down);
        self.end(health);
    }
}

#[cfg(test)]
mod tests;
