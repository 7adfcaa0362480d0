//! Base64, hashes and UUIDs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::value::Value;

use super::{Failure, Intrinsic, Invocation, MAX_CHARACTERS};

pub(super) const ENCODING: &[Intrinsic] = &[
    Intrinsic {
        name: "States.Base64Encode",
        args: 1..=1,
        pure: true,
        eval: encode,
    },
    Intrinsic {
        name: "States.Base64Decode",
        args: 1..=1,
        pure: true,
        eval: decode,
    },
    Intrinsic {
        name: "States.Hash",
        args: 2..=2,
        pure: true,
        eval: hash,
    },
    Intrinsic {
        name: "States.UUID",
        args: 0..=0,
        pure: false,
        eval: uuid,
    },
];

fn check_length(text: &str) -> Result<(), Failure> {
    // No text has more characters than bytes.
    if text.len() <= MAX_CHARACTERS || text.chars().nth(MAX_CHARACTERS).is_none() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the data has more than {MAX_CHARACTERS} characters"
    )))
}

/// `States.Base64Encode(text)`
fn encode(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    let text = call.text(0)?;
    check_length(&text)?;
    let encoded = STANDARD.encode(text.as_bytes());
    Ok(call.arena.string(&encoded))
}

/// `States.Base64Decode(text)`: bytes that are no UTF-8 become replacement characters.
fn decode(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    let text = call.text(0)?;
    check_length(&text)?;
    let decoded = STANDARD
        .decode(text.as_bytes())
        .map_err(|_| call.wrong(0, "Base64"))?;
    Ok(call.arena.string(&String::from_utf8_lossy(&decoded)))
}

/// `States.Hash(data, algorithm)`: lower-case hex; what is no string is hashed as its JSON text.
fn hash(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    let data = match call.arena.as_str(call.args[0]) {
        Some(text) => text.decode(),
        None => {
            call.charge(call.arena.measure(call.args[0]).bytes)?;
            call.arena.to_json(call.args[0]).into()
        }
    };
    check_length(&data)?;
    let data = data.as_bytes();
    let hex = match &*call.text(1)? {
        "MD5" => hex(&Md5::digest(data)),
        "SHA-1" => hex(&Sha1::digest(data)),
        "SHA-256" => hex(&Sha256::digest(data)),
        "SHA-384" => hex(&Sha384::digest(data)),
        "SHA-512" => hex(&Sha512::digest(data)),
        _ => return Err(call.wrong(1, "MD5, SHA-1, SHA-256, SHA-384 or SHA-512")),
    };
    Ok(call.arena.string(&hex))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(*byte)])
        .collect()
}

/// `States.UUID()`: version 4, from the execution's seed.
fn uuid(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&call.random.next_u64().to_le_bytes());
    bytes[8..].copy_from_slice(&call.random.next_u64().to_le_bytes());
    let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
    let mut buffer = uuid::Uuid::encode_buffer();
    Ok(call
        .arena
        .string(uuid.hyphenated().encode_lower(&mut buffer)))
}
