//! Pictures of integers: `#,##0`, `001`, `I`, `w`, `1;o`.

use super::super::error::{Failure, quote};
use super::super::eval::{Number, spell_exactly};
use super::regular_distance;
use super::words;

/// How an integer looks.
#[derive(Clone, Debug)]
pub(in super::super) struct IntegerPicture {
    pub(super) primary: Primary,
    case: Case,
    pub(super) ordinal: bool,
    pub(super) mandatory_digits: usize,
    pub(super) optional_digits: usize,
    /// The code of the digit zero.
    zero: u32,
    separators: Separators,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Primary {
    Decimal,
    Letters,
    Roman,
    Words,
    /// A numbering that is not supported.
    Sequence(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Upper,
    Lower,
    Title,
}

#[derive(Clone, Debug)]
enum Separators {
    /// One every so many digits.
    Regular(usize, char),
    /// By their distance from the end, rising.
    At(Vec<(usize, char)>),
}

/// The zeros of the decimal digits of Unicode.
const ZEROS: [u32; 37] = [
    0x30, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6,
    0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80,
    0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
    0xFF10,
];

/// Roman numerals are written up to here: a thousand is one letter.
const MAX_ROMAN: f64 = 10_000_000.0;

/// Widths beyond this are refused.
pub(super) const MAX_WIDTH: usize = 10_000;

impl IntegerPicture {
    pub(in super::super) fn read(picture: &str) -> Result<IntegerPicture, Failure> {
        let (primary, modifier) = picture.rsplit_once(';').unwrap_or((picture, ""));
        let mut of = IntegerPicture {
            primary: Primary::Decimal,
            case: Case::Lower,
            ordinal: modifier.starts_with('o'),
            mandatory_digits: 0,
            optional_digits: 0,
            zero: 0x30,
            separators: Separators::At(Vec::new()),
        };
        (of.primary, of.case) = match primary {
            "A" => (Primary::Letters, Case::Upper),
            "a" => (Primary::Letters, Case::Lower),
            "I" => (Primary::Roman, Case::Upper),
            "i" => (Primary::Roman, Case::Lower),
            "W" => (Primary::Words, Case::Upper),
            "Ww" => (Primary::Words, Case::Title),
            "w" => (Primary::Words, Case::Lower),
            _ => {
                of.read_digits(primary)?;
                return Ok(of);
            }
        };
        Ok(of)
    }

    fn read_digits(&mut self, picture: &str) -> Result<(), Failure> {
        let mut zero = None;
        let mut separators = Vec::new();
        let mut position = 0;
        for c in picture.chars().rev() {
            let code = c as u32;
            if let Some(group) = ZEROS
                .iter()
                .find(|zero| (**zero..**zero + 10).contains(&code))
            {
                self.mandatory_digits += 1;
                position += 1;
                if *zero.get_or_insert(*group) != *group {
                    return Err(Failure::new("D3131"));
                }
            } else if c == '#' {
                self.optional_digits += 1;
                position += 1;
            } else {
                separators.push((position, c));
            }
        }
        let Some(zero) = zero else {
            self.primary = Primary::Sequence(picture.to_owned());
            return Ok(());
        };
        self.zero = zero;
        let positions: Vec<usize> = separators.iter().map(|(position, _)| *position).collect();
        let alike = separators.windows(2).all(|pair| pair[0].1 == pair[1].1);
        self.separators = match (regular_distance(&positions), separators.first()) {
            (distance @ 1.., Some((_, c))) if alike => Separators::Regular(distance, *c),
            _ => Separators::At(separators),
        };
        Ok(())
    }

    /// The character that stands between groups of equal size.
    pub(super) fn regular_separator(&self) -> Option<char> {
        match self.separators {
            Separators::Regular(_, c) => Some(c),
            Separators::At(_) => None,
        }
    }

    fn unsupported(token: &str) -> Failure {
        Failure::new("D3130").insert("value", quote(token))
    }

    pub(in super::super) fn format(&self, value: f64) -> Result<String, Failure> {
        let magnitude = value.abs();
        let mut text = match &self.primary {
            Primary::Sequence(token) => return Err(IntegerPicture::unsupported(token)),
            Primary::Letters => {
                words::to_letters(magnitude, if self.case == Case::Upper { 'A' } else { 'a' })
            }
            Primary::Roman if magnitude > MAX_ROMAN => return Err(Failure::new("D3900")),
            Primary::Roman => words::to_roman(magnitude),
            Primary::Words => words::number_to_words(magnitude, self.ordinal),
            Primary::Decimal => self.decimal(magnitude)?,
        };
        match (&self.primary, self.case) {
            (Primary::Roman | Primary::Words, Case::Upper) => text = text.to_uppercase(),
            (Primary::Words, Case::Lower) => text = text.to_lowercase(),
            _ => {}
        }
        Ok(if value < 0.0 {
            format!("-{text}")
        } else {
            text
        })
    }

    fn decimal(&self, value: f64) -> Result<String, Failure> {
        if self.mandatory_digits > MAX_WIDTH {
            return Err(Failure::new("D3900"));
        }
        let mut spelled = String::new();
        match Number::from(value) {
            Number::Int(value) => spelled = value.to_string(),
            Number::Float(value) => spell_exactly(value, &mut spelled),
        }
        let mut digits: Vec<char> = spelled.chars().collect();
        while digits.len() < self.mandatory_digits {
            digits.insert(0, '0');
        }
        let is_teen = digits.len() > 1 && digits[digits.len() - 2] == '1';
        let suffix = match digits.last() {
            Some('1') if !is_teen => "st",
            Some('2') if !is_teen => "nd",
            Some('3') if !is_teen => "rd",
            _ => "th",
        };
        if self.zero != 0x30 {
            for digit in &mut digits {
                *digit = char::from_u32(*digit as u32 + self.zero - 0x30).unwrap_or(*digit);
            }
        }
        match &self.separators {
            Separators::Regular(distance, c) => {
                let n_groups = (digits.len() - 1) / distance;
                for group in (1..=n_groups).rev() {
                    digits.insert(digits.len() - group * distance, *c);
                }
            }
            Separators::At(separators) => {
                for (position, c) in separators.iter().rev() {
                    let place = digits.len().saturating_sub(*position);
                    digits.insert(place, *c);
                }
            }
        }
        let mut text: String = digits.into_iter().collect();
        if self.ordinal {
            text.push_str(suffix);
        }
        Ok(text)
    }

    /// The pattern of what this picture writes. `width` is the number of digits where it is fixed.
    pub(super) fn pattern(&self, width: Option<usize>) -> Result<String, Failure> {
        let upper = self.case == Case::Upper;
        Ok(match &self.primary {
            Primary::Sequence(token) => return Err(IntegerPicture::unsupported(token)),
            Primary::Letters => if upper { "[A-Z]+" } else { "[a-z]+" }.to_owned(),
            Primary::Roman => if upper { "[MDCLXVI]+" } else { "[mdclxvi]+" }.to_owned(),
            Primary::Words => words::words_pattern(),
            Primary::Decimal => {
                let repeat = match width {
                    Some(width) if self.optional_digits == 0 => format!("{{{width}}}"),
                    Some(width) => {
                        format!("{{{},{width}}}", width.saturating_sub(self.optional_digits))
                    }
                    None => "+".to_owned(),
                };
                let suffix = if self.ordinal { "(?:th|st|nd|rd)" } else { "" };
                format!("[0-9]{repeat}{suffix}")
            }
        })
    }

    /// What a text written by this picture says; none if it is no number.
    pub(in super::super) fn parse(&self, text: &str) -> Result<Option<f64>, Failure> {
        let first = if self.case == Case::Upper { 'A' } else { 'a' };
        Ok(match &self.primary {
            Primary::Sequence(token) => return Err(IntegerPicture::unsupported(token)),
            Primary::Letters => Some(words::from_letters(text, first)),
            Primary::Roman => words::from_roman(text),
            Primary::Words => words::words_to_number(text),
            Primary::Decimal => self.parse_decimal(text),
        })
    }

    fn parse_decimal(&self, text: &str) -> Option<f64> {
        let n_chars = text.chars().count();
        let kept = if self.ordinal {
            n_chars.saturating_sub(2)
        } else {
            n_chars
        };
        let is_separator = |c: char| match &self.separators {
            Separators::Regular(..) => c == ',',
            Separators::At(separators) => separators.iter().any(|(_, separator)| *separator == c),
        };
        let digits = text.chars().take(kept).filter(|c| !is_separator(*c));
        let shifted = digits.map(|c| {
            char::from_u32((c as u32).wrapping_sub(self.zero).wrapping_add(0x30)).unwrap_or(c)
        });
        let shifted: String = shifted.collect();
        let negative = shifted.starts_with('-');
        let unsigned = shifted.trim_start_matches(['-', '+']);
        let len = unsigned.bytes().take_while(u8::is_ascii_digit).count();
        let value: f64 = unsigned[..len].parse().ok()?;
        Some(if negative { -value } else { value })
    }
}
