//! `Variable` and one operator.

use std::cmp::Ordering;

use crate::value::Arena;
use crate::value::ConstantsBuilder;
use crate::value::JsonStr;
use crate::value::Kind;
use crate::value::Number;
use crate::value::Value;

use super::operator::{Family, Operand, Operator, Order};
use super::pattern::Pattern;
use crate::expr::timestamp::{self, Timestamp};
use crate::expr::{ExprError, Path, Scope, Scratch, SyntaxError};

/// `Variable` compared with a literal or with what a path finds.
#[derive(Debug)]
pub struct DataTest {
    variable: Path,
    test: Test,
    /// Where the scratch keeps the variable's value, when other tests of the state look at it, too.
    shared: Option<usize>,
}

/// What a look-up can answer.
pub(super) enum Equality<'a> {
    /// `StringEquals`
    Text(&'a str),
    /// `NumericEquals`
    Number(f64),
    /// `IsPresent`
    Present(bool),
}

#[derive(Debug)]
enum Test {
    /// A typed comparison; false when the types differ.
    Literal(Literal),
    Path(Family, Path),
    Matches(Pattern),
    IsPresent(bool),
    /// A type test and what it should yield.
    Is(Family, bool),
}

#[derive(Debug)]
enum Literal {
    String(Order, Box<str>),
    Number(Order, NumberLiteral),
    Bool(bool),
    Timestamp(Order, Timestamp),
}

/// A number to compare with, read once.
#[derive(Debug)]
struct NumberLiteral {
    number: Value,
    /// Its binary64, where comparing those is as good as comparing the numbers: integers beyond 2^53 are compared exactly.
    float: Option<f64>,
}

impl DataTest {
    /// Compiles; the error says what is wrong with the operand or the variable's path.
    pub fn compile(
        variable: &str,
        operator: Operator,
        operand: Operand<'_>,
        constants: &mut ConstantsBuilder,
    ) -> Result<DataTest, String> {
        let path = |field: &str, text: &str, constants: &mut ConstantsBuilder| {
            let parsed = Path::parse(text).map(|path| path.intern(constants));
            parsed.map_err(|SyntaxError { message, offset }| {
                format!("{field} is not a path: {message} at character {offset}")
            })
        };
        Ok(DataTest {
            variable: path("Variable", variable, constants)?,
            shared: None,
            test: match operand {
                Operand::String(text) if operator.takes_path() => {
                    Test::Path(operator.family(), path(operator.name(), text, constants)?)
                }
                _ => Test::of_literal(operator, operand, constants)?,
            },
        })
    }

    /// The path of the variable, and that of a `…Path` operator.
    pub(in crate::expr) fn paths_mut(&mut self) -> impl Iterator<Item = &mut Path> {
        let operand = match &mut self.test {
            Test::Path(_, path) => Some(path),
            _ => None,
        };
        std::iter::once(&mut self.variable).chain(operand)
    }

    /// The path of the variable.
    pub fn variable(&self) -> &Path {
        &self.variable
    }

    /// What the variable is to be equal to, where the test is one that a look-up can answer.
    pub(super) fn equality(&self) -> Option<Equality<'_>> {
        if !self.variable.is_definite() {
            return None;
        }
        match &self.test {
            Test::Literal(Literal::String(Order::Equals, text)) => Some(Equality::Text(text)),
            Test::Literal(Literal::Number(Order::Equals, number)) => {
                number.float.map(Equality::Number)
            }
            Test::IsPresent(wanted) => Some(Equality::Present(*wanted)),
            _ => None,
        }
    }

    /// The place in the scratch where the variable is kept once it was found.
    pub(super) fn share(&mut self, place: Option<usize>) {
        self.shared = place;
    }

    /// The variable's value, found only once where tests share it.
    #[inline(always)]
    pub(super) fn read(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Option<Value> {
        let known = self.shared.and_then(|place| *scratch.shared.get(place)?);
        match known {
            Some(known) => known,
            None => self.read_first(scope, arena, scratch),
        }
    }

    #[inline]
    fn read_first(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Option<Value> {
        let found = match self.variable.glance(scope, arena) {
            Some(value) => Some(value),
            None => self.variable.search(scope, arena, scratch).ok(),
        };
        if let Some(place) = self.shared.and_then(|place| scratch.shared.get_mut(place)) {
            *place = Some(found);
        }
        found
    }

    /// The error of a test whose variable is missing.
    pub(super) fn missing(&self) -> ExprError {
        invalid(&self.variable)
    }

    /// Whether the test holds.
    #[inline]
    pub(super) fn holds(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<bool, ExprError> {
        let value = match (self.read(scope, arena, scratch), &self.test) {
            (Some(value), Test::IsPresent(wanted)) => {
                // An indefinite path that matches nothing gives an empty array.
                let present = self.variable.is_definite() || arena.len(value) > 0;
                return Ok(present == *wanted);
            }
            (None, Test::IsPresent(wanted)) => return Ok(!wanted),
            (Some(value), _) => value,
            (None, _) => return Err(self.missing()),
        };
        Ok(match &self.test {
            Test::Literal(literal) => literal.holds(value, arena),
            Test::Path(family, path) => match path.select(scope, arena, scratch) {
                Ok(other) => compare(*family, value, other, arena),
                Err(_) => return Err(invalid(path)),
            },
            Test::Matches(pattern) => {
                let text = arena.as_str(value);
                text.is_some_and(|text| pattern.matches(&text.decode()))
            }
            Test::Is(family, wanted) => is(*family, value, arena) == *wanted,
            Test::IsPresent(_) => unreachable!("answered above"),
        })
    }
}

impl Test {
    fn of_literal(
        operator: Operator,
        operand: Operand<'_>,
        constants: &mut ConstantsBuilder,
    ) -> Result<Test, String> {
        let name = operator.name();
        match (operator.family(), operand) {
            _ if operator.takes_path() => Err(format!("{name} takes a path")),
            (Family::String(order), Operand::String(text)) => {
                Ok(Test::Literal(Literal::String(order, text.into())))
            }
            (Family::Numeric(order), Operand::Number(lexeme)) => {
                let number = constants.parse(lexeme.as_bytes());
                let number = number.map_err(|error| error.to_string())?;
                let float = comparable(Number::new(lexeme));
                let literal = NumberLiteral { number, float };
                Ok(Test::Literal(Literal::Number(order, literal)))
            }
            (Family::Boolean, Operand::Bool(flag)) => Ok(Test::Literal(Literal::Bool(flag))),
            (Family::Timestamp(order), Operand::String(text)) => {
                let moment = timestamp::parse(text);
                let moment = moment.ok_or("String does not match RFC3339 timestamp")?;
                Ok(Test::Literal(Literal::Timestamp(order, moment)))
            }
            (Family::StringMatches, Operand::String(text)) => {
                Pattern::parse(text).map(Test::Matches)
            }
            (Family::IsPresent, Operand::Bool(wanted)) => Ok(Test::IsPresent(wanted)),
            (Family::String(_) | Family::StringMatches, _) => Err(format!("{name} takes a string")),
            (Family::Numeric(_), _) => Err(format!("{name} takes a number")),
            (Family::Timestamp(_), _) => Err(format!("{name} takes a timestamp")),
            (Family::Boolean | Family::IsPresent, _) => Err(format!("{name} takes true or false")),
            (family, Operand::Bool(wanted)) => Ok(Test::Is(family, wanted)),
            _ => Err(format!("{name} takes true or false")),
        }
    }
}

impl Literal {
    #[inline]
    fn holds(&self, value: Value, arena: &Arena) -> bool {
        match self {
            Literal::String(Order::Equals, wanted) => {
                arena.as_str(value).is_some_and(|text| text.eq_str(wanted))
            }
            Literal::String(order, other) => arena
                .as_str(value)
                .is_some_and(|text| order.accepts(code_units(&text.decode(), other))),
            Literal::Number(order, other) => {
                let stands = other.order(value, arena);
                stands.is_some_and(|stands| order.accepts(stands))
            }
            Literal::Bool(wanted) => arena.as_bool(value) == Some(*wanted),
            Literal::Timestamp(order, other) => {
                moment(value, arena).is_some_and(|moment| order.accepts(moment.cmp(other)))
            }
        }
    }
}

impl NumberLiteral {
    /// How a value stands to the literal, if it is a number.
    #[inline]
    fn order(&self, value: Value, arena: &Arena) -> Option<Ordering> {
        match self.float {
            Some(float) => arena.as_f64(value)?.partial_cmp(&float),
            None => {
                let literal = arena.as_number(self.number)?;
                Some(arena.as_number(value)?.compare(literal))
            }
        }
    }
}

/// The binary64 of a literal that is no integer, or one that every larger integer is still larger than when both are rounded.
fn comparable(literal: Number<'_>) -> Option<f64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = literal.as_f64();
    let is_integer = literal.as_i64().is_some() || float.fract() == 0.0;
    (!is_integer || float.abs() < EXACT).then_some(float)
}

/// A typed comparison of two values; false when a type is not the operator's.
fn compare(family: Family, value: Value, other: Value, arena: &Arena) -> bool {
    match family {
        Family::String(order) => {
            let texts = arena.as_str(value).zip(arena.as_str(other));
            texts.is_some_and(|(a, b)| order.accepts(code_units(&a.decode(), &b.decode())))
        }
        Family::Numeric(order) => {
            let numbers = arena.as_number(value).zip(arena.as_number(other));
            numbers.is_some_and(|(a, b)| order.accepts(a.compare(b)))
        }
        Family::Boolean => {
            let flags = arena.as_bool(value).zip(arena.as_bool(other));
            flags.is_some_and(|(a, b)| a == b)
        }
        Family::Timestamp(order) => {
            let moments = moment(value, arena).zip(moment(other, arena));
            moments.is_some_and(|(a, b)| order.accepts(a.cmp(&b)))
        }
        _ => false,
    }
}

fn is(family: Family, value: Value, arena: &Arena) -> bool {
    match family {
        Family::IsNull => arena.kind(value) == Kind::Null,
        Family::IsString => arena.kind(value) == Kind::String,
        Family::IsNumeric => arena.kind(value) == Kind::Number,
        Family::IsBoolean => arena.kind(value) == Kind::Bool,
        Family::IsTimestamp => moment(value, arena).is_some(),
        _ => false,
    }
}

fn moment(value: Value, arena: &Arena) -> Option<Timestamp> {
    let text: JsonStr<'_> = arena.as_str(value)?;
    timestamp::parse(&text.decode())
}

/// Java's order of strings: by UTF-16 code units, which differs from the order of bytes only beyond U+D7FF.
fn code_units(a: &str, b: &str) -> Ordering {
    let low = |text: &str| text.bytes().all(|byte| byte < 0xED);
    match low(a) && low(b) {
        true => a.cmp(b),
        false => a.encode_utf16().cmp(b.encode_utf16()),
    }
}

#[cold]
fn invalid(path: &Path) -> ExprError {
    ExprError::runtime(format!(
        "Invalid path '{}': The choice state's condition path references an invalid value.",
        path.text()
    ))
}
