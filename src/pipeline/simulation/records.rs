//! The records of a simulated world, and what each has to become.

use crate::error_name;
use crate::kafka::simulation::{Expected, Input, Random};

/// A record.
pub(super) struct Drawn {
    pub(super) input: Input,
    pub(super) expected: Expected,
    /// It kills whoever runs it.
    pub(super) kills: bool,
}

/// More than the output topic takes.
const TOO_LARGE: usize = 2_000;

/// The `n`th record, or a hole.
pub(super) fn draw(random: &mut Random, n: usize, may_kill: bool) -> Option<Drawn> {
    let key = random
        .per_mille(800)
        .then(|| format!("k{}", random.within(0, 6)));
    let kills = may_kill && random.per_mille(30);
    let dead = |value: String, error: &str| (Some(value), Some(error.to_string()));
    let (value, error) = match random.within(0, 20) {
        _ if kills => dead(format!("{{\"kill\":{n}}}"), error_name::CRASH_SUSPECT),
        0 => return None,
        1 => dead(format!("{{\"fail\": \"{n}\"}}"), "NotOk"),
        2 => dead(format!("{{broken {n}"), error_name::INVALID_INPUT),
        3 => (None, Some(error_name::INVALID_INPUT.to_string())),
        4 => {
            let value = format!("{{\"big\":\"{n}{}\"}}", "x".repeat(TOO_LARGE));
            dead(value, error_name::OUTPUT_TOO_LARGE)
        }
        5..9 => {
            let call = random.within(0, 200);
            (Some(format!("{{\"call\":{call},\"n\":{n}}}")), None)
        }
        _ => (Some(format!("{{\"ok\":{n}}}")), None),
    };
    let value = value.map(String::into_bytes);
    Some(Drawn {
        expected: Expected {
            dead: error.is_some(),
            value: value.clone(),
            error,
        },
        input: Input {
            key: key.map(String::into_bytes),
            value,
        },
        kills,
    })
}
