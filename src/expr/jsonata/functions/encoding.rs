//! Base64 and the escaping of URLs.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use super::super::error::{Failure, quote};
use super::super::eval::Machine;
use super::super::heap::Item;
use super::{Native, Outcome, native};

pub(super) const ENCODING: &[Native] = &[
    native("base64encode", "<s-:s>", 1, base64_encode),
    native("base64decode", "<s-:s>", 1, base64_decode),
    native("encodeUrlComponent", "<s-:s>", 1, encode_url_component),
    native("encodeUrl", "<s-:s>", 1, encode_url),
    native("decodeUrlComponent", "<s-:s>", 1, decode_url_component),
    native("decodeUrl", "<s-:s>", 1, decode_url),
];

/// Characters that `encodeURIComponent` leaves alone, besides letters and digits.
const UNESCAPED: &str = "-_.!~*'()";
/// Those that `encodeURI` leaves alone too, and `decodeURI` does not make.
const RESERVED: &str = ";/?:@&=+$,#";

fn base64_encode(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let Some(text) = m.str(args[0]) else {
        return Ok(Item::Undefined);
    };
    let encoded = STANDARD.encode(text.as_bytes());
    m.text(&encoded)
}

fn base64_decode(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let Some(text) = m.str(args[0]) else {
        return Ok(Item::Undefined);
    };
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let engine = GeneralPurpose::new(&base64::alphabet::STANDARD, lenient);
    // Characters outside of the alphabet are passed over, as Buffer does.
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let digits: Vec<u8> = text
        .bytes()
        .take_while(|byte| *byte != b'=')
        .filter(known)
        .collect();
    let decoded = engine.decode(digits).unwrap_or_default();
    m.text(&String::from_utf8_lossy(&decoded))
}

fn encode_url_component(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    encode(m, args, "encodeUrlComponent", |c| UNESCAPED.contains(c))
}

fn encode_url(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    encode(m, args, "encodeUrl", |c| {
        UNESCAPED.contains(c) || RESERVED.contains(c)
    })
}

fn encode(
    m: &mut Machine<'_, '_>,
    args: &[Item],
    name: &str,
    kept: impl Fn(char) -> bool,
) -> Outcome {
    let Some(text) = m.str(args[0]) else {
        return Ok(Item::Undefined);
    };
    // The values hold no lone surrogates: where one was written there is a replacement character.
    if text.contains(char::REPLACEMENT_CHARACTER) {
        return Err(malformed(&text, name));
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || kept(c) {
            out.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    m.text(&out)
}

fn decode_url_component(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    decode(m, args, "decodeUrlComponent", |_| false)
}

fn decode_url(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    decode(m, args, "decodeUrl", |c| RESERVED.contains(c))
}

fn decode(
    m: &mut Machine<'_, '_>,
    args: &[Item],
    name: &str,
    kept: impl Fn(char) -> bool,
) -> Outcome {
    let Some(text) = m.str(args[0]) else {
        return Ok(Item::Undefined);
    };
    match decoded(&text, kept) {
        Some(decoded) => m.text(&decoded),
        None => Err(malformed(&text, name)),
    }
}

/// None if there is an escape that makes no character.
fn decoded(text: &str, kept: impl Fn(char) -> bool) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let first = escaped_byte(after)?;
        let n_bytes = match first {
            0..0x80 => 1,
            0xC2..0xE0 => 2,
            0xE0..0xF0 => 3,
            0xF0..0xF5 => 4,
            _ => return None,
        };
        let mut bytes = vec![first];
        rest = &after[2..];
        for _ in 1..n_bytes {
            let after = rest.strip_prefix('%')?;
            bytes.push(escaped_byte(after)?);
            rest = &after[2..];
        }
        let c = std::str::from_utf8(&bytes).ok()?.chars().next()?;
        match kept(c) {
            true => out.extend(['%', after.chars().next()?, after.chars().nth(1)?]),
            false => out.push(c),
        }
    }
    out.push_str(rest);
    Some(out)
}

fn escaped_byte(text: &str) -> Option<u8> {
    let digits = text.get(..2)?;
    let all_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    all_hex
        .then(|| u8::from_str_radix(digits, 16).ok())
        .flatten()
}

fn malformed(text: &str, name: &str) -> Failure {
    Failure::new("D3140")
        .insert("value", quote(text))
        .insert("{functionName", name)
}
