//! Where a token ends. Every function may look a few bytes past it: padding follows each text.

use wide::u8x16;

/// A place and what was expected there.
type Unexpected = (usize, &'static str);

/// The first byte from `at` on that is not JSON white space.
#[inline(always)]
pub(super) fn space_end(bytes: &[u8], mut at: usize) -> usize {
    while let b' ' | b'\n' | b'\r' | b'\t' = bytes[at] {
        at += 1;
    }
    at
}

/// The closing quote of the string whose characters begin at `at`, and whether it holds a backslash.
#[inline(always)]
pub(super) fn string_end(bytes: &[u8], mut at: usize) -> Result<(usize, bool), Unexpected> {
    let mut escaped = false;
    loop {
        let chunk: [u8; 16] = bytes[at..at + 16]
            .try_into()
            .expect("the slice has 16 bytes");
        let chunk = u8x16::from(chunk);
        let special = chunk.simd_eq(u8x16::splat(b'"'))
            | chunk.simd_eq(u8x16::splat(b'\\'))
            | chunk.simd_le(u8x16::splat(0x1f));
        let mask = special.to_bitmask();
        if mask == 0 {
            at += 16;
            continue;
        }
        at += mask.trailing_zeros() as usize;
        match bytes[at] {
            b'"' => return Ok((at, escaped)),
            b'\\' => {
                escaped = true;
                at = escape_end(bytes, at)?;
            }
            _ => return Err((at, "control character in a string")),
        }
    }
}

#[cold]
fn escape_end(bytes: &[u8], at: usize) -> Result<usize, Unexpected> {
    match bytes[at + 1] {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 2),
        // Half of a surrogate pair is grammatical; it is copied as spelled.
        b'u' => match (at + 2..at + 6).find(|&digit| !bytes[digit].is_ascii_hexdigit()) {
            None => Ok(at + 6),
            Some(place) => Err((place, "expected a hexadecimal digit")),
        },
        _ => Err((at + 1, "unknown escape")),
    }
}

/// One past the number that begins at `at`.
#[inline(always)]
pub(super) fn number_end(bytes: &[u8], mut at: usize) -> Result<usize, Unexpected> {
    if bytes[at] == b'-' {
        at += 1;
    }
    at = match bytes[at] {
        b'0' => at + 1,
        _ => digits_end(bytes, at)?,
    };
    if bytes[at] == b'.' {
        at = digits_end(bytes, at + 1)?;
    }
    if let b'e' | b'E' = bytes[at] {
        at += 1;
        if let b'+' | b'-' = bytes[at] {
            at += 1;
        }
        at = digits_end(bytes, at)?;
    }
    Ok(at)
}

#[inline(always)]
fn digits_end(bytes: &[u8], at: usize) -> Result<usize, Unexpected> {
    let mut end = at;
    while bytes[end].is_ascii_digit() {
        end += 1;
    }
    if end == at {
        Err((at, "expected a digit"))
    } else {
        Ok(end)
    }
}

/// The first eight of `len` bytes from `at` on, zeros behind them.
#[inline(always)]
pub(super) fn prefix(bytes: &[u8], at: usize, len: usize) -> u64 {
    let word: [u8; 8] = bytes[at..at + 8].try_into().expect("the slice has 8 bytes");
    u64::from_le_bytes(word) & prefix_mask(len)
}

/// Keeps the first `len` bytes of a little-endian word.
#[inline(always)]
pub(super) fn prefix_mask(len: usize) -> u64 {
    match len {
        0 => 0,
        1..8 => u64::MAX >> (64 - 8 * len),
        _ => u64::MAX,
    }
}
