//! Compact JSON text. What was parsed and is compact already is copied byte by byte.
//!
//! Recurses once per level of nesting that is not copied; callers bound the depth of what they build.

use std::borrow::Cow;

use super::arena::Container;
use super::node::{DIRTY, Node, Span};
use super::patch::{LONGEST_CHAIN, Overlay};
use super::shape::ShapedMembers;
use super::text::{name_of, respell};
use super::{Arena, Value};

impl Arena {
    /// Appends compact JSON.
    #[inline]
    pub fn print(&self, value: Value, out: &mut Vec<u8>) {
        self.print_here(value, out);
    }

    /// The same, without a call where the text is only copied.
    #[inline(always)]
    fn print_here(&self, value: Value, out: &mut Vec<u8>) {
        let (arena, place) = self.home(value);
        match &arena.nodes[place] {
            Node::Span(member) if value.is_name() => {
                out.push(b'"');
                out.extend_from_slice(name_of(&arena.text, member).spelled.as_bytes());
                out.push(b'"');
            }
            Node::Span(span) if !span.is(DIRTY) => {
                copy(
                    arena.text.as_bytes(),
                    span.start as usize,
                    span.end as usize,
                    out,
                );
            }
            Node::Shaped(shaped) => self.print_shaped(value, arena.shaped_members(shaped), out),
            _ => self.print_container(value, out),
        }
    }

    /// The compact JSON text.
    pub fn to_json(&self, value: Value) -> String {
        let mut out = Vec::with_capacity(self.measure(value).bytes.min(1 << 16));
        self.print(value, &mut out);
        String::from_utf8(out).expect("what is printed is UTF-8")
    }

    /// The same as AWS shows values in causes: it knows the characters of strings and not how they were spelled.
    pub fn to_plain_json(&self, value: Value) -> String {
        let json = self.to_json(value);
        match respell(&json) {
            Cow::Borrowed(_) => json,
            Cow::Owned(plain) => plain,
        }
    }

    #[inline(never)]
    fn print_container(&self, container: Value, out: &mut Vec<u8>) {
        match self.container(container) {
            Container::Elements(elements) => {
                let elements = elements.iter().map(|&element| container.sibling(element));
                self.print_elements(elements, out);
            }
            Container::Members(members) => {
                let members = members
                    .iter()
                    .map(|&[name, value]| (container.sibling(name), container.sibling(value)));
                self.print_members(members, out);
            }
            Container::Shaped(members) => self.print_shaped(container, members, out),
            Container::Array { .. } => self.print_elements(self.elements(container), out),
            Container::Object { .. } => self.print_any_object(container, out),
            Container::Patched => self.print_patched(container, out),
            Container::None => unreachable!("a scalar is copied"),
        }
    }

    #[inline]
    fn print_elements(&self, elements: impl Iterator<Item = Value>, out: &mut Vec<u8>) {
        out.push(b'[');
        let mut separate = false;
        for element in elements {
            if std::mem::replace(&mut separate, true) {
                out.push(b',');
            }
            self.print_here(element, out);
        }
        out.push(b']');
    }

    #[inline]
    fn print_members(&self, members: impl Iterator<Item = (Value, Value)>, out: &mut Vec<u8>) {
        out.push(b'{');
        let mut separate = false;
        for (name, value) in members {
            self.print_name(name, separate, out);
            self.print_here(value, out);
            separate = true;
        }
        out.push(b'}');
    }

    /// A name and its colon, behind a comma where one is needed.
    #[inline(always)]
    fn print_name(&self, name: Value, separate: bool, out: &mut Vec<u8>) {
        if let Some((text, start, end)) = self.framed(name) {
            return copy(text, start + usize::from(!separate), end, out);
        }
        if separate {
            out.push(b',');
        }
        self.print_here(name, out);
        out.push(b':');
    }

    /// Where a constant name stands with a comma and a colon around it: see
    /// [`ConstantsBuilder::string`](super::ConstantsBuilder::string).
    #[inline(always)]
    fn framed(&self, name: Value) -> Option<(&[u8], usize, usize)> {
        if !name.is_constant() || name.is_name() {
            return None;
        }
        let (constants, Node::Span(span)) = self.node(name) else {
            return None;
        };
        let text = constants.text.as_bytes();
        let end = span.end as usize;
        // No other string is followed by a colon: a name that was parsed has no node of its own.
        (text.get(end) == Some(&b':')).then(|| (text, span.start as usize - 1, end + 1))
    }

    #[inline(never)]
    fn print_shaped(&self, object: Value, members: ShapedMembers<'_>, out: &mut Vec<u8>) {
        let (text, pieces) = members.pieces();
        let mut given = members.given().iter();
        for &(start, end) in pieces {
            copy(text, start as usize, end as usize, out);
            if let Some(&value) = given.next() {
                self.print_here(object.sibling(value), out);
            }
        }
    }

    #[inline(never)]
    fn print_any_object(&self, object: Value, out: &mut Vec<u8>) {
        self.print_members(self.members(object), out);
    }

    /// Copies the base up to each place that is replaced, writes the new value, goes on behind the old one's end.
    #[inline(never)]
    fn print_patched(&self, object: Value, out: &mut Vec<u8>) {
        let overlay = Overlay::of(self, object);
        let (arena, base) = match self.node(overlay.base) {
            (arena, Node::Span(base)) if !base.is(DIRTY) => (arena, base),
            _ => return self.print_any_object(object, out),
        };
        let text = arena.text.as_bytes();

        let Some(edits) = self.edits(arena, &overlay, base) else {
            // All of them are new.
            out.extend_from_slice(&text[base.start as usize..base.end as usize - 1]);
            let mut separate = base.count > 0;
            for &(name, value) in overlay.members() {
                self.print_name(name, separate, out);
                self.print_here(value, out);
                separate = true;
            }
            return out.push(b'}');
        };
        let mut copied = base.start as usize;
        let mut separate = base.count > 0;
        for edit in &edits[..overlay.members().len()] {
            let (name, value) = overlay.members()[edit.index];
            out.extend_from_slice(&text[copied..edit.start as usize]);
            if edit.is_new {
                self.print_name(name, separate, out);
                separate = true;
            }
            self.print(value, out);
            copied = edit.end as usize;
        }
        out.extend_from_slice(&text[copied..base.end as usize]);
    }
}

impl Arena {
    /// Where each member that is set goes: in order of their places; among the new members, which all come last, in order
    /// of insertion. None where all are new. `base` is parsed, and repeats no name.
    fn edits(&self, home: &Arena, overlay: &Overlay, base: &Span) -> Option<[Edit; LONGEST_CHAIN]> {
        let (_, place) = self.home(overlay.base);
        let subtree = &home.nodes[place..place + base.size as usize];
        let mut edits = None;
        let mut at = 1;
        while let Some(Node::Span(member)) = subtree.get(at) {
            at += member.size as usize;
            if !overlay.may_set(member) {
                continue;
            }
            if let Some(index) = overlay.setting(self, home, member) {
                let new = Edit::all_new(base.end - 1);
                edits.get_or_insert(new)[index] = Edit {
                    start: member.start,
                    end: member.end,
                    index,
                    is_new: false,
                };
            }
        }
        if let Some(edits) = &mut edits {
            edits[..overlay.members().len()].sort_unstable_by_key(|edit| (edit.start, edit.index));
        }
        edits
    }
}

/// A place in an object's text, and which of the members that are set goes there.
#[derive(Clone, Copy, Default)]
struct Edit {
    start: u32,
    end: u32,
    index: usize,
    is_new: bool,
}

impl Edit {
    fn all_new(place: u32) -> [Edit; LONGEST_CHAIN] {
        std::array::from_fn(|index| Edit {
            start: place,
            end: place,
            index,
            is_new: true,
        })
    }
}

/// Appends a piece of `text`. Most pieces are short, and copying a fixed length and cutting back is cheaper than a call.
#[inline(always)]
fn copy(text: &[u8], start: usize, end: usize, out: &mut Vec<u8>) {
    const SHORT: usize = 32;
    match text[start..].first_chunk::<SHORT>() {
        Some(chunk) if end - start <= SHORT => {
            let len = out.len() + end - start;
            out.extend_from_slice(chunk);
            out.truncate(len);
        }
        _ => out.extend_from_slice(&text[start..end]),
    }
}
