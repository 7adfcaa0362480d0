//! One validating pass over a text that gives the table of nodes.
//!
//! Finds spans and converts nothing: numbers and escapes keep their spelling. Iterative, so depth costs no stack.

mod in_two;

use std::cell::RefCell;
use std::ops::Range;

use super::familiar::{Familiar, Likely, Place};
use super::node::{DIRTY, ESCAPED, KEY_ESCAPED, LOOK_CLOSER, Node, RESOLVED, Span};
use super::scan::{Specials, Unexpected};
use super::simd::Consumer;
use super::{Kind, ParseLimits, Value, duplicates, scan};
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

/// A container that is not closed yet, or the document around all.
#[derive(Clone, Copy)]
struct Frame {
    within: Within,
    flags: u8,
    height: u16,
    /// Elements or members so far.
    count: u32,
    /// Place in `nodes`.
    place: u32,
    /// Where the next name is expected; around an array, the name that it is the value of.
    expected: Place,
    /// The name that is likely there; none in an array.
    likely: Likely,
    /// Names so far, when they are lost: one bit of each word for each. A name that finds both its bits set may be a
    /// repetition.
    seen: (u64, u64),
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

impl Frame {
    fn new(within: Within, place: usize, expected: Place) -> Frame {
        Frame {
            within,
            flags: 0,
            height: 0,
            count: 0,
            place: place as u32,
            expected,
            likely: Likely::NONE,
            seen: (0, 0),
            suspect: false,
        }
    }

    /// Takes a scalar in.
    #[inline(always)]
    fn push(&mut self, scalar: Span, nodes: &mut Vec<Node>) {
        nodes.push(Node::Span(scalar));
        self.count += 1;
    }

    #[inline(always)]
    fn skip_space(&mut self, bytes: &[u8], at: usize) -> usize {
        if bytes[at] > b' ' {
            return at;
        }
        self.space_end(bytes, at)
    }

    #[inline(never)]
    fn space_end(&mut self, bytes: &[u8], at: usize) -> usize {
        let end = scan::space_end(bytes, at);
        if end != at {
            self.flags |= DIRTY;
        }
        end
    }

    /// The likely name behind the comma or brace at `at`, if it is there; gives the place of the value.
    #[inline(always)]
    fn likely_name(
        &mut self,
        bytes: &[u8],
        at: usize,
        familiar: &Familiar,
    ) -> Option<(Name, usize)> {
        let (len, next, likely) = familiar.recognise_likely(self.likely, bytes, at)?;
        (self.expected, self.likely) = (next, likely);
        Some(Name::familiar(at + 1, len))
    }

    /// Reads a name, the colon and the space around it; gives the place of the value.
    #[inline(always)]
    fn name(
        &mut self,
        bytes: &[u8],
        at: usize,
        nodes: &[Node],
        specials: Specials<'_>,
        familiar: &mut Familiar,
    ) -> Result<(Name, usize), Unexpected> {
        let Some((len, next)) = familiar.recognise(self.expected, bytes, at) else {
            return self.unfamiliar_name(bytes, at, nodes, specials, familiar);
        };
        (self.expected, self.likely) = (next, familiar.likely(next));
        Ok(Name::familiar(at, len))
    }

    #[inline(never)]
    fn unfamiliar_name(
        &mut self,
        bytes: &[u8],
        at: usize,
        nodes: &[Node],
        specials: Specials<'_>,
        familiar: &mut Familiar,
    ) -> Result<(Name, usize), Unexpected> {
        if bytes[at] != b'"' {
            return Err((at, "expected a member name"));
        }
        let start = at + 1;
        let (closing, escaped) = specials.string_end(bytes, start)?;
        let colon = self.skip_space(bytes, closing + 1);
        if bytes[colon] != b':' {
            return Err((colon, "expected `:`"));
        }
        let value = colon + 1;

        let len = closing - start;
        let plain = !escaped && len < LOOK_CLOSER as usize;
        let name = Name {
            start: start as u32,
            len: if plain { len as u16 } else { LOOK_CLOSER },
            flags: if escaped { KEY_ESCAPED } else { 0 },
        };
        self.likely = Likely::NONE; // What was learned just now was followed by nothing yet.
        if !self.expected.is_lost() {
            // An escaped name may be spelled unlike its twin.
            let is_new =
                !escaped && self.count <= FEW && !self.has(&bytes[start..closing], bytes, nodes);
            if is_new {
                self.expected = familiar.learn(self.expected, &bytes[start..closing]);
            } else {
                self.expected = Place::LOST;
            }
            if self.expected.is_lost() {
                self.see_all(bytes, nodes);
            } else {
                return Ok((name, value));
            }
        }
        let bits = seen_bits(bytes, start, len);
        if (self.seen.0 & bits.0 != 0 && self.seen.1 & bits.1 != 0) || escaped {
            self.suspect |=
                escaped || self.count > FEW || self.has(&bytes[start..closing], bytes, nodes);
        }
        self.see(bits);
        Ok((name, value))
    }

    fn see(&mut self, bits: (u64, u64)) {
        self.seen.0 |= bits.0;
        self.seen.1 |= bits.1;
    }

    /// Marks all names so far as seen; none of them is escaped, or all are compared in the end anyway.
    fn see_all(&mut self, bytes: &[u8], nodes: &[Node]) {
        let mut place = self.place as usize + 1;
        for _ in 0..self.count {
            let Node::Span(member) = &nodes[place] else {
                unreachable!("a parsed object holds parsed members")
            };
            self.see(seen_bits(
                bytes,
                member.key_start as usize,
                member.key_len as usize,
            ));
            place += member.size as usize;
        }
    }

    /// Whether one of the few members so far has this name, spelled alike; says yes too often where a name is very long.
    #[cold]
    fn has(&self, name: &[u8], bytes: &[u8], nodes: &[Node]) -> bool {
        let mut place = self.place as usize + 1;
        (0..self.count).any(|_| {
            let Node::Span(member) = &nodes[place] else {
                unreachable!("a parsed object holds parsed members")
            };
            place += member.size as usize;
            let key_len = member.key_len;
            (key_len == LOOK_CLOSER || usize::from(key_len) == name.len())
                && bytes[member.key_start as usize..].starts_with(name)
        })
    }

    /// Compares all names. If one is repeated, the object gets a node in which that is resolved.
    #[cold]
    fn resolve(
        &mut self,
        text: &str,
        end: usize,
        limits: ParseLimits,
        tables: &mut Tables<'_>,
    ) -> Result<(), Unexpected> {
        let repeated = duplicates::resolve(text, self.place as usize, self.count, end, tables);
        match repeated {
            Some(offset) if limits.reject_duplicate_keys => {
                Err((offset, "a member name occurs twice"))
            }
            Some(_) => {
                self.flags |= DIRTY | RESOLVED;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// This frame once `closed` is one of its elements or members.
    #[inline(always)]
    fn around(mut self, closed: &Frame) -> Frame {
        self.count += 1;
        self.height = self.height.max(closed.height + 1);
        self.flags |= closed.flags & DIRTY;
        self
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

/// A bit of each word for a name.
fn seen_bits(bytes: &[u8], start: usize, len: usize) -> (u64, u64) {
    let hash = (scan::prefix(bytes, start, len) ^ len as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (1 << (hash >> 58), 1 << (hash >> 52 & 63))
}

impl Name {
    /// The name whose quote stands at `at`, and where its value begins.
    #[inline(always)]
    fn familiar(at: usize, len: usize) -> (Name, usize) {
        let name = Name {
            start: at as u32 + 1,
            len: len as u16,
            flags: 0,
        };
        // Both quotes and the colon.
        (name, at + len + 3)
    }

    #[inline(always)]
    fn span(self, kind: Kind, flags: u8, depth: u16, start: usize, end: usize) -> Span {
        Span {
            start: start as u32,
            end: end as u32,
            key_start: self.start,
            size: 1,
            count: 0,
            key_len: self.len,
            height: 0,
            depth,
            kind,
            flags: flags | self.flags,
        }
    }
}
