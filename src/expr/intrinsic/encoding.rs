//! Base64, hashes and UUIDs.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::value::Kind;
use crate::value::Value;
use crate::value::respell;

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

/// Decodes as Java does: padding may be left out, and the bits behind the last byte say nothing.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

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
    call.scratch.text.clear();
    call.copy_text(0)?;
    let (text, encoded) = (&call.scratch.text, &mut call.scratch.bytes);
    check_length(text)?;
    encoded.clear();
    encoded.resize(text.len().div_ceil(3) * 4, 0);
    let len = STANDARD.encode_slice(text, encoded);
    let len = len.expect("four characters for every three bytes are enough");
    let encoded = str::from_utf8(&encoded[..len]).expect("Base64 is ASCII");
    Ok(call.arena.string(encoded))
}

/// `States.Base64Decode(text)`: bytes that are no UTF-8 become replacement characters.
fn decode(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    call.scratch.text.clear();
    call.copy_text(0)?;
    let (text, decoded) = (&call.scratch.text, &mut call.scratch.bytes);
    check_length(text)?;
    decoded.clear();
    if LENIENT.decode_vec(text, decoded).is_err() {
        return Err(call.wrong(0, "Base64"));
    }
    Ok(call.arena.string(&String::from_utf8_lossy(decoded)))
}

/// `States.Hash(data, algorithm)`: lower-case hex; what is no string is hashed as its JSON text.
fn hash(call: &mut Invocation<'_>) -> Result<Value, Failure> {
    call.scratch.text.clear();
    if call.arena.kind(call.args[0]) == Kind::String {
        call.copy_text(0)?;
    } else {
        call.charge(call.arena.measure(call.args[0]).bytes)?;
        let scratch = &mut *call.scratch;
        scratch.bytes.clear();
        call.arena.print(call.args[0], &mut scratch.bytes);
        let json = str::from_utf8(&scratch.bytes).expect("JSON is printed as UTF-8");
        scratch.text.push_str(&respell(json));
    }
    check_length(&call.scratch.text)?;
    let data = call.scratch.text.as_bytes();
    let digest = match &*call.text(1)? {
        "MD5" => Hex::of(&Md5::digest(data)),
        "SHA-1" => Hex::of(&Sha1::digest(data)),
        "SHA-256" => Hex::of(&Sha256::digest(data)),
        "SHA-384" => Hex::of(&Sha384::digest(data)),
        "SHA-512" => Hex::of(&Sha512::digest(data)),
        _ => return Err(call.wrong(1, "MD5, SHA-1, SHA-256, SHA-384 or SHA-512")),
    };
    Ok(call.arena.string(digest.as_str()))
}

/// A digest of at most 512 bits in lower-case hex.
struct Hex {
    digits: [u8; 128],
    len: usize,
}

impl Hex {
    fn of(digest: &[u8]) -> Hex {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; 128];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(digest) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        let len = digest.len() * 2;
        Hex { digits, len }
    }

    fn as_str(&self) -> &str {
        str::from_utf8(&self.digits[..self.len]).expect("hex digits are ASCII")
    }
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
