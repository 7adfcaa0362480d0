//! A circuit breaker: plain data, time is an argument.

use std::time::Duration;

use super::Health;
use super::config::{BreakerAction, BreakerConfig};

/// Closed while calls go through, open while they do not, probing while one call tries.
///
/// Times are distances from any fixed moment.
#[derive(Debug)]
pub(super) struct Breaker {
    config: BreakerConfig,
    state: State,
    /// Grows with each change of state; what belongs to an earlier one says nothing any more.
    era: u32,
    window: Window,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    /// Nothing is called before `until`; `pause` is how long that is from its beginning.
    Open {
        until: Duration,
        pause: Duration,
    },
    /// One call tries; the last pause took `pause`.
    Probing {
        pause: Duration,
    },
}

/// The right to one call, to be given back by `ended` or `withdrawn`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    era: u32,
}

/// Whether a call may begin.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It may.
    Go(Ticket),
    /// Not before this moment, or before the call that tries has ended.
    Wait(Option<Duration>),
}

/// What waiting calls and the log want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Opened {
        pause: Duration,
    },
    Closed,
    /// The call that tried was given up: another may try.
    Released,
}

impl Breaker {
    pub(super) fn new(config: &BreakerConfig) -> Breaker {
        Breaker {
            config: config.clone(),
            state: State::Closed,
            era: 0,
            window: Window::new(config.window.0),
        }
    }

    /// Asks for a call.
    pub(super) fn admit(&mut self, now: Duration) -> Admission {
        match self.state {
            State::Closed => {}
            State::Open { until, pause } if until <= now => self.go_to(State::Probing { pause }),
            State::Open { until, .. } => return Admission::Wait(Some(until)),
            State::Probing { .. } => return Admission::Wait(None),
        }
        Admission::Go(Ticket { era: self.era })
    }

    /// A call has ended.
    pub(super) fn ended(
        &mut self,
        ticket: Ticket,
        health: Health,
        now: Duration,
    ) -> Option<Change> {
        if ticket.era != self.era || self.config.action == BreakerAction::Off {
            return None;
        }
        match (self.state, health) {
            (State::Closed, _) => {
                self.window.count(health, now);
                let (calls, failed) = self.window.sums(now);
                let too_many = f64::from(failed) > f64::from(calls) * self.config.share;
                (calls >= self.config.calls && too_many)
                    .then(|| self.open(self.config.pause.0, now))
            }
            (State::Probing { .. }, Health::Up) => {
                self.window = Window::new(self.config.window.0);
                self.go_to(State::Closed);
                Some(Change::Closed)
            }
            (State::Probing { pause }, Health::Down) => {
                let pause = pause.saturating_mul(2).min(self.config.max_pause.0);
                Some(self.open(pause, now))
            }
            (State::Open { .. }, _) => unreachable!("nobody has a ticket of this era"),
        }
    }

    /// A call was given up before it could end.
    pub(super) fn withdrawn(&mut self, ticket: Ticket, now: Duration) -> Option<Change> {
        match self.state {
            State::Probing { pause } if ticket.era == self.era => {
                self.go_to(State::Open { until: now, pause });
                Some(Change::Released)
            }
            _ => None,
        }
    }

    fn open(&mut self, pause: Duration, now: Duration) -> Change {
        self.go_to(State::Open {
            until: now.saturating_add(pause),
            pause,
        });
        Change::Opened { pause }
    }

    fn go_to(&mut self, state: State) {
        self.state = state;
        self.era = self.era.wrapping_add(1);
    }
}

/// The calls that ended lately, in slices of time.
#[derive(Debug)]
struct Window {
    slice: Duration,
    slices: [Slice; SLICES],
}

#[derive(Clone, Copy, Debug, Default)]
struct Slice {
    /// Which slice since the fixed moment.
    number: u128,
    calls: u32,
    failed: u32,
}

const SLICES: usize = 10;

impl Window {
    fn new(length: Duration) -> Window {
        Window {
            slice: length / SLICES as u32,
            slices: [Slice::default(); SLICES],
        }
    }

    fn count(&mut self, health: Health, now: Duration) {
        let number = self.number(now);
        let slice = &mut self.slices[(number % SLICES as u128) as usize];
        if slice.number != number {
            *slice = Slice {
                number,
                ..Slice::default()
            };
        }
        slice.calls = slice.calls.saturating_add(1);
        slice.failed = slice
            .failed
            .saturating_add(u32::from(health == Health::Down));
    }

    /// Calls and those of them that failed.
    fn sums(&self, now: Duration) -> (u32, u32) {
        let number = self.number(now);
        let recent = |slice: &&Slice| slice.number + SLICES as u128 > number;
        self.slices
            .iter()
            .filter(recent)
            .fold((0, 0), |sums, slice| {
                let (calls, failed): (u32, u32) = sums;
                (
                    calls.saturating_add(slice.calls),
                    failed.saturating_add(slice.failed),
                )
            })
    }

    fn number(&self, now: Duration) -> u128 {
        now.as_nanos() / self.slice.as_nanos().max(1)
    }
}

#[cfg(test)]
mod tests;
