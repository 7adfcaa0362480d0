//! One entry of the table that holds parsed and built values alike.

use super::shape::Shaped;
use super::{Kind, Value};

/// A value, or the member of an object that was parsed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Node {
    /// A scalar, or a container that was parsed.
    Span(Span),
    /// An array that was built.
    Array(Built),
    /// An object that was built: names and values in turn.
    Object(Built),
    /// An object that was built in a shape.
    Shaped(Shaped),
    /// An object with one member set.
    Patch(Patch),
}

const _: () = assert!(size_of::<Node>() == 28);

impl Node {
    /// At least the bytes of the compact text, and the depth, of anything but a span.
    // Apart, so that the many spans are not told from the rest by a table of jumps.
    #[inline(never)]
    pub(super) fn bounds_of_built(&self) -> (u32, u16) {
        match self {
            Node::Span(_) => (0, 0),
            Node::Array(built) | Node::Object(built) => (built.bytes, built.height),
            Node::Shaped(shaped) => (shaped.bytes, shaped.height),
            Node::Patch(patch) => (patch.bytes, patch.height),
        }
    }
}

/// A piece of text that is a value. Its subtree follows it in the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Where the text begins, opening quote or bracket included.
    pub(super) start: u32,
    /// One past its end.
    pub(super) end: u32,
    /// Where the member's name begins, after the quote; 0 where this is not a member.
    pub(super) key_start: u32,
    /// Nodes of the subtree, this one included.
    pub(super) size: u32,
    /// Elements or members as written, duplicates counted.
    pub(super) count: u32,
    /// Length of the name as spelled, or [`LOOK_CLOSER`].
    pub(super) key_len: u16,
    /// Nesting depth; 0 for a scalar.
    pub(super) height: u16,
    /// Containers around it in its document: a child is one deeper than its parent.
    pub(super) depth: u16,
    pub(super) kind: Kind,
    pub(super) flags: u8,
}

/// The string contains a backslash.
pub(super) const ESCAPED: u8 = 1;
/// The member's name contains a backslash.
pub(super) const KEY_ESCAPED: u8 = 2;
/// The text is not its own compact form: white space between tokens, or a name twice, here or further in.
pub(super) const DIRTY: u8 = 4;
/// A name occurs twice; the last node of the subtree is the object with that resolved.
pub(super) const RESOLVED: u8 = 8;

/// A name that is escaped, or too long for 16 bits: its length does not decide anything.
pub(super) const LOOK_CLOSER: u16 = u16::MAX;

/// A list of handles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Built {
    /// Place of the first handle in the table of lists.
    pub(super) first: u32,
    /// Elements or members.
    pub(super) count: u32,
    /// At least the bytes of the compact text.
    pub(super) bytes: u32,
    pub(super) height: u16,
}

/// `base` with the member `key` set to `value`, whether or not `base` has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patch {
    pub(super) base: Value,
    pub(super) key: Value,
    pub(super) value: Value,
    /// A short form of the key that tells most keys apart.
    pub(super) tag: u32,
    pub(super) bytes: u32,
    pub(super) height: u16,
    /// Patches down to the first base that is none, this one included.
    pub(super) chain: u8,
    /// Lengths that the key may be spelled in.
    pub(super) key_lengths: Lengths,
}

/// The lengths in which a name may be spelled, modulo 64, as one byte.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lengths(u8);

impl Lengths {
    /// Of a name with escapes, which may be spelled unlike its twin.
    pub(super) const ANY: Lengths = Lengths(u8::MAX);

    /// Of a name without escapes.
    #[inline(always)]
    pub(super) fn only(len: u32) -> Lengths {
        Lengths((len % 64) as u8)
    }

    /// A bit for each of them.
    #[inline(always)]
    pub(super) fn bits(self) -> u64 {
        match self {
            Lengths(len @ 0..64) => 1 << len,
            _ => u64::MAX,
        }
    }
}

impl Span {
    pub(super) fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The same in a text that stands so much further behind.
    #[inline(always)]
    pub(super) fn moved(self, by: u32) -> Span {
        Span {
            start: self.start + by,
            end: self.end + by,
            key_start: self.key_start + by,
            ..self
        }
    }

    /// An object that repeats no name.
    pub(super) fn is_plain_object(&self) -> bool {
        self.kind == Kind::Object && !self.is(RESOLVED)
    }
}
