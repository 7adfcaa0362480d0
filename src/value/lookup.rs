//! Finding a member by its name.

use std::cell::Cell;
use std::ops::Range;

use super::arena::Container;
use super::node::{ESCAPED, LOOK_CLOSER, Node, Span};
use super::text::name_of;
use super::{Arena, Kind, Value, scan};

/// A member name known when the plan is compiled: ready to be looked up, and a string value to build objects with.
#[derive(Clone, Debug)]
pub struct Key {
    name: Box<str>,
    marks: Marks,
    /// Bytes of the name in JSON, quotes included, where none is escaped.
    plain_bytes: Option<u32>,
}

/// What a name is compared by before its characters are.
#[derive(Clone, Debug)]
struct Marks {
    prefix: u64,
    /// Which bits of eight bytes belong to the prefix.
    mask: u64,
    /// The last eight bytes of a name of more than eight.
    suffix: u64,
    /// As the length of a member's name is kept.
    len: u16,
    /// A short form of the name that tells most names apart.
    tag: u32,
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
            plain_bytes: match name.bytes().all(is_plain) {
                true => u32::try_from(name.len() + 2).ok(),
                false => None,
            },
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

    /// What a patch keeps of the name: the constant, its bytes in JSON, its tag. None where it has no place among the
    /// constants, or is escaped.
    #[inline]
    pub(super) fn for_patch(&self) -> Option<(Value, u32, u32)> {
        Some((self.marks.constant?, self.plain_bytes?, self.marks.tag))
    }
}

/// Whether JSON spells the byte as it is.
fn is_plain(byte: u8) -> bool {
    byte >= b' ' && byte != b'"' && byte != b'\\'
}

impl Marks {
    #[inline]
    fn new(name: &str, constant: Option<Value>) -> Marks {
        let prefix = prefix(name);
        Marks {
            prefix,
            mask: scan::prefix_mask(name.len()),
            suffix: match name.as_bytes().last_chunk() {
                Some(word) => u64::from_le_bytes(*word),
                None => 0,
            },
            // A name that is too long for 16 bits gets a length that no plain name has.
            len: u16::try_from(name.len()).unwrap_or(LOOK_CLOSER),
            tag: tag(prefix, name.len()),
            constant,
        }
    }

    /// Whether the name stands in `text`: it has this length there, and no escapes.
    #[inline(always)]
    fn match_at(&self, name: &str, text: &str, start: usize) -> bool {
        let bytes = text.as_bytes();
        let len = name.len();
        let word = bytes.get(start..start + 8).and_then(<[u8]>::first_chunk);
        let Some(word) = word else {
            return short_is(name, bytes, start);
        };
        let found = u64::from_le_bytes(*word) & self.mask;
        found == self.prefix && (len <= 8 || self.match_rest(name, &bytes[start..start + len]))
    }

    /// The same for what is behind the first eight bytes.
    #[inline]
    fn match_rest(&self, name: &str, found: &[u8]) -> bool {
        let same_end = found
            .last_chunk()
            .is_some_and(|word| u64::from_le_bytes(*word) == self.suffix);
        same_end && (found.len() <= 16 || found[8..] == name.as_bytes()[8..])
    }
}

/// Whether a name stands where fewer than eight bytes are left: nothing was parsed or written behind them.
#[cold]
#[inline(never)]
fn short_is(name: &str, bytes: &[u8], start: usize) -> bool {
    bytes.get(start..start + name.len()) == Some(name.as_bytes())
}

/// How far behind an object, in nodes, its member was found last time, by thread. Events of a topic look alike, so it
/// mostly stands there again; nothing depends on it.
const PLACES: usize = 1024;

thread_local! {
    static FOUND: [Cell<u32>; PLACES] = const { [const { Cell::new(0) }; PLACES] };
}

impl Arena {
    /// The member of an object; the last one where a name occurs twice.
    #[inline]
    pub fn get(&self, object: Value, key: &Key) -> Option<Value> {
        self.find(object, &key.name, &key.marks)
    }

    /// The member of a value that is an object, or that it has none; nothing where the value is no object.
    #[inline(always)]
    pub fn member(&self, value: Value, key: &Key) -> Option<Option<Value>> {
        let (arena, place) = self.home(value);
        match &arena.nodes[place] {
            Node::Span(span) if span.is_plain_object() && !value.is_name() => {
                let found = arena.find_span(place, span, &key.name, &key.marks);
                Some(found.map(|behind| value.behind(behind)))
            }
            Node::Span(span) if span.kind != Kind::Object || value.is_name() => None,
            Node::Array(_) => None,
            _ => Some(self.find(value, &key.name, &key.marks)),
        }
    }

    /// The same by a name known only at run time.
    #[inline(never)]
    pub fn get_by_name(&self, object: Value, name: &str) -> Option<Value> {
        self.find(object, name, &Marks::new(name, None))
    }

    /// The same by a string value.
    pub(super) fn get_by_string(&self, object: Value, name: Value) -> Option<Value> {
        self.get_by_name(object, &self.as_str(name)?.decode())
    }

    // The name and its marks come apart: together they would be passed in memory.
    #[inline(always)]
    fn find(&self, object: Value, name: &str, marks: &Marks) -> Option<Value> {
        let (arena, place) = self.home(object);
        match &arena.nodes[place] {
            Node::Span(span) if span.is_plain_object() && !object.is_name() => {
                Some(object.behind(arena.find_span(place, span, name, marks)?))
            }
            Node::Patch(_) => self.find_patched(object, name, marks),
            _ => self.find_elsewhere(object, name, marks),
        }
    }

    /// The same in an object that was not parsed, or repeats a name.
    #[inline(never)]
    fn find_elsewhere(&self, object: Value, name: &str, marks: &Marks) -> Option<Value> {
        let (arena, place) = self.home(object);
        if let Node::Shaped(shaped) = &arena.nodes[place] {
            let members = arena.shaped_members(shaped);
            let value = match marks.constant {
                // Equal constants are one.
                Some(constant) => members.find(|own| own == constant),
                None => members.find(|own| self.is_named(own, name, marks)),
            };
            return Some(object.sibling(value?));
        }
        match self.container(object) {
            Container::Members(members) => self.find_listed(object, members, name, marks),
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

    /// How far behind an object that was parsed and repeats no name, in nodes, a member stands.
    #[inline(always)]
    fn find_span(&self, place: usize, object: &Span, name: &str, marks: &Marks) -> Option<u32> {
        // Members of one name in different objects mostly differ in the names of those.
        let memo = (marks.tag >> 8 ^ u32::from(object.key_len)) as usize % PLACES;
        let guess = FOUND.with(|found| found[memo].get());
        if guess < object.size
            && let Some(Node::Span(member)) = self.nodes.get(place + guess as usize)
            && member.key_len == marks.len
            && member.depth == object.depth.wrapping_add(1)
            && marks.len != LOOK_CLOSER
            && marks.match_at(name, &self.text, member.key_start as usize)
        {
            return Some(guess);
        }
        self.search_and_learn(place, memo, name, marks)
    }

    #[inline(never)]
    fn search_and_learn(
        &self,
        place: usize,
        memo: usize,
        name: &str,
        marks: &Marks,
    ) -> Option<u32> {
        let Node::Span(object) = &self.nodes[place] else {
            return None;
        };
        let subtree = &self.nodes[place..place + object.size as usize];
        let found = self.search_span(subtree, name, marks)? as u32;
        FOUND.with(|places| places[memo].set(found));
        Some(found)
    }

    /// Looks the members through; how far behind the object the right one stands.
    #[inline]
    fn search_span(&self, subtree: &[Node], name: &str, marks: &Marks) -> Option<usize> {
        let mut at = 1;
        while let Some(Node::Span(member)) = subtree.get(at) {
            if member.key_len == LOOK_CLOSER {
                if name_of(&self.text, member).eq_str(name) {
                    return Some(at);
                }
            } else if member.key_len == marks.len
                && marks.match_at(name, &self.text, member.key_start as usize)
            {
                return Some(at);
            }
            at += member.size as usize;
        }
        None
    }

    #[inline(never)]
    fn find_patched(&self, mut object: Value, name: &str, marks: &Marks) -> Option<Value> {
        while let (_, Node::Patch(patch)) = self.node(object) {
            let key = object.sibling(patch.key);
            if may_be_same(patch.tag, marks.tag)
                && (marks.constant == Some(key) || self.is_named(key, name, marks))
            {
                return Some(object.sibling(patch.value));
            }
            object = object.sibling(patch.base);
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
