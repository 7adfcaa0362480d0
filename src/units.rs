//! Durations and sizes as people write them in a config: `30s`, `16MiB`. Knows units, not what is measured.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A duration with its unit: `250ms`, `30s`, `5m`, `2h`, `1d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HumanDuration(pub Duration);

/// A number of bytes with its unit: `512B`, `64KiB`, `16MiB`, `1GiB`; a bare number is bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

/// A text that is not a duration or a size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct UnitError {
    text: String,
    expected: &'static str,
}

const DURATION: &str = "a duration such as 250ms, 30s, 5m, 2h or 1d";
const SIZE: &str = "a size such as 512B, 64KiB, 16MiB or 1GiB";

const DURATION_UNITS: &[(&str, u64)] = &[
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

const SIZE_UNITS: &[(&str, u64)] = &[
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

impl HumanDuration {
    /// A duration of whole seconds.
    pub const fn from_secs(seconds: u64) -> HumanDuration {
        HumanDuration(Duration::from_secs(seconds))
    }

    /// A duration of milliseconds.
    pub const fn from_millis(milliseconds: u64) -> HumanDuration {
        HumanDuration(Duration::from_millis(milliseconds))
    }
}

impl ByteSize {
    /// A size of `n` MiB.
    pub const fn mib(n: u64) -> ByteSize {
        ByteSize(n << 20)
    }

    /// As an index or a length; saturates where the platform is too small.
    pub fn bytes(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl FromStr for HumanDuration {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<HumanDuration, UnitError> {
        parse(text, DURATION_UNITS, None)
            .map(HumanDuration::from_millis)
            .ok_or_else(|| UnitError {
                text: text.to_string(),
                expected: DURATION,
            })
    }
}

impl FromStr for ByteSize {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<ByteSize, UnitError> {
        parse(text, SIZE_UNITS, Some(1))
            .map(ByteSize)
            .ok_or_else(|| UnitError {
                text: text.to_string(),
                expected: SIZE,
            })
    }
}

/// A whole number and a unit, with or without a space between them.
fn parse(text: &str, units: &[(&str, u64)], bare: Option<u64>) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
    let factor = match unit.trim_start() {
        "" => bare,
        unit => units.iter().find(|(name, _)| *name == unit).map(|u| u.1),
    }?;
    number.parse::<u64>().ok()?.checked_mul(factor)
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        print(milliseconds, DURATION_UNITS, "0s", f)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(self.0, SIZE_UNITS, "0B", f)
    }
}

/// In the largest unit that divides it.
fn print(
    number: u64,
    units: &[(&str, u64)],
    zero: &str,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    match units
        .iter()
        .find(|(_, factor)| number.is_multiple_of(*factor))
    {
        Some((unit, factor)) if number > 0 => write!(f, "{}{unit}", number / factor),
        _ => f.write_str(zero),
    }
}

/// Reading, writing and describing one of the two types: always a text, except that a bare number reads as its digits.
macro_rules! as_text {
    ($unit:ident, $expected:expr, $pattern:literal) => {
        impl Serialize for $unit {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $unit {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$unit, D::Error> {
                struct Reader;
                impl de::Visitor<'_> for Reader {
                    type Value = $unit;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$unit, E> {
                        text.parse().map_err(E::custom)
                    }
                    fn visit_u64<E: de::Error>(self, number: u64) -> Result<$unit, E> {
                        self.visit_str(&number.to_string())
                    }
                }
                deserializer.deserialize_any(Reader)
            }
        }

        impl JsonSchema for $unit {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($unit).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": ["string", "integer"], "pattern": $pattern, "description": $expected })
            }
        }
    };
}

as_text!(HumanDuration, DURATION, "^[0-9]+ *(d|h|m|s|ms)$");
as_text!(ByteSize, SIZE, "^[0-9]+ *(GiB|MiB|KiB|GB|MB|kB|B)?$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_carry_a_unit() {
        for (text, milliseconds) in [
            ("250ms", 250),
            ("30s", 30_000),
            ("5 m", 300_000),
            ("2h", 7_200_000),
            ("1d", 86_400_000),
            ("0s", 0),
        ] {
            let want = HumanDuration::from_millis(milliseconds);
            assert_eq!(text.parse(), Ok(want));
            assert_eq!(want.to_string().parse(), Ok(want));
        }
        for text in ["", "30", "s", "-1s", "1.5s", "30S", "99999999999999d"] {
            assert!(text.parse::<HumanDuration>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_may_be_bare_bytes() {
        for (text, bytes) in [
            ("512", 512),
            ("512B", 512),
            ("64KiB", 65_536),
            ("16 MiB", 16 << 20),
            ("1GiB", 1 << 30),
            ("1kB", 1_000),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)));
            assert_eq!(
                serde_json::from_value::<ByteSize>(text.into()).unwrap(),
                ByteSize(bytes)
            );
            assert_eq!(ByteSize(bytes).to_string().parse(), Ok(ByteSize(bytes)));
        }
        assert_eq!(
            serde_json::from_value::<ByteSize>(7.into()).unwrap(),
            ByteSize(7)
        );
        assert!("16 mib".parse::<ByteSize>().is_err());
    }
}
