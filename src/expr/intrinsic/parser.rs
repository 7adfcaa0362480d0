//! From the text of a call to a [`Call`].

use crate::value::ConstantsBuilder;
use crate::value::Value;

use super::call::{Argument, Call};
use super::{format, table};
use crate::expr::SyntaxError;
use crate::expr::path::Path;
use crate::expr::path::cursor::Cursor;
use crate::expr::path::parser::{Place, root, steps};

/// Calls in calls, the outermost one included (guide, "Intrinsics", "nested intrinsic functions").
const MAX_NESTING: usize = 10;

/// Parses and compiles a whole call.
pub(super) fn parse(text: &str, constants: &mut ConstantsBuilder) -> Result<Call, SyntaxError> {
    let mut cursor = Cursor::new(text);
    let call = call(&mut cursor, constants, 1)?;
    cursor.skip_space();
    if !cursor.at_end() {
        return Err(cursor.fail("expected the end of the call"));
    }
    Ok(call)
}

/// `States.Name(a, b)`
fn call(
    cursor: &mut Cursor<'_>,
    constants: &mut ConstantsBuilder,
    nesting: usize,
) -> Result<Call, SyntaxError> {
    let start = cursor.offset();
    if nesting > MAX_NESTING {
        return Err(cursor.fail(format!("calls nest at most {MAX_NESTING} deep")));
    }
    let name = cursor.take_while(|c| c.is_ascii_alphanumeric() || "._".contains(c));
    if name.is_empty() {
        return Err(cursor.fail("expected a path or an intrinsic function"));
    }
    let Some(function) = table().find(|function| function.name == name) else {
        return Err(SyntaxError::new(start, unknown(name)));
    };
    cursor.expect("(")?;
    let mut args = Vec::new();
    let mut template = None;
    loop {
        cursor.skip_space();
        if args.is_empty() && cursor.eat(")") {
            break;
        }
        if args.is_empty() && function.name == "States.Format" && cursor.peek() == Some('\'') {
            template = Some(format::pieces(quoted(&mut cursor.clone())?));
        }
        args.push(argument(cursor, constants, nesting)?);
        cursor.skip_space();
        if !cursor.eat(",") {
            cursor.expect(")")?;
            break;
        }
    }
    if !function.args.contains(&args.len()) {
        let message = format!("{name} takes {}, got {}", arity(&function.args), args.len());
        return Err(SyntaxError::new(start, message));
    }
    Ok(Call {
        text: cursor.since(start).into(),
        function,
        args: args.into(),
        template,
    })
}

fn argument(
    cursor: &mut Cursor<'_>,
    constants: &mut ConstantsBuilder,
    nesting: usize,
) -> Result<Argument, SyntaxError> {
    let start = cursor.offset();
    match cursor.peek() {
        Some('\'') => {
            let text = unescape(quoted(cursor)?);
            Ok(Argument::Constant(constants.string(&text)))
        }
        Some('$') => {
            let root = root(cursor)?;
            let steps = steps(cursor, Place::Argument, 0)?;
            Ok(Argument::Path(
                Path::new(cursor.since(start), root, steps).intern(constants),
            ))
        }
        Some('-' | '0'..='9') => {
            let lexeme = cursor.take_while(|c| c.is_ascii_digit() || "+-.eE".contains(c));
            let number = constants.parse(lexeme.as_bytes());
            number
                .map(Argument::Constant)
                .map_err(|_| SyntaxError::new(start, format!("'{lexeme}' is not a number")))
        }
        _ => {
            let mut ahead = cursor.clone();
            let word = ahead.take_while(|c| c.is_ascii_alphanumeric() || "._".contains(c));
            let constant = match word {
                "true" => Value::TRUE,
                "false" => Value::FALSE,
                "null" => Value::NULL,
                _ => return call(cursor, constants, nesting + 1).map(|call| fold(call, constants)),
            };
            *cursor = ahead;
            Ok(Argument::Constant(constant))
        }
    }
}

/// An inner call whose arguments are all known is evaluated now; one that fails is left to fail when it is reached.
fn fold(call: Call, constants: &mut ConstantsBuilder) -> Argument {
    match call.fold(constants) {
        Some(value) => Argument::Constant(value),
        None => Argument::Call(call),
    }
}

/// The text between single quotes, escapes as they are written.
fn quoted<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str, SyntaxError> {
    let open = cursor.offset();
    cursor.expect("'")?;
    let start = cursor.offset();
    loop {
        let at = cursor.offset();
        match cursor.bump() {
            None => return Err(SyntaxError::new(open, "the string does not end")),
            Some('\'') => return Ok(&cursor.since(start)[..at - start]),
            Some('\\') => match cursor.bump() {
                // AWS's editor takes the letters, too.
                Some('\'' | '{' | '}' | '\\' | 'n' | 'r' | 't') => {}
                _ => {
                    let message = "a backslash escapes ' { } and \\ only";
                    return Err(SyntaxError::new(at, message));
                }
            },
            Some(_) => {}
        }
    }
}

/// Takes the backslash from what it escapes; before a letter it stays.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let escaped = chars.next();
                if escaped.is_some_and(|c| c.is_ascii_alphabetic()) {
                    plain.push('\\');
                }
                plain.extend(escaped);
            }
            c => plain.push(c),
        }
    }
    plain
}

fn unknown(name: &str) -> String {
    let distance = |known: &str| strsim::damerau_levenshtein(known, name);
    let nearest = table().map(|f| f.name).min_by_key(|known| distance(known));
    match nearest.filter(|nearest| distance(nearest) <= 3) {
        Some(nearest) => format!("no intrinsic function is called {name}; did you mean {nearest}?"),
        None => format!("no intrinsic function is called {name}"),
    }
}

/// `2 arguments`, `2 or 3 arguments`, `at least 1 argument`.
fn arity(args: &std::ops::RangeInclusive<usize>) -> String {
    let plural = |n: usize| if n == 1 { "argument" } else { "arguments" };
    match (*args.start(), *args.end()) {
        (least, most) if least == most => format!("{least} {}", plural(least)),
        (least, usize::MAX) => format!("at least {least} {}", plural(least)),
        (least, most) => format!("{least} or {most} {}", plural(most)),
    }
}
