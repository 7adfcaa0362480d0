//! Numbers in words, Roman numerals and letters.

const FEW: [&str; 20] = [
    "Zero",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
    "Thirteen",
    "Fourteen",
    "Fifteen",
    "Sixteen",
    "Seventeen",
    "Eighteen",
    "Nineteen",
];
const ORDINALS: [&str; 20] = [
    "Zeroth",
    "First",
    "Second",
    "Third",
    "Fourth",
    "Fifth",
    "Sixth",
    "Seventh",
    "Eighth",
    "Ninth",
    "Tenth",
    "Eleventh",
    "Twelfth",
    "Thirteenth",
    "Fourteenth",
    "Fifteenth",
    "Sixteenth",
    "Seventeenth",
    "Eighteenth",
    "Nineteenth",
];
const DECADES: [&str; 8] = [
    "Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety",
];
const MAGNITUDES: [&str; 4] = ["Thousand", "Million", "Billion", "Trillion"];

/// A number that is not negative, in words with capital letters.
pub(super) fn number_to_words(value: f64, ordinal: bool) -> String {
    let mut words = String::new();
    push_words(value, None, ordinal, &mut words);
    words
}

/// `after` joins the words to those before them.
fn push_words(value: f64, after: Option<()>, ordinal: bool, out: &mut String) {
    let joined = |joint| if after.is_some() { joint } else { "" };
    if value < 20.0 {
        let names = if ordinal { ORDINALS } else { FEW };
        out.push_str(joined(" and "));
        out.push_str(names[value as usize]);
    } else if value < 100.0 {
        out.push_str(joined(" and "));
        out.push_str(DECADES[(value / 10.0) as usize - 2]);
        match value % 10.0 {
            0.0 if ordinal => {
                out.pop();
                out.push_str("ieth");
            }
            0.0 => {}
            rest => {
                out.push('-');
                push_words(rest, None, ordinal, out);
            }
        }
    } else if value < 1000.0 {
        out.push_str(joined(", "));
        out.push_str(FEW[(value / 100.0) as usize]);
        out.push_str(" Hundred");
        push_rest(value % 100.0, ordinal, out);
    } else {
        let magnitude = ((value.log10() / 3.0) as usize).clamp(1, MAGNITUDES.len());
        let factor = 1000_f64.powi(magnitude as i32);
        let mantissa = (value / factor).floor();
        out.push_str(joined(", "));
        push_words(mantissa, None, false, out);
        out.push(' ');
        out.push_str(MAGNITUDES[magnitude - 1]);
        push_rest(value - mantissa * factor, ordinal, out);
    }
}

fn push_rest(rest: f64, ordinal: bool, out: &mut String) {
    if rest > 0.0 {
        push_words(rest, Some(()), ordinal, out);
    } else if ordinal {
        out.push_str("th");
    }
}

/// What one word stands for, in small letters.
fn word_value(word: &str) -> Option<f64> {
    let equals = |name: &str| name.eq_ignore_ascii_case(word);
    if let Some(value) = FEW
        .iter()
        .position(|name| equals(name))
        .or_else(|| ORDINALS.iter().position(|name| equals(name)))
    {
        return Some(value as f64);
    }
    // "twentieth" is to "twenty" what "hundredth" is to "hundred".
    let cardinal = match word.strip_suffix("ieth") {
        Some(stem) => format!("{stem}y"),
        None => word.strip_suffix("th").unwrap_or(word).to_owned(),
    };
    let named = |name: &str| name.eq_ignore_ascii_case(&cardinal);
    if let Some(place) = DECADES.iter().position(|name| named(name)) {
        return Some((place as f64 + 2.0) * 10.0);
    }
    if cardinal.eq_ignore_ascii_case("hundred") {
        return Some(100.0);
    }
    let magnitude = MAGNITUDES.iter().position(|name| named(name))?;
    Some(1000_f64.powi(magnitude as i32 + 1))
}

/// None if one of the words is no number.
pub(super) fn words_to_number(text: &str) -> Option<f64> {
    let text = text.to_lowercase().replace(", ", " ").replace(" and ", " ");
    let mut segments = vec![0.0];
    for word in text.split([' ', '\t', '\n', '-', '\\']) {
        let value = word_value(word)?;
        let top: f64 = segments.pop().unwrap_or(0.0);
        if value >= 100.0 {
            segments.push(top * value);
        } else if top >= 1000.0 {
            segments.extend([top, value]);
        } else {
            segments.push(top + value);
        }
    }
    Some(segments.iter().sum())
}

/// All words that a number may consist of, as a regular expression.
pub(super) fn words_pattern() -> String {
    let mut words: Vec<String> = FEW
        .iter()
        .chain(&ORDINALS)
        .chain(&DECADES)
        .chain(&MAGNITUDES)
        .map(|word| word.to_lowercase())
        .collect();
    words.extend(
        DECADES
            .iter()
            .map(|word| format!("{}ieth", word[..word.len() - 1].to_lowercase())),
    );
    words.extend(
        MAGNITUDES
            .iter()
            .map(|word| format!("{}th", word.to_lowercase())),
    );
    words.extend(["hundredth", "hundred", "and", r"[\-, ]"].map(str::to_owned));
    // The longer word first, where one begins with another.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    format!("(?:{})+", words.join("|"))
}

const ROMAN: [(f64, &str); 13] = [
    (1000.0, "m"),
    (900.0, "cm"),
    (500.0, "d"),
    (400.0, "cd"),
    (100.0, "c"),
    (90.0, "xc"),
    (50.0, "l"),
    (40.0, "xl"),
    (10.0, "x"),
    (9.0, "ix"),
    (5.0, "v"),
    (4.0, "iv"),
    (1.0, "i"),
];

/// In small letters; the caller bounds the value, since a thousand is one letter.
pub(super) fn to_roman(mut value: f64) -> String {
    let mut roman = String::new();
    for (step, letters) in ROMAN {
        while value >= step {
            roman.push_str(letters);
            value -= step;
        }
    }
    roman
}

pub(super) fn from_roman(roman: &str) -> Option<f64> {
    let mut value = 0.0;
    let mut max = 1.0;
    for letter in roman.to_uppercase().chars().rev() {
        let digit = match letter {
            'M' => 1000.0,
            'D' => 500.0,
            'C' => 100.0,
            'L' => 50.0,
            'X' => 10.0,
            'V' => 5.0,
            'I' => 1.0,
            _ => return None,
        };
        if digit < max {
            value -= digit;
        } else {
            max = digit;
            value += digit;
        }
    }
    Some(value)
}

/// a, b, … z, aa, ab, …; `first` is the letter for 1.
pub(super) fn to_letters(mut value: f64, first: char) -> String {
    let mut letters = Vec::new();
    while value > 0.0 {
        letters.push((first as u8 + ((value - 1.0) % 26.0) as u8) as char);
        value = ((value - 1.0) / 26.0).floor();
    }
    letters.iter().rev().collect()
}

pub(super) fn from_letters(letters: &str, first: char) -> f64 {
    letters.chars().fold(0.0, |value, letter| {
        value * 26.0 + (f64::from(letter as u32) - f64::from(first as u32) + 1.0)
    })
}
