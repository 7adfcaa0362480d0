//! Strings in JSON spelling, without their quotes.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::node::{KEY_ESCAPED, LOOK_CLOSER, Span};

/// A string as it stands in a JSON text, without its quotes.
#[derive(Clone, Copy, Debug)]
pub struct JsonStr<'a> {
    pub(super) spelled: &'a str,
    pub(super) escaped: bool,
}

impl<'a> JsonStr<'a> {
    /// JSON spelling.
    pub fn spelled(self) -> &'a str {
        self.spelled
    }

    /// The characters; borrowed where nothing is escaped. Half of a surrogate pair becomes U+FFFD.
    pub fn decode(self) -> Cow<'a, str> {
        match self.escaped {
            false => Cow::Borrowed(self.spelled),
            true => Cow::Owned(self.chars().collect()),
        }
    }

    /// Whether the characters are those of `other`.
    pub fn eq_str(self, other: &str) -> bool {
        match self.escaped {
            false => self.spelled == other,
            true => self.chars().eq(other.chars()),
        }
    }

    /// Whether both have the same characters.
    #[inline]
    pub(super) fn is(self, other: JsonStr<'_>) -> bool {
        match self.escaped || other.escaped {
            false => self.spelled == other.spelled,
            true => self.compare(other).is_eq(),
        }
    }

    /// By code points, whatever the spelling.
    pub fn compare(self, other: JsonStr<'_>) -> Ordering {
        match self.escaped || other.escaped {
            // The order of UTF-8 is that of code points.
            false => self.spelled.cmp(other.spelled),
            true => self.chars().cmp(other.chars()),
        }
    }

    /// The characters one by one.
    pub fn chars(self) -> impl Iterator<Item = char> + 'a {
        let mut rest = self.spelled;
        std::iter::from_fn(move || {
            let first = rest.chars().next()?;
            if first != '\\' {
                rest = &rest[first.len_utf8()..];
                return Some(first);
            }
            let (decoded, len) = unescape(rest);
            rest = &rest[len..];
            Some(decoded)
        })
    }
}

/// The character that an escape at the start of `text` stands for, and the length of its spelling.
fn unescape(text: &str) -> (char, usize) {
    match text.as_bytes()[1] {
        b'b' => ('\u{8}', 2),
        b'f' => ('\u{c}', 2),
        b'n' => ('\n', 2),
        b'r' => ('\r', 2),
        b't' => ('\t', 2),
        b'u' => {
            let high = hex(&text[2..6]);
            match (high, text[6..].strip_prefix("\\u")) {
                (0xd800..0xdc00, Some(rest)) if (0xdc00..0xe000).contains(&hex(&rest[..4])) => {
                    let code = 0x10000 + ((high - 0xd800) << 10) + (hex(&rest[..4]) - 0xdc00);
                    (
                        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
                        12,
                    )
                }
                _ => (
                    char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER),
                    6,
                ),
            }
        }
        itself => (char::from(itself), 2),
    }
}

fn hex(digits: &str) -> u32 {
    u32::from_str_radix(digits, 16).expect("the tokenizer checked the digits")
}

/// A JSON text with no escape that is not needed: spelled as by a printer that knows only the characters. Half of a
/// surrogate pair stays an escape.
pub fn respell(json: &str) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'\\', json.as_bytes()) else {
        return Cow::Borrowed(json);
    };
    let mut out = String::with_capacity(json.len());
    let (mut rest, mut at) = (json, Some(first));
    while let Some(place) = at {
        out.push_str(&rest[..place]);
        rest = &rest[place..];
        let (decoded, len) = unescape(rest);
        match decoded {
            char::REPLACEMENT_CHARACTER if hex(&rest[2..6]) != 0xfffd => {
                out.push_str(&rest[..len]);
            }
            _ => {
                escape(decoded.encode_utf8(&mut [0; 4]), &mut out);
            }
        }
        rest = &rest[len..];
        at = memchr::memchr(b'\\', rest.as_bytes());
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Appends `text` in JSON spelling, without quotes; gives whether anything had to be escaped.
pub(super) fn escape(text: &str, out: &mut String) -> bool {
    let mut written = 0;
    for (at, &byte) in text.as_bytes().iter().enumerate() {
        let short = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[written..at]);
        written = at + 1;
        if short.is_empty() {
            out.push_str("\\u00");
            out.push(hex_digit(byte >> 4));
            out.push(hex_digit(byte & 15));
        } else {
            out.push_str(short);
        }
    }
    out.push_str(&text[written..]);
    written > 0
}

/// Upper case, as Jackson writes it.
fn hex_digit(value: u8) -> char {
    char::from(b"0123456789ABCDEF"[value as usize])
}

/// The name of a parsed member.
pub(super) fn name_of<'a>(text: &'a str, member: &Span) -> JsonStr<'a> {
    let start = member.key_start as usize;
    let end = match member.key_len {
        LOOK_CLOSER => name_end(text.as_bytes(), member.start as usize),
        len => start + len as usize,
    };
    JsonStr {
        spelled: &text[start..end],
        escaped: member.is(KEY_ESCAPED),
    }
}

/// Where the name ends whose value starts at `value`: back over the colon, the white space around it and the quote.
#[cold]
fn name_end(bytes: &[u8], value: usize) -> usize {
    let colon =
        memchr::memrchr(b':', &bytes[..value]).expect("a member has a colon before its value");
    memchr::memrchr(b'"', &bytes[..colon]).expect("a member has a name before its colon")
}
