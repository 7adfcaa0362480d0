//! Fibers: one run of a scope each, at top level, of a branch, of an iteration.

use super::call::CallId;
use super::failure::StateError;
use super::join::JoinId;
use crate::expr::{MapItem, Random};
use crate::plan::StateId;
use crate::value::Value;

/// A place in the table of fibers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FiberId(u32);

/// One run of a scope.
#[derive(Default)]
pub(super) struct Fiber {
    /// Its own place.
    pub(super) id: FiberId,
    pub(super) step: Step,
    pub(super) state: StateId,
    /// The state's raw input.
    pub(super) raw: Value,
    /// What the state is to put out, once it has waited long enough.
    pub(super) output: Value,
    /// Id of the event with which the state was entered.
    pub(super) entered_event: u64,
    /// Id of the last event of this fiber, which the next one follows.
    pub(super) last_event: u64,
    /// Wall clock, milliseconds.
    pub(super) entered_time: i64,
    /// Attempts of this visit so far: `$$.State.RetryCount`.
    pub(super) attempt: u32,
    /// Attempts used per retrier of the state, in this visit.
    pub(super) retries: Vec<u32>,
    /// Visits per Task of the scope.
    pub(super) visits: Vec<u32>,
    /// The join that it runs for; none at top level.
    pub(super) parent: Option<Parent>,
    /// `$$.Map.Item`
    pub(super) item: Option<MapItem>,
    pub(super) random: Random,
    /// Counts the waits. A timer that carries another number is stale.
    pub(super) stamp: u32,
}

/// Where a child belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) join: JoinId,
    /// Number of the branch, index of the item.
    pub(super) index: u32,
}

/// What a fiber does next, or waits for.
#[derive(Debug, Default)]
pub(super) enum Step {
    /// No fiber is here.
    #[default]
    Free,
    /// Enter `state` with `raw`.
    Enter,
    /// Try the state's work again.
    Attempt,
    /// Waits for a time on the monotonic clock, and on the wall clock where a timestamp was given.
    Sleeping { wall: Option<i64> },
    /// The Wait is over.
    Slept,
    /// Waits until the next attempt.
    BackingOff,
    /// Waits for the answer of a call.
    Calling {
        call: CallId,
        /// `TimeoutSeconds`, on the monotonic clock.
        deadline: Option<u64>,
        heartbeat: Option<Heartbeat>,
    },
    /// The call was answered.
    Answered(Result<Value, Box<StateError>>),
    /// Waits for its children.
    Joining(JoinId),
    /// All children have ended well.
    Joined(JoinId),
    /// A child failed, or the state does.
    Failed(Box<StateError>),
}

/// `HeartbeatSeconds` of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heartbeat {
    /// Milliseconds.
    pub(super) interval: u64,
    /// When it is missed, on the monotonic clock.
    pub(super) due: u64,
}

/// The table of fibers. Places are used again with all their buffers.
#[derive(Default)]
pub(super) struct Fibers {
    places: Vec<Fiber>,
    free: Vec<FiberId>,
}

impl Fibers {
    /// Places that stay from one execution to the next.
    const KEPT: usize = 256;

    pub(super) fn reset(&mut self) {
        if self.places.len() > Self::KEPT {
            self.places.truncate(Self::KEPT);
            self.places.shrink_to_fit();
        } else if self.free.len() == self.places.len() {
            return;
        }
        self.free.clear();
        for (index, fiber) in self.places.iter_mut().enumerate().rev() {
            fiber.step = Step::Free;
            fiber.stamp = fiber.stamp.wrapping_add(1);
            self.free.push(FiberId(index as u32));
        }
    }

    /// Fibers that there are.
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// A place for a new fiber. Its buffers and counters are those of an earlier one: see [`Fiber::start`].
    pub(super) fn add(&mut self) -> FiberId {
        self.free.pop().unwrap_or_else(|| {
            let id = FiberId(self.places.len() as u32);
            self.places.push(Fiber {
                id,
                ..Fiber::default()
            });
            id
        })
    }

    /// Takes a fiber out of its place while it runs.
    pub(super) fn take(&mut self, id: FiberId) -> Fiber {
        std::mem::take(self.get_mut(id))
    }

    /// Puts a fiber back.
    pub(super) fn put(&mut self, fiber: Fiber) {
        let id = fiber.id;
        *self.get_mut(id) = fiber;
    }

    pub(super) fn remove(&mut self, id: FiberId) {
        let fiber = self.get_mut(id);
        fiber.step = Step::Free;
        fiber.stamp = fiber.stamp.wrapping_add(1);
        self.free.push(id);
    }

    pub(super) fn get(&self, id: FiberId) -> &Fiber {
        &self.places[id.0 as usize]
    }

    pub(super) fn get_mut(&mut self, id: FiberId) -> &mut Fiber {
        &mut self.places[id.0 as usize]
    }

    /// A child of a join.
    pub(super) fn child_of(&self, join: JoinId) -> Option<&Fiber> {
        self.places.iter().find(|fiber| {
            !matches!(fiber.step, Step::Free)
                && fiber.parent.is_some_and(|parent| parent.join == join)
        })
    }
}

impl Fiber {
    /// Starts a run of a scope in this place.
    pub(super) fn start(&mut self, state: StateId, tasks: u32, input: Value, seed: u64) {
        self.step = Step::Enter;
        self.state = state;
        self.raw = input;
        self.last_event = 0;
        self.parent = None;
        self.item = None;
        if tasks > 0 || !self.visits.is_empty() {
            self.visits.clear();
            self.visits.resize(tasks as usize, 0);
        }
        self.random.reseed(seed);
    }
}
