//! How much there is to do, estimated: what decides whether a part of an execution is worth another worker.

use std::ops::Add;

/// An estimate in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// What one run costs without the items of its Maps.
    fixed: u64,
    /// What one more item costs, in each of its Maps.
    per_item: u64,
}

impl Cost {
    /// Items that a Map is taken to have where nothing is known of its input.
    const GUESSED_ITEMS: u64 = 10;
    /// Bytes of input for which a Map is taken to have one item.
    const ITEM_BYTES: u64 = 64;

    /// Work without a Map in it.
    pub(super) fn fixed(nanoseconds: u64) -> Cost {
        Cost {
            fixed: nanoseconds,
            per_item: 0,
        }
    }

    /// The work of a Map whose items each take this much.
    pub(super) fn of_items(self) -> Cost {
        Cost {
            fixed: 0,
            per_item: self.fixed.saturating_add(self.per_item),
        }
    }

    /// Nanoseconds where nothing is known of the input.
    pub fn guessed(self) -> u64 {
        self.with_items(Self::GUESSED_ITEMS)
    }

    /// Nanoseconds over an input of so many bytes.
    pub fn over(self, input_bytes: usize) -> u64 {
        self.with_items(input_bytes as u64 / Self::ITEM_BYTES)
    }

    fn with_items(self, items: u64) -> u64 {
        self.fixed
            .saturating_add(self.per_item.saturating_mul(items))
    }
}

impl Add for Cost {
    type Output = Cost;

    fn add(self, more: Cost) -> Cost {
        Cost {
            fixed: self.fixed.saturating_add(more.fixed),
            per_item: self.per_item.saturating_add(more.per_item),
        }
    }
}
