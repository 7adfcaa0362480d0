//! A hash that is the same on every machine and after every start: for ids of traces and the choice of a lane. Not for
//! tables that strangers fill.

/// Eight bytes at a time.
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hash = bytes.len() as u64 ^ 0x9e37_79b9_7f4a_7c15;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash ^= hash >> 32;
    }
    let mixed = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 29)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn texts_that_differ_in_a_digit_differ_and_are_spread() {
        let ids = (0..100_000).map(|n| hash(format!("orders/in-0-{n}").as_bytes()));
        let ids: HashSet<_> = ids.collect();
        assert_eq!(ids.len(), 100_000);
        for lanes in [2, 3, 16] {
            let mut n = vec![0_u32; lanes as usize];
            for key in 0..16_000 {
                n[(hash(key.to_string().as_bytes()) % lanes) as usize] += 1;
            }
            let even = 16_000 / lanes as u32;
            assert!(n.iter().all(|n| n.abs_diff(even) < even / 8), "{n:?}");
        }
        assert_ne!(hash(b""), hash(b"\0"));
    }

    #[test]
    fn it_never_changes() {
        assert_eq!(hash(b"orders/in-0-1"), 0x6fc3451f47e5d8b9);
    }
}
