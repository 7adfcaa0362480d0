//! Where random numbers come from: every fiber draws from a generator of its own, seeded with its place.
//!
//! So the numbers of a branch or iteration do not depend on when its siblings run, nor on which worker.

/// The seed of child number `index` of a join.
pub(super) fn child_seed(seed: u64, index: u32) -> u64 {
    mix(seed ^ mix(u64::from(index) + 1))
}

/// The seed for the `ItemSelector` of item number `index`.
pub(super) fn selector_seed(seed: u64, index: u32) -> u64 {
    child_seed(!seed, index)
}

/// The finaliser of SplitMix64: spreads every bit of its input over all of its output.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
