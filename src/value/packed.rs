//! What an arena holds, for a while in which nobody reads it.

use std::mem::replace;
use std::sync::Arc;

use super::node::Node;
use super::tokenizer::PADDING;
use super::{Arena, Constants, ParseLimits, Value};

/// What an arena holds, in as little memory as it can be had back from quickly. See [`Arena::pack`].
pub struct Packed(Form);

enum Form {
    Tables(Tables),
    /// Too large to be copied at each wait, or on top of others.
    Whole(Box<Arena>),
}

struct Tables {
    /// Without the padding of the document that it begins with, if that is read again.
    text: Box<str>,
    /// Bytes of that document. Its nodes are not kept.
    document: usize,
    nodes: Box<[Node]>,
    lists: Box<[Value]>,
}

/// Tables of so many bytes are copied in a microsecond.
const COPIED: usize = 16 << 10;
/// A document of so many bytes is read in two microseconds. Its nodes would take more memory than its text.
const READ_AGAIN: usize = 4 << 10;

impl Arena {
    /// Takes everything out. Handles mean the same again after [`Arena::unpack`], in whichever arena.
    pub fn pack(&mut self) -> Packed {
        if self.base > 0 || self.parent.is_some() || self.bytes_used() > COPIED {
            self.compact();
            let empty = self.layer(0);
            let whole = replace(self, empty);
            return Packed(Form::Whole(Box::new(whole)));
        }
        let document = self.first_document();
        let (document, n_nodes) = document.unwrap_or_default();
        let padding = if n_nodes > 0 { PADDING.len() } else { 0 };
        let text = [&self.text[..document], &self.text[document + padding..]];
        let tables = Tables {
            text: text.concat().into(),
            document,
            nodes: self.nodes[n_nodes..].into(),
            lists: self.lists[..].into(),
        };
        self.clear();
        Packed(Form::Tables(tables))
    }

    /// Forgets what it held and takes in what was packed, of an arena with these constants.
    pub fn unpack(&mut self, packed: Packed, constants: &Arc<Constants>) {
        match packed.0 {
            Form::Whole(whole) => *self = *whole,
            Form::Tables(tables) => {
                self.reset(constants);
                self.take_in(&tables);
            }
        }
    }

    fn take_in(&mut self, packed: &Tables) {
        let (document, rest) = packed.text.split_at(packed.document);
        if !document.is_empty() {
            let unlimited = ParseLimits {
                depth: usize::MAX,
                reject_duplicate_keys: false,
            };
            self.parse_within(document.as_bytes(), unlimited)
                .expect("what was read once can be read again");
            // The first of them are those that reading has just made.
            self.lists.clear();
        }
        self.text.push_str(rest);
        self.nodes.extend_from_slice(&packed.nodes);
        self.lists.extend_from_slice(&packed.lists);
    }

    /// Bytes and nodes of the document that the text begins with, where it was read from there and may be again.
    fn first_document(&self) -> Option<(usize, usize)> {
        match self.nodes.first() {
            Some(Node::Span(root)) if root.end as usize <= READ_AGAIN => {
                let len = root.end as usize;
                let is_document = self.text[len..].starts_with(PADDING);
                is_document.then_some((len, root.size as usize))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of the document that is read again.
    fn unread(packed: &Packed) -> usize {
        match &packed.0 {
            Form::Tables(tables) => tables.document,
            Form::Whole(_) => 0,
        }
    }

    /// Packs an arena with a document and what is made of it, and looks at both in another arena.
    #[track_caller]
    fn check(text: &str, want: &str, want_unread: usize) {
        let constants = Constants::empty();
        let mut arena = Arena::new(Arc::clone(&constants));
        let limits = ParseLimits::default();
        let document = arena.parse(text.as_bytes(), limits).unwrap();
        let reply = arena.parse(br#"{"r": [1, 1], "r": 2}"#, limits).unwrap();
        let name = arena.string("n");
        let both = arena.with(reply, name, document);
        let list = arena.array(&[both, document]);
        let (printed, bytes) = (arena.to_json(list), arena.bytes_used());
        assert_eq!(arena.to_json(document), want);

        let mut other = Arena::new(Arc::clone(&constants));
        for _ in 0..2 {
            other.parse(b"[\"of somebody else\"]", limits).unwrap();
            let packed = arena.pack();
            assert_eq!(unread(&packed), want_unread);
            assert_eq!(arena.bytes_used(), 0);
            other.unpack(packed, &constants);
            assert_eq!(other.to_json(list), printed);
            assert_eq!(other.to_json(document), want);
            assert_eq!(other.bytes_used(), bytes);
            std::mem::swap(&mut arena, &mut other);
        }
    }

    #[test]
    fn handles_mean_the_same_in_another_arena() {
        let text = r#"{"a":[1,"x"],"b":{}}"#;
        check(text, text, text.len());
        check(r#" {"a": 1, "a": [2 ]}"#, r#"{"a":[2]}"#, 20);
        check(r#"{"a":1} "#, r#"{"a":1}"#, 0);
        for bytes in [READ_AGAIN, COPIED] {
            let large = format!("[\"{}\"]", "x".repeat(bytes));
            check(&large, &large, 0);
        }
    }

    #[test]
    fn what_was_built_first_is_no_document() {
        let constants = Constants::empty();
        let mut arena = Arena::new(Arc::clone(&constants));
        let built = arena.string("built");
        let read = arena.parse(b"[1]", ParseLimits::default()).unwrap();
        let packed = arena.pack();
        assert_eq!(unread(&packed), 0);
        arena.unpack(packed, &constants);
        assert_eq!(arena.to_json(built), "\"built\"");
        assert_eq!(arena.to_json(read), "[1]");
        let packed = Arena::new(Arc::clone(&constants)).pack();
        arena.unpack(packed, &constants);
        assert_eq!(arena.bytes_used(), 0);
    }
}
