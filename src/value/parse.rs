//! The door for texts: limits, errors with their place, and the pass over the bytes.

use std::ops::Range;

use super::arena::{MAX_TEXT, Mark};
use super::node::Node;
use super::tokenizer::{Fault, PADDING, Piece, Scratch, TOO_DEEP, Tables, seam, tokenize};
use super::{Arena, Value};

/// Bounds of a document that is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseLimits {
    /// Deepest nesting that is accepted, at most 512.
    pub depth: usize,
    /// Refuse a member name that occurs twice in one object, instead of letting the last one win.
    pub reject_duplicate_keys: bool,
}

/// No document nests deeper, whatever its limits say.
pub(super) const DEPTH_CEILING: usize = 512;

impl Default for ParseLimits {
    fn default() -> Self {
        ParseLimits {
            depth: DEPTH_CEILING,
            reject_duplicate_keys: false,
        }
    }
}

/// Why a text is not JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at line {line} column {column}")]
pub struct ParseError {
    /// What was wrong.
    pub message: String,
    /// Byte offset in the text.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl ParseError {
    /// Whether it is the depth that is wrong.
    pub fn is_too_deep(&self) -> bool {
        self.message == TOO_DEEP
    }
}

impl Arena {
    /// Reads a JSON text; may be called several times in one execution (event, task replies, StringToJson).
    pub fn parse(&mut self, text: &[u8], limits: ParseLimits) -> Result<Value, ParseError> {
        let depth = limits.depth.min(DEPTH_CEILING);
        self.parse_within(text, ParseLimits { depth, ..limits })
    }

    /// The same for a large text, with the help of another thread where `helper` lends its tables: `join` has both
    /// pieces read, at the same time or one after the other.
    pub fn parse_in_two(
        &mut self,
        text: &[u8],
        limits: ParseLimits,
        helper: &mut Arena,
        join: impl FnOnce(&mut Piece<'_>, &mut Piece<'_>),
    ) -> Result<Value, ParseError> {
        let depth = limits.depth.min(DEPTH_CEILING);
        let limits = ParseLimits { depth, ..limits };
        let mark = self.mark();
        let range = self.take_text(text)?;
        let Some(seam) = seam(&self.text, &range) else {
            return self.read_text(text, range, limits, mark);
        };
        helper.clear();
        let pieces = Piece::both(
            &self.text,
            range.clone(),
            seam,
            limits,
            [
                tables(
                    self.base,
                    &mut self.nodes,
                    &mut self.lists,
                    &mut self.scratch,
                ),
                tables(0, &mut helper.nodes, &mut helper.lists, &mut helper.scratch),
            ],
        );
        let [mut first, mut second] = pieces;
        join(&mut first, &mut second);
        if first.finish(second) {
            return Ok(mark.next);
        }
        self.rewind_nodes(&mark);
        self.read_text(text, range, limits, mark)
    }

    /// The same without the ceiling, for texts that were printed here.
    pub(super) fn parse_within(
        &mut self,
        text: &[u8],
        limits: ParseLimits,
    ) -> Result<Value, ParseError> {
        let mark = self.mark();
        let range = self.take_text(text)?;
        self.read_text(text, range, limits, mark)
    }

    /// Copies the text; gives where it stands.
    fn take_text(&mut self, text: &[u8]) -> Result<Range<usize>, ParseError> {
        if text.len() + PADDING.len() >= MAX_TEXT.saturating_sub(self.text.len()) {
            return Err(ParseError::locate(
                text,
                &Fault::new(0, "text is too large"),
            ));
        }
        let valid = simdutf8::basic::from_utf8(text).map_err(|_| {
            let offset = str::from_utf8(text).map_or_else(|error| error.valid_up_to(), str::len);
            ParseError::locate(text, &Fault::new(offset, "invalid UTF-8"))
        })?;

        let start = self.text.len();
        self.text.push_str(valid);
        let end = self.text.len();
        self.text.push_str(PADDING);
        Ok(start..end)
    }

    /// Reads the text that was copied, and forgets it where it is no JSON.
    fn read_text(
        &mut self,
        text: &[u8],
        range: Range<usize>,
        limits: ParseLimits,
        mark: Mark,
    ) -> Result<Value, ParseError> {
        let start = range.start;
        let tables = tables(
            self.base,
            &mut self.nodes,
            &mut self.lists,
            &mut self.scratch,
        );
        match tokenize(&self.text, range, limits, tables) {
            Ok(()) => Ok(mark.next),
            Err(fault) => {
                self.rewind(mark);
                Err(ParseError::locate(text, &fault.relative_to(start)))
            }
        }
    }
}

fn tables<'a>(
    base: usize,
    nodes: &'a mut Vec<Node>,
    lists: &'a mut Vec<Value>,
    scratch: &'a mut Scratch,
) -> Tables<'a> {
    Tables {
        nodes,
        lists,
        base,
        scratch,
    }
}

impl ParseError {
    #[cold]
    fn locate(text: &[u8], fault: &Fault) -> ParseError {
        let offset = fault.offset.min(text.len());
        let before = &text[..offset];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        ParseError {
            message: fault.message.to_owned(),
            offset,
            line: 1 + memchr::memchr_iter(b'\n', before).count(),
            column: 1 + String::from_utf8_lossy(&before[line_start..])
                .chars()
                .count(),
        }
    }
}
