//! One validating pass over a text that gives the table of nodes.
//!
//! Finds spans and converts nothing: numbers and escapes keep their spelling. Iterative, so depth costs no stack.

mod frame;
mod in_two;

use std::cell::RefCell;
use std::ops::Range;

use super::familiar::{Familiar, Place};
use super::node::{ESCAPED, Node};
use super::scan::{Specials, Unexpected};
use super::simd::Consumer;
use super::{Kind, ParseLimits, Value, scan};
use frame::{Frame, NO_NAME, Within};
pub use in_two::Piece;
use in_two::Stop;
pub(super) use in_two::seam;

/// What follows every parsed text, so that fixed-size loads near its end stay inside. NUL ends every token.
pub(super) const PADDING: &str = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// What is said of a text that nests deeper than its limit.
pub(super) const TOO_DEEP: &str = "nesting is too deep";

/// What is wrong, and at which byte.
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) message: &'static str,
}

impl Fault {
    #[cold]
    pub(super) fn new(offset: usize, message: &'static str) -> Fault {
        Fault { offset, message }
    }

    pub(super) fn relative_to(self, start: usize) -> Fault {
        Fault::new(self.offset - start, self.message)
    }
}

/// Where the nodes go.
pub(super) struct Tables<'a> {
    pub(super) nodes: &'a mut Vec<Node>,
    pub(super) lists: &'a mut Vec<Value>,
    /// Index of the first entry of `nodes`.
    pub(super) base: usize,
    pub(super) scratch: &'a mut Scratch,
}

/// Buffers that outlive a parse only to be used again.
#[derive(Default)]
pub(super) struct Scratch {
    open: Vec<Frame>,
    specials: Vec<u64>,
    pub(super) names: Vec<(u32, u32)>,
    /// Hashed places of names.
    pub(super) table: Vec<u32>,
    pub(super) members: Vec<(Value, Value)>,
    pub(super) elements: Vec<Value>,
    pub(super) printed: Vec<u8>,
    /// Boxed, since few executions need it.
    pub(super) consumer: Option<Box<Consumer>>,
}

impl Scratch {
    /// Bytes of the buffers that large texts make large.
    pub(super) fn bytes_kept(&self) -> usize {
        self.specials.capacity() * size_of::<u64>()
            + self.table.capacity() * size_of::<u32>()
            + self.names.capacity() * size_of::<(u32, u32)>()
            + self.members.capacity() * size_of::<(Value, Value)>()
            + self.elements.capacity() * size_of::<Value>()
            + self.printed.capacity()
    }

    pub(super) fn shrink_to(&mut self, bytes: usize) {
        self.specials.shrink_to(bytes / size_of::<u64>());
        self.table.shrink_to(bytes / size_of::<u32>());
        self.names.shrink_to(bytes / size_of::<(u32, u32)>());
        self.members.shrink_to(bytes / size_of::<(Value, Value)>());
        self.elements.shrink_to(bytes / size_of::<Value>());
        self.printed.shrink_to(bytes);
        if let Some(consumer) = &mut self.consumer {
            consumer.shrink_to(bytes);
        }
    }
}

thread_local! {
    static FAMILIAR: RefCell<Familiar> = RefCell::default();
}

/// Reads the one value that `range` of `text` holds; [`PADDING`] follows the range.
pub(super) fn tokenize(
    text: &str,
    range: Range<usize>,
    limits: ParseLimits,
    tables: Tables<'_>,
) -> Result<(), Fault> {
    let mut tables = tables;
    let end = range.end;
    let mut map = std::mem::take(&mut tables.scratch.specials);
    let specials = Specials::mark(text.as_bytes(), &range, &mut map);
    let read = FAMILIAR.with_borrow_mut(|familiar| {
        familiar.refresh();
        let from = Stop::start(text.as_bytes(), range.start, tables.scratch);
        tokens(
            text,
            from,
            usize::MAX,
            limits,
            specials,
            familiar,
            &mut tables,
        )
    });
    tables.scratch.specials = map;
    let read = read.and_then(|stop| match stop.at == end {
        true => Ok(()),
        false => Err((stop.at, "expected the end of the text")),
    });
    read.map_err(|(at, expected)| match at < end {
        true => Fault::new(at, expected),
        false => Fault::new(end, "unexpected end of the text"),
    })
}

/// Goes on until the document ends, or until an element of an array begins at `seam`.
#[inline(always)]
fn tokens(
    text: &str,
    from: Stop,
    seam: usize,
    limits: ParseLimits,
    specials: Specials<'_>,
    familiar: &mut Familiar,
    tables: &mut Tables<'_>,
) -> Result<Stop, Unexpected> {
    let bytes = text.as_bytes();
    let Stop {
        mut at,
        mut frame,
        mut depth,
        mut is_behind_value,
    } = from;
    let mut name = NO_NAME;
    'value: loop {
        let start = at;
        match bytes[at] {
            _ if std::mem::take(&mut is_behind_value) => {} // Another pass has read the value.
            b'"' => {
                let closing = specials.next(at + 1);
                let (closing, flags) = match bytes[closing] {
                    b'"' => (closing, 0),
                    _ => (specials.escaped_end(bytes, closing)?, ESCAPED),
                };
                at = closing + 1;
                let span = name.span(Kind::String, flags, depth, start, at);
                frame.push(span, tables.nodes);
            }
            bracket @ (b'{' | b'[') => {
                if tables.scratch.open.len() >= limits.depth {
                    return Err((at, TOO_DEEP));
                }
                let (kind, within, closing) = match bracket {
                    b'{' => (Kind::Object, Within::Object, b'}'),
                    _ => (Kind::Array, Within::Array, b']'),
                };
                tables.scratch.open.push(frame);
                frame = Frame::new(within, tables.nodes.len(), frame.expected.inside());
                tables
                    .nodes
                    .push(Node::Span(name.span(kind, 0, depth, start, start)));
                depth = depth.wrapping_add(1);
                if within == Within::Object {
                    frame.likely = familiar.likely(frame.expected);
                    if let Some(likely) = frame.likely_name(bytes, at, familiar) {
                        (name, at) = likely;
                        continue 'value;
                    }
                }
                at = frame.skip_space(bytes, at + 1);
                if bytes[at] != closing {
                    name = NO_NAME;
                    if within == Within::Object {
                        (name, at) = frame.name(bytes, at, tables.nodes, specials, familiar)?;
                    }
                    continue 'value;
                }
            }
            b' ' | b'\n' | b'\r' | b'\t' => {
                at = frame.space_end(bytes, at);
                continue 'value;
            }
            first => {
                let kind;
                (kind, at) = number_or_word(bytes, at, first)?;
                let span = name.span(kind, 0, depth, start, at);
                frame.push(span, tables.nodes);
            }
        }

        // Behind a value, or at the end of an empty container.
        loop {
            if let Some(likely) = frame.likely_name(bytes, at, familiar) {
                (name, at) = likely;
                continue 'value;
            }
            at = frame.skip_space(bytes, at);
            match (bytes[at], frame.within) {
                (b',', Within::Object) => {
                    at = frame.skip_space(bytes, at + 1);
                    (name, at) = frame.name(bytes, at, tables.nodes, specials, familiar)?;
                    continue 'value;
                }
                (b',', Within::Array) => {
                    name = NO_NAME;
                    at = frame.skip_space(bytes, at + 1);
                    if at == seam {
                        return Ok(Stop {
                            at,
                            frame,
                            depth,
                            is_behind_value,
                        });
                    }
                    continue 'value;
                }
                (b'}', Within::Object) | (b']', Within::Array) => {
                    at += 1;
                    if frame.suspect {
                        frame.resolve(text, at, limits, tables)?;
                    }
                    frame.close(at, tables.nodes);
                    depth = depth.wrapping_sub(1);
                    let outer = tables.scratch.open.pop();
                    frame = outer
                        .expect("the document encloses every container")
                        .around(&frame);
                }
                (_, Within::Document) => {
                    return Ok(Stop {
                        at,
                        frame,
                        depth,
                        is_behind_value,
                    });
                }
                (_, Within::Object) => return Err((at, "expected `,` or `}`")),
                (_, Within::Array) => return Err((at, "expected `,` or `]`")),
            }
        }
    }
}

/// What it is, and where it ends.
#[inline(always)]
fn number_or_word(bytes: &[u8], at: usize, first: u8) -> Result<(Kind, usize), Unexpected> {
    match first {
        b'-' | b'0'..=b'9' => Ok((Kind::Number, scan::number_end(bytes, at)?)),
        b't' if bytes[at..].starts_with(b"true") => Ok((Kind::Bool, at + 4)),
        b'f' if bytes[at..].starts_with(b"false") => Ok((Kind::Bool, at + 5)),
        b'n' if bytes[at..].starts_with(b"null") => Ok((Kind::Null, at + 4)),
        _ => Err((at, "expected a value")),
    }
}
