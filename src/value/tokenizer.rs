//! One validating pass over a text that gives the table of nodes.
//!
//! Finds spans and converts nothing: numbers and escapes keep their spelling. Iterative, so depth costs no stack.

use std::ops::Range;

use super::node::{DIRTY, ESCAPED, KEY_ESCAPED, LOOK_CLOSER, Node, RESOLVED, Span};
use super::{Kind, ParseLimits, Value, duplicates, scan};

/// What follows every parsed text, so that fixed-size loads near its end stay inside. NUL ends every token.
pub(super) const PADDING: &str = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

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
    pub(super) names: Vec<(u32, u32)>,
    pub(super) members: Vec<(Value, Value)>,
    pub(super) elements: Vec<Value>,
    pub(super) printed: Vec<u8>,
}

impl Scratch {
    pub(super) fn shrink_to(&mut self, bytes: usize) {
        self.names.shrink_to(bytes / size_of::<(u32, u32)>());
        self.members.shrink_to(bytes / size_of::<(Value, Value)>());
        self.elements.shrink_to(bytes / size_of::<Value>());
        self.printed.shrink_to(bytes);
    }
}

/// A container that is not closed yet, or the document around all.
struct Frame {
    within: Within,
    flags: u8,
    height: u16,
    /// Elements or members so far.
    count: u32,
    /// Place in `nodes`.
    place: u32,
    /// Names so far: one bit each.
    seen: [u64; 4],
    /// Names must be compared when the object closes.
    suspect: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Document,
    Array,
    Object,
}

/// The name in front of the value that comes next.
#[derive(Clone, Copy)]
struct Name {
    start: u32,
    len: u16,
    flags: u8,
}

const NO_NAME: Name = Name {
    start: 0,
    len: 0,
    flags: 0,
};

/// Up to this many members, a possible repetition is looked for at once; beyond, all are compared when the object ends.
const FEW: u32 = 32;

/// Reads the one value that `range` of `text` holds; [`PADDING`] follows the range.
pub(super) fn tokenize(
    text: &str,
    range: Range<usize>,
    limits: ParseLimits,
    tables: Tables<'_>,
) -> Result<(), Fault> {
    let nodes = tables.nodes;
    let open = &mut tables.scratch.open;
    let bytes = text.as_bytes();
    let fault = |at: usize, expected: &'static str| match at < range.end {
        true => Fault::new(at, expected),
        false => Fault::new(range.end, "unexpected end of the text"),
    };

    open.clear();
    let mut frame = Frame::new(Within::Document, 0);
    let mut name = NO_NAME;
    let mut at = scan::space_end(bytes, range.start);
    'value: loop {
        let start = at;
        match bytes[at] {
            opening @ (b'{' | b'[') => {
                if open.len() >= limits.depth {
                    return Err(fault(at, "nesting is too deep"));
                }
                let (kind, within, closing) = match opening {
                    b'{' => (Kind::Object, Within::Object, b'}'),
                    _ => (Kind::Array, Within::Array, b']'),
                };
                open.push(std::mem::replace(
                    &mut frame,
                    Frame::new(within, nodes.len()),
                ));
                nodes.push(Node::Span(name.span(kind, 0, start, start)));
                at = frame.skip_space(bytes, at + 1);
                if bytes[at] != closing {
                    name = NO_NAME;
                    if within == Within::Object {
                        (name, at) = frame
                            .name(text, at, nodes)
                            .map_err(|(at, expected)| fault(at, expected))?;
                    }
                    continue 'value;
                }
            }
            first => {
                let (kind, flags);
                (kind, flags, at) =
                    scalar(bytes, at, first).map_err(|(at, expected)| fault(at, expected))?;
                nodes.push(Node::Span(name.span(kind, flags, start, at)));
                frame.count += 1;
            }
        }

        // Behind a value, or at the end of an empty container.
        loop {
            if frame.within == Within::Document {
                break 'value;
            }
            at = frame.skip_space(bytes, at);
            match (bytes[at], frame.within) {
                (b',', Within::Object) => {
                    at = frame.skip_space(bytes, at + 1);
                    (name, at) = frame
                        .name(text, at, nodes)
                        .map_err(|(at, expected)| fault(at, expected))?;
                    continue 'value;
                }
                (b',', _) => {
                    at = frame.skip_space(bytes, at + 1);
                    continue 'value;
                }
                (b'}', Within::Object) | (b']', Within::Array) => {
                    at += 1;
                    let outer = open.pop().expect("the document encloses every container");
                    let mut closed = std::mem::replace(&mut frame, outer);
                    if closed.suspect {
                        let place = closed.place as usize;
                        let repeated = duplicates::resolve(
                            text,
                            place,
                            closed.count,
                            at,
                            nodes,
                            &mut tables.scratch.names,
                            tables.lists,
                            tables.base,
                        );
                        if let Some(offset) = repeated {
                            if limits.reject_duplicate_keys {
                                return Err(fault(offset, "a member name occurs twice"));
                            }
                            closed.flags |= DIRTY | RESOLVED;
                        }
                    }
                    frame.adopt(&closed);
                    closed.close(at, nodes);
                }
                (_, Within::Object) => return Err(fault(at, "expected `,` or `}`")),
                _ => return Err(fault(at, "expected `,` or `]`")),
            }
        }
    }

    at = scan::space_end(bytes, at);
    match at == range.end {
        true => Ok(()),
        false => Err(fault(at, "expected the end of the text")),
    }
}

#[inline(always)]
fn scalar(bytes: &[u8], at: usize, first: u8) -> Result<(Kind, u8, usize), (usize, &'static str)> {
    match first {
        b'"' => {
            let (closing, escaped) = scan::string_end(bytes, at + 1)?;
            Ok((Kind::String, if escaped { ESCAPED } else { 0 }, closing + 1))
        }
        b'-' | b'0'..=b'9' => Ok((Kind::Number, 0, scan::number_end(bytes, at)?)),
        b't' if bytes[at..].starts_with(b"true") => Ok((Kind::Bool, 0, at + 4)),
        b'f' if bytes[at..].starts_with(b"false") => Ok((Kind::Bool, 0, at + 5)),
        b'n' if bytes[at..].starts_with(b"null") => Ok((Kind::Null, 0, at + 4)),
        _ => Err((at, "expected a value")),
    }
}

impl Frame {
    fn new(within: Within, place: usize) -> Frame {
        Frame {
            within,
            flags: 0,
            height: 0,
            count: 0,
            place: place as u32,
            seen: [0; 4],
            suspect: false,
        }
    }

    #[inline(always)]
    fn skip_space(&mut self, bytes: &[u8], at: usize) -> usize {
        if bytes[at] > b' ' {
            return at;
        }
        let end = scan::space_end(bytes, at);
        if end != at {
            self.flags |= DIRTY;
        }
        end
    }

    /// Reads a name, the colon and the space around it; gives the place of the value.
    #[inline(always)]
    fn name(
        &mut self,
        text: &str,
        at: usize,
        nodes: &[Node],
    ) -> Result<(Name, usize), (usize, &'static str)> {
        let bytes = text.as_bytes();
        if bytes[at] != b'"' {
            return Err((at, "expected a member name"));
        }
        let start = at + 1;
        let (closing, escaped) = scan::string_end(bytes, start)?;
        let colon = self.skip_space(bytes, closing + 1);
        if bytes[colon] != b':' {
            return Err((colon, "expected `:`"));
        }
        let value = self.skip_space(bytes, colon + 1);

        let len = closing - start;
        let plain = !escaped && len < LOOK_CLOSER as usize;
        let name = Name {
            start: start as u32,
            len: if plain { len as u16 } else { LOOK_CLOSER },
            flags: if escaped { KEY_ESCAPED } else { 0 },
        };
        let hash =
            (scan::prefix(bytes, start, len) ^ len as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (word, bit) = ((hash >> 62) as usize, 1 << (hash >> 56 & 63));
        // An escaped name may be spelled unlike its twin.
        if self.seen[word] & bit != 0 || escaped {
            self.suspect |=
                escaped || self.count > FEW || self.has(&bytes[start..closing], bytes, nodes);
        }
        self.seen[word] |= bit;
        Ok((name, value))
    }

    /// Whether one of the few members so far has this name, spelled alike.
    #[cold]
    fn has(&self, name: &[u8], bytes: &[u8], nodes: &[Node]) -> bool {
        let mut place = self.place as usize + 1;
        (0..self.count).any(|_| {
            let Node::Span(member) = &nodes[place] else {
                unreachable!("a parsed object holds parsed members")
            };
            place += member.size as usize;
            bytes[member.key_start as usize..].starts_with(name)
        })
    }

    /// Takes in what a value that was closed says of its surroundings.
    #[inline(always)]
    fn adopt(&mut self, closed: &Frame) {
        self.count += 1;
        self.height = self.height.max(closed.height + 1);
        self.flags |= closed.flags & DIRTY;
    }

    #[inline(always)]
    fn close(&self, end: usize, nodes: &mut [Node]) {
        let size = (nodes.len() - self.place as usize) as u32;
        let Node::Span(span) = &mut nodes[self.place as usize] else {
            unreachable!("a container opens with its span")
        };
        span.end = end as u32;
        span.size = size;
        span.count = self.count;
        span.height = self.height + 1;
        span.flags |= self.flags;
    }
}

impl Name {
    #[inline(always)]
    fn span(self, kind: Kind, flags: u8, start: usize, end: usize) -> Span {
        Span {
            start: start as u32,
            end: end as u32,
            key_start: self.start,
            size: 1,
            count: 0,
            key_len: self.len,
            height: 0,
            kind,
            flags: flags | self.flags,
        }
    }
}
