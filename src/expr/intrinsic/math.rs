//! Arithmetic and random numbers.

use crate::value::Value;

use super::{Failure, Intrinsic, Invocation};
use crate::expr::Random;

pub(super) const MATH: &[Intrinsic] = &[
    Intrinsic {
        name: "States.MathAdd",
        args: 2..=2,
        pure: true,
        eval: math_add,
    },
    Intrinsic {
        name: "States.MathRandom",
        args: 2..=3,
        pure: false,
        eval: math_random,
    },
];

/// `States.MathAdd(a, b)`: the sum of both arguments, each rounded first.
fn math_add(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    let (a, b) = (call.integer(0)?, call.integer(1)?);
    match a.checked_add(b) {
        Some(sum) => Ok(call.arena.integer(sum)),
        None => Err(Failure::new(format!(
            "the sum of {a} and {b} is out of range"
        ))),
    }
}

/// `States.MathRandom(low, high[, seed])`: from `low` up to, not including, `high`. Equal seeds give equal numbers.
fn math_random(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    let (low, high) = (call.integer(0)?, call.integer(1)?);
    if low >= high {
        return Err(Failure::new(format!(
            "the start {low} must be less than the end {high}"
        )));
    }
    let bits = match call.args.len() {
        3 => Random::new(call.integer(2)? as u64).next_u64(),
        _ => call.random.next_u64(),
    };
    // The bias of a 128-bit product over at most 2^64 values can not be observed.
    let width = (i128::from(high) - i128::from(low)) as u128;
    let drawn = ((u128::from(bits) * width) >> 64) as i128;
    let number =
        i64::try_from(i128::from(low) + drawn).expect("the number lies between two of 64 bits");
    Ok(call.arena.integer(number))
}
