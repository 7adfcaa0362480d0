//! The only reader of clocks.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::engine::Now;

/// How long the distance between the two clocks is believed: a set wall clock is noticed this much later.
const OFFSET_LIFE: u64 = 100_000;

/// Both clocks of the process. The wall clock is the monotonic one plus an offset that is looked up ten times a second,
/// so that a reading costs one call.
#[derive(Debug)]
pub struct Clock {
    origin: Instant,
    /// Wall clock minus monotonic clock, microseconds.
    offset: AtomicI64,
    /// When `offset` is to be looked up again, monotonic microseconds.
    refresh: AtomicU64,
    jumps: bool,
    /// What was jumped over, microseconds.
    skipped: AtomicU64,
}

/// One reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Monotonic clock, microseconds since the clock was made.
    pub monotonic: u64,
    /// Wall clock, microseconds since the epoch.
    pub wall: i64,
}

impl Clock {
    /// The clocks of the machine.
    pub fn real() -> Clock {
        Clock::new(false)
    }

    /// A clock that jumps to the next deadline instead of waiting for it, as long as nothing else is waited for.
    pub fn jumping() -> Clock {
        Clock::new(true)
    }

    fn new(jumps: bool) -> Clock {
        let clock = Clock {
            origin: Instant::now(),
            offset: AtomicI64::new(0),
            refresh: AtomicU64::new(0),
            jumps,
            skipped: AtomicU64::new(0),
        };
        clock.look_up_offset(clock.monotonic());
        clock
    }

    /// Reads both clocks.
    pub fn read(&self) -> Moment {
        let monotonic = self.monotonic();
        if monotonic >= self.refresh.load(Ordering::Relaxed) {
            self.look_up_offset(monotonic);
        }
        Moment {
            monotonic,
            wall: monotonic as i64 + self.offset.load(Ordering::Relaxed),
        }
    }

    /// A timer for [`Clock::poll_until`], used for many deadlines: to set a timer anew costs a lock, to put it off does not.
    pub(super) fn timer(&self) -> Sleep {
        sleep_until(self.origin)
    }

    /// Waits until `deadline` on the monotonic clock, in microseconds. With `alone` nothing else is waited for, so that
    /// a jumping clock may jump.
    pub(super) fn poll_until(
        &self,
        mut timer: Pin<&mut Sleep>,
        deadline: u64,
        alone: bool,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let missing = deadline.saturating_sub(self.monotonic());
        if missing == 0 {
            return Poll::Ready(());
        }
        let skipped = &self.skipped;
        if self.jumps && alone {
            skipped.fetch_add(missing, Ordering::Relaxed);
            return Poll::Ready(());
        }
        let real = deadline.saturating_sub(skipped.load(Ordering::Relaxed));
        let at = self.origin + Duration::from_micros(real);
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.poll(cx)
    }

    fn monotonic(&self) -> u64 {
        let elapsed = u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX);
        elapsed + self.skipped.load(Ordering::Relaxed)
    }

    // Two threads may do this at the same time; both find the same.
    #[allow(clippy::disallowed_methods)] // This is the Clock.
    fn look_up_offset(&self, monotonic: u64) {
        let wall = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| {
                i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
            });
        let skipped = self.skipped.load(Ordering::Relaxed) as i64;
        self.offset
            .store(wall - monotonic as i64 + skipped, Ordering::Relaxed);
        self.refresh
            .store(monotonic + OFFSET_LIFE, Ordering::Relaxed);
    }
}

impl Moment {
    /// As the engine wants it: milliseconds.
    pub fn now(self) -> Now {
        Now {
            wall: self.wall_millis(),
            monotonic: self.monotonic / 1_000,
        }
    }

    /// Wall clock, milliseconds since the epoch.
    pub fn wall_millis(self) -> i64 {
        self.wall.div_euclid(1_000)
    }

    /// Time since an earlier moment.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_micros(self.monotonic.saturating_sub(earlier.monotonic))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    // With a clock that stands still nothing is lost between two readings.
    #[tokio::test(start_paused = true)]
    async fn a_jumping_clock_jumps_both_clocks() {
        let clock = Clock::jumping();
        let before = clock.read();
        let hour = 3_600_000_000;
        let mut timer = std::pin::pin!(clock.timer());
        let deadline = before.monotonic + hour;
        poll_fn(|cx| clock.poll_until(timer.as_mut(), deadline, true, cx)).await;
        let after = clock.read();
        assert_eq!(after.since(before), Duration::from_secs(3_600));
        // The wall clock of the machine goes on meanwhile.
        assert!(after.wall - before.wall >= hour as i64);
        clock.look_up_offset(clock.monotonic());
        assert!(clock.read().wall - before.wall >= hour as i64);
    }

    #[test]
    fn the_wall_clock_is_after_2020() {
        assert!(Clock::real().read().wall_millis() > 1_577_836_800_000);
    }
}
