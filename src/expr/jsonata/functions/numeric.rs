//! Numbers: conversion, arithmetic, aggregation, formatting.

use super::super::error::Failure;
use super::super::eval::{Machine, Number, spell};
use super::super::heap::Item;
use super::super::picture;
use super::{Native, Outcome, native};

pub(super) const NUMERIC: &[Native] = &[
    native("number", "<(nsb)-:n>", 1, number),
    native("abs", "<n-:n>", 1, abs),
    native("floor", "<n-:n>", 1, floor),
    native("ceil", "<n-:n>", 1, ceil),
    native("round", "<n-n?:n>", 2, round),
    native("sqrt", "<n-:n>", 1, sqrt),
    native("power", "<n-n:n>", 2, power),
    native("sum", "<a<n>:n>", 1, sum),
    native("max", "<a<n>:n>", 1, max),
    native("min", "<a<n>:n>", 1, min),
    native("average", "<a<n>:n>", 1, average),
    native("formatNumber", "<n-so?:s>", 3, format_number),
    native("formatBase", "<n-n?:s>", 2, format_base),
    native("formatInteger", "<n-s:s>", 2, format_integer),
    native("parseInteger", "<s-s:n>", 2, parse_integer),
];

fn number(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let arg = args[0];
    if arg == Item::Undefined || m.number(arg).is_some() {
        return Ok(arg);
    }
    let read = match (m.bool(arg), m.str(arg)) {
        (Some(truth), _) => Some(Number::Int(i64::from(truth))),
        (_, Some(text)) => read_number(&text),
        _ => None,
    };
    match read {
        Some(number) => Ok(number.item()),
        None => Err(Failure::new("D3030").insert("value", m.shown(arg))),
    }
}

/// Decimal as JSON writes it, or hexadecimal, octal, binary with their prefixes.
fn read_number(text: &str) -> Option<Number> {
    for (prefixes, radix) in [(["0x", "0X"], 16), (["0o", "0O"], 8), (["0b", "0B"], 2)] {
        if let Some(digits) = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)) {
            let read = u64::from_str_radix(digits, radix)
                .ok()
                .filter(|_| !digits.starts_with('+'))?;
            return Some(i64::try_from(read).map_or(Number::Float(read as f64), Number::Int));
        }
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if !digits(whole) || !digits(fraction) || !digits(exponent) {
        return None;
    }
    if let Ok(integer) = text.parse::<i64>() {
        return Some(Number::Int(integer));
    }
    text.parse::<f64>()
        .ok()
        .filter(|value| value.is_finite())
        .map(Number::from)
}

/// A function of one number; undefined stays undefined.
fn map(
    m: &mut Machine<'_, '_>,
    args: &[Item],
    exact: fn(i64) -> Option<i64>,
    of: fn(f64) -> f64,
) -> Outcome {
    Ok(match m.number(args[0]) {
        None => Item::Undefined,
        Some(Number::Int(value)) => {
            exact(value).map_or_else(|| Number::from(of(value as f64)).item(), Item::Int)
        }
        Some(Number::Float(value)) => Number::from(of(value)).item(),
    })
}

fn abs(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    map(m, args, i64::checked_abs, f64::abs)
}

fn floor(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    map(m, args, Some, f64::floor)
}

fn ceil(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    map(m, args, Some, f64::ceil)
}

/// `$round(number, precision)`: halves go to the even neighbour.
fn round(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let precision = m
        .number(args[1])
        .map_or(0, |precision| precision.floor())
        .clamp(-400, 400) as i32;
    Ok(match m.number(args[0]) {
        None => Item::Undefined,
        Some(Number::Int(value)) if precision >= 0 => Item::Int(value),
        Some(number) => Number::from(picture::round(number.as_f64(), precision)).item(),
    })
}

fn sqrt(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let Some(number) = m.number(args[0]) else {
        return Ok(Item::Undefined);
    };
    match number.as_f64() {
        value if value < 0.0 => Err(Failure::new("D3060").insert("value", m.shown(args[0]))),
        value => Ok(Number::from(value.sqrt()).item()),
    }
}

fn power(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let Some(base) = m.number(args[0]) else {
        return Ok(Item::Undefined);
    };
    let exponent = m
        .number(args[1])
        .map_or(f64::NAN, |exponent| exponent.as_f64());
    let result = base.as_f64().powf(exponent);
    match result.is_finite() {
        true => Ok(Number::from(result).item()),
        false => Err(Failure::new("D3061")
            .insert("value", m.shown(args[0]))
            .insert("exp", m.shown(args[1]))),
    }
}

/// Folds the numbers of an array; none if there are none.
fn fold(
    m: &mut Machine<'_, '_>,
    array: Item,
    of: impl Fn(Number, Number) -> Number,
) -> Result<Option<Number>, Failure> {
    let list = m.as_list(array)?;
    let mut result = None;
    for index in 0..m.heap.list_len(list) {
        m.step()?;
        if let Some(number) = m.number(m.heap.element(list, index)) {
            result = Some(match result {
                Some(result) => of(result, number),
                None => number,
            });
        }
    }
    Ok(result)
}

fn add(a: Number, b: Number) -> Number {
    if let (Number::Int(a), Number::Int(b)) = (a, b)
        && let Some(sum) = a.checked_add(b)
    {
        return Number::Int(sum);
    }
    Number::from(a.as_f64() + b.as_f64())
}

fn sum(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    if args[0] == Item::Undefined {
        return Ok(Item::Undefined);
    }
    Ok(fold(m, args[0], add)?.unwrap_or(Number::Int(0)).item())
}

fn max(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    choose(m, args, |a, b| {
        a.compare(b).is_some_and(std::cmp::Ordering::is_ge)
    })
}

fn min(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    choose(m, args, |a, b| {
        a.compare(b).is_some_and(std::cmp::Ordering::is_le)
    })
}

fn choose(m: &mut Machine<'_, '_>, args: &[Item], keep: fn(Number, Number) -> bool) -> Outcome {
    if args[0] == Item::Undefined {
        return Ok(Item::Undefined);
    }
    let chosen = fold(m, args[0], |a, b| if keep(a, b) { a } else { b })?;
    Ok(chosen.map_or(Item::Undefined, Number::item))
}

fn average(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    if args[0] == Item::Undefined {
        return Ok(Item::Undefined);
    }
    let n = m.len(args[0]) as f64;
    let total = fold(m, args[0], add)?;
    Ok(total.map_or(Item::Undefined, |total| {
        Number::from(total.as_f64() / n).item()
    }))
}

/// `$formatNumber(number, picture, options)`.
fn format_number(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let Some(number) = m.number(args[0]) else {
        return Ok(Item::Undefined);
    };
    let mut symbols = picture::Symbols::default();
    if args[2] != Item::Undefined {
        let base = m.stack.len();
        m.push_members(args[2])?;
        for place in (base..m.stack.len()).step_by(2) {
            let name = m.string(m.stack[place]);
            let value = m.string(m.stack[place + 1]);
            symbols.set(&name, &value);
        }
        m.stack.truncate(base);
    }
    let picture = m.string(args[1]);
    m.spend(picture.len())?;
    let text = picture::format_number(number.as_f64(), &picture, &symbols).map_err(Failure::new)?;
    m.text(&text)
}

/// `$formatBase(number, radix)`.
fn format_base(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let whole = |number: Number| match number {
        Number::Int(value) => value as f64,
        Number::Float(value) => picture::round(value, 0),
    };
    let Some(number) = m.number(args[0]) else {
        return Ok(Item::Undefined);
    };
    let radix = m.number(args[1]).map_or(10.0, whole);
    if !(2.0..=36.0).contains(&radix) {
        let mut shown = String::new();
        spell(Number::from(radix), &mut shown);
        return Err(Failure::new("D3100").insert("value", shown));
    }
    let text = match Number::from(whole(number)) {
        Number::Int(value) => in_base(value, radix as u32),
        Number::Float(value) => float_in_base(value, radix as u32),
    };
    m.text(&text)
}

fn in_base(value: i64, radix: u32) -> String {
    let mut digits = Vec::new();
    let mut rest = value.unsigned_abs();
    while rest > 0 || digits.is_empty() {
        let digit = (rest % u64::from(radix)) as u32;
        digits.push(char::from_digit(digit, radix).unwrap_or('0'));
        rest /= u64::from(radix);
    }
    if value < 0 {
        digits.push('-');
    }
    digits.iter().rev().collect()
}

/// A number beyond 2^53: zeros where binary64 has no more digits.
fn float_in_base(value: f64, radix: u32) -> String {
    let mut rest = value.abs();
    let mut n_zeros = 0;
    while rest >= 9_007_199_254_740_992.0 && n_zeros < 1100 {
        rest /= f64::from(radix);
        n_zeros += 1;
    }
    let digits = in_base(rest as i64, radix);
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{digits}{:0>n_zeros$}", "")
}

/// `$formatInteger(number, picture)`.
fn format_integer(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let Some(number) = m.number(args[0]) else {
        return Ok(Item::Undefined);
    };
    let picture = m.string(args[1]);
    m.spend(picture.len())?;
    let value = match number {
        Number::Int(value) => value as f64,
        Number::Float(value) => value.floor(),
    };
    let text = picture::IntegerPicture::read(&picture).and_then(|picture| picture.format(value))?;
    m.text(&text)
}

/// `$parseInteger(text, picture)`.
fn parse_integer(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let Some(text) = m.str(args[0]).map(std::borrow::Cow::into_owned) else {
        return Ok(Item::Undefined);
    };
    let picture = m.string(args[1]);
    m.spend(picture.len() + text.len())?;
    let number = picture::IntegerPicture::read(&picture)?.parse(&text)?;
    Ok(number.map_or(Item::Float(f64::NAN), |number| Number::from(number).item()))
}
