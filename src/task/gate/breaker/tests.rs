use proptest::prelude::*;

use super::*;
use crate::units::HumanDuration;

fn config() -> BreakerConfig {
    BreakerConfig {
        calls: 4,
        max_pause: HumanDuration::from_secs(3),
        ..BreakerConfig::default()
    }
}

/// Runs a scenario and compares what the breaker says after each step, all times in milliseconds.
///
/// `+`: a call begins and answers; `-`: begins and fails; `?`: would one begin (`go`, `wait 1500`, `wait`)?
/// `(`: a call begins and stays; `)`: it answers; `!`: it fails; `x`: it is given up.
#[track_caller]
fn check(steps: &[(u64, &str, &str)]) {
    let mut breaker = Breaker::new(&config());
    let mut open = Vec::new();
    for (index, (at, step, want)) in steps.iter().enumerate() {
        let now = Duration::from_millis(*at);
        let found = match *step {
            "+" | "-" | "(" | "?" => match breaker.admit(now) {
                Admission::Wait(None) => "wait".to_string(),
                Admission::Wait(Some(until)) => format!("wait {}", until.as_millis()),
                Admission::Go(ticket) => match *step {
                    "+" => say(breaker.ended(ticket, Health::Up, now)),
                    "-" => say(breaker.ended(ticket, Health::Down, now)),
                    _ => {
                        open.push(ticket);
                        "go".to_string()
                    }
                },
            },
            ")" => say(breaker.ended(open.remove(0), Health::Up, now)),
            "!" => say(breaker.ended(open.remove(0), Health::Down, now)),
            "x" => say(breaker.withdrawn(open.remove(0), now)),
            other => panic!("{other}"),
        };
        assert_eq!(found, *want, "step {index}: {step} at {at}");
    }
}

fn say(change: Option<Change>) -> String {
    match change {
        None => String::new(),
        Some(Change::Opened { pause }) => format!("opened {}", pause.as_millis()),
        Some(Change::Closed) => "closed".to_string(),
        Some(Change::Released) => "released".to_string(),
    }
}

#[test]
fn more_than_half_of_enough_calls_open_it() {
    check(&[
        (0, "-", ""),
        (0, "-", ""),
        (0, "-", ""),
        (0, "-", "opened 1000"),
        (1, "?", "wait 1000"),
    ]);
    check(&[
        (0, "-", ""),
        (0, "+", ""),
        (0, "-", ""),
        (0, "+", ""),
        (0, "-", "opened 1000"),
    ]);
    check(&[
        (0, "+", ""),
        (0, "+", ""),
        (0, "-", ""),
        (0, "-", ""),
        (0, "+", ""),
        (0, "?", "go"),
    ]);
}

#[test]
fn what_is_ten_seconds_old_is_forgotten() {
    check(&[
        (0, "-", ""),
        (0, "-", ""),
        (0, "-", ""),
        (10_000, "-", ""),
        (10_000, "?", "go"),
    ]);
    check(&[
        (0, "-", ""),
        (0, "-", ""),
        (0, "-", ""),
        (9_999, "-", "opened 1000"),
    ]);
    // A slice that is used again forgets what it held a round ago.
    check(&[
        (0, "-", ""),
        (0, "-", ""),
        (0, "-", ""),
        (10_500, "+", ""),
        (10_500, "-", ""),
    ]);
}

#[test]
fn one_call_tries_after_the_pause() {
    let mut steps = vec![
        (0, "-", ""),
        (0, "-", ""),
        (0, "-", ""),
        (0, "-", "opened 1000"),
    ];
    steps.extend([
        (999, "?", "wait 1000"),
        (1_000, "(", "go"),
        (1_000, "?", "wait"),
        (1_200, "!", "opened 2000"),
        (3_199, "?", "wait 3200"),
        (3_200, "-", "opened 3000"),
        (6_200, "-", "opened 3000"),
        (9_200, "+", "closed"),
        // Everything begins anew.
        (9_200, "-", ""),
        (9_200, "-", ""),
        (9_200, "-", ""),
        (9_200, "-", "opened 1000"),
    ]);
    check(&steps);
}

#[test]
fn a_try_that_is_given_up_lets_another_try() {
    check(&[
        (0, "-", ""),
        (0, "-", ""),
        (0, "-", ""),
        (0, "-", "opened 1000"),
        (1_000, "(", "go"),
        (1_100, "?", "wait"),
        (1_200, "x", "released"),
        (1_200, "-", "opened 2000"),
    ]);
}

#[test]
fn calls_from_before_a_change_say_nothing() {
    check(&[
        (0, "(", "go"),
        (0, "(", "go"),
        (0, "(", "go"),
        (0, "-", ""),
        (0, "-", ""),
        (0, "-", ""),
        (0, "-", "opened 1000"),
        (10, ")", ""),
        (1_000, "?", "go"),
        (1_010, "!", ""),
        (1_020, "x", ""),
        (1_020, "?", "wait"),
    ]);
}

#[test]
fn one_that_is_off_never_opens() {
    let mut breaker = Breaker::new(&BreakerConfig {
        action: BreakerAction::Off,
        ..config()
    });
    for _ in 0..100 {
        let Admission::Go(ticket) = breaker.admit(Duration::ZERO) else {
            panic!("it is off");
        };
        assert_eq!(breaker.ended(ticket, Health::Down, Duration::ZERO), None);
    }
}

proptest! {
    /// Whatever happens in whatever order: at most one call tries at a time, nothing begins in a pause, pauses stay
    /// within their bounds, and an endpoint that answers again is called again.
    #[test]
    fn it_never_sticks(steps in proptest::collection::vec((0_u64..2_000, 0_u8..5), 1..300)) {
        let config = config();
        let mut breaker = Breaker::new(&config);
        let mut now = Duration::ZERO;
        let mut open = Vec::new();
        let mut closed_until = Duration::ZERO;
        for (wait, step) in steps {
            now += Duration::from_millis(wait);
            let ticket = |open: &mut Vec<Ticket>| (!open.is_empty()).then(|| open.remove(0));
            let change = match step {
                0 | 1 => {
                    if let Admission::Go(ticket) = breaker.admit(now) {
                        prop_assert!(closed_until <= now);
                        open.push(ticket);
                    }
                    None
                }
                2 => ticket(&mut open).and_then(|ticket| breaker.ended(ticket, Health::Down, now)),
                3 => ticket(&mut open).and_then(|ticket| breaker.ended(ticket, Health::Up, now)),
                _ => ticket(&mut open).and_then(|ticket| breaker.withdrawn(ticket, now)),
            };
            if let Some(Change::Opened { pause }) = change {
                prop_assert!(config.pause.0 <= pause && pause <= config.max_pause.0);
                closed_until = now + pause;
            }
            if let State::Probing { .. } = breaker.state {
                let trying = open.iter().filter(|ticket| ticket.era == breaker.era).count();
                prop_assert_eq!(trying, 1);
            }
        }
        for ticket in open {
            breaker.ended(ticket, Health::Up, now);
        }
        now += config.max_pause.0;
        let was_closed = breaker.state == State::Closed;
        let Admission::Go(ticket) = breaker.admit(now) else {
            panic!("nothing holds it any more");
        };
        breaker.ended(ticket, Health::Up, now);
        prop_assert!(was_closed || breaker.state == State::Closed);
    }
}
