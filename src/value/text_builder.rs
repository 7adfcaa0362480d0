//! A string put together in JSON spelling: what is only copied is never unescaped.

use std::ops::Range;

use super::node::{ESCAPED, Node};
use super::text::escape;
use super::{Arena, Kind, Value};

/// A string under construction; see [`Arena::text_builder`].
pub struct TextBuilder<'a> {
    arena: &'a mut Arena,
    start: usize,
    escaped: bool,
}

impl Arena {
    /// Begins a string that is put together from pieces.
    pub fn text_builder(&mut self) -> TextBuilder<'_> {
        let start = self.text.len();
        self.text.push('"');
        TextBuilder {
            arena: self,
            start,
            escaped: false,
        }
    }
}

/// Text of the arena itself that goes into a string as it is.
struct Piece {
    range: Range<usize>,
    escaped: bool,
}

impl Arena {
    /// The spelling of a scalar in this arena's own tables, without quotes.
    fn own_scalar(&self, value: Value) -> Option<Piece> {
        if value.is_constant() || value.is_name() {
            return None;
        }
        let place = value.index().checked_sub(self.base)?;
        let Node::Span(span) = &self.nodes[place] else {
            return None;
        };
        let quote = match span.kind {
            Kind::String => 1,
            Kind::Array | Kind::Object => return None,
            _ => 0,
        };
        Some(Piece {
            range: span.start as usize + quote..span.end as usize - quote,
            escaped: span.is(ESCAPED),
        })
    }
}

impl TextBuilder<'_> {
    /// Appends decoded characters.
    pub fn push_str(&mut self, text: &str) {
        self.escaped |= escape(text, &mut self.arena.text);
    }

    /// Appends a value of the arena: a string without its quotes, everything else as it is printed.
    pub fn push_value(&mut self, value: Value) {
        let arena = &mut *self.arena;
        if let Some(piece) = arena.own_scalar(value) {
            self.escaped |= piece.escaped;
            arena.text.extend_from_within(piece.range);
            return;
        }
        let mut printed = std::mem::take(&mut arena.scratch.printed);
        printed.clear();
        arena.print(value, &mut printed);
        let text = str::from_utf8(&printed).expect("what is printed is UTF-8");
        if arena.kind(value) == Kind::String {
            let spelled = &text[1..text.len() - 1];
            self.escaped |= spelled.contains('\\');
            arena.text.push_str(spelled);
        } else {
            self.escaped |= escape(text, &mut arena.text);
        }
        arena.scratch.printed = printed;
    }

    /// Whether nothing was appended yet.
    pub fn is_empty(&self) -> bool {
        self.arena.text.len() == self.start + 1
    }

    /// The string.
    pub fn finish(self) -> Value {
        self.arena.text.push('"');
        let flags = if self.escaped { ESCAPED } else { 0 };
        self.arena.push_scalar(Kind::String, flags, self.start)
    }
}
