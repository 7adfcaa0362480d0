//! Objects with members set: a chain of patches down to a base.
//!
//! Setting a member looks nothing up; only reading works out which members replace and which are new.

use super::lookup::{UNKNOWN, may_be_same, tag_at};
use super::node::{ESCAPED, KEY_ESCAPED, LOOK_CLOSER, Lengths, Node, Patch, Span};
use super::text::name_of;
use super::{Arena, Key, Kind, Value};

/// Longer chains are written out as a list of members.
pub(super) const LONGEST_CHAIN: usize = 8;

impl Arena {
    /// `base` with one member set: replaced in its place or appended. `base` must be an object.
    pub fn with(&mut self, base: Value, key: Value, value: Value) -> Value {
        let (key_bytes, tag) = self.name_bounds(key);
        self.with_measured(base, key, key_bytes, tag, value)
            .expect("a member is set in an object")
    }

    /// The same with a name that was looked at when the plan was compiled; None where `base` is no object.
    #[inline]
    pub fn with_key(&mut self, base: Value, key: &Key, value: Value) -> Option<Value> {
        match key.for_patch() {
            Some((key, key_bytes, tag)) => self.with_measured(base, key, key_bytes, tag, value),
            None => self.with_escaped(base, key, value),
        }
    }

    #[cold]
    fn with_escaped(&mut self, base: Value, key: &Key, value: Value) -> Option<Value> {
        let name = match key.value() {
            Some(constant) => constant,
            None => self.string(key.name()),
        };
        (self.kind(base) == Kind::Object).then(|| self.with(base, name, value))
    }

    fn with_measured(
        &mut self,
        base: Value,
        key: Value,
        key_bytes: u32,
        tag: u32,
        value: Value,
    ) -> Option<Value> {
        if base.is_name() {
            return None;
        }
        let (mut base, mut chain) = (base, 0);
        let (mut base_bytes, mut base_height) = match self.node(base).1 {
            Node::Patch(patch) => {
                chain = patch.chain;
                (patch.bytes, patch.height)
            }
            Node::Span(span) if span.kind == Kind::Object => (span.end - span.start, span.height),
            Node::Object(built) => (built.bytes, built.height),
            Node::Shaped(shaped) => (shaped.bytes, shaped.height),
            Node::Span(_) | Node::Array(_) => return None,
        };
        if usize::from(chain) == LONGEST_CHAIN {
            base = self.flatten(base);
            (base_bytes, base_height) = self.bounds(base);
            chain = 0;
        }
        let (bytes, height) = self.bounds(value);
        let added = key_bytes.saturating_add(bytes).saturating_add(2);
        let key_lengths = match tag {
            UNKNOWN => Lengths::ANY,
            _ => Lengths::only(key_bytes - 2),
        };
        Some(self.push(Node::Patch(Patch {
            base,
            key,
            value,
            tag,
            key_lengths,
            bytes: base_bytes.saturating_add(added),
            height: base_height.max(height.saturating_add(1)),
            chain: chain + 1,
        })))
    }

    /// A patched object as a list of its members.
    #[cold]
    fn flatten(&mut self, object: Value) -> Value {
        let mut members = std::mem::take(&mut self.scratch.members);
        members.clear();
        members.extend(self.members(object));
        let flat = self.object(&members);
        self.scratch.members = members;
        flat
    }

    /// The topmost patch of an object, its handles as `self` must write them.
    #[inline]
    pub(super) fn patch(&self, object: Value) -> Option<Patch> {
        match self.node(object).1 {
            Node::Patch(patch) => Some(Patch {
                base: object.sibling(patch.base),
                key: object.sibling(patch.key),
                value: object.sibling(patch.value),
                ..*patch
            }),
            _ => None,
        }
    }

    /// Bytes of a name with its quotes, and its tag.
    fn name_bounds(&self, name: Value) -> (u32, u32) {
        let (arena, place) = self.home(name);
        let Node::Span(span) = &arena.nodes[place] else {
            unreachable!("a name is a string")
        };
        let (start, end, escaped) = match name.is_name() {
            true => {
                let len = name_of(&arena.text, span).spelled.len() as u32;
                (span.key_start, span.key_start + len, span.is(KEY_ESCAPED))
            }
            false => (span.start + 1, span.end - 1, span.is(ESCAPED)),
        };
        let tag = match escaped {
            false => tag_at(&arena.text, start as usize..end as usize),
            true => UNKNOWN,
        };
        (end - start + 2, tag)
    }

    /// Whether two string values are the same.
    pub(super) fn same_string(&self, a: Value, b: Value) -> bool {
        a == b
            || matches!((self.as_str(a), self.as_str(b)), (Some(a), Some(b)) if a.compare(b).is_eq())
    }
}

/// The members that a chain of patches sets: each name once, in order of its first patch, with its newest value.
#[derive(Clone, Debug)]
pub(super) struct Overlay {
    /// What the chain ends at.
    pub(super) base: Value,
    /// Those from `first` on: the chain is walked from its newest patch, so they are filled in from behind.
    members: [(Value, Value); LONGEST_CHAIN],
    /// Of the names.
    tags: [u32; LONGEST_CHAIN],
    first: usize,
    /// [`Lengths::bits`] of all names.
    lengths: u64,
    /// One bit for each member that was given out.
    given: u32,
}

impl Overlay {
    /// Without patches the overlay is empty and the base is the value itself.
    #[inline]
    pub(super) fn of(arena: &Arena, object: Value) -> Overlay {
        let mut overlay = Overlay {
            base: object,
            members: [(Value::NULL, Value::NULL); LONGEST_CHAIN],
            tags: [0; LONGEST_CHAIN],
            first: LONGEST_CHAIN,
            lengths: 0,
            given: 0,
        };
        if !object.is_name() && arena.patch(object).is_some() {
            overlay.gather(arena);
        }
        overlay
    }

    #[inline(never)]
    fn gather(&mut self, arena: &Arena) {
        while let Some(patch) = arena.patch(self.base) {
            let mut value = patch.value;
            let lengths = patch.key_lengths.bits();
            if self.lengths & lengths != 0
                && let Some(newer) = self.position(arena, patch.key, patch.tag)
            {
                // It has the older one's place, and the newer one's value.
                value = self.members[newer].1;
                self.members.copy_within(self.first..newer, self.first + 1);
                self.tags.copy_within(self.first..newer, self.first + 1);
            } else {
                self.first -= 1;
            }
            self.members[self.first] = (patch.key, value);
            self.tags[self.first] = patch.tag;
            self.lengths |= lengths;
            self.base = patch.base;
        }
    }

    /// The new value of a member of the base, which then is not an added one.
    #[inline]
    pub(super) fn replacement(&mut self, arena: &Arena, name: Value) -> Option<Value> {
        if self.members().is_empty() {
            return None;
        }
        let (_, tag) = arena.name_bounds(name);
        let position = self.position(arena, name, tag)?;
        self.given |= 1 << position;
        Some(self.members[position].1)
    }

    /// The next member that is not in the base, once all of the base's were asked for.
    pub(super) fn next_added(&mut self) -> Option<(Value, Value)> {
        let position =
            (self.first..LONGEST_CHAIN).find(|position| self.given & 1 << position == 0)?;
        self.given |= 1 << position;
        Some(self.members[position])
    }

    /// Every name that is set, and its value.
    #[inline]
    pub(super) fn members(&self) -> &[(Value, Value)] {
        &self.members[self.first..]
    }

    /// Whether a member of the base may be among those that are set, by the length of its name.
    #[inline(always)]
    pub(super) fn may_set(&self, member: &Span) -> bool {
        const ANY: u64 = 1 << (LOOK_CLOSER % 64);
        (self.lengths | ANY) >> (member.key_len % 64) & 1 != 0
    }

    /// Which of [`Overlay::members`] sets the member that `span` of `home` is.
    #[inline(never)]
    pub(super) fn setting(&self, arena: &Arena, home: &Arena, span: &Span) -> Option<usize> {
        let start = span.key_start as usize;
        let tag = match span.key_len {
            LOOK_CLOSER => UNKNOWN,
            len => tag_at(&home.text, start..start + usize::from(len)),
        };
        let mut tags = self.tags[self.first..].iter();
        if !tags.any(|own| may_be_same(*own, tag)) {
            return None;
        }
        let name = name_of(&home.text, span);
        let mut names = self.members().iter();
        names.position(|(own, _)| arena.as_str(*own).is_some_and(|own| own.is(name)))
    }

    fn position(&self, arena: &Arena, name: Value, tag: u32) -> Option<usize> {
        (self.first..LONGEST_CHAIN).find(|&position| {
            may_be_same(self.tags[position], tag)
                && arena.same_string(self.members[position].0, name)
        })
    }
}
