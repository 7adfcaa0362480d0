//! Finding a member by its name.

use super::arena::Container;
use super::node::{ESCAPED, LOOK_CLOSER, Node, Span};
use super::text::name_of;
use super::{Arena, Value, scan};

/// A member name known when the plan is compiled: ready to be looked up, and a string value to build objects with.
#[derive(Clone, Debug)]
pub struct Key {
    name: Box<str>,
    value: Option<Value>,
    prefix: u64,
}

impl Key {
    /// A key to look up with, without a place in any constants.
    pub fn new(name: &str) -> Key {
        Key::with_value(name, None)
    }

    pub(super) fn with_value(name: &str, value: Option<Value>) -> Key {
        Key {
            name: name.into(),
            value,
            prefix: prefix(name),
        }
    }

    /// The decoded name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name as a constant of the plan, where it has one.
    pub fn value(&self) -> Option<Value> {
        self.value
    }
}

/// A name, prepared for comparing it with many.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    name: &'a str,
    prefix: u64,
    len: u16,
    /// The name as a constant, where it has a place among them: equal constants are one.
    constant: Option<Value>,
}

impl<'a> Wanted<'a> {
    #[inline]
    fn new(name: &'a str, prefix: u64, constant: Option<Value>) -> Wanted<'a> {
        // A name that is too long for 16 bits gets a length that no plain name has.
        let len = u16::try_from(name.len()).unwrap_or(LOOK_CLOSER);
        Wanted {
            name,
            prefix,
            len,
            constant,
        }
    }

    /// `text` has the length of this name and no escapes.
    #[inline(always)]
    fn matches(self, text: &str, start: usize) -> bool {
        let bytes = text.as_bytes();
        let len = self.name.len();
        scan::prefix(bytes, start, len) == self.prefix
            && (len <= 8 || bytes[start + 8..start + len] == self.name.as_bytes()[8..])
    }
}

impl Arena {
    /// The member of an object; the last one where a name occurs twice.
    #[inline]
    pub fn get(&self, object: Value, key: &Key) -> Option<Value> {
        self.find(object, Wanted::new(&key.name, key.prefix, key.value))
    }

    /// The same by a name known only at run time.
    pub fn get_by_name(&self, object: Value, name: &str) -> Option<Value> {
        self.find(object, Wanted::new(name, prefix(name), None))
    }

    /// The same by a string value.
    pub(super) fn get_by_string(&self, object: Value, name: Value) -> Option<Value> {
        self.get_by_name(object, &self.as_str(name)?.decode())
    }

    #[inline]
    fn find(&self, object: Value, wanted: Wanted<'_>) -> Option<Value> {
        let (arena, place) = self.home(object);
        match &arena.nodes[place] {
            Node::Span(span) if span.is_plain_object() && !object.is_name() => {
                let found = arena.find_span(place, span, wanted)?;
                Some(object.sibling(Value::node(arena.base + found)))
            }
            _ => self.find_elsewhere(object, wanted),
        }
    }

    /// The same in an object that was not parsed, or repeats a name.
    #[inline(never)]
    fn find_elsewhere(&self, object: Value, wanted: Wanted<'_>) -> Option<Value> {
        match self.container(object) {
            Container::Members(members) => self.find_listed(object, members, wanted),
            Container::Patched => self.find_patched(object, wanted),
            _ => None,
        }
    }

    fn find_listed(
        &self,
        object: Value,
        members: &[[Value; 2]],
        wanted: Wanted<'_>,
    ) -> Option<Value> {
        // What the plan built has the plan's constants for names.
        let by_handle = |constant: Value| {
            members
                .iter()
                .find(|[name, _]| object.sibling(*name) == constant)
        };
        let by_name = || {
            members
                .iter()
                .find(|[name, _]| self.is_named(object.sibling(*name), wanted))
        };
        let [_, value] = wanted.constant.and_then(by_handle).or_else(by_name)?;
        Some(object.sibling(*value))
    }

    /// The place of a member in an object that was parsed and repeats no name.
    #[inline]
    fn find_span(&self, place: usize, object: &Span, wanted: Wanted<'_>) -> Option<usize> {
        let mut at = place + 1;
        for _ in 0..object.count {
            let Node::Span(member) = &self.nodes[at] else {
                unreachable!("a parsed object holds parsed members")
            };
            if member.key_len == wanted.len && member.key_len != LOOK_CLOSER {
                if wanted.matches(&self.text, member.key_start as usize) {
                    return Some(at);
                }
            } else if member.key_len == LOOK_CLOSER
                && name_of(&self.text, member).eq_str(wanted.name)
            {
                return Some(at);
            }
            at += member.size as usize;
        }
        None
    }

    #[inline(never)]
    fn find_patched(&self, mut object: Value, wanted: Wanted<'_>) -> Option<Value> {
        while let Some(patch) = self.patch(object) {
            if wanted.constant == Some(patch.key) || self.is_named(patch.key, wanted) {
                return Some(patch.value);
            }
            object = patch.base;
        }
        self.find(object, wanted)
    }

    /// Whether a string value is this name.
    fn is_named(&self, name: Value, wanted: Wanted<'_>) -> bool {
        let (arena, place) = self.home(name);
        match &arena.nodes[place] {
            Node::Span(span) if !name.is_name() && !span.is(ESCAPED) => {
                let (start, end) = (span.start as usize + 1, span.end as usize - 1);
                end - start == wanted.name.len() && wanted.matches(&arena.text, start)
            }
            _ => self
                .as_str(name)
                .is_some_and(|name| name.eq_str(wanted.name)),
        }
    }
}

/// The first eight bytes of a name, zeros behind them.
fn prefix(name: &str) -> u64 {
    scan::prefix(name.as_bytes(), 0, name.len())
}
