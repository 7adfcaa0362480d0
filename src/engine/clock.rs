//! Time: what fibers wait for, and what happens when it has come.

use super::call::CallId;
use super::failure::StateError;
use super::fiber::{Fiber, FiberId, Patience, Step};
use super::run::Run;
use super::timers::Timer;

/// A wait for a timestamp looks at the wall clock at least this often, since someone may set it. Milliseconds.
const LONGEST_SLEEP_TO_TIMESTAMP: u64 = 30_000;

impl Run {
    /// Has the fiber looked at again at a time on the monotonic clock.
    #[inline]
    pub(super) fn set_timer(&mut self, fiber: &mut Fiber, at: u64) {
        fiber.stamp = fiber.stamp.wrapping_add(1);
        self.timers.set(at, fiber.id, fiber.stamp);
    }

    /// Lets a Wait sleep until a timestamp, in steps.
    pub(super) fn sleep_until_wall(&mut self, fiber: &mut Fiber, wall: i64) {
        let left = wall.saturating_sub(self.now.wall).max(0) as u64;
        let nap = left.min(LONGEST_SLEEP_TO_TIMESTAMP);
        fiber.step = Step::Sleeping { wall: Some(wall) };
        self.set_timer(fiber, self.now.monotonic.saturating_add(nap));
    }

    /// Ends every wait whose time has come.
    pub(super) fn fire_timers(&mut self) {
        while let Some(timer) = self.timers.first() {
            if timer.at > self.now.monotonic {
                return;
            }
            self.timers.pop();
            if self.is_live(&timer) {
                self.fire(timer);
            }
        }
    }

    fn is_live(&self, timer: &Timer) -> bool {
        self.fibers.has_stamp(timer.fiber, timer.stamp)
    }

    fn fire(&mut self, timer: Timer) {
        let mut fiber = self.fibers.take(timer.fiber);
        let over = match fiber.step {
            Step::Sleeping { wall: Some(wall) } if wall > self.now.wall => {
                self.sleep_until_wall(&mut fiber, wall);
                None
            }
            Step::Sleeping { .. } => Some(Step::Slept),
            Step::BackingOff => Some(Step::Attempt),
            Step::Calling { call } => self.lose_patience(&mut fiber, call),
            _ => unreachable!("the stamp changes when a wait ends: {:?}", fiber.step),
        };
        self.fibers.put(fiber);
        if let Some(step) = over {
            self.wake(timer.fiber, step);
        }
    }

    /// Gives a call up that is late or silent, or goes on waiting.
    fn lose_patience(&mut self, fiber: &mut Fiber, call: CallId) -> Option<Step> {
        let now = self.now.monotonic;
        let Patience {
            deadline,
            heartbeat,
        } = fiber.patience;
        let is_late = deadline.is_some_and(|deadline| deadline <= now);
        let is_silent = heartbeat.is_some_and(|heartbeat| heartbeat.due <= now);
        if is_late || is_silent {
            self.calls.cancel(call);
            return Some(Step::Answered(Err(StateError::timeout(!is_late))));
        }
        if let Some(at) = fiber.patience.ends() {
            self.set_timer(fiber, at);
        }
        None
    }

    /// The fiber's wait is over, and this is its next step; timers of it are stale from now on.
    #[inline]
    pub(super) fn wake(&mut self, id: FiberId, step: Step) {
        let fiber = self.fibers.get_mut(id);
        fiber.step = step;
        fiber.stamp = fiber.stamp.wrapping_add(1);
        self.ready.push_back(id);
    }

    /// A sign of life of a task: its next one is due an interval later.
    pub(super) fn heartbeat(&mut self, call: CallId, now: u64) {
        let Some(fiber) = self.calls.waiting_fiber(call) else {
            return;
        };
        if let Some(heartbeat) = &mut self.fibers.get_mut(fiber).patience.heartbeat {
            // The timer stays where it is: when it fires it is set again.
            heartbeat.due = now.saturating_add(heartbeat.interval);
        }
    }

    /// When something happens by itself, on the monotonic clock.
    pub(super) fn next_deadline(&self) -> Option<u64> {
        if self.outcome.is_some() {
            return None;
        }
        if !self.ready.is_empty() {
            return Some(self.now.monotonic);
        }
        earliest(
            Some(self.deadline),
            self.timers.first().map(|timer| timer.at),
        )
    }

    pub(super) fn drop_stale_timers(&mut self) {
        while let Some(timer) = self.timers.first() {
            if self.is_live(&timer) {
                break;
            }
            self.timers.pop();
        }
        let fibers = &self.fibers;
        self.timers.sweep(
            |timer| fibers.has_stamp(timer.fiber, timer.stamp),
            fibers.len(),
        );
    }
}

/// The earlier of two times that may not be set.
pub(super) fn earliest(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
