//! Dates and times: milliseconds since 1970 to text and back.

use super::super::error::Failure;
use super::super::eval::{Machine, Number};
use super::super::heap::Item;
use super::super::picture::{DateTimePicture, parse_iso};
use super::{Native, Outcome, native};

pub(super) const DATETIME: &[Native] = &[
    native("now", "<s?s?:s>", 2, now),
    native("millis", "<:n>", 0, millis),
    native("fromMillis", "<n-s?s?:s>", 3, from_millis),
    native("toMillis", "<s-s?:n>", 2, to_millis),
];

fn now(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let now = m.scope.now_millis;
    format(m, now, args[0], args[1])
}

fn millis(m: &mut Machine<'_, '_>, _: &[Item]) -> Outcome {
    Ok(Item::Int(m.scope.now_millis))
}

/// `$fromMillis(millis, picture, timezone)`.
fn from_millis(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let Some(number) = m.number(args[0]) else {
        return Ok(Item::Undefined);
    };
    let millis = match number {
        Number::Int(value) => value,
        Number::Float(value) => value.trunc() as i64,
    };
    format(m, millis, args[1], args[2])
}

fn format(m: &mut Machine<'_, '_>, millis: i64, picture: Item, timezone: Item) -> Outcome {
    let timezone = m.str(timezone).map(|timezone| timezone.into_owned());
    let picture = m.str(picture).map(|picture| picture.into_owned());
    m.spend(picture.as_ref().map_or(0, String::len))?;
    let text = match &picture {
        Some(picture) => DateTimePicture::read(picture)?.format(millis, timezone.as_deref())?,
        None => DateTimePicture::iso().format(millis, timezone.as_deref())?,
    };
    m.text(&text)
}

/// `$toMillis(timestamp, picture)`.
fn to_millis(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let Some(text) = m.str(args[0]).map(|text| text.into_owned()) else {
        return Ok(Item::Undefined);
    };
    let picture = m.str(args[1]).map(|picture| picture.into_owned());
    m.spend(text.len() + picture.as_ref().map_or(0, String::len))?;
    let millis = match picture {
        Some(picture) => DateTimePicture::read(&picture)?.parse(&text, m.scope.now_millis)?,
        None => match parse_iso(&text) {
            Some(millis) => Some(millis),
            None => return Err(Failure::new("D3110").insert("value", m.shown(args[0]))),
        },
    };
    Ok(millis.map_or(Item::Undefined, Item::Int))
}
