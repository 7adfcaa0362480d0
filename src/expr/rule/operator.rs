//! The operators of choice rules, by the names that definitions use.

/// The operand of a comparison as the definition has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operand<'a> {
    /// A string, also the path of a `…Path` operator.
    String(&'a str),
    /// The text of a number.
    Number(&'a str),
    /// `true` or `false`.
    Bool(bool),
    /// Anything else; always refused.
    Other,
}

/// An operator's place in the table of operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator(u8);

/// How two values of one type are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Equals,
    LessThan,
    GreaterThan,
    LessThanEquals,
    GreaterThanEquals,
}

/// What an operator compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    String(Order),
    Numeric(Order),
    Boolean,
    Timestamp(Order),
    StringMatches,
    IsPresent,
    IsNull,
    IsString,
    IsNumeric,
    IsBoolean,
    IsTimestamp,
}

use Family::{Boolean, Numeric, String, Timestamp};
use Order::{Equals, GreaterThan, GreaterThanEquals, LessThan, LessThanEquals};

/// Name, meaning, whether the operand is a path.
const TABLE: &[(&str, Family, bool)] = &[
    ("StringEquals", String(Equals), false),
    ("StringEqualsPath", String(Equals), true),
    ("StringLessThan", String(LessThan), false),
    ("StringLessThanPath", String(LessThan), true),
    ("StringGreaterThan", String(GreaterThan), false),
    ("StringGreaterThanPath", String(GreaterThan), true),
    ("StringLessThanEquals", String(LessThanEquals), false),
    ("StringLessThanEqualsPath", String(LessThanEquals), true),
    ("StringGreaterThanEquals", String(GreaterThanEquals), false),
    (
        "StringGreaterThanEqualsPath",
        String(GreaterThanEquals),
        true,
    ),
    ("StringMatches", Family::StringMatches, false),
    ("NumericEquals", Numeric(Equals), false),
    ("NumericEqualsPath", Numeric(Equals), true),
    ("NumericLessThan", Numeric(LessThan), false),
    ("NumericLessThanPath", Numeric(LessThan), true),
    ("NumericGreaterThan", Numeric(GreaterThan), false),
    ("NumericGreaterThanPath", Numeric(GreaterThan), true),
    ("NumericLessThanEquals", Numeric(LessThanEquals), false),
    ("NumericLessThanEqualsPath", Numeric(LessThanEquals), true),
    (
        "NumericGreaterThanEquals",
        Numeric(GreaterThanEquals),
        false,
    ),
    (
        "NumericGreaterThanEqualsPath",
        Numeric(GreaterThanEquals),
        true,
    ),
    ("BooleanEquals", Boolean, false),
    ("BooleanEqualsPath", Boolean, true),
    ("TimestampEquals", Timestamp(Equals), false),
    ("TimestampEqualsPath", Timestamp(Equals), true),
    ("TimestampLessThan", Timestamp(LessThan), false),
    ("TimestampLessThanPath", Timestamp(LessThan), true),
    ("TimestampGreaterThan", Timestamp(GreaterThan), false),
    ("TimestampGreaterThanPath", Timestamp(GreaterThan), true),
    ("TimestampLessThanEquals", Timestamp(LessThanEquals), false),
    (
        "TimestampLessThanEqualsPath",
        Timestamp(LessThanEquals),
        true,
    ),
    (
        "TimestampGreaterThanEquals",
        Timestamp(GreaterThanEquals),
        false,
    ),
    (
        "TimestampGreaterThanEqualsPath",
        Timestamp(GreaterThanEquals),
        true,
    ),
    ("IsPresent", Family::IsPresent, false),
    ("IsNull", Family::IsNull, false),
    ("IsString", Family::IsString, false),
    ("IsNumeric", Family::IsNumeric, false),
    ("IsBoolean", Family::IsBoolean, false),
    ("IsTimestamp", Family::IsTimestamp, false),
];

impl Operator {
    /// `StringEquals`, `NumericLessThanPath`, `IsPresent`, … all 39.
    pub fn from_name(name: &str) -> Option<Operator> {
        let place = TABLE.iter().position(|(known, ..)| *known == name)?;
        u8::try_from(place).ok().map(Operator)
    }

    /// As the definition spells it.
    pub fn name(self) -> &'static str {
        TABLE[usize::from(self.0)].0
    }

    /// Every operator's name, for suggestions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|(name, ..)| *name)
    }

    pub(super) fn family(self) -> Family {
        TABLE[usize::from(self.0)].1
    }

    /// Whether the operand is a path.
    pub fn takes_path(self) -> bool {
        TABLE[usize::from(self.0)].2
    }
}

impl Order {
    pub(super) fn accepts(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Equals => ordering.is_eq(),
            LessThan => ordering.is_lt(),
            GreaterThan => ordering.is_gt(),
            LessThanEquals => ordering.is_le(),
            GreaterThanEquals => ordering.is_ge(),
        }
    }
}
