//! Strings. Positions and lengths count characters.

use std::borrow::Cow;

use super::super::error::Failure;
use super::super::eval::Machine;
use super::super::heap::Item;
use super::{Native, Outcome, native};

pub(super) const STRING: &[Native] = &[
    native("string", "<x-b?:s>", 1, string),
    native("length", "<s-:n>", 1, length),
    native("substring", "<s-nn?:s>", 3, substring),
    native("substringBefore", "<s-s:s>", 2, substring_before),
    native("substringAfter", "<s-s:s>", 2, substring_after),
    native("lowercase", "<s-:s>", 1, lowercase),
    native("uppercase", "<s-:s>", 1, uppercase),
    native("trim", "<s-:s>", 1, trim),
    native("pad", "<s-ns?:s>", 3, pad),
    native("join", "<a<s>s?:s>", 2, join),
];

/// `$string(value, pretty)`: a string as it is, anything else as JSON.
fn string(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    if args[0] == Item::Undefined || m.str(args[0]).is_some() {
        return Ok(args[0]);
    }
    let mut text = String::new();
    m.print(args[0], m.bool(args[1]) == Some(true), &mut text)?;
    m.text(&text)
}

/// The text of the first argument made into another text; undefined stays undefined.
fn map(m: &mut Machine<'_, '_>, args: &[Item], of: impl FnOnce(&str) -> String) -> Outcome {
    let Some(text) = m.str(args[0]) else {
        return Ok(Item::Undefined);
    };
    let len = text.len();
    let result = of(&text);
    m.spend(len / 16)?;
    m.text(&result)
}

fn length(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    Ok(match m.str(args[0]) {
        Some(text) => Item::Int(text.chars().count() as i64),
        None => Item::Undefined,
    })
}

fn lowercase(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    map(m, args, str::to_lowercase)
}

fn uppercase(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    map(m, args, str::to_uppercase)
}

/// `$substring(text, start, length)`: a negative start counts from the end.
fn substring(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let start = m.number(args[1]).map(|start| start.as_f64());
    let (start, is_anywhere) = (start.unwrap_or(0.0), start.is_none());
    let length = m.number(args[2]).map(|length| length.as_f64());
    map(m, args, |text| {
        let len = text.chars().count() as f64;
        let start = if len + start < 0.0 { 0.0 } else { start };
        // Without a start a length has nowhere to begin.
        if length.is_some_and(|length| length <= 0.0 || is_anywhere) {
            return String::new();
        }
        let end = match length {
            Some(length) if start >= 0.0 => start + length,
            Some(length) => len + start + length,
            None => len,
        };
        let place = |at: f64| {
            let at = at.trunc();
            if at < 0.0 {
                (len + at).max(0.0)
            } else {
                at.min(len)
            }
        };
        let (start, end) = (place(start), place(end));
        text.chars()
            .skip(start as usize)
            .take((end - start).max(0.0) as usize)
            .collect()
    })
}

fn substring_before(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let Some(chars) = m.str(args[1]).map(Cow::into_owned) else {
        return Ok(args[0]);
    };
    map(m, args, |text| {
        text.split_once(&chars)
            .map_or(text, |(before, _)| before)
            .to_owned()
    })
}

fn substring_after(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let Some(chars) = m.str(args[1]).map(Cow::into_owned) else {
        return Ok(args[0]);
    };
    map(m, args, |text| {
        text.split_once(&chars)
            .map_or(text, |(_, after)| after)
            .to_owned()
    })
}

/// Runs of white space become one space; none stays at the ends.
fn trim(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    map(m, args, |text| {
        let words = text
            .split([' ', '\t', '\n', '\r'])
            .filter(|word| !word.is_empty());
        words.collect::<Vec<&str>>().join(" ")
    })
}

/// `$pad(text, width, chars)`: on the right, or on the left of a negative width.
fn pad(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let width = m.number(args[1]).map_or(0, |width| width.as_f64() as i64);
    let chars = match m.string(args[2]) {
        chars if chars.is_empty() => " ".to_owned(),
        chars => chars,
    };
    let len = m.str(args[0]).map_or(0, |text| text.chars().count());
    let wanted = usize::try_from(width.unsigned_abs()).unwrap_or(usize::MAX);
    let missing = wanted.saturating_sub(len);
    m.reserve(missing)?;
    map(m, args, |text| {
        let padding: String = chars.chars().cycle().take(missing).collect();
        if width > 0 {
            format!("{text}{padding}")
        } else {
            format!("{padding}{text}")
        }
    })
}

/// `$join(texts, separator)`.
fn join(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    if args[0] == Item::Undefined {
        return Ok(Item::Undefined);
    }
    let separator = m.string(args[1]);
    let list = m.as_list(args[0])?;
    let mut text = String::new();
    for index in 0..m.heap.list_len(list) {
        m.step()?;
        if index > 0 {
            text.push_str(&separator);
        }
        if let Some(part) = m.str(m.heap.element(list, index)) {
            text.push_str(&part);
        }
        if text.len() > m.budget.value_bytes {
            m.reserve(text.len())?;
        }
    }
    m.text(&text)
}

/// A parameter that must not be negative, if it is given.
pub(super) fn not_negative(
    m: &Machine<'_, '_>,
    item: Item,
    code: &'static str,
) -> Result<Option<f64>, Failure> {
    match m.number(item).map(|number| number.as_f64()) {
        Some(value) if value < 0.0 => Err(Failure::new(code).insert("value", m.shown(item))),
        value => Ok(value),
    }
}
