//! Picture strings: how numbers and dates are to look, and how they are read back.

mod calendar;
mod datetime;
mod integer;
mod number;
mod parse;
mod words;

pub(super) use datetime::DateTimePicture;
pub(super) use integer::IntegerPicture;
pub(super) use number::{Symbols, format_number};
pub(super) use parse::parse_iso;

/// Rounds at a decimal place, halves to the even neighbour. Decimal digits decide, not their nearest binary fractions.
pub(super) fn round(value: f64, places: i32) -> f64 {
    let shifted = shift(value, places);
    let floor = shifted.floor();
    let fraction = shifted - floor;
    let rounded = match fraction {
        _ if fraction < 0.5 => floor,
        0.5 if floor % 2.0 == 0.0 => floor,
        _ => floor + 1.0,
    };
    // Adding zero makes a negative zero positive.
    shift(rounded, -places) + 0.0
}

/// `value` times ten to the power of `places`, exact in decimal.
fn shift(value: f64, places: i32) -> f64 {
    if places == 0 || !value.is_finite() {
        return value;
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    format!("{mantissa}e{}", exponent + places)
        .parse()
        .unwrap_or(value)
}

/// The distance at which separators repeat all over, given their distances from the decimal point; 0 if they do not.
fn regular_distance(positions: &[usize]) -> usize {
    let factor = positions
        .iter()
        .copied()
        .reduce(greatest_common_divisor)
        .unwrap_or(0);
    let repeats = (1..=positions.len()).all(|multiple| positions.contains(&(multiple * factor)));
    if repeats { factor } else { 0 }
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_to_even() {
        for (value, places, want) in [
            (0.5, 0, 0.0),
            (1.5, 0, 2.0),
            (-0.5, 0, 0.0),
            (-1.5, 0, -2.0),
            (4.525, 2, 4.52),
            (4.515, 2, 4.52),
            (12345.0, -2, 12300.0),
            (12450.0, -2, 12400.0),
            (1e-7, 3, 0.0),
        ] {
            assert_eq!(round(value, places), want, "{value} at {places}");
        }
    }
}
