//! At most so many calls in a second.

use std::time::Duration;

/// Hands out the moments at which calls may begin. Calls that come after a quiet time may begin together, as many as a
/// tenth of a second is worth.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    burst: Duration,
    /// When the next call would begin if all came evenly.
    next: Duration,
}

const BURST: Duration = Duration::from_millis(100);

impl Pace {
    /// `rate` calls a second; not 0.
    pub(super) fn new(rate: u32) -> Pace {
        let interval = Duration::from_secs(1) / rate;
        Pace {
            interval,
            burst: BURST.saturating_sub(interval),
            next: Duration::ZERO,
        }
    }

    /// When a call may begin that comes `now`; none for at once. The moment is taken.
    pub(super) fn next(&mut self, now: Duration) -> Option<Duration> {
        let start = self.next.max(now);
        self.next = start + self.interval;
        let earliest = start.saturating_sub(self.burst);
        (earliest > now).then_some(earliest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When calls begin that come at these moments, all in milliseconds.
    #[track_caller]
    fn check(rate: u32, calls: &[u64], want: &[u64]) {
        let mut pace = Pace::new(rate);
        let begin = |at: &u64| {
            let now = Duration::from_millis(*at);
            pace.next(now).unwrap_or(now).as_millis() as u64
        };
        assert_eq!(calls.iter().map(begin).collect::<Vec<_>>(), want);
    }

    #[test]
    fn calls_keep_their_distance() {
        check(10, &[0, 0, 0, 0], &[0, 100, 200, 300]);
        check(10, &[0, 50, 500], &[0, 100, 500]);
        check(1, &[5_000, 5_000], &[5_000, 6_000]);
    }

    #[test]
    fn a_quiet_time_is_worth_a_tenth_of_a_second() {
        check(50, &[0; 8], &[0, 0, 0, 0, 0, 20, 40, 60]);
        check(
            50,
            &[0, 0, 0, 0, 0, 1_000, 1_000],
            &[0, 0, 0, 0, 0, 1_000, 1_000],
        );
    }
}
