//! From the text of a filter to a [`Filter`].

use super::SyntaxError;
use super::cursor::Cursor;
use super::filter::{Filter, Operand, Operator, regex};
use super::parser::{Place, quoted, steps};

/// Brackets, filters in filters and lists in lists together.
const MAX_NESTING: usize = 24;

/// Longest spelling first.
const OPERATORS: &[(&str, Operator)] = &[
    ("===", Operator::Equal),
    ("!==", Operator::NotEqual),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

const WORDS: &[(&str, Operator)] = &[
    ("in", Operator::In),
    ("nin", Operator::NotIn),
    ("subsetof", Operator::SubsetOf),
    ("anyof", Operator::AnyOf),
    ("noneof", Operator::NoneOf),
    ("all", Operator::All),
    ("contains", Operator::Contains),
    ("size", Operator::Size),
    ("empty", Operator::Empty),
];

/// Parses `( … )` behind a `?`.
pub(super) fn filter(cursor: &mut Cursor<'_>, nesting: usize) -> Result<Filter, SyntaxError> {
    cursor.skip_space();
    if cursor.peek() != Some('(') {
        return Err(cursor.fail("a filter stands in brackets: [?(…)]"));
    }
    group(cursor, nesting)
}

fn group(cursor: &mut Cursor<'_>, nesting: usize) -> Result<Filter, SyntaxError> {
    if nesting > MAX_NESTING {
        return Err(cursor.fail(format!("filters nest at most {MAX_NESTING} deep")));
    }
    cursor.expect("(")?;
    let filter = any(cursor, nesting)?;
    cursor.skip_space();
    cursor.expect(")")?;
    Ok(filter)
}

fn any(cursor: &mut Cursor<'_>, nesting: usize) -> Result<Filter, SyntaxError> {
    let first = all(cursor, nesting)?;
    let mut filters = vec![first];
    while next_is(cursor, "||") {
        filters.push(all(cursor, nesting)?);
    }
    Ok(single(filters, Filter::Or))
}

fn all(cursor: &mut Cursor<'_>, nesting: usize) -> Result<Filter, SyntaxError> {
    let first = one(cursor, nesting)?;
    let mut filters = vec![first];
    while next_is(cursor, "&&") {
        filters.push(one(cursor, nesting)?);
    }
    Ok(single(filters, Filter::And))
}

fn next_is(cursor: &mut Cursor<'_>, token: &str) -> bool {
    cursor.skip_space();
    cursor.eat(token)
}

fn single(mut filters: Vec<Filter>, several: fn(Vec<Filter>) -> Filter) -> Filter {
    match filters.pop() {
        Some(only) if filters.is_empty() => only,
        last => {
            filters.extend(last);
            several(filters)
        }
    }
}

fn one(cursor: &mut Cursor<'_>, nesting: usize) -> Result<Filter, SyntaxError> {
    cursor.skip_space();
    let mut negated = false;
    while cursor.eat("!") {
        negated = !negated;
        cursor.skip_space();
    }
    let filter = match cursor.peek() {
        Some('(') => group(cursor, nesting + 1)?,
        _ => comparison(cursor, nesting)?,
    };
    Ok(if negated {
        Filter::Not(Box::new(filter))
    } else {
        filter
    })
}

fn comparison(cursor: &mut Cursor<'_>, nesting: usize) -> Result<Filter, SyntaxError> {
    let start = cursor.offset();
    let left = operand(cursor, nesting)?;
    cursor.skip_space();
    if cursor.eat("=~") {
        cursor.skip_space();
        let at = cursor.offset();
        let (pattern, flags) = pattern(cursor)?;
        return Ok(Filter::Matches(left, regex(&pattern, flags, at)?));
    }
    if let Some(operator) = operator(cursor) {
        cursor.skip_space();
        let right = operand(cursor, nesting)?;
        return Ok(Filter::Compare(left, operator, right));
    }
    match left {
        Operand::Path { .. } => Ok(Filter::Exists(left)),
        Operand::Bool(_) => Ok(Filter::Compare(left, Operator::Equal, Operand::Bool(true))),
        _ => Err(SyntaxError::new(start, "expected a comparison")),
    }
}

fn operator(cursor: &mut Cursor<'_>) -> Option<Operator> {
    for (symbol, operator) in OPERATORS {
        if cursor.eat(symbol) {
            return Some(*operator);
        }
    }
    let mut ahead = cursor.clone();
    let word = ahead.take_while(char::is_alphabetic);
    let found = WORDS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word));
    found.map(|(_, operator)| {
        *cursor = ahead;
        *operator
    })
}

fn operand(cursor: &mut Cursor<'_>, nesting: usize) -> Result<Operand, SyntaxError> {
    if nesting > MAX_NESTING {
        return Err(cursor.fail(format!("filters nest at most {MAX_NESTING} deep")));
    }
    match cursor.peek() {
        Some(root @ ('@' | '$')) => {
            cursor.bump();
            let steps = steps(cursor, Place::Filter, nesting)?;
            Ok(Operand::path(root == '$', steps))
        }
        Some('\'' | '"') => Ok(Operand::Text(quoted(cursor)?.into())),
        Some('[') => list(cursor, nesting + 1),
        Some('-' | '0'..='9') => number(cursor),
        Some('{') => Err(cursor.fail("object literals in filters are not supported")),
        Some('/') => Err(cursor.fail("a regular expression stands behind '=~'")),
        _ => word(cursor),
    }
}

fn list(cursor: &mut Cursor<'_>, nesting: usize) -> Result<Operand, SyntaxError> {
    cursor.expect("[")?;
    let mut elements = Vec::new();
    loop {
        cursor.skip_space();
        if elements.is_empty() && cursor.eat("]") {
            break;
        }
        elements.push(operand(cursor, nesting)?);
        cursor.skip_space();
        if !cursor.eat(",") {
            cursor.expect("]")?;
            break;
        }
    }
    if elements.iter().any(|e| matches!(e, Operand::Path { .. })) {
        return Err(cursor.fail("a list in a filter holds literals only"));
    }
    Ok(Operand::List(elements.into()))
}

fn number(cursor: &mut Cursor<'_>) -> Result<Operand, SyntaxError> {
    let start = cursor.offset();
    let text = cursor.take_while(|c| c.is_ascii_digit() || "+-.eE".contains(c));
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Operand::Number(text.into())),
        _ => Err(SyntaxError::new(start, format!("'{text}' is not a number"))),
    }
}

/// `true`, `false`, `null`, or a bare word, which published definitions use as a string.
fn word(cursor: &mut Cursor<'_>) -> Result<Operand, SyntaxError> {
    match cursor.take_while(|c| c.is_alphanumeric() || "_-".contains(c)) {
        "" => Err(cursor.fail("expected a path or a literal")),
        "true" => Ok(Operand::Bool(true)),
        "false" => Ok(Operand::Bool(false)),
        "null" => Ok(Operand::Null),
        word => Ok(Operand::Text(word.into())),
    }
}

/// `/pattern/flags`.
fn pattern<'a>(cursor: &mut Cursor<'a>) -> Result<(String, &'a str), SyntaxError> {
    cursor.expect("/")?;
    let mut pattern = String::new();
    loop {
        match cursor.bump() {
            None => return Err(cursor.fail("the regular expression does not end")),
            Some('/') => break,
            Some('\\') => match cursor.bump() {
                Some('/') => pattern.push('/'),
                Some(escaped) => pattern.extend(['\\', escaped]),
                None => return Err(cursor.fail("the regular expression does not end")),
            },
            Some(c) => pattern.push(c),
        }
    }
    Ok((pattern, cursor.take_while(char::is_alphabetic)))
}
