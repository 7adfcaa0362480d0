//! Finding a member by its name.

use std::ops::Range;

use super::arena::Container;
use super::node::{ESCAPED, LOOK_CLOSER, Node, Span};
use super::text::name_of;
use super::{Arena, Value, scan};

/// A member name known when the plan is compiled: ready to be looked up, and a string value to build objects with.
#[derive(Clone, Debug)]
pub struct Key {
    name: Box<str>,
    marks: Marks,
}

/// What a name is compared by before its characters are.
#[derive(Clone, Debug)]
struct Marks {
    prefix: u64,
    /// Which bits of eight bytes belong to the prefix.
    mask: u64,
    /// As the length of a member's name is kept.
    len: u16,
    /// The name as a constant, where it has a place among them: equal constants are one.
    constant: Option<Value>,
}

impl Key {
    /// A key to look up with, without a place in any constants.
    pub fn new(name: &str) -> Key {
        Key::with_value(name, None)
    }

    pub(super) fn with_value(name: &str, value: Option<Value>) -> Key {
        Key {
            name: name.into(),
            marks: Marks::new(name, value),
        }
    }

    /// The decoded name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name as a constant of the plan, where it has one.
    pub fn value(&self) -> Option<Value> {
        self.marks.constant
    }
}

impl Marks {
    #[inline]
    fn new(name: &str, constant: Option<Value>) -> Marks {
        Marks {
            prefix: prefix(name),
            mask: scan::prefix_mask(name.len()),
            // A name that is too long for 16 bits gets a length that no plain name has.
            len: u16::try_from(name.len()).unwrap_or(LOOK_CLOSER),
            constant,
        }
    }

    /// Whether the name stands in `text`: it has this length there, and no escapes.
    #[inline(always)]
    fn match_at(&self, name: &str, text: &str, start: usize) -> bool {
        let bytes = text.as_bytes();
        let len = name.len();
        let found = match bytes[start..].first_chunk() {
            Some(word) => u64::from_le_bytes(*word) & self.mask,
            None => scan::prefix(bytes, start, len),
        };
        found == self.prefix && (len <= 8 || bytes[start + 8..start + len] == name.as_bytes()[8..])
    }
}

impl Arena {
    /// The member of an object; the last one where a name occurs twice.
    #[inline]
    pub fn get(&self, object: Value, key: &Key) -> Option<Value> {
        self.find(object, &key.name, &key.marks)
    }

    /// The same by a name known only at run time.
    pub fn get_by_name(&self, object: Value, name: &str) -> Option<Value> {
        self.find(object, name, &Marks::new(name, None))
    }

    /// The same by a string value.
    pub(super) fn get_by_string(&self, object: Value, name: Value) -> Option<Value> {
        self.get_by_name(object, &self.as_str(name)?.decode())
    }

    // The name and its marks come apart: together they would be passed in memory.
    #[inline]
    fn find(&self, object: Value, name: &str, marks: &Marks) -> Option<Value> {
        let (arena, place) = self.home(object);
        match &arena.nodes[place] {
            Node::Span(span) if span.is_plain_object() && !object.is_name() => {
                let found = arena.find_span(place, span, name, marks)?;
                Some(object.sibling(Value::node(arena.base + found)))
            }
            _ => self.find_elsewhere(object, name, marks),
        }
    }

    /// The same in an object that was not parsed, or repeats a name.
    #[inline(never)]
    fn find_elsewhere(&self, object: Value, name: &str, marks: &Marks) -> Option<Value> {
        match self.container(object) {
            Container::Members(members) => self.find_listed(object, members, name, marks),
            Container::Patched => self.find_patched(object, name, marks),
            _ => None,
        }
    }

    fn find_listed(
        &self,
        object: Value,
        members: &[[Value; 2]],
        name: &str,
        marks: &Marks,
    ) -> Option<Value> {
        // What the plan built has the plan's constants for names.
        let by_handle = |constant: Value| {
            members
                .iter()
                .find(|[own, _]| object.sibling(*own) == constant)
        };
        let by_name = || {
            members
                .iter()
                .find(|[own, _]| self.is_named(object.sibling(*own), name, marks))
        };
        let [_, value] = marks.constant.and_then(by_handle).or_else(by_name)?;
        Some(object.sibling(*value))
    }

    /// The place of a member in an object that was parsed and repeats no name.
    #[inline]
    fn find_span(&self, place: usize, object: &Span, name: &str, marks: &Marks) -> Option<usize> {
        let mut at = place + 1;
        for _ in 0..object.count {
            let Node::Span(member) = &self.nodes[at] else {
                unreachable!("a parsed object holds parsed members")
            };
            if member.key_len == marks.len && member.key_len != LOOK_CLOSER {
                if marks.match_at(name, &self.text, member.key_start as usize) {
                    return Some(at);
                }
            } else if member.key_len == LOOK_CLOSER && name_of(&self.text, member).eq_str(name) {
                return Some(at);
            }
            at += member.size as usize;
        }
        None
    }

    #[inline(never)]
    fn find_patched(&self, mut object: Value, name: &str, marks: &Marks) -> Option<Value> {
        let tag = tag(marks.prefix, name.len());
        while let Some(patch) = self.patch(object) {
            if may_be_same(patch.tag, tag)
                && (marks.constant == Some(patch.key) || self.is_named(patch.key, name, marks))
            {
                return Some(patch.value);
            }
            object = patch.base;
        }
        self.find(object, name, marks)
    }

    /// Whether a string value is this name.
    fn is_named(&self, string: Value, name: &str, marks: &Marks) -> bool {
        let (arena, place) = self.home(string);
        match &arena.nodes[place] {
            Node::Span(span) if !string.is_name() && !span.is(ESCAPED) => {
                let (start, end) = (span.start as usize + 1, span.end as usize - 1);
                end - start == name.len() && marks.match_at(name, &arena.text, start)
            }
            _ => self.as_str(string).is_some_and(|own| own.eq_str(name)),
        }
    }
}

/// A short form of a name that tells most names apart. It is never [`UNKNOWN`].
#[inline]
fn tag(prefix: u64, len: usize) -> u32 {
    let mixed = (prefix ^ len as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as u32 | 1
}

/// The tag of a name with escapes, which may be spelled unlike its twin.
pub(super) const UNKNOWN: u32 = 0;

/// Whether names with these tags can be the same.
#[inline]
pub(super) fn may_be_same(a: u32, b: u32) -> bool {
    a == b || a == UNKNOWN || b == UNKNOWN
}

/// The tag of the name without escapes that stands there.
#[inline]
pub(super) fn tag_at(text: &str, name: Range<usize>) -> u32 {
    tag(
        scan::prefix(text.as_bytes(), name.start, name.len()),
        name.len(),
    )
}

/// The first eight bytes of a name, zeros behind them.
fn prefix(name: &str) -> u64 {
    scan::prefix(name.as_bytes(), 0, name.len())
}
