//! Handles to values, and what can be said of a value without reading it.

/// A handle to an immutable JSON value in an [`Arena`](super::Arena) or in its [`Constants`](super::Constants).
///
/// From the top: one bit for "constant of the plan", one for "the name of that member" (names of parsed members have no
/// node of their own), then the index of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Value(u32);

const CONSTANT: u32 = 1 << 31;
const NAME: u32 = 1 << 30;
const INDEX: u32 = NAME - 1;

impl Default for Value {
    fn default() -> Value {
        Value::NULL
    }
}

impl Value {
    /// `null`; like the five below it stands at a fixed place of every [`Constants`](super::Constants).
    pub const NULL: Value = Value(CONSTANT);
    /// `true`.
    pub const TRUE: Value = Value(CONSTANT | 1);
    /// `false`.
    pub const FALSE: Value = Value(CONSTANT | 2);
    /// `{}`.
    pub const EMPTY_OBJECT: Value = Value(CONSTANT | 3);
    /// `[]`.
    pub const EMPTY_ARRAY: Value = Value(CONSTANT | 4);
    /// `""`.
    pub const EMPTY_STRING: Value = Value(CONSTANT | 5);

    /// Integers from 0 up to here, exclusively, are constants of every plan: see [`Value::small_integer`].
    pub(super) const SMALL_INTEGERS: u32 = 256;

    /// A small number that is not negative, which need not be made; None for any other.
    #[inline(always)]
    pub fn small_integer(value: i64) -> Option<Value> {
        let behind_fixed = Value::EMPTY_STRING.0 + 1;
        (0..i64::from(Value::SMALL_INTEGERS))
            .contains(&value)
            .then(|| Value(behind_fixed + value as u32))
    }

    /// The last place of the index space.
    pub(super) const MAX_INDEX: usize = INDEX as usize;

    /// `true` or `false`.
    pub fn bool(value: bool) -> Value {
        if value { Value::TRUE } else { Value::FALSE }
    }

    pub(super) fn node(index: usize) -> Value {
        match u32::try_from(index) {
            Ok(index) if index <= INDEX => Value(index),
            _ => panic!(
                "an execution holds at most 2^30 nodes: its memory is measured between states"
            ),
        }
    }

    /// The name of the member whose value this is.
    pub(super) fn name(self) -> Value {
        Value(self.0 | NAME)
    }

    pub(super) fn is_name(self) -> bool {
        self.0 & NAME != 0
    }

    pub(super) fn index(self) -> usize {
        (self.0 & INDEX) as usize
    }

    pub(super) fn is_constant(self) -> bool {
        self.0 & CONSTANT != 0
    }

    pub(super) fn as_constant(self) -> Value {
        Value(self.0 | CONSTANT)
    }

    /// A handle stored in the tables that `self` points into, as the holder of `self` must write it.
    #[inline]
    pub(super) fn sibling(self, stored: Value) -> Value {
        Value(stored.0 | self.0 & CONSTANT)
    }

    /// The handle of a node of this one's subtree, so many places behind it.
    #[inline(always)]
    pub(super) fn behind(self, places: u32) -> Value {
        debug_assert!(!self.is_name());
        Value(self.0 + places)
    }

    /// The handle of a node whose table was moved up by `by` places in the index space; it wraps where it moved down.
    pub(super) fn moved(self, by: usize) -> Value {
        let flags = self.0 & !INDEX;
        Value(Value::node(self.index().wrapping_add(by)).0 | flags)
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// a number, kept as it was spelled
    Number,
    /// a string
    String,
    /// an array
    Array,
    /// an object
    Object,
}

/// Upper bounds of a value's size, read in constant time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// At least the bytes of its compact JSON text.
    pub bytes: usize,
    /// At least its nesting depth (a scalar has 0, `[]` has 1).
    pub depth: usize,
}

impl Measure {
    /// That of no value at all.
    pub const NOTHING: Measure = Measure { bytes: 0, depth: 0 };

    /// Of values side by side: the sum of their bytes, the depth of the deepest.
    #[inline]
    pub fn and(self, other: Measure) -> Measure {
        Measure {
            bytes: self.bytes.saturating_add(other.bytes),
            depth: self.depth.max(other.depth),
        }
    }

    /// Of a container of values that measure this, when its own bytes are counted already.
    #[inline]
    pub fn inside(self) -> Measure {
        Measure {
            depth: self.depth + 1,
            ..self
        }
    }
}
