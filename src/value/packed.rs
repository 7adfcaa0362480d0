//! What an arena holds, for a while in which nobody reads it.

use std::mem::replace;
use std::sync::Arc;

use super::node::Node;
use super::parse::tables;
use super::tokenizer::{PADDING, tokenize};
use super::{Arena, Constants, ParseLimits, Value};

/// What an arena holds, in as little memory as it can be had back from quickly. See [`Arena::pack`].
pub struct Packed(Form);

enum Form {
    Tables(Tables),
    /// Too large to be copied at each wait, or on top of others.
    Whole(Box<Arena>),
}

struct Tables {
    /// Without the padding at its end, where it has one.
    text: Box<str>,
    is_padded: bool,
    /// The text begins with a document of so many bytes whose nodes are not kept: they are read again.
    unread: Option<usize>,
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
        let (unread, n_unread) = match self.first_document() {
            Some((len, n_nodes)) if len <= READ_AGAIN => (Some(len), n_nodes),
            _ => (None, 0),
        };
        let unpadded = self.text.strip_suffix(PADDING);
        let tables = Tables {
            text: unpadded.unwrap_or(&self.text).into(),
            is_padded: unpadded.is_some(),
            unread,
            nodes: self.nodes[n_unread..].into(),
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
        self.text.push_str(&packed.text);
        if packed.is_padded {
            self.text.push_str(PADDING);
        }
        if let Some(len) = packed.unread {
            let limits = ParseLimits {
                depth: usize::MAX,
                reject_duplicate_keys: false,
            };
            let tables = tables(0, &mut self.nodes, &mut self.lists, &mut self.scratch);
            let read = tokenize(&self.text, 0..len, limits, tables);
            assert!(read.is_ok(), "what was read once can be read again");
            // The first of them are those that reading has just made.
            self.lists.clear();
        }
        self.nodes.extend_from_slice(&packed.nodes);
        self.lists.extend_from_slice(&packed.lists);
    }

    /// Bytes and nodes of the document that the text begins with, where it was read from there.
    fn first_document(&self) -> Option<(usize, usize)> {
        match self.nodes.first() {
            Some(Node::Span(root)) => {
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

    /// Bytes of the document that is read again; none where its nodes are kept.
    fn unread(packed: &Packed) -> Option<usize> {
        match &packed.0 {
            Form::Tables(tables) => tables.unread,
            Form::Whole(_) => None,
        }
    }

    /// Packs an arena with a document and what is made of it, and looks at both in another arena.
    #[track_caller]
    fn check(text: &str, want: &str, want_unread: Option<usize>) {
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
        check(text, text, Some(text.len()));
        check(r#" {"a": 1, "a": [2 ]}"#, r#"{"a":[2]}"#, Some(20));
        check(r#"{"a":1} "#, r#"{"a":1}"#, None);
        for bytes in [READ_AGAIN, COPIED] {
            let large = format!("[\"{}\"]", "x".repeat(bytes));
            check(&large, &large, None);
        }
    }

    #[test]
    fn what_was_built_first_is_no_document() {
        let constants = Constants::empty();
        let mut arena = Arena::new(Arc::clone(&constants));
        let built = arena.string("built");
        let read = arena.parse(b"[1]", ParseLimits::default()).unwrap();
        let packed = arena.pack();
        assert_eq!(unread(&packed), None);
        arena.unpack(packed, &constants);
        assert_eq!(arena.to_json(built), "\"built\"");
        assert_eq!(arena.to_json(read), "[1]");
        let packed = Arena::new(Arc::clone(&constants)).pack();
        arena.unpack(packed, &constants);
        assert_eq!(arena.bytes_used(), 0);
    }
}
