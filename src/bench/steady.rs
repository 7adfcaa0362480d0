//! Speed between the first acknowledgement and the last: how long clients take to begin is no speed.

use std::time::Instant;

use super::report::per_second;

/// What was done, as it was seen from time to time.
pub(super) struct Steady {
    begun: Instant,
    first: Option<(Instant, u64)>,
    last: (Instant, u64),
}

impl Steady {
    pub(super) fn begin() -> Steady {
        let begun = Instant::now();
        Steady {
            begun,
            first: None,
            last: (begun, 0),
        }
    }

    /// So many are acknowledged now.
    pub(super) fn look(&mut self, done: u64) {
        let now = Instant::now();
        if done > 0 {
            self.first.get_or_insert((now, done));
        }
        if done != self.last.1 {
            self.last = (now, done);
        }
    }

    /// When something was acknowledged last.
    pub(super) fn moved(&self) -> Instant {
        self.last.0
    }

    /// Acknowledged records per second. Where all were there at the first look, that counts from the beginning.
    pub(super) fn per_second(&self) -> f64 {
        let (last, done) = self.last;
        match self.first {
            Some((first, before)) if done > before => per_second(done - before, last - first),
            _ => per_second(done, last - self.begun),
        }
    }
}
