//! From the text of a path to its root and its steps.

use crate::value::Key;

use super::SyntaxError;
use super::cursor::Cursor;
use super::filter_parser;
use super::step::Step;

/// More steps than any path needs; bounds the recursion over them.
const MAX_STEPS: usize = 128;

/// What a path starts with, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::expr) enum RootText<'a> {
    /// `$`
    Input,
    /// `$$`
    Context,
    /// `$name`
    Variable(&'a str),
}

/// Parses a whole path.
pub(super) fn parse(text: &str) -> Result<(RootText<'_>, Vec<Step>), SyntaxError> {
    let mut cursor = Cursor::new(text.trim_end());
    let root = root(&mut cursor)?;
    let steps = steps(&mut cursor, Place::Top, 0)?;
    if !cursor.at_end() {
        return Err(cursor.fail("expected '.' or '['"));
    }
    Ok((root, steps))
}

pub(in crate::expr) fn root<'a>(cursor: &mut Cursor<'a>) -> Result<RootText<'a>, SyntaxError> {
    cursor.expect("$")?;
    if cursor.eat("$") {
        return Ok(RootText::Context);
    }
    match cursor.peek() {
        Some(first) if first.is_alphabetic() || first == '_' => {
            let name = cursor.take_while(|c| c.is_alphanumeric() || c == '_');
            Ok(RootText::Variable(name))
        }
        _ => Ok(RootText::Input),
    }
}

/// Where a path stands: inside a filter it ends at operators and brackets of the filter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::expr) enum Place {
    Top,
    Filter,
    /// An argument of an intrinsic call: ends at a comma, a closing bracket or a space.
    Argument,
}

impl Place {
    fn ends_name(self, c: char) -> bool {
        match self {
            Place::Top => false,
            Place::Filter => c.is_whitespace() || "<>=~!&|),".contains(c),
            Place::Argument => c.is_whitespace() || ",)".contains(c),
        }
    }
}

/// Parses steps until the text ends or something else begins.
pub(in crate::expr) fn steps(
    cursor: &mut Cursor<'_>,
    place: Place,
    nesting: usize,
) -> Result<Vec<Step>, SyntaxError> {
    let mut steps = Vec::new();
    loop {
        if cursor.eat("..") {
            steps.push(Step::Descend);
            steps.push(dotted(cursor, place, nesting)?);
        } else if cursor.eat(".") {
            steps.push(dotted(cursor, place, nesting)?);
        } else if cursor.peek() == Some('[') {
            steps.push(bracket(cursor, nesting)?);
        } else {
            return Ok(steps);
        }
        if steps.len() > MAX_STEPS {
            return Err(cursor.fail(format!("a path has at most {MAX_STEPS} steps")));
        }
    }
}

/// What follows a dot: a name, `*`, or a bracket, which Jayway tolerates there.
fn dotted(cursor: &mut Cursor<'_>, place: Place, nesting: usize) -> Result<Step, SyntaxError> {
    match cursor.peek() {
        Some('[') => bracket(cursor, nesting),
        Some('*') => {
            cursor.bump();
            Ok(Step::Wildcard)
        }
        _ => name(cursor, place),
    }
}

fn name(cursor: &mut Cursor<'_>, place: Place) -> Result<Step, SyntaxError> {
    let start = cursor.offset();
    let mut name = String::new();
    while let Some(next) = cursor.peek() {
        match next {
            '.' | '[' => break,
            '(' => {
                let message = format!("path functions such as {name}() are not supported");
                return Err(SyntaxError::new(start, message));
            }
            '\\' => {
                cursor.bump();
                match cursor.bump() {
                    Some(escaped) => name.push(escaped),
                    None => return Err(cursor.fail("the path ends in a backslash")),
                }
            }
            _ if place.ends_name(next) => break,
            _ if next.is_whitespace() => {
                return Err(cursor.fail("a name with a blank needs brackets: ['my name']"));
            }
            _ => {
                cursor.bump();
                name.push(next);
            }
        }
    }
    if name.is_empty() {
        return Err(SyntaxError::new(start, "expected a name"));
    }
    Ok(Step::Name(Key::new(&name)))
}

fn bracket(cursor: &mut Cursor<'_>, nesting: usize) -> Result<Step, SyntaxError> {
    cursor.expect("[")?;
    cursor.skip_space();
    let step = match cursor.peek() {
        Some('\'' | '"') => quoted_names(cursor)?,
        Some('*') => {
            cursor.bump();
            Step::Wildcard
        }
        Some('?') => {
            cursor.bump();
            Step::Filter(Box::new(filter_parser::filter(cursor, nesting + 1)?))
        }
        Some('(') => return Err(cursor.fail("script expressions are not supported")),
        _ => numbers(cursor)?,
    };
    cursor.skip_space();
    cursor.expect("]")?;
    Ok(step)
}

fn quoted_names(cursor: &mut Cursor<'_>) -> Result<Step, SyntaxError> {
    let mut names = Vec::new();
    loop {
        names.push(Key::new(&quoted(cursor)?));
        cursor.skip_space();
        if !cursor.eat(",") {
            break;
        }
        cursor.skip_space();
    }
    match <[Key; 1]>::try_from(names) {
        Ok([name]) => Ok(Step::Name(name)),
        Err(names) => Ok(Step::Names(names.into())),
    }
}

/// A string in single or double quotes.
///
/// Recorded on AWS: the other kind of quote is not escaped, `['a\"b']` names a member with a backslash in it.
pub(super) fn quoted(cursor: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    let start = cursor.offset();
    let quote = match cursor.bump() {
        Some(quote @ ('\'' | '"')) => quote,
        _ => return Err(SyntaxError::new(start, "expected a quoted name")),
    };
    let mut text = String::new();
    loop {
        match cursor.bump() {
            None => return Err(SyntaxError::new(start, "the string does not end")),
            Some(c) if c == quote => return Ok(text),
            Some('\\') => escape(cursor, quote, &mut text),
            Some(c) => text.push(c),
        }
    }
}

fn escape(cursor: &mut Cursor<'_>, quote: char, text: &mut String) {
    let replacement = match cursor.peek() {
        Some('\\') => '\\',
        Some(c) if c == quote => c,
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('u') => match unicode_escape(cursor.rest()) {
            Some(c) => {
                cursor.eat(&cursor.rest()[..5]);
                text.push(c);
                return;
            }
            None => '\0',
        },
        _ => '\0',
    };
    if replacement == '\0' {
        text.push('\\');
    } else {
        cursor.bump();
        text.push(replacement);
    }
}

/// The character of `u00e9`.
fn unicode_escape(text: &str) -> Option<char> {
    let digits = text.get(1..5)?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}

/// `0`, `-1`, `0,2`, `1:3`, `1:`, `:3`.
fn numbers(cursor: &mut Cursor<'_>) -> Result<Step, SyntaxError> {
    let start = cursor.offset();
    let text = cursor.take_while(|c| c.is_ascii_digit() || "-,: ".contains(c));
    let integer = |part: &str| {
        part.trim().parse::<i32>().map_err(|_| {
            SyntaxError::new(
                start,
                "expected an index, a quoted name, '*', '?' or a slice",
            )
        })
    };
    if let Some((from, rest)) = text.split_once(':') {
        // Jayway reads a step after a second colon and ignores it.
        let to = rest.split(':').next().unwrap_or("");
        let bound = |part: &str| match part.trim() {
            "" => Ok(None),
            part => integer(part).map(Some),
        };
        let (from, to) = (bound(from)?, bound(to)?);
        if from.is_none() && to.is_none() {
            return Err(SyntaxError::new(start, "a slice needs a bound"));
        }
        return Ok(Step::Slice { from, to });
    }
    if text.contains(',') {
        let indexes: Result<Vec<i32>, _> = text.split(',').map(integer).collect();
        return Ok(Step::Indexes(indexes?.into()));
    }
    Ok(Step::Index(integer(text)?))
}
