//! Text to moments: what a picture would have written, read back.

use super::super::error::Failure;
use super::super::regex::Regex;
use super::calendar::{DAY, Moment, day_number};
use super::datetime::{DAYS, DateTimePicture, MONTHS, Marker, Part};

/// The components that a text has given.
#[derive(Default)]
struct Components(Vec<(char, Option<f64>)>);

impl Components {
    fn get(&self, component: char) -> Option<f64> {
        let found = self.0.iter().rev().find(|(known, _)| *known == component);
        found.and_then(|(_, value)| *value)
    }

    fn set(&mut self, component: char, value: f64) {
        self.0.push((component, Some(value)));
    }

    /// Those of `all` that are given are among `wanted`, and there are some. (A zero counts as not given.)
    fn are(&self, all: &str, wanted: &str) -> bool {
        let given = |component: &char| self.get(*component).is_some_and(|value| value != 0.0);
        let mut given = all.chars().filter(given).peekable();
        given.peek().is_some() && given.all(|component| wanted.contains(component))
    }
}

impl DateTimePicture {
    /// Milliseconds since 1970; none if the text does not fit. What stands above the first component that is given is
    /// taken from `now`.
    pub(in super::super) fn parse(&self, text: &str, now: i64) -> Result<Option<i64>, Failure> {
        let mut pattern = "^".to_owned();
        for part in &self.parts {
            let part = match part {
                Part::Literal(literal) => escape(literal),
                Part::Marker(marker) => marker.pattern()?,
            };
            pattern.extend(["(", &part, ")"]);
        }
        pattern.push('$');
        let regex = Regex::compile(&pattern, "i", 0).map_err(|_| Failure::new("D3136"))?;
        let Some(found) = regex.find(text, 0)? else {
            return Ok(None);
        };
        let mut components = Components::default();
        for (part, group) in self.parts.iter().zip(&found.groups) {
            if let (Part::Marker(marker), Some((start, end))) = (part, group) {
                let value = marker.value(&text[*start..*end])?;
                components.0.push((marker.component, value));
            }
        }
        if components.0.is_empty() {
            return Ok(None);
        }
        moment(components, &Moment::of(now))
    }
}

fn moment(mut components: Components, now: &Moment) -> Result<Option<i64>, Failure> {
    const DATE: &str = "YXMxWwdD";
    const TIME: &str = "PHhmsf";
    let by_day_of_year = !components.are(DATE, "YMD") && components.are(DATE, "Yd");
    let by_week = components.are(DATE, "Xxw") || components.are(DATE, "XW");
    let by_half_day = !components.are(TIME, "Hmsf") && components.are(TIME, "Phmsf");
    let date = match () {
        () if by_day_of_year => "YD",
        () if components.are(DATE, "Xxw") => "XxwF",
        () if by_week => "XWF",
        () => "YMD",
    };
    let time = if by_half_day { "Phmsf" } else { "Hmsf" };
    let (mut started, mut ended) = (false, false);
    for component in date.chars().chain(time.chars()) {
        if components.get(component).is_some() {
            started = true;
            if ended {
                return Err(Failure::new("D3136"));
            }
        } else if started {
            components.set(component, if "MDd".contains(component) { 1.0 } else { 0.0 });
            ended = true;
        } else {
            // Of the present, the reference knows the half of the day by its name, which is no number to it: the first.
            let present = now.component(component).filter(|_| component != 'P');
            components.set(component, present.unwrap_or(0) as f64);
        }
    }
    if by_week {
        return Err(Failure::new("D3136"));
    }
    let whole = |component| components.get(component).unwrap_or(0.0) as i64;
    let year = match whole('Y') {
        // As JavaScript understands years of two digits.
        year @ 0..=99 => 1900 + year,
        year => year.clamp(-400_000, 400_000),
    };
    let day = match by_day_of_year {
        true => day_number(year, 1, 1) + whole('d') - 1,
        false => day_number(year, whole('M').max(1), whole('D')),
    };
    let hour = match by_half_day {
        true => whole('h') % 12 + if whole('P') == 1 { 12 } else { 0 },
        false => whole('H'),
    };
    let minutes = hour * 60 + whole('m');
    let time = (minutes * 60 + whole('s')) * 1000 + whole('f');
    let zone = components
        .get('Z')
        .filter(|zone| *zone != 0.0)
        .or(components.get('z'))
        .unwrap_or(0.0) as i64;
    Ok(Some(day * DAY + time - zone * 60_000))
}

fn escape(literal: &str) -> String {
    let mut escaped = String::with_capacity(literal.len());
    for c in literal.chars() {
        if ".*+?^${}()|[]\\".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

impl Marker {
    /// The pattern of what is written for the component.
    fn pattern(&self) -> Result<String, Failure> {
        if let ('Z' | 'z', Some(integer)) = (self.component, &self.integer) {
            let prefix = if self.component == 'z' { "GMT" } else { "" };
            let minutes = integer
                .regular_separator()
                .map_or(String::new(), |c| format!("{c}[0-9]+"));
            return Ok(format!("{prefix}[-+][0-9]+{minutes}"));
        }
        match &self.integer {
            Some(integer) => integer.pattern(self.n_digits),
            None if matches!(self.component, 'M' | 'x' | 'F' | 'P') => Ok("[a-zA-Z]+".to_owned()),
            None => Err(self.no_names()),
        }
    }

    /// What was written for the component; none if it is no name of one.
    fn value(&self, text: &str) -> Result<Option<f64>, Failure> {
        match (&self.integer, self.component) {
            (Some(integer), 'Z' | 'z') => Ok(Some(zone_minutes(
                text.trim_start_matches(['G', 'M', 'T', 'g', 'm', 't']),
                integer.regular_separator(),
            ))),
            (Some(integer), _) => integer.parse(text),
            (None, 'P') => Ok(match text {
                "am" | "AM" => Some(0.0),
                "pm" | "PM" => Some(1.0),
                _ => None,
            }),
            (None, component) => {
                let names: &[&str] = if component == 'F' { &DAYS } else { &MONTHS };
                let shown = |name: &str| {
                    name.chars()
                        .take(self.max_width.unwrap_or(usize::MAX))
                        .collect::<String>()
                };
                let place = names.iter().position(|name| shown(name) == text);
                Ok(place.map(|place| place as f64 + 1.0))
            }
        }
    }
}

/// `+05:30` and `+0530` and `+5` in minutes.
fn zone_minutes(text: &str, separator: Option<char>) -> f64 {
    let read = |text: &str| text.parse::<f64>().unwrap_or(0.0);
    let (hours, minutes) = match separator.and_then(|separator| text.split_once(separator)) {
        Some((hours, minutes)) => (read(hours), read(minutes)),
        None if text.len() <= 3 => (read(text), 0.0),
        None => (read(&text[..3]), read(&text[3..])),
    };
    hours * 60.0 + minutes
}

/// ISO 8601 as `$toMillis` takes it without a picture: a year, and what may follow it.
pub(in super::super) fn parse_iso(text: &str) -> Option<i64> {
    let mut rest = text;
    let year = digits(&mut rest, 4)?;
    let (mut month, mut day) = (1, 1);
    if eat(&mut rest, "-") {
        month = digits(&mut rest, 2).filter(|month| (1..=12).contains(month))?;
        if eat(&mut rest, "-") {
            day = digits(&mut rest, 2).filter(|day| (1..=31).contains(day))?;
        }
    }
    let mut millis = 0;
    if eat(&mut rest, "T") {
        let hour = digits(&mut rest, 2).filter(|hour| *hour <= 24)?;
        let minute = eat(&mut rest, ":")
            .then(|| digits(&mut rest, 2))
            .flatten()
            .filter(|minute| *minute < 60)?;
        let second = eat(&mut rest, ":")
            .then(|| digits(&mut rest, 2))
            .flatten()
            .filter(|second| *second < 60)?;
        millis = ((hour * 60 + minute) * 60 + second) * 1000;
        if eat(&mut rest, ".") {
            let n_digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let three: String = rest[..n_digits]
                .chars()
                .chain("00".chars())
                .take(3)
                .collect();
            millis += three.parse::<i64>().ok().filter(|_| n_digits > 0)?;
            rest = &rest[n_digits..];
        }
    }
    let mut zone = 0;
    if !eat(&mut rest, "Z") && !rest.is_empty() {
        let sign = if eat(&mut rest, "+") {
            1
        } else {
            -i64::from(eat(&mut rest, "-"))
        };
        let hours = digits(&mut rest, 2)?;
        eat(&mut rest, ":");
        zone = sign * (hours * 60 + digits(&mut rest, 2)?);
        if sign == 0 {
            return None;
        }
    }
    rest.is_empty()
        .then(|| day_number(year, month, day) * DAY + millis - zone * 60_000)
}

/// Exactly `n` digits.
fn digits(text: &mut &str, n: usize) -> Option<i64> {
    let digits = text
        .get(..n)
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    *text = &text[n..];
    digits.parse().ok()
}

fn eat(text: &mut &str, token: &str) -> bool {
    match text.strip_prefix(token) {
        Some(rest) => {
            *text = rest;
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_timestamps_are_read() {
        for (text, want) in [
            ("1970-01-01T00:00:00.001Z", Some(1)),
            ("2017-10-30T16:25:32.935Z", Some(1_509_380_732_935)),
            ("2018-02-01T09:42:13.123+0100", Some(1_517_474_533_123)),
            ("2018-02-01T09:42:13.1+01:00", Some(1_517_474_533_100)),
            ("2018", Some(1_514_764_800_000)),
            ("2018-13", None),
            ("foo", None),
            ("2018-02-01T09:42", None),
        ] {
            assert_eq!(parse_iso(text), want, "{text}");
        }
    }
}
