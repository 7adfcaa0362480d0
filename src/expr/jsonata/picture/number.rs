//! Pictures of numbers: `#,##0.00`, `0.0e0`, `(#0)`, as XPath's format-number defines them.

use super::{regular_distance, round};

/// The characters that pictures are made of and that numbers are written with.
#[derive(Clone, Debug)]
pub(in super::super) struct Symbols {
    decimal_separator: char,
    grouping_separator: char,
    exponent_separator: char,
    minus_sign: String,
    percent: String,
    per_mille: String,
    zero_digit: char,
    digit: char,
    pattern_separator: char,
}

impl Default for Symbols {
    fn default() -> Symbols {
        Symbols {
            decimal_separator: '.',
            grouping_separator: ',',
            exponent_separator: 'e',
            minus_sign: "-".to_owned(),
            percent: "%".to_owned(),
            per_mille: "\u{2030}".to_owned(),
            zero_digit: '0',
            digit: '#',
            pattern_separator: ';',
        }
    }
}

impl Symbols {
    /// Sets a symbol by the name that the options give it; unknown names say nothing.
    pub(in super::super) fn set(&mut self, name: &str, value: &str) {
        let Some(first) = value.chars().next() else {
            return;
        };
        match name {
            "decimal-separator" => self.decimal_separator = first,
            "grouping-separator" => self.grouping_separator = first,
            "exponent-separator" => self.exponent_separator = first,
            "minus-sign" => value.clone_into(&mut self.minus_sign),
            "percent" => value.clone_into(&mut self.percent),
            "per-mille" => value.clone_into(&mut self.per_mille),
            "zero-digit" => self.zero_digit = first,
            "digit" => self.digit = first,
            "pattern-separator" => self.pattern_separator = first,
            _ => {}
        }
    }

    fn is_decimal(&self, c: char) -> bool {
        let zero = self.zero_digit as u32;
        (zero..zero + 10).contains(&(c as u32))
    }

    fn is_digit(&self, c: char) -> bool {
        self.is_decimal(c) || c == self.digit
    }

    fn is_active(&self, c: char) -> bool {
        self.is_digit(c)
            || c == self.decimal_separator
            || c == self.exponent_separator
            || c == self.grouping_separator
    }
}

/// One half of a picture, taken apart.
struct Parts {
    picture: Vec<char>,
    prefix: String,
    suffix: String,
    active: Vec<char>,
    mantissa: Vec<char>,
    exponent: Option<Vec<char>>,
    integer: Vec<char>,
    fraction: Vec<char>,
}

/// What a half of a picture asks for.
struct Format {
    prefix: String,
    suffix: String,
    /// 1, 100 or 1000.
    scale: f64,
    has_decimal_separator: bool,
    integer_groups: Vec<usize>,
    regular_group: usize,
    min_integer: usize,
    scaling: i32,
    fraction_groups: Vec<usize>,
    min_fraction: usize,
    max_fraction: usize,
    min_exponent: usize,
}

/// The number as the picture says; the code of the error if the picture says nothing.
pub(in super::super) fn format_number(
    value: f64,
    picture: &str,
    symbols: &Symbols,
) -> Result<String, &'static str> {
    let pictures: Vec<&str> = picture.split(symbols.pattern_separator).collect();
    if pictures.len() > 2 {
        return Err("D3080");
    }
    let mut formats = Vec::new();
    for picture in pictures {
        let parts = split(picture, symbols).ok_or("D3085")?;
        validate(&parts, symbols)?;
        formats.push(analyse(parts, symbols));
    }
    let mut format = &formats[0];
    let mut minus = "";
    if value < 0.0 {
        match formats.get(1) {
            Some(negative) => format = negative,
            None => minus = &symbols.minus_sign,
        }
    }
    let text = write(value * format.scale, format, symbols);
    Ok(format!("{minus}{}{text}{}", format.prefix, format.suffix))
}

fn split(picture: &str, symbols: &Symbols) -> Option<Parts> {
    let chars: Vec<char> = picture.chars().collect();
    let begins = |c: &char| symbols.is_active(*c) && *c != symbols.exponent_separator;
    let first = chars.iter().position(begins)?;
    let last = chars.iter().rposition(begins)?;
    let active = chars[first..=last].to_vec();
    let suffix: String = chars[last + 1..].iter().collect();
    // Positions in the whole picture are used for the active part, as the reference does: they are the same unless
    // there is a prefix.
    let exponent_at = chars[first..]
        .iter()
        .position(|c| *c == symbols.exponent_separator)
        .map(|at| at + first);
    let exponent_at = exponent_at.filter(|at| *at <= last + 1);
    let (mantissa, exponent) = match exponent_at {
        None => (active.clone(), None),
        Some(at) => {
            let mantissa = active[..at.min(active.len())].to_vec();
            (
                mantissa,
                Some(active.get(at + 1..).unwrap_or_default().to_vec()),
            )
        }
    };
    let (integer, fraction) = match mantissa
        .iter()
        .position(|c| *c == symbols.decimal_separator)
    {
        None => (mantissa.clone(), suffix.chars().collect()),
        Some(at) => (mantissa[..at].to_vec(), mantissa[at + 1..].to_vec()),
    };
    Some(Parts {
        prefix: chars[..first].iter().collect(),
        suffix,
        active,
        mantissa,
        exponent,
        integer,
        fraction,
        picture: chars,
    })
}

fn count(picture: &str, token: &str) -> usize {
    picture.matches(token).count()
}

fn validate(parts: &Parts, symbols: &Symbols) -> Result<(), &'static str> {
    let picture: String = parts.picture.iter().collect();
    let percents = count(&picture, &symbols.percent);
    let per_milles = count(&picture, &symbols.per_mille);
    let decimal = parts
        .picture
        .iter()
        .position(|c| *c == symbols.decimal_separator);
    let grouping = symbols.grouping_separator;
    let is_decimal = |c: &char| symbols.is_decimal(*c);
    // The last rule that is broken names the error.
    let mut error = None;
    if parts
        .picture
        .iter()
        .filter(|c| **c == symbols.decimal_separator)
        .count()
        > 1
    {
        error = Some("D3081");
    }
    if percents > 1 {
        error = Some("D3082");
    }
    if per_milles > 1 {
        error = Some("D3083");
    }
    if percents > 0 && per_milles > 0 {
        error = Some("D3084");
    }
    if !parts.mantissa.iter().any(|c| symbols.is_digit(*c)) {
        error = Some("D3085");
    }
    if parts.active.iter().any(|c| !symbols.is_active(*c)) {
        error = Some("D3086");
    }
    if let Some(at) = decimal {
        let before = at
            .checked_sub(1)
            .and_then(|before| parts.picture.get(before));
        if before == Some(&grouping) || parts.picture.get(at + 1) == Some(&grouping) {
            error = Some("D3087");
        }
    } else if parts.integer.last() == Some(&grouping) {
        error = Some("D3088");
    }
    if parts
        .picture
        .windows(2)
        .any(|pair| pair == [grouping, grouping])
    {
        error = Some("D3089");
    }
    let optional = parts.integer.iter().position(|c| *c == symbols.digit);
    if optional.is_some_and(|at| parts.integer[..at].iter().any(is_decimal)) {
        error = Some("D3090");
    }
    let optional = parts.fraction.iter().rposition(|c| *c == symbols.digit);
    if optional.is_some_and(|at| parts.fraction[at..].iter().any(is_decimal)) {
        error = Some("D3091");
    }
    if let Some(exponent) = &parts.exponent {
        if !exponent.is_empty() && percents + per_milles > 0 {
            error = Some("D3092");
        }
        if exponent.is_empty() || !exponent.iter().all(is_decimal) {
            error = Some("D3093");
        }
    }
    error.map_or(Ok(()), Err)
}

fn analyse(parts: Parts, symbols: &Symbols) -> Format {
    let picture: String = parts.picture.iter().collect();
    let digits = |part: &[char]| part.iter().filter(|c| symbols.is_digit(**c)).count();
    let decimals = |part: &[char]| part.iter().filter(|c| symbols.is_decimal(**c)).count();
    let groups = |part: &[char]| -> Vec<usize> {
        let places = part
            .iter()
            .enumerate()
            .filter(|(_, c)| **c == symbols.grouping_separator);
        places.map(|(at, _)| at).collect()
    };
    let integer_groups: Vec<usize> = groups(&parts.integer)
        .iter()
        .map(|at| digits(&parts.integer[*at..]))
        .collect();
    let fraction_groups: Vec<usize> = groups(&parts.fraction)
        .iter()
        .map(|at| digits(&parts.fraction[..*at]))
        .collect();
    let mut min_integer = decimals(&parts.integer);
    let scaling = min_integer as i32;
    let mut min_fraction = decimals(&parts.fraction);
    let mut max_fraction = digits(&parts.fraction);
    let has_exponent = parts.exponent.is_some();
    if min_integer == 0 && max_fraction == 0 {
        if has_exponent {
            min_fraction = 1;
            max_fraction = 1;
        } else {
            min_integer = 1;
        }
    }
    if has_exponent && min_integer == 0 && parts.integer.contains(&symbols.digit) {
        min_integer = 1;
    }
    if min_integer == 0 && min_fraction == 0 {
        min_fraction = 1;
    }
    let scale = match () {
        () if picture.contains(&symbols.percent) => 100.0,
        () if picture.contains(&symbols.per_mille) => 1000.0,
        () => 1.0,
    };
    Format {
        regular_group: regular_distance(&integer_groups),
        min_exponent: parts.exponent.as_deref().map_or(0, decimals),
        has_decimal_separator: parts.picture.contains(&symbols.decimal_separator),
        prefix: parts.prefix,
        suffix: parts.suffix,
        scale,
        integer_groups,
        min_integer,
        scaling,
        fraction_groups,
        min_fraction,
        max_fraction,
    }
}

fn write(value: f64, format: &Format, symbols: &Symbols) -> String {
    let (mantissa, exponent) = match format.min_exponent {
        0 => (value, None),
        _ => {
            let (mantissa, exponent) = scaled(value, format.scaling);
            (mantissa, Some(exponent))
        }
    };
    let rounded = round(mantissa, format.max_fraction as i32);
    let fixed = format!("{:.*}", format.max_fraction, rounded.abs());
    let (integer, fraction) = fixed.split_once('.').unwrap_or((&fixed, ""));
    let mut integer: Vec<char> = integer.trim_start_matches('0').chars().collect();
    let mut fraction: Vec<char> = fraction.trim_end_matches('0').chars().collect();
    while integer.len() < format.min_integer {
        integer.insert(0, '0');
    }
    while fraction.len() < format.min_fraction {
        fraction.push('0');
    }
    let grouping = symbols.grouping_separator;
    let n_digits = integer.len();
    if let Some(n_groups) = n_digits.saturating_sub(1).checked_div(format.regular_group) {
        for group in 1..=n_groups {
            integer.insert(n_digits - group * format.regular_group, grouping);
        }
    } else {
        for position in &format.integer_groups {
            let len = integer.len();
            let place = (n_digits as i64 - *position as i64) + (len - n_digits) as i64;
            // The reference slices from the end where a group lies beyond the digits.
            let place = if place < 0 {
                (len as i64 + place).max(0)
            } else {
                place
            };
            integer.insert((place as usize).min(len), grouping);
        }
    }
    for position in &format.fraction_groups {
        let place = (*position).min(fraction.len());
        fraction.insert(place, grouping);
    }
    let mut text: String = integer.into_iter().map(|c| digit(c, symbols)).collect();
    let drop_last = !format.has_decimal_separator || fraction.is_empty();
    text.push(symbols.decimal_separator);
    text.extend(fraction.into_iter().map(|c| digit(c, symbols)));
    if drop_last {
        // Usually the separator. The reference cuts one character off even where digits stand behind it.
        text.pop();
    }
    if let Some(exponent) = exponent {
        text.push(symbols.exponent_separator);
        if exponent < 0 {
            text.push_str(&symbols.minus_sign);
        }
        let digits = format!("{:0>1$}", exponent.abs(), format.min_exponent);
        text.extend(digits.chars().map(|c| digit(c, symbols)));
    }
    text
}

/// A digit in the family that the picture's zero belongs to.
fn digit(c: char, symbols: &Symbols) -> char {
    match c.to_digit(10) {
        Some(digit) => char::from_u32(symbols.zero_digit as u32 + digit).unwrap_or(c),
        None => c,
    }
}

/// A mantissa with `scaling` digits before the point, and the exponent that goes with it.
fn scaled(value: f64, scaling: i32) -> (f64, i32) {
    let max = 10_f64.powi(scaling);
    let min = 10_f64.powi(scaling - 1);
    let mut mantissa = value;
    let mut exponent = 0;
    // No number has more places than these; zero and negative numbers never get there.
    while mantissa < min && exponent > -400 {
        mantissa *= 10.0;
        exponent -= 1;
    }
    while mantissa > max {
        mantissa /= 10.0;
        exponent += 1;
    }
    (mantissa, exponent)
}
