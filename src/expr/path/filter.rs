//! Filters: `[?(@.price < 10 && @.tags contains 'new')]`, compared as Jayway compares.

use std::borrow::Cow;
use std::cmp::Ordering;

use regex::Regex;

use crate::value::Arena;
use crate::value::Kind;
use crate::value::Number;
use crate::value::Value;

use super::SyntaxError;
use super::select::Select;
use super::step::Step;
use super::{NotFound, Why};

/// A compiled filter expression.
#[derive(Debug)]
pub(in crate::expr) enum Filter {
    Or(Vec<Filter>),
    And(Vec<Filter>),
    Not(Box<Filter>),
    /// A path on its own: it finds something, if only `null`.
    Exists(Operand),
    Compare(Operand, Operator, Operand),
    /// `=~ /…/`: the whole text matches.
    Matches(Operand, Regex),
}

/// One side of a comparison.
#[derive(Debug)]
pub(in crate::expr) enum Operand {
    /// `@…` or `$…`
    Path {
        from_root: bool,
        steps: Box<[Step]>,
        definite: bool,
    },
    Null,
    Bool(bool),
    Number(Box<str>),
    Text(Box<str>),
    List(Box<[Operand]>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::expr) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    SubsetOf,
    AnyOf,
    NoneOf,
    All,
    Contains,
    Size,
    Empty,
}

impl Operand {
    pub(super) fn path(from_root: bool, steps: Vec<Step>) -> Operand {
        let definite = super::all_definite(&steps);
        Operand::Path {
            from_root,
            steps: steps.into(),
            definite,
        }
    }
}

/// What an operand stands for while one value is tested.
#[derive(Clone, Debug)]
enum Side<'a> {
    /// A path that found nothing: equal to nothing.
    Undefined,
    Null,
    Bool(bool),
    Number(Number<'a>),
    Text(Cow<'a, str>),
    /// An array or object of the document, or the array of an indefinite path.
    Json(Value),
    List(&'a [Operand]),
}

impl Filter {
    /// Whether `value` passes.
    pub(super) fn accepts(&self, value: Value, run: &mut Select<'_>) -> Result<bool, NotFound> {
        match self {
            Filter::Or(any) => {
                for filter in any {
                    if filter.accepts(value, run)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Filter::And(all) => {
                for filter in all {
                    if !filter.accepts(value, run)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Filter::Not(filter) => Ok(!filter.accepts(value, run)?),
            Filter::Exists(operand) => Ok(find(operand, value, run)?.is_some()),
            Filter::Compare(left, operator, right) => {
                let left = (left, find(left, value, run)?);
                let right = (right, find(right, value, run)?);
                Ok(compare(left, *operator, right, run.arena))
            }
            Filter::Matches(operand, regex) => {
                let found = find(operand, value, run)?;
                Ok(match side(operand, found, run.arena) {
                    Side::Text(text) => regex.is_match(&text),
                    Side::Number(number) => regex.is_match(number.lexeme()),
                    Side::Bool(flag) => regex.is_match(if flag { "true" } else { "false" }),
                    _ => false,
                })
            }
        }
    }
}

/// What a path operand finds; nothing for a literal.
fn find(operand: &Operand, value: Value, run: &mut Select<'_>) -> Result<Option<Value>, NotFound> {
    let Operand::Path {
        from_root,
        steps,
        definite,
    } = operand
    else {
        return Ok(None);
    };
    let start = if *from_root { run.root } else { value };
    match run.select(steps, *definite, start) {
        Ok(found) => Ok(Some(found)),
        Err(missing) if missing.why == Why::TooMany => Err(missing),
        Err(_) => Ok(None),
    }
}

fn side<'a>(operand: &'a Operand, found: Option<Value>, arena: &'a Arena) -> Side<'a> {
    match operand {
        Operand::Path { .. } => found.map_or(Side::Undefined, |found| of_value(found, arena)),
        Operand::Null => Side::Null,
        Operand::Bool(flag) => Side::Bool(*flag),
        Operand::Number(lexeme) => Side::Number(Number::new(lexeme)),
        Operand::Text(text) => Side::Text(Cow::Borrowed(text)),
        Operand::List(elements) => Side::List(elements),
    }
}

fn of_value(value: Value, arena: &Arena) -> Side<'_> {
    match arena.kind(value) {
        Kind::Null => Side::Null,
        Kind::Bool => Side::Bool(arena.as_bool(value) == Some(true)),
        Kind::Number => arena.as_number(value).map_or(Side::Null, Side::Number),
        Kind::String => arena
            .as_str(value)
            .map_or(Side::Null, |text| Side::Text(text.decode())),
        Kind::Array | Kind::Object => Side::Json(value),
    }
}

fn compare(
    left: (&Operand, Option<Value>),
    operator: Operator,
    right: (&Operand, Option<Value>),
    arena: &Arena,
) -> bool {
    let left = side(left.0, left.1, arena);
    let right = side(right.0, right.1, arena);
    let ordered = |wanted: fn(Ordering) -> bool| order(&left, &right).is_some_and(wanted);
    match operator {
        Operator::Equal => equal(&left, &right, arena),
        Operator::NotEqual => !equal(&left, &right, arena),
        Operator::Less => ordered(Ordering::is_lt),
        Operator::LessOrEqual => ordered(Ordering::is_le),
        Operator::Greater => ordered(Ordering::is_gt),
        Operator::GreaterOrEqual => ordered(Ordering::is_ge),
        Operator::In => contains(&right, &left, arena),
        Operator::NotIn => !contains(&right, &left, arena),
        Operator::Contains => match (&left, &right) {
            (Side::Text(left), Side::Text(right)) => left.contains(&**right),
            _ => contains(&left, &right, arena),
        },
        Operator::All => subset(&right, &left, arena),
        Operator::SubsetOf => subset(&left, &right, arena),
        Operator::AnyOf => any_of(&left, &right, arena),
        Operator::NoneOf => {
            elements(&left, arena).is_some()
                && elements(&right, arena).is_some()
                && !any_of(&left, &right, arena)
        }
        Operator::Size => {
            let size = match &left {
                Side::Text(text) => text.encode_utf16().count(),
                Side::Json(value) => arena.len(*value),
                Side::List(elements) => elements.len(),
                _ => return false,
            };
            matches!(&right, Side::Number(n) if n.as_i64() == i64::try_from(size).ok())
        }
        Operator::Empty => {
            let empty = match &left {
                Side::Text(text) => text.is_empty(),
                Side::Json(value) => arena.len(*value) == 0,
                Side::List(elements) => elements.is_empty(),
                _ => return false,
            };
            matches!(&right, Side::Bool(wanted) if *wanted == empty)
        }
    }
}

/// Jayway compares a number with a text that spells it.
fn equal(left: &Side<'_>, right: &Side<'_>, arena: &Arena) -> bool {
    match (left, right) {
        (Side::Null, Side::Null) => true,
        (Side::Bool(left), Side::Bool(right)) => left == right,
        (Side::Number(left), Side::Number(right)) => left.compare(*right).is_eq(),
        (Side::Text(left), Side::Text(right)) => left == right,
        (Side::Number(number), Side::Text(text)) => text
            .trim()
            .parse::<f64>()
            .is_ok_and(|n| n == number.as_f64()),
        (Side::Text(text), Side::Number(number)) => **text == *number.lexeme(),
        (Side::Json(left), Side::Json(right)) => arena.equal(*left, *right),
        (Side::Json(_), Side::List(_)) | (Side::List(_), Side::Json(_)) => {
            let (Some(left), Some(right)) = (elements(left, arena), elements(right, arena)) else {
                return false;
            };
            left.len() == right.len() && left.iter().zip(&right).all(|(l, r)| equal(l, r, arena))
        }
        _ => false,
    }
}

fn order(left: &Side<'_>, right: &Side<'_>) -> Option<Ordering> {
    match (left, right) {
        (Side::Number(left), Side::Number(right)) => Some(left.compare(*right)),
        (Side::Text(left), Side::Text(right)) => {
            Some(left.encode_utf16().cmp(right.encode_utf16()))
        }
        _ => None,
    }
}

/// The elements of something that is a list.
fn elements<'a>(side: &Side<'a>, arena: &'a Arena) -> Option<Vec<Side<'a>>> {
    match side {
        Side::List(list) => Some(list.iter().map(|o| self::side(o, None, arena)).collect()),
        Side::Json(value) if arena.kind(*value) == Kind::Array => {
            Some(arena.elements(*value).map(|v| of_value(v, arena)).collect())
        }
        _ => None,
    }
}

fn contains(list: &Side<'_>, wanted: &Side<'_>, arena: &Arena) -> bool {
    elements(list, arena).is_some_and(|all| all.iter().any(|one| equal(one, wanted, arena)))
}

fn subset(small: &Side<'_>, large: &Side<'_>, arena: &Arena) -> bool {
    elements(small, arena).is_some_and(|all| all.iter().all(|one| contains(large, one, arena)))
}

fn any_of(left: &Side<'_>, right: &Side<'_>, arena: &Arena) -> bool {
    elements(left, arena).is_some_and(|all| all.iter().any(|one| contains(right, one, arena)))
}

/// Compiles `/pattern/flags`; the whole text has to match.
pub(super) fn regex(pattern: &str, flags: &str, offset: usize) -> Result<Regex, SyntaxError> {
    let mut builder = regex::RegexBuilder::new(&format!("^(?:{pattern})$"));
    for flag in flags.chars() {
        match flag {
            'i' => builder.case_insensitive(true),
            'm' => builder.multi_line(true),
            's' => builder.dot_matches_new_line(true),
            'x' => builder.ignore_whitespace(true),
            'u' | 'd' | 'U' => builder.unicode(true),
            _ => {
                let message = format!("unknown regular expression flag '{flag}'");
                return Err(SyntaxError::new(offset, message));
            }
        };
    }
    builder
        .build()
        .map_err(|error| SyntaxError::new(offset, format!("regular expression: {error}")))
}
