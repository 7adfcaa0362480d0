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

/// The characters of a scalar as they are spelled, without quotes, and whether there are escapes among them.
fn spelled(node: &Node) -> Option<(Range<usize>, bool)> {
    let Node::Span(span) = node else {
        return None;
    };
    let quote = match span.kind {
        Kind::String => 1,
        Kind::Array | Kind::Object => return None,
        _ => 0,
    };
    let range = span.start as usize + quote..span.end as usize - quote;
    Some((range, span.is(ESCAPED)))
}

impl Arena {
    /// Appends the characters of a scalar as they are spelled, and says whether there are escapes among them. Nothing
    /// happens where the value is something else.
    fn push_spelled(&mut self, value: Value) -> Option<bool> {
        if value.is_name() {
            return None;
        }
        let elsewhere = match value.is_constant() {
            true => Some((&self.constants.as_deref()?.arena, value.index())),
            false if value.index() < self.base => Some(self.parent.as_deref()?.home(value)),
            false => None,
        };
        let (home, place) = match elsewhere {
            Some(found) => found,
            None => (&*self, value.index() - self.base),
        };
        let (range, escaped) = spelled(&home.nodes[place])?;
        match elsewhere {
            Some((home, _)) => self.text.push_str(&home.text[range]),
            None => self.text.extend_from_within(range),
        }
        Some(escaped)
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
        if let Some(escaped) = arena.push_spelled(value) {
            self.escaped |= escaped;
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
