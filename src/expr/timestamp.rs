//! RFC 3339 timestamps: parsed strictly, compared to the nanosecond, printed with milliseconds and `Z`.

/// A moment, comparable with every other whatever offset it was written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Seconds since the epoch.
    seconds: i64,
    /// 0 to 999,999,999.
    nanos: u32,
}

impl Timestamp {
    /// Milliseconds since the epoch, rounded down.
    pub fn millis(self) -> i64 {
        self.seconds * 1000 + i64::from(self.nanos / 1_000_000)
    }
}

/// Reads `2016-03-14T01:59:00Z`, `2016-03-14T01:59:00.123+02:00`; nothing else is a timestamp.
///
/// Digits behind the ninth of a fraction are read over.
pub fn parse(text: &str) -> Option<Timestamp> {
    let (fixed, rest) = text.as_bytes().split_first_chunk::<19>()?;
    let marks = [fixed[4], fixed[7], fixed[10], fixed[13], fixed[16]];
    if marks != *b"--T::" {
        return None;
    }
    let mut strange = false;
    let mut pair = |at: usize| {
        let (tens, ones) = (digit(fixed[at]), digit(fixed[at + 1]));
        strange |= tens > 9 || ones > 9;
        tens * 10 + ones
    };
    let year = pair(0) * 100 + pair(2);
    let (month, day) = (pair(5), pair(8));
    let (hour, minute, second) = (pair(11), pair(14), pair(17));
    if strange || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    if !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) {
        return None;
    }
    let (nanos, zone) = fraction(rest)?;
    let seconds = days_since_epoch(year, month, day) * 86_400
        + i64::from(hour * 3600 + minute * 60 + second)
        - offset(zone)?;
    Some(Timestamp { seconds, nanos })
}

/// Prints `2023-11-21T06:27:31.545Z` for milliseconds since the epoch.
pub fn format(millis: i64) -> String {
    print(millis, &mut [0; 24]).to_owned()
}

/// The same into a buffer. Moments outside the years 0 to 9999 are shown as the nearest inside.
pub fn print(millis: i64, buffer: &mut [u8; 24]) -> &str {
    const FIRST: i64 = -62_167_219_200_000;
    const LAST: i64 = 253_402_300_799_999;
    let millis = millis.clamp(FIRST, LAST);
    let (days, of_day) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let (year, month, day) = date(days);
    let parts = [
        (0, 4, year),
        (5, 2, month),
        (8, 2, day),
        (11, 2, of_day / 3_600_000),
        (14, 2, of_day / 60_000 % 60),
        (17, 2, of_day / 1000 % 60),
        (20, 3, of_day % 1000),
    ];
    buffer.copy_from_slice(b"0000-00-00T00:00:00.000Z");
    for (start, width, mut number) in parts {
        for digit in buffer[start..start + width].iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }
    str::from_utf8(buffer).expect("digits and marks are ASCII")
}

/// Above 9 for what is no digit.
fn digit(byte: u8) -> u32 {
    u32::from(byte.wrapping_sub(b'0'))
}

/// The nanoseconds of `.123…`, and what follows.
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else {
        return Some((0, text));
    };
    let end = digits.iter().position(|b| !b.is_ascii_digit())?;
    if end == 0 {
        return None;
    }
    let kept = &digits[..end.min(9)];
    let read = kept
        .iter()
        .fold(0, |nanos, digit| nanos * 10 + u32::from(digit - b'0'));
    let missing = 9 - kept.len() as u32;
    Some((read * 10_u32.pow(missing), &digits[end..]))
}

/// The seconds of `Z` or `+02:00`.
fn offset(zone: &[u8]) -> Option<i64> {
    match *zone {
        [b'Z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (h1, h2, m1, m2) = (digit(h1), digit(h2), digit(m1), digit(m2));
            let (hours, minutes) = (h1 * 10 + h2, m1 * 10 + m2);
            let strange = h1 > 9 || h2 > 9 || m1 > 9 || m2 > 9;
            if strange || hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = i64::from(hours * 3600 + minutes * 60);
            Some(if sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(is_leap(year)),
        _ => 31,
    }
}

fn days_since_epoch(year: u32, month: u32, day: u32) -> i64 {
    /// Days of a common year before each month.
    const BEFORE: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    /// Days from 1 January of the year 0 to the epoch.
    const EPOCH: i64 = 719_528;
    // Leap days of the years before this one; the year 0 was a leap year.
    let leap_days = match year {
        0 => 0,
        year => (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 + 1,
    };
    let leap_day = u32::from(month > 2 && is_leap(year));
    let days = year * 365 + leap_days + BEFORE[month as usize - 1] + leap_day + day - 1;
    i64::from(days) - EPOCH
}

/// Year, month, day. Counted in eras of 400 years that begin on 1 March, so that the leap day is the last of its year.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_rfc_3339_allows() {
        let cases = [
            ("1970-01-01T00:00:00Z", 0),
            ("2016-03-14T01:59:00Z", 1_457_920_740_000),
            ("2016-03-14T01:59:00.123+02:00", 1_457_913_540_123),
            ("2016-03-14T01:59:00.1-00:30", 1_457_922_540_100),
            ("1969-12-31T23:59:59.999999999Z", -1),
            ("2024-02-29T12:00:00.000000000000001Z", 1_709_208_000_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ];
        for (text, millis) in cases {
            assert_eq!(parse(text).map(Timestamp::millis), Some(millis), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        let cases = [
            "",
            "2016-03-14",
            "2016-03-14T01:59:00",
            "2016-03-14 01:59:00Z",
            "2016-03-14t01:59:00Z",
            "2016-03-14T01:59:00z",
            "2016-03-14T01:59Z",
            "2016-03-14T01:59:00.Z",
            "2016-03-14T01:59:00,5Z",
            "2016-13-14T01:59:00Z",
            "2016-00-14T01:59:00Z",
            "2016-02-30T01:59:00Z",
            "2015-02-29T01:59:00Z",
            "2016-12-05T25:29:29Z",
            "2016-12-05T23:60:29Z",
            "2016-12-05T23:59:60Z",
            "05-12-2016T21:29:29Z",
            "2016-12-05T21:29:29+2:00",
            "2016-12-05T21:29:29+0200",
            "2016-12-05T21:29:29+24:00",
            "2016-12-05T21:29:29Z ",
            "２016-12-05T21:29:29Z",
        ];
        for text in cases {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn compares_moments_to_the_nanosecond() {
        let at = |text| parse(text).expect("a timestamp");
        assert_eq!(at("2024-01-01T01:00:00+01:00"), at("2024-01-01T00:00:00Z"));
        assert_eq!(at("2024-01-01T00:00:00.500Z"), at("2024-01-01T00:00:00.5Z"));
        assert!(at("2024-01-01T00:00:00.000000001Z") > at("2024-01-01T00:00:00Z"));
        assert!(at("2024-01-01T00:00:00-01:00") > at("2024-01-01T00:59:59Z"));
    }

    #[test]
    fn prints_what_it_reads() {
        let step = 86_400_000 * 13 + 3_723_004;
        for millis in (0..200_000).map(|n| -62_167_219_200_000 + n * step) {
            let text = format(millis);
            assert_eq!(parse(&text).map(Timestamp::millis), Some(millis), "{text}");
        }
        assert_eq!(format(1_700_548_051_545), "2023-11-21T06:27:31.545Z");
        assert_eq!(format(i64::MAX), "9999-12-31T23:59:59.999Z");
    }
}
