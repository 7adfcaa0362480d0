//! Where a token ends. Every function may look a few bytes past it: padding follows each text.

use std::ops::Range;

use wide::u8x16;

/// A place and what was expected there.
pub(super) type Unexpected = (usize, &'static str);

/// The first byte from `at` on that is not JSON white space.
#[inline(always)]
pub(super) fn space_end(bytes: &[u8], mut at: usize) -> usize {
    while let b' ' | b'\n' | b'\r' | b'\t' = bytes[at] {
        at += 1;
    }
    at
}

/// Where strings can end: quotes, backslashes and control characters of one text, found ahead of its tokens.
///
/// Looking them up one string at a time would make each token wait for the end of the one before it.
#[derive(Clone, Copy)]
pub(super) struct Specials<'a> {
    /// One bit for each byte.
    words: &'a [u64],
    /// Place of the first byte.
    start: usize,
}

/// Bytes that one word of the map stands for.
const WORD: usize = 64;

impl<'a> Specials<'a> {
    /// Marks the bytes of `range` and the padding behind it in `map`.
    pub(super) fn mark(bytes: &[u8], range: &Range<usize>, map: &'a mut Vec<u64>) -> Specials<'a> {
        let n_words = range.len() / WORD + 1;
        let marked = &bytes[range.start..range.start + n_words * WORD];
        map.clear();
        map.extend(marked.as_chunks::<WORD>().0.iter().map(specials));
        Specials {
            words: map,
            start: range.start,
        }
    }

    /// The first at or behind `at`.
    #[inline(always)]
    pub(super) fn next(self, at: usize) -> usize {
        let from = at - self.start;
        let mut word = from / WORD;
        let mut bits = self.words[word] & (u64::MAX << (from % WORD));
        while bits == 0 {
            word += 1;
            bits = self.words[word];
        }
        self.start + word * WORD + bits.trailing_zeros() as usize
    }

    /// The closing quote of the string whose characters begin at `at`, and whether it holds a backslash.
    #[inline(always)]
    pub(super) fn string_end(self, bytes: &[u8], at: usize) -> Result<(usize, bool), Unexpected> {
        let end = self.next(at);
        match bytes[end] {
            b'"' => Ok((end, false)),
            _ => Ok((self.escaped_end(bytes, end)?, true)),
        }
    }

    /// The same from a backslash on.
    #[cold]
    pub(super) fn escaped_end(self, bytes: &[u8], mut at: usize) -> Result<usize, Unexpected> {
        loop {
            match bytes[at] {
                b'"' => return Ok(at),
                b'\\' => at = escape_end(bytes, at)?,
                _ => return Err((at, "control character in a string")),
            }
            at = self.next(at);
        }
    }
}

/// The map of one word.
#[inline(always)]
fn specials(bytes: &[u8; WORD]) -> u64 {
    let (chunks, _) = bytes.as_chunks::<16>();
    chunks.iter().rev().fold(0, |bits, chunk| {
        let chunk = u8x16::from(*chunk);
        // Flipping one bit brings the quote next to the control characters, and the space away from them.
        let low = (chunk ^ u8x16::splat(0x02)).simd_le(u8x16::splat(b'"' ^ 0x02));
        let special = low | chunk.simd_eq(u8x16::splat(b'\\'));
        bits << 16 | u64::from(special.to_bitmask())
    })
}

/// How many of the first bytes of a little-endian word are digits.
#[inline(always)]
fn leading_digits(word: u64) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // A digit has 3 in its upper half, and still has after 6 more: sums never leave their byte below the first other byte.
    let upper = word & (0xf0 * ONES);
    let carried = word.wrapping_add(6 * ONES) & (0xf0 * ONES);
    let others = (upper ^ (0x30 * ONES)) | (carried ^ (0x30 * ONES));
    others.trailing_zeros() as usize / 8
}

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
    // Most numbers are short: one look without a branch for each digit.
    while let Some(word) = bytes[end..].first_chunk() {
        let n_digits = leading_digits(u64::from_le_bytes(*word));
        end += n_digits;
        if n_digits < 8 {
            break;
        }
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
    match bytes[at..].first_chunk() {
        Some(word) => u64::from_le_bytes(*word) & prefix_mask(len),
        None => short_prefix(&bytes[at..at + len]),
    }
}

/// The same where fewer than eight bytes are left: nothing was parsed or written behind them.
fn short_prefix(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// Keeps the first `len` bytes of a little-endian word.
#[inline(always)]
pub(super) fn prefix_mask(len: usize) -> u64 {
    const MASKS: [u64; 9] = [
        0,
        0xff,
        0xffff,
        0xff_ffff,
        0xffff_ffff,
        0xff_ffff_ffff,
        0xffff_ffff_ffff,
        0xff_ffff_ffff_ffff,
        u64::MAX,
    ];
    MASKS[len.min(8)]
}
