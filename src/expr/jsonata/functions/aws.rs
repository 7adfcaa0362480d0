//! What AWS Step Functions adds. (It takes `$eval` away.)

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::value::Kind as JsonKind;
use crate::value::ParseLimits;

use super::super::error::{Failure, quote};
use super::super::eval::Machine;
use super::super::heap::{Item, ListKind};
use super::{Native, Outcome, native};

pub(super) const AWS: &[Native] = &[
    native("partition", "<a-n:a>", 2, partition),
    native("range", "<n?n?n?:a>", 3, range),
    native("hash", "<s-s?:s>", 2, hash),
    native("random", "<n?:n>", 1, random),
    native("uuid", "<:s>", 0, uuid),
    native("parse", "<s-:x>", 1, parse),
];

/// Documents that `$parse` reads may be nested this deep.
const PARSE_DEPTH: usize = 128;

/// The longest array that `$range` makes.
const MAX_RANGE: usize = 360_145;

fn truncated(m: &Machine<'_, '_>, item: Item) -> Option<i64> {
    m.number(item).map(|number| number.as_f64().trunc() as i64)
}

/// `$partition(array, size)`: nothing for a size of zero or an empty array.
fn partition(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let size = truncated(m, args[1])
        .and_then(|size| usize::try_from(size).ok())
        .unwrap_or(0);
    if args[0] == Item::Undefined || size == 0 || m.len(args[0]) == 0 {
        return Ok(Item::Undefined);
    }
    m.reserve(m.len(args[0]) * 8)?;
    let base = m.stack.len();
    m.push_elements(args[0])?;
    let items: Vec<Item> = m.stack.drain(base..).collect();
    for chunk in items.chunks(size) {
        let chunk = m.heap.push_list(chunk, ListKind::ARRAY);
        m.stack.push(Item::List(chunk));
    }
    m.list_from(base, ListKind::ARRAY)
}

/// `$range(start, end, step)`: `end` belongs to it if it is hit. One number stands for itself.
fn range(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let (Some(start), Some(end), Some(step)) = (
        truncated(m, args[0]),
        truncated(m, args[1]),
        truncated(m, args[2]),
    ) else {
        return Ok(Item::Undefined);
    };
    let ahead = i128::from(end) - i128::from(start);
    if step == 0 || ahead != 0 && (ahead > 0) != (step > 0) {
        return Ok(Item::Undefined);
    }
    let len = usize::try_from(ahead / i128::from(step) + 1).unwrap_or(usize::MAX);
    if len > MAX_RANGE {
        return Err(Failure::new("D3900"));
    }
    m.spend(len)?;
    let items = (0..len as i64).map(|index| Item::Int(start + index * step));
    Ok(Item::List(m.heap.push_list_from(items, ListKind::SEQUENCE)))
}

/// `$hash(text, algorithm)` in hexadecimal.
fn hash(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let (Some(text), Some(algorithm)) = (m.str(args[0]), m.str(args[1])) else {
        return Ok(Item::Undefined);
    };
    let digest = match &*algorithm {
        "MD5" => Md5::digest(text.as_bytes()).to_vec(),
        "SHA-1" => Sha1::digest(text.as_bytes()).to_vec(),
        "SHA-256" => Sha256::digest(text.as_bytes()).to_vec(),
        "SHA-384" => Sha384::digest(text.as_bytes()).to_vec(),
        "SHA-512" => Sha512::digest(text.as_bytes()).to_vec(),
        _ => return Err(Failure::new("D3152").insert("value", quote(&algorithm))),
    };
    m.spend(m.str(args[0]).map_or(0, |text| text.len() / 8))?;
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    m.text(&hex)
}

/// `$random(seed)`: a seed gives what `new java.util.Random(seed).nextDouble()` gives.
fn random(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let value = match truncated(m, args[0]) {
        None => m.scope.random.next_f64(),
        Some(seed) => java_random(seed),
    };
    Ok(Item::Float(value))
}

fn java_random(seed: i64) -> f64 {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const MASK: u64 = (1 << 48) - 1;
    let mut state = (seed as u64 ^ MULTIPLIER) & MASK;
    let mut next = |bits: u32| {
        state = state.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        state >> (48 - bits)
    };
    let high = next(26) << 27;
    (high + next(27)) as f64 / (1_u64 << 53) as f64
}

fn uuid(m: &mut Machine<'_, '_>, _: &[Item]) -> Outcome {
    let bits = u128::from(m.scope.random.next_u64()) << 64 | u128::from(m.scope.random.next_u64());
    let uuid = uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid();
    m.text(&uuid.to_string())
}

/// `$parse(json)`.
fn parse(m: &mut Machine<'_, '_>, args: &[Item]) -> Outcome {
    let Some(text) = m.str(args[0]).map(|text| text.into_owned()) else {
        return Ok(Item::Undefined);
    };
    m.reserve(text.len())?;
    let limits = ParseLimits {
        depth: PARSE_DEPTH,
        reject_duplicate_keys: false,
    };
    match m.arena.parse(text.as_bytes(), limits) {
        // A negative zero is read as zero.
        Ok(value)
            if m.arena.kind(value) == JsonKind::Number
                && m.number(Item::Json(value))
                    .is_some_and(|n| n.as_f64() == 0.0) =>
        {
            Ok(Item::Int(0))
        }
        Ok(value) => Ok(Item::Json(value)),
        Err(error) => Err(Failure::new("D3150").insert("value", quote(&error.to_string()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_what_java_gives() {
        assert_eq!(java_random(42), 0.727_563_680_032_868_1);
    }
}
