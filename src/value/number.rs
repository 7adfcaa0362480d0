//! Numbers as JSON spelled them: exact until an operation asks for something else.

use std::cmp::Ordering;

/// The text of a number.
#[derive(Clone, Copy, Debug)]
pub struct Number<'a> {
    pub(super) lexeme: &'a str,
}

impl<'a> Number<'a> {
    /// A number that stands elsewhere, for instance in an expression. The lexeme is one that JSON allows.
    pub fn new(lexeme: &'a str) -> Number<'a> {
        Number { lexeme }
    }

    /// As it was written.
    pub fn lexeme(self) -> &'a str {
        self.lexeme
    }

    /// The value where it is an integer (also written `1.0` or `1e2`) that fits.
    pub fn as_i64(self) -> Option<i64> {
        if let Some(short) = Short::of(self.lexeme.as_bytes()) {
            return short.integer();
        }
        match self.is_plain() {
            true => self.lexeme.parse().ok(),
            false => integer(self.lexeme),
        }
    }

    /// The nearest binary64; infinite beyond its range.
    pub fn as_f64(self) -> f64 {
        match Short::of(self.lexeme.as_bytes()) {
            Some(short) => short.nearest(),
            None => self.lexeme.parse().unwrap_or(f64::NAN),
        }
    }

    /// The integer where it is one that fits, else the nearest binary64.
    pub fn as_exact(self) -> Result<i64, f64> {
        match Short::of(self.lexeme.as_bytes()) {
            Some(short) => short.exact(),
            None => self.as_i64().ok_or_else(|| self.as_f64()),
        }
    }

    /// By value: binary64 as AWS compares, except that two integers are compared exactly.
    pub fn compare(self, other: Number<'_>) -> Ordering {
        if let (Some(a), Some(b)) = (self.as_i64(), other.as_i64()) {
            return a.cmp(&b);
        }
        if self.is_plain() && other.is_plain() {
            return compare_digits(self.lexeme, other.lexeme);
        }
        let (a, b) = (self.as_f64(), other.as_f64());
        a.partial_cmp(&b).expect("a JSON number is no NaN")
    }

    /// An integer spelled as one.
    fn is_plain(self) -> bool {
        !self
            .lexeme
            .bytes()
            .any(|byte| matches!(byte, b'.' | b'e' | b'E'))
    }
}

/// A number of at most 15 digits and no exponent, as most are: read in one go.
pub(super) struct Short {
    negative: bool,
    digits: u64,
    /// Digits behind the point.
    n_behind: usize,
    ends_in_zero: bool,
}

/// By exponent, up to as many digits as a [`Short`] has.
const POWERS_OF_TEN: [u64; 16] = {
    let mut powers = [1; 16];
    let mut exponent = 1;
    while exponent < powers.len() {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

impl Short {
    #[inline]
    pub(super) fn of(lexeme: &[u8]) -> Option<Short> {
        const MOST: usize = 15;
        let (negative, bytes) = match lexeme {
            [b'-', rest @ ..] => (true, rest),
            all => (false, all),
        };
        if bytes.len() > MOST {
            return None;
        }
        let (mut digits, mut point) = (0_u64, None);
        for (place, &byte) in bytes.iter().enumerate() {
            match byte.wrapping_sub(b'0') {
                digit @ 0..=9 => digits = digits * 10 + u64::from(digit),
                _ if byte == b'.' => point = Some(place),
                _ => return None,
            }
        }
        Some(Short {
            negative,
            digits,
            n_behind: point.map_or(0, |place| bytes.len() - 1 - place),
            ends_in_zero: bytes.last() == Some(&b'0'),
        })
    }

    /// The integer where it is one, else the nearest binary64.
    #[inline]
    pub(super) fn exact(&self) -> Result<i64, f64> {
        self.integer().ok_or_else(|| self.nearest())
    }

    fn integer(&self) -> Option<i64> {
        let whole = match POWERS_OF_TEN[self.n_behind] {
            1 => self.digits,
            // Most fractions need no division to be told from integers.
            _ if !self.ends_in_zero => return None,
            scale if !self.digits.is_multiple_of(scale) => return None,
            scale => self.digits / scale,
        };
        Some(if self.negative {
            -(whole as i64)
        } else {
            whole as i64
        })
    }

    /// Digits and scale are exact in binary64, so that dividing them rounds once.
    #[inline]
    pub(super) fn nearest(&self) -> f64 {
        if self.n_behind == 0 {
            let whole = self.digits as i64;
            return if self.negative { -whole } else { whole } as f64;
        }
        let magnitude = self.digits as f64 / POWERS_OF_TEN[self.n_behind] as f64;
        if self.negative { -magnitude } else { magnitude }
    }
}

/// The integer that a lexeme with a fraction or an exponent stands for.
fn integer(lexeme: &str) -> Option<i64> {
    let (mantissa, exponent) = lexeme.split_once(['e', 'E']).unwrap_or((lexeme, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (whole, negative) = whole
        .strip_prefix('-')
        .map_or((whole, false), |digits| (digits, true));
    let fraction = fraction.trim_end_matches('0');

    // The value is the digits of both, times ten to the power of `exponent`.
    let digits = || {
        whole
            .bytes()
            .chain(fraction.bytes())
            .map(|digit| i128::from(digit - b'0'))
    };
    if digits().all(|digit| digit == 0) {
        return Some(0);
    }
    // An exponent too long to read is out of range either way: digits cannot make up for it within 1 GiB.
    let exponent = exponent.parse::<i64>().ok()? - fraction.len() as i64;
    let n_zeros = digits().rev().take_while(|&digit| digit == 0).count() as i64;
    if exponent + n_zeros < 0 {
        return None;
    }
    let n_kept = (whole.len() + fraction.len()) as i64 + exponent.min(0);
    let mut value: i128 = 0;
    for digit in digits().take(n_kept as usize) {
        value = value.checked_mul(10)?.checked_add(digit)?;
    }
    for _ in 0..exponent.max(0) {
        value = value.checked_mul(10)?;
    }
    i64::try_from(if negative { -value } else { value }).ok()
}

/// Two integers of any length, of which at least one does not fit 64 bits.
fn compare_digits(a: &str, b: &str) -> Ordering {
    let by_magnitude = |a: &str, b: &str| a.len().cmp(&b.len()).then_with(|| a.cmp(b));
    match (a.strip_prefix('-'), b.strip_prefix('-')) {
        (None, None) => by_magnitude(a, b),
        (Some(a), Some(b)) => by_magnitude(b, a),
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
    }
}

/// Appends a finite number that an execution made. The one place that decides its spelling: integers as integers, the
/// rest as the shortest text that reads back the same.
pub(super) fn spell(value: f64, out: &mut String) {
    if value.trunc() == value && value.abs() < i64::MAX as f64 {
        out.push_str(itoa::Buffer::new().format(value as i64));
        return;
    }
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format(value);
    out.push_str(shortest.strip_suffix(".0").unwrap_or(shortest));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(lexeme: &str) -> Number<'_> {
        Number { lexeme }
    }

    #[test]
    fn integers_are_seen_through_their_spelling() {
        for (lexeme, want) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("-0.0e9", Some(0)),
            ("1.0", Some(1)),
            ("1e2", Some(100)),
            ("1.50e1", Some(15)),
            ("100e-2", Some(1)),
            ("-120.00E-1", Some(-12)),
            ("1.5", None),
            ("1e-1", None),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("-9223372036854775808", Some(i64::MIN)),
            ("-9.223372036854775808e18", Some(i64::MIN)),
            ("1e19", None),
            ("1e999999999999999999999", None),
            ("0e999999999999999999999", Some(0)),
            ("1e-999999999999999999999", None),
            ("123456789012345678901234567890e-20", None),
            ("12000000000000000000000000000000000000000000e-42", Some(12)),
        ] {
            assert_eq!(number(lexeme).as_i64(), want, "{lexeme}");
        }
    }

    #[test]
    fn numbers_compare_by_value() {
        for (a, b, want) in [
            ("1", "1.0", Ordering::Equal),
            ("9007199254740993", "9007199254740992", Ordering::Greater),
            (
                "123456789012345678901",
                "123456789012345678900",
                Ordering::Greater,
            ),
            (
                "-123456789012345678901",
                "-123456789012345678900",
                Ordering::Less,
            ),
            ("-123456789012345678901", "1", Ordering::Less),
            (
                "99999999999999999999",
                "100000000000000000000",
                Ordering::Less,
            ),
            ("0.1", "0.10", Ordering::Equal),
            ("1e400", "2e400", Ordering::Equal),
            ("1e400", "1", Ordering::Greater),
            ("-0", "0", Ordering::Equal),
        ] {
            assert_eq!(number(a).compare(number(b)), want, "{a} {b}");
            assert_eq!(number(b).compare(number(a)), want.reverse(), "{b} {a}");
        }
    }

    #[test]
    fn made_numbers_have_one_spelling() {
        for (value, want) in [
            (0.0, "0"),
            (-0.0, "0"),
            (3.0, "3"),
            (0.1, "0.1"),
            (-1.5, "-1.5"),
            (1e15, "1000000000000000"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (1e-7, "1e-7"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
        ] {
            let mut out = String::new();
            spell(value, &mut out);
            assert_eq!(out, want);
            assert_eq!(out.parse::<f64>().unwrap(), value);
        }
    }

    #[test]
    fn short_numbers_are_read_like_any() {
        for lexeme in [
            "0",
            "-0",
            "0.0",
            "-0.0",
            "7",
            "-12",
            "1.5",
            "-1.50",
            "0.1",
            "0.30",
            "12.75",
            "100.00",
            "999999999999999",
            "99999999999.999",
            "0.0000000000001",
            "-123456789012345",
            "1234567.890123",
            "9007199254740993",
            "1234567890123456",
            "0.12345678901234567",
            "1e2",
            "1.5E-3",
        ] {
            let exact: f64 = lexeme.parse().unwrap();
            assert_eq!(number(lexeme).as_f64(), exact, "{lexeme}");
            assert_eq!(number(lexeme).as_i64(), integer(lexeme), "{lexeme}");
            let both = integer(lexeme).ok_or(exact);
            assert_eq!(number(lexeme).as_exact(), both, "{lexeme}");
        }
    }
}
