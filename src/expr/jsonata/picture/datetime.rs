//! Pictures of dates and times: `[Y0001]-[M01]-[D01]`, `[FNn], [D1o] [MNn]`, as XPath's format-dateTime defines them.

use super::super::error::{Failure, quote};
use super::calendar::Moment;
use super::integer::{Case, IntegerPicture, MAX_WIDTH};

/// How a moment looks.
#[derive(Debug)]
pub(in super::super) struct DateTimePicture {
    pub(super) parts: Vec<Part>,
}

#[derive(Debug)]
pub(super) enum Part {
    Literal(String),
    Marker(Marker),
}

/// A component in brackets.
#[derive(Debug)]
pub(super) struct Marker {
    pub(super) component: char,
    /// Shown by its name.
    pub(super) names: Option<Case>,
    pub(super) integer: Option<IntegerPicture>,
    /// The longest name.
    pub(super) max_width: Option<usize>,
    /// So many digits, of years, months and days.
    pub(super) n_digits: Option<usize>,
    /// A zone without offset is `Z`.
    traditional: bool,
}

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// What JSONata writes where no picture is given.
const ISO: &str = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]";

impl DateTimePicture {
    pub(in super::super) fn iso() -> DateTimePicture {
        DateTimePicture::read(ISO).expect("a test reads this picture")
    }

    pub(in super::super) fn read(picture: &str) -> Result<DateTimePicture, Failure> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = picture;
        while let Some(at) = rest.find('[') {
            literal.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('[') {
                push_literal(&mut parts, &mut literal);
                parts.push(Part::Literal("[".to_owned()));
                rest = after;
                continue;
            }
            push_literal(&mut parts, &mut literal);
            let (marker, after) = rest.split_once(']').ok_or_else(|| Failure::new("D3135"))?;
            let marker: String = marker.split_whitespace().collect();
            parts.push(Part::Marker(Marker::read(&marker)?));
            rest = after;
        }
        literal.push_str(rest);
        push_literal(&mut parts, &mut literal);
        Ok(DateTimePicture { parts })
    }

    /// `zone` is hours and minutes east of Greenwich, as in `+0530`.
    pub(in super::super) fn format(
        &self,
        millis: i64,
        zone: Option<&str>,
    ) -> Result<String, Failure> {
        let offset = zone.map_or(0, leading_integer);
        let (hours, minutes) = (offset.div_euclid(100), offset % 100);
        let moment = Moment::of(millis.saturating_add((60 * hours + minutes) * 60_000));
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => out.push_str(literal),
                Part::Marker(marker) => marker.format(&moment, (hours, minutes), &mut out)?,
            }
        }
        Ok(out)
    }
}

fn push_literal(parts: &mut Vec<Part>, literal: &mut String) {
    if !literal.is_empty() {
        parts.push(Part::Literal(literal.replace("]]", "]")));
        literal.clear();
    }
}

/// The integer that a text begins with; 0 if it does not.
fn leading_integer(text: &str) -> i64 {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let len = digits.bytes().take_while(u8::is_ascii_digit).count().min(9);
    sign * digits[..len].parse::<i64>().unwrap_or(0)
}

impl Marker {
    fn read(marker: &str) -> Result<Marker, Failure> {
        let component = marker.chars().next().unwrap_or(' ');
        let rest = &marker[component.len_utf8().min(marker.len())..];
        let (presentation, width) = match rest.rsplit_once(',') {
            Some((presentation, width)) => (presentation, Some(width)),
            None => (rest, None),
        };
        let (min_width, max_width) =
            match width.map(|width| width.split_once('-').unwrap_or((width, "*"))) {
                Some((min, max)) => (read_width(min)?, read_width(max)?),
                None => (None, None),
            };
        let default = match component {
            'Y' | 'M' | 'D' | 'd' | 'W' | 'w' | 'X' | 'x' | 'H' | 'h' | 'f' => "1",
            'F' | 'P' | 'C' | 'E' => "n",
            'm' | 's' => "01",
            'Z' | 'z' => "01:01",
            _ => return Err(Failure::new("D3132").insert("value", quote(&component.to_string()))),
        };
        let (first, second) = match presentation.chars().last() {
            None => (default, None),
            Some(last @ ('a' | 't' | 'c' | 'o')) if presentation.chars().count() > 1 => {
                (&presentation[..presentation.len() - 1], Some(last))
            }
            Some(_) => (presentation, None),
        };
        let mut of = Marker {
            component,
            names: names(first),
            integer: None,
            max_width,
            n_digits: None,
            traditional: second == Some('t'),
        };
        if matches!(component, 'Z' | 'z') {
            of.integer = Some(IntegerPicture::read(first)?);
        } else if of.names.is_none() && !matches!(component, 'P' | 'C' | 'E') {
            of.read_integer(first, second, min_width)?;
        }
        Ok(of)
    }

    fn read_integer(
        &mut self,
        first: &str,
        second: Option<char>,
        min_width: Option<usize>,
    ) -> Result<(), Failure> {
        let mut integer = match second {
            Some(second) => IntegerPicture::read(&format!("{first};{second}"))?,
            None => IntegerPicture::read(first)?,
        };
        integer.mandatory_digits = integer.mandatory_digits.max(min_width.unwrap_or(0));
        if matches!(self.component, 'Y' | 'M' | 'D') {
            let n_digits = integer.mandatory_digits + integer.optional_digits;
            self.n_digits = self
                .max_width
                .or(Some(n_digits).filter(|n_digits| *n_digits >= 2));
            if let Some(max_width) = self.max_width {
                integer.mandatory_digits = max_width;
            }
        }
        self.integer = Some(integer);
        Ok(())
    }

    fn format(
        &self,
        moment: &Moment,
        (hours, minutes): (i64, i64),
        out: &mut String,
    ) -> Result<(), Failure> {
        match self.component {
            'Z' | 'z' => return self.format_zone(hours, minutes, out),
            'P' => {
                let is_pm = moment.component('P') == Some(1);
                let name = if is_pm { "pm" } else { "am" };
                match self.names {
                    Some(Case::Upper) => out.push_str(&name.to_uppercase()),
                    _ => out.push_str(name),
                }
                return Ok(());
            }
            'C' | 'E' => {
                out.push_str("ISO");
                return Ok(());
            }
            _ => {}
        }
        let mut value = moment.component(self.component).unwrap_or(0);
        if let (Some(case), true) = (self.names, self.component != 'f') {
            let name = match self.component {
                'M' | 'x' => MONTHS.get(value as usize - 1),
                'F' => DAYS.get(value as usize - 1),
                _ => return Err(self.no_names()),
            };
            let name: String = name
                .copied()
                .unwrap_or("")
                .chars()
                .take(self.max_width.unwrap_or(usize::MAX))
                .collect();
            out.push_str(&match case {
                Case::Upper => name.to_uppercase(),
                Case::Lower => name.to_lowercase(),
                Case::Title => name,
            });
            return Ok(());
        }
        let Some(integer) = &self.integer else {
            return Err(self.no_names());
        };
        if let ('Y', Some(n_digits)) = (self.component, self.n_digits) {
            value %= 10_i64.checked_pow(n_digits as u32).unwrap_or(i64::MAX);
        }
        out.push_str(&integer.format(value as f64)?);
        Ok(())
    }

    pub(super) fn no_names(&self) -> Failure {
        Failure::new("D3133").insert("value", quote(&self.component.to_string()))
    }

    fn format_zone(&self, hours: i64, minutes: i64, out: &mut String) -> Result<(), Failure> {
        let Some(integer) = &self.integer else {
            return Ok(());
        };
        let offset = hours * 100 + minutes;
        if offset == 0 && self.traditional {
            out.push('Z');
            return Ok(());
        }
        let text = match (integer.regular_separator(), integer.mandatory_digits) {
            (Some(_), _) | (None, 3 | 4) => integer.format(offset as f64)?,
            (None, 1 | 2) => {
                let mut text = integer.format(hours as f64)?;
                if minutes != 0 {
                    text.push_str(&format!(":{minutes:02}"));
                }
                text
            }
            (None, n_digits) => {
                return Err(Failure::new("D3134").insert("value", n_digits.to_string()));
            }
        };
        if self.component == 'z' {
            out.push_str("GMT");
        }
        if offset >= 0 {
            out.push('+');
        }
        out.push_str(&text);
        Ok(())
    }
}

fn names(presentation: &str) -> Option<Case> {
    match presentation {
        _ if presentation.starts_with('n') => Some(Case::Lower),
        _ if presentation.starts_with("Nn") => Some(Case::Title),
        _ if presentation.starts_with('N') => Some(Case::Upper),
        _ => None,
    }
}

/// `*` sets no width.
fn read_width(text: &str) -> Result<Option<usize>, Failure> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text[..digits].parse() {
        Ok(width) if width > MAX_WIDTH => Err(Failure::new("D3900")),
        Ok(width) => Ok(Some(width)),
        Err(_) if digits > 0 => Err(Failure::new("D3900")),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(picture: &str, zone: Option<&str>, want: &str) {
        // 2018-12-13T23:04:05.678Z, a Thursday.
        let found = DateTimePicture::read(picture)
            .and_then(|picture| picture.format(1_544_742_245_678, zone));
        assert_eq!(found.expect(picture), want, "{picture}");
    }

    #[test]
    fn components_are_written_as_the_picture_says() {
        check(ISO, None, "2018-12-13T23:04:05.678Z");
        check(ISO, Some("+0530"), "2018-12-14T04:34:05.678+05:30");
        check(
            "[FNn,3-3] [D1o] [MNn] [YI]",
            None,
            "Thu 13th December MMXVIII",
        );
        check("[h]:[m][PN] [z]", Some("-0500"), "6:04PM GMT-05:00");
        check("[[[d]]] week [W01]", None, "[347] week 50");
    }
}
