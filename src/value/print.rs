//! Compact JSON text. What was parsed and is compact already is copied byte by byte.
//!
//! Recurses once per level of nesting that is not copied; callers bound the depth of what they build.

use super::node::{DIRTY, Node};
use super::patch::{LONGEST_CHAIN, Overlay};
use super::{Arena, Kind, Value};

impl Arena {
    /// Appends compact JSON.
    pub fn print(&self, value: Value, out: &mut Vec<u8>) {
        if value.is_name() {
            return self.print_name(value, out);
        }
        match self.node(value) {
            (arena, Node::Span(span)) if !span.is(DIRTY) => {
                out.extend_from_slice(
                    &arena.text.as_bytes()[span.start as usize..span.end as usize],
                );
            }
            (_, Node::Span(span)) if span.kind == Kind::Array => self.print_elements(value, out),
            (_, Node::Array(_)) => self.print_elements(value, out),
            (_, Node::Patch(_)) => self.print_patched(value, out),
            (_, Node::Span(_) | Node::Object(_)) => self.print_members(value, out),
        }
    }

    /// The compact JSON text.
    pub fn to_json(&self, value: Value) -> String {
        let mut out = Vec::with_capacity(self.measure(value).bytes.min(1 << 16));
        self.print(value, &mut out);
        String::from_utf8(out).expect("what is printed is UTF-8")
    }

    #[inline(never)]
    fn print_elements(&self, array: Value, out: &mut Vec<u8>) {
        out.push(b'[');
        let mut separate = false;
        for element in self.elements(array) {
            if std::mem::replace(&mut separate, true) {
                out.push(b',');
            }
            self.print(element, out);
        }
        out.push(b']');
    }

    #[inline(never)]
    fn print_members(&self, object: Value, out: &mut Vec<u8>) {
        out.push(b'{');
        let mut separate = false;
        for (name, value) in self.members(object) {
            if std::mem::replace(&mut separate, true) {
                out.push(b',');
            }
            self.print(name, out);
            out.push(b':');
            self.print(value, out);
        }
        out.push(b'}');
    }

    /// Copies the base up to each place that is replaced, writes the new value, goes on behind the old one's end.
    #[inline(never)]
    fn print_patched(&self, object: Value, out: &mut Vec<u8>) {
        let overlay = Overlay::of(self, object);
        let (arena, base) = match self.node(overlay.base) {
            (arena, Node::Span(base)) if !base.is(DIRTY) => (arena, base),
            _ => return self.print_members(object, out),
        };
        let text = arena.text.as_bytes();

        // Places in the base, in order, and what comes there; new members are put behind all.
        let closing = base.end - 1;
        let mut edits = [(0, 0, 0); LONGEST_CHAIN];
        for (edit, &(name, _)) in edits.iter_mut().zip(overlay.members()) {
            let old = self
                .get_by_string(overlay.base, name)
                .map(|old| self.node(old).1);
            *edit = match old {
                Some(Node::Span(old)) => (old.start, old.end, 0),
                _ => (closing, closing, 1),
            };
        }
        let edits = &mut edits[..overlay.members().len()];
        for (position, edit) in edits.iter_mut().enumerate() {
            edit.2 |= position << 1;
        }
        edits.sort_unstable_by_key(|&(start, _, position)| (start, position));

        let mut copied = base.start as usize;
        let mut separate = base.count > 0;
        for &mut (start, end, position) in edits {
            let (name, value) = overlay.members()[position >> 1];
            out.extend_from_slice(&text[copied..start as usize]);
            if position & 1 == 1 {
                if std::mem::replace(&mut separate, true) {
                    out.push(b',');
                }
                self.print(name, out);
                out.push(b':');
            }
            self.print(value, out);
            copied = end as usize;
        }
        out.extend_from_slice(&text[copied..base.end as usize]);
    }

    #[inline(never)]
    fn print_name(&self, name: Value, out: &mut Vec<u8>) {
        let name = self.as_str(name).expect("a member's name is a string");
        out.push(b'"');
        out.extend_from_slice(name.spelled.as_bytes());
        out.push(b'"');
    }
}
