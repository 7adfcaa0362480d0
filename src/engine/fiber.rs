//! Fibers: one run of a scope each, at top level, of a branch, of an iteration.

use std::mem::take;

use super::call::CallId;
use super::clock::earliest;
use super::failure::StateError;
use super::join::JoinId;
use crate::expr::{MapItem, Parts, Random};
use crate::plan::{Scope, StateId};
use crate::value::Value;

/// A place in the table of fibers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FiberId(u32);

/// One run of a scope.
// Fibers of different jobs lie side by side and change all the time: no two share a cache line.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Fiber {
    /// Its own place.
    pub(super) id: FiberId,
    pub(super) step: Step,
    /// Of the call under way, or of the last one.
    pub(super) patience: Patience,
    pub(super) state: StateId,
    /// The state's raw input.
    pub(super) raw: Value,
    /// The members of the object that an `ItemSelector` makes, for this item or one before.
    pub(super) parts: Parts,
    /// The raw input is the object of `parts`, which was not put together: `raw` is nothing.
    pub(super) in_parts: bool,
    /// Effective input of a Wait, for when it has waited long enough.
    pub(super) waiting_input: Value,
    /// `$name`, by slot: those of enclosing scopes first, as they were when this run began.
    pub(super) variables: Vec<Option<Value>>,
    /// Id of the event with which the state was entered.
    pub(super) entered_event: u64,
    /// Id of the event that the entering followed.
    pub(super) entered_after: u64,
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
    /// Waits for the answer of a call, as long as the fiber's `patience` lasts.
    Calling { call: CallId },
    /// The call was answered.
    Answered(Result<Value, Box<StateError>>),
    /// Waits for its children.
    Joining(JoinId),
    /// All children have ended well.
    Joined(JoinId),
    /// A child failed, or the state does.
    Failed(Box<StateError>),
}

/// How long a fiber waits for the answer of its call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Patience {
    /// `TimeoutSeconds`, on the monotonic clock.
    pub(super) deadline: Option<u64>,
    pub(super) heartbeat: Option<Heartbeat>,
}

impl Patience {
    /// When to look at the call again.
    pub(super) fn ends(&self) -> Option<u64> {
        earliest(self.deadline, self.heartbeat.map(|beat| beat.due))
    }
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
///
/// A fiber that runs is taken out of its place, so that it and the rest of the execution can be changed side by side.
/// Boxes make that a matter of one pointer.
#[derive(Default)]
pub(super) struct Fibers {
    places: Vec<Option<Box<Fiber>>>,
    free: Vec<FiberId>,
}

/// Nobody asks for a fiber that runs.
const IN_PLACE: &str = "a fiber that does not run is in its place";

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
        for index in (0..self.places.len()).rev() {
            let id = FiberId(index as u32);
            // A place is empty when a panic cut its fiber's run short.
            let fiber = self.places[index].get_or_insert_with(|| Fiber::new(id));
            fiber.end();
            self.free.push(id);
        }
    }

    /// Takes out those that there are, with the free places between them.
    pub(super) fn take_used(&mut self) -> Fibers {
        let is_free = |fiber: &Fiber| matches!(fiber.step, Step::Free);
        while self
            .places
            .pop_if(|place| place.as_deref().is_none_or(is_free))
            .is_some()
        {}
        let n_places = self.places.len();
        self.free.retain(|id| (id.0 as usize) < n_places);
        self.places.shrink_to_fit();
        self.free.shrink_to_fit();
        take(self)
    }

    /// Fibers that there are.
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// A place for a new fiber. Its buffers and counters are those of an earlier one: see [`Fiber::start`].
    pub(super) fn add(&mut self) -> FiberId {
        self.free.pop().unwrap_or_else(|| {
            let id = FiberId(self.places.len() as u32);
            self.places.push(Some(Fiber::new(id)));
            id
        })
    }

    /// Takes a fiber out of its place while it runs.
    pub(super) fn take(&mut self, id: FiberId) -> Box<Fiber> {
        self.places[id.0 as usize].take().expect(IN_PLACE)
    }

    /// Puts a fiber back.
    pub(super) fn put(&mut self, fiber: Box<Fiber>) {
        let place = fiber.id.0 as usize;
        self.places[place] = Some(fiber);
    }

    /// Puts a fiber back that has ended: its place is free.
    pub(super) fn put_ended(&mut self, mut fiber: Box<Fiber>) {
        fiber.end();
        self.free.push(fiber.id);
        self.put(fiber);
    }

    pub(super) fn get(&self, id: FiberId) -> &Fiber {
        self.places[id.0 as usize].as_deref().expect(IN_PLACE)
    }

    pub(super) fn get_mut(&mut self, id: FiberId) -> &mut Fiber {
        self.places[id.0 as usize].as_deref_mut().expect(IN_PLACE)
    }

    /// Whether a timer or anything else with this stamp still concerns the fiber.
    pub(super) fn has_stamp(&self, id: FiberId, stamp: u32) -> bool {
        let fiber = self.places[id.0 as usize].as_deref();
        fiber.is_some_and(|fiber| fiber.stamp == stamp)
    }

    /// A child of a join.
    pub(super) fn child_of(&self, join: JoinId) -> Option<FiberId> {
        let children = self.places.iter().flatten().find(|fiber| {
            !matches!(fiber.step, Step::Free)
                && fiber.parent.is_some_and(|parent| parent.join == join)
        });
        children.map(|fiber| fiber.id)
    }
}

impl Fiber {
    fn new(id: FiberId) -> Box<Fiber> {
        Box::new(Fiber {
            id,
            ..Fiber::default()
        })
    }

    /// Leaves the place to the next; timers of its waits are stale from now on.
    fn end(&mut self) {
        self.step = Step::Free;
        self.stamp = self.stamp.wrapping_add(1);
    }

    /// The members of the raw input, where that was not put together.
    #[inline]
    pub(super) fn input_parts(&self) -> &[Value] {
        match self.in_parts {
            true => self.parts.values(),
            false => &[],
        }
    }

    /// Starts a run of a scope in this place.
    #[inline(always)]
    pub(super) fn start(&mut self, scope: &Scope, input: Value, seed: u64) {
        self.step = Step::Enter;
        self.state = scope.start;
        self.raw = input;
        self.in_parts = false;
        self.last_event = 0;
        self.parent = None;
        self.item = None;
        if scope.tasks > 0 || !self.visits.is_empty() {
            self.visits.clear();
            self.visits.resize(scope.tasks as usize, 0);
        }
        if scope.variables > 0 || !self.variables.is_empty() {
            self.variables.clear();
            self.variables.resize(scope.variables as usize, None);
        }
        self.random.reseed(seed);
    }
}
