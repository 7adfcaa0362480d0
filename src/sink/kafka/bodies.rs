//! Memory for values on their way through the client, used again and again. The client's own copies come from fresh memory
//! for each record: freed by another thread, given back to the system, and faulted in again.

use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Larger ones are made for their value and go with it.
const LARGEST: usize = 16 << 10;
/// Lengths are rounded up to a multiple, so that most of the time the next value fits.
const STEP: usize = 512;
/// What lies idle, at most, in bytes.
const IDLE: usize = 4 << 20;
/// What a thread takes at a time, and has at hand at most: 1 MiB of the largest.
const HANDFUL: usize = 64;
/// What was not needed for so long is given back.
const TRIM_AFTER: Duration = Duration::from_secs(1);

thread_local! {
    /// Bodies that this thread has taken and not used yet, whichever sink they came from.
    static AT_HAND: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Bodies that nothing is in.
pub(super) struct Bodies(Mutex<Idle>);

struct Idle {
    bodies: Vec<Vec<u8>>,
    bytes: usize,
    /// The fewest that there were since the last trim: so many were not needed.
    fewest: usize,
    trimmed: Instant,
}

impl Bodies {
    pub(super) fn new() -> Bodies {
        Bodies(Mutex::new(Idle {
            bodies: Vec::new(),
            bytes: 0,
            fewest: 0,
            trimmed: Instant::now(),
        }))
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of a value.
    pub(super) fn copy(&self, value: &[u8]) -> Vec<u8> {
        let mut body = match value.len() <= LARGEST {
            true => self.take(),
            false => Vec::new(),
        };
        body.reserve_exact(value.len().next_multiple_of(STEP));
        body.extend_from_slice(value);
        body
    }

    fn take(&self) -> Vec<u8> {
        AT_HAND.with_borrow_mut(|at_hand| {
            if at_hand.is_empty() {
                self.idle().give(at_hand);
            }
            at_hand.pop().unwrap_or_default()
        })
    }

    /// Takes bodies back.
    pub(super) fn give_back(&self, used: Vec<Vec<u8>>) {
        let mut idle = self.idle();
        for mut body in used {
            let bytes = body.capacity();
            if bytes > 0 && bytes <= LARGEST && idle.bytes + bytes <= IDLE {
                body.clear();
                idle.bytes += bytes;
                idle.bodies.push(body);
            }
        }
        idle.trim();
    }
}

impl Idle {
    fn give(&mut self, to: &mut Vec<Vec<u8>>) {
        let left = self.bodies.len().saturating_sub(HANDFUL);
        to.extend(self.bodies.drain(left..));
        self.bytes -= to.iter().map(Vec::capacity).sum::<usize>();
        self.fewest = self.fewest.min(left);
    }

    fn trim(&mut self) {
        if self.trimmed.elapsed() < TRIM_AFTER {
            return;
        }
        let needed = self.bodies.len() - self.fewest;
        // The oldest ones: they lie at the bottom.
        let unneeded = self.bodies.drain(..self.fewest);
        self.bytes -= unneeded.map(|body| body.capacity()).sum::<usize>();
        self.fewest = needed;
        self.trimmed = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bodies of values of so many bytes are used and come back.
    fn use_some(bodies: &Bodies, n: usize, bytes: usize) {
        let value = vec![b'x'; bytes];
        let used: Vec<_> = (0..n).map(|_| bodies.copy(&value)).collect();
        assert!(used.iter().all(|body| *body == value));
        bodies.give_back(used);
    }

    #[test]
    fn bodies_are_used_again_and_idle_ones_are_bounded() {
        let bodies = Bodies::new();
        use_some(&bodies, 100, 1_000);
        assert_eq!(bodies.idle().bodies.len(), 100);
        assert_eq!(bodies.idle().bytes, 100 * 1_024);
        use_some(&bodies, 100, 700);
        assert_eq!(bodies.idle().bodies.len(), 100);
        use_some(&bodies, 1, LARGEST + 1);
        assert_eq!(bodies.idle().bodies.len(), 100);
        use_some(&bodies, 1_000, LARGEST);
        assert!(bodies.idle().bytes <= IDLE);
        let capacity: usize = bodies.idle().bodies.iter().map(Vec::capacity).sum();
        let bytes = bodies.idle().bytes;
        assert_eq!(bytes, capacity);
    }

    #[test]
    fn what_is_not_needed_is_given_back() {
        let bodies = Bodies::new();
        use_some(&bodies, 1_000, 1_000);
        for most in [1_000, HANDFUL, HANDFUL] {
            bodies.idle().trimmed -= TRIM_AFTER;
            use_some(&bodies, HANDFUL, 1_000);
            let left = bodies.idle().bodies.len();
            assert!(left <= most, "{left}");
        }
        bodies.idle().trimmed -= TRIM_AFTER;
        bodies.give_back(Vec::new());
        bodies.idle().trimmed -= TRIM_AFTER;
        bodies.give_back(Vec::new());
        assert!(bodies.idle().bodies.is_empty());
        assert_eq!(bodies.idle().bytes, 0);
    }
}
