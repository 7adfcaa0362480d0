//! Numbers: integers while they fit 64 bits, binary64 else; and how they are spelled.

use std::cmp::Ordering;

use crate::value::{Arena, Value};

use super::super::heap::Item;

/// The value of a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) enum Number {
    Int(i64),
    /// Not an integer that an `Int` can hold exactly.
    Float(f64),
}

/// Integers below this are exact in binary64.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl From<f64> for Number {
    fn from(value: f64) -> Number {
        let whole = value as i64;
        match whole as f64 == value && value.abs() < EXACT {
            true => Number::Int(whole),
            false => Number::Float(value),
        }
    }
}

impl Number {
    /// The number that a value is.
    pub(in super::super) fn of(arena: &Arena, value: Value) -> Option<Number> {
        Some(match arena.as_exact(value)? {
            Ok(integer) => Number::Int(integer),
            Err(nearest) => Number::Float(nearest),
        })
    }

    pub(in super::super) fn as_f64(self) -> f64 {
        match self {
            Number::Int(value) => value as f64,
            Number::Float(value) => value,
        }
    }

    /// As binary64, where that loses nothing; never the other zero, infinite or none.
    pub(in super::super) fn exact(self) -> Option<f64> {
        match self {
            Number::Int(value) if value.unsigned_abs() < EXACT as u64 => Some(value as f64),
            Number::Float(value) if value.is_finite() && value != 0.0 => Some(value),
            _ => None,
        }
    }

    pub(in super::super) fn item(self) -> Item {
        match self {
            Number::Int(value) => Item::Int(value),
            Number::Float(value) => Item::Float(value),
        }
    }

    /// The largest integer that is not above it; of the ends of the range beyond.
    pub(in super::super) fn floor(self) -> i64 {
        match self {
            Number::Int(value) => value,
            Number::Float(value) => value.floor() as i64,
        }
    }

    pub(in super::super) fn is_integer(self) -> bool {
        match self {
            Number::Int(_) => true,
            Number::Float(value) => value.is_finite() && value.trunc() == value,
        }
    }

    pub(in super::super) fn compare(self, other: Number) -> Option<Ordering> {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => Some(a.cmp(&b)),
            _ => self.as_f64().partial_cmp(&other.as_f64()),
        }
    }
}

/// A number as `$string` writes it: 15 digits, an exponent from 1e21 and below 1e-6.
pub(in super::super) fn spell(number: Number, out: &mut String) {
    match number {
        Number::Int(value) => out.push_str(itoa::Buffer::new().format(value)),
        Number::Float(value) => {
            let rounded = format!("{value:.14e}").parse().unwrap_or(value);
            spell_exactly(rounded, out);
        }
    }
}

/// The shortest text that reads back the same, as JavaScript writes it.
pub(in super::super) fn spell_exactly(value: f64, out: &mut String) {
    if value == 0.0 {
        out.push('0');
        return;
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = mantissa
        .strip_prefix('-')
        .map_or(("", mantissa), |rest| ("-", rest));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let n_digits = digits.len() as i32;
    out.push_str(sign);
    match exponent {
        0..21 if n_digits <= exponent + 1 => {
            out.push_str(&digits);
            out.extend(std::iter::repeat_n('0', (exponent + 1 - n_digits) as usize));
        }
        0..21 => {
            let (whole, fraction) = digits.split_at(exponent as usize + 1);
            out.extend([whole, ".", fraction]);
        }
        -6..0 => {
            out.push_str("0.");
            out.extend(std::iter::repeat_n('0', (-exponent - 1) as usize));
            out.push_str(&digits);
        }
        _ => {
            let (first, rest) = digits.split_at(1);
            out.push_str(first);
            if !rest.is_empty() {
                out.extend([".", rest]);
            }
            out.push_str(if exponent < 0 { "e-" } else { "e+" });
            out.push_str(itoa::Buffer::new().format(exponent.unsigned_abs()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled_like_javascript_does() {
        for (value, want) in [
            (0.1 + 0.2, "0.3"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e-7, "1.5e-7"),
            (0.000_001_5, "0.0000015"),
            (-12.5, "-12.5"),
            (123_456_789.123, "123456789.123"),
            (5e-324, "5e-324"),
            (1.0 / 3.0, "0.333333333333333"),
            (-0.0, "0"),
        ] {
            let mut out = String::new();
            spell(Number::Float(value), &mut out);
            assert_eq!(out, want);
        }
    }
}
