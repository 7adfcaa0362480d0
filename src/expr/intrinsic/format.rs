//! `States.Format`.

use crate::value::Arena;
use crate::value::Kind;
use crate::value::Value;

use super::{Failure, Intrinsic, Invocation, parser};

pub(super) const FORMAT: &[Intrinsic] = &[Intrinsic {
    name: "States.Format",
    args: 1..=usize::MAX,
    pure: true,
    eval: format,
}];

/// A piece of a template that was split when it was compiled.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// Characters to copy; at least one.
    Text(Box<str>),
    /// `{}`
    Placeholder,
}

/// Splits a literal template; escapes are still in it.
pub(super) fn pieces(template: &str) -> Box<[Piece]> {
    let parts = split(template).map(|part| match part {
        Some(text) => Piece::Text(parser::unescape(text).into()),
        None => Piece::Placeholder,
    });
    parts.collect()
}

/// Literal stretches, escapes still in them, and `None` for each `{}`.
fn split(template: &str) -> impl Iterator<Item = Option<&str>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if let Some(behind) = rest.strip_prefix("{}") {
            rest = behind;
            return Some(None);
        }
        if rest.is_empty() {
            return None;
        }
        let (text, behind) = rest.split_at(literal_len(rest));
        rest = behind;
        Some(Some(text))
    })
}

/// The bytes up to the next `{}` that is not escaped.
fn literal_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'{' if bytes.get(at + 1) == Some(&b'}') => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// `States.Format(template, a, b, …)`: the template with its placeholders replaced in turn.
fn format(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    if call.arena.kind(call.args[0]) != Kind::String {
        return Err(call.wrong(0, "a string"));
    }
    match call.template {
        Some(pieces) => format_pieces(call, pieces),
        None => format_text(call),
    }
}

/// A constant template: arguments are copied as they are spelled.
fn format_pieces(call: &mut Invocation<'_>, pieces: &[Piece]) -> Result<Value, Failure> {
    let placeholders = pieces
        .iter()
        .filter(|piece| matches!(piece, Piece::Placeholder));
    check_count(call, placeholders.count())?;
    let args = &call.args[1..];
    let mut bytes = call.arena.measure(call.args[0]).bytes;
    for arg in args {
        if matches!(call.arena.kind(*arg), Kind::Array | Kind::Object) {
            return format_text(call);
        }
        bytes += call.arena.measure(*arg).bytes;
    }
    call.charge(bytes)?;
    let mut text = call.arena.text_builder();
    let mut args = args.iter();
    for piece in pieces {
        match piece {
            Piece::Text(literal) => text.push_str(literal),
            Piece::Placeholder => args
                .next()
                .into_iter()
                .for_each(|arg| text.push_value(*arg)),
        }
    }
    Ok(text.finish())
}

/// A template known only now, or an argument that is no scalar.
fn format_text(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    let template = match call.template {
        // A compiled template goes the slow way for an array or object: spell its placeholders again.
        Some(pieces) => spelled(pieces),
        None => call.text(0)?.into_owned(),
    };
    check_count(call, split(&template).filter(Option::is_none).count())?;
    let mut text = String::new();
    let mut args = call.args[1..].iter();
    for part in split(&template) {
        match part {
            Some(literal) => text.push_str(&parser::unescape(literal)),
            None => args
                .next()
                .into_iter()
                .for_each(|arg| show(call.arena, *arg, &mut text)),
        }
        call.charge(text.len())?;
    }
    Ok(call.arena.string(&text))
}

fn spelled(pieces: &[Piece]) -> String {
    let mut template = String::new();
    for piece in pieces {
        match piece {
            Piece::Placeholder => template.push_str("{}"),
            Piece::Text(text) => {
                for c in text.chars() {
                    if "\\{}".contains(c) {
                        template.push('\\');
                    }
                    template.push(c);
                }
            }
        }
    }
    template
}

fn check_count(call: &Invocation<'_>, placeholders: usize) -> Result<(), Failure> {
    let args = call.args.len() - 1;
    if placeholders == args {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the template has {placeholders} placeholders, but {args} values were given"
    )))
}

/// As Java shows a value: strings bare, `{a=1, b=[2, x]}`. The recursion follows the nesting of a document, which the arena bounds.
fn show(arena: &Arena, value: Value, text: &mut String) {
    match arena.kind(value) {
        Kind::Array => {
            text.push('[');
            for (n, element) in arena.elements(value).enumerate() {
                text.push_str(if n == 0 { "" } else { ", " });
                show(arena, element, text);
            }
            text.push(']');
        }
        Kind::Object => {
            text.push('{');
            for (n, (name, member)) in arena.members(value).enumerate() {
                text.push_str(if n == 0 { "" } else { ", " });
                show(arena, name, text);
                text.push('=');
                show(arena, member, text);
            }
            text.push('}');
        }
        Kind::String => {
            let string = arena.as_str(value);
            string
                .into_iter()
                .for_each(|string| text.push_str(&string.decode()));
        }
        Kind::Number => {
            let number = arena.as_number(value);
            number
                .into_iter()
                .for_each(|number| text.push_str(number.lexeme()));
        }
        Kind::Bool => text.push_str(if arena.as_bool(value) == Some(true) {
            "true"
        } else {
            "false"
        }),
        Kind::Null => text.push_str("null"),
    }
}
