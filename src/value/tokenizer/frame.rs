//! A container on its way: its names, its bounds, and the node that it gets.

use super::super::familiar::{Familiar, Likely, Place};
use super::super::node::{DIRTY, KEY_ESCAPED, LOOK_CLOSER, Node, RESOLVED, Span};
use super::super::scan::{Specials, Unexpected};
use super::super::{Kind, ParseLimits, duplicates, scan};
use super::Tables;

/// A container that is not closed yet, or the document around all.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) within: Within,
    flags: u8,
    height: u16,
    /// Elements or members so far.
    count: u32,
    /// Place in `nodes`.
    place: u32,
    /// Where the next name is expected; around an array, the name that it is the value of.
    pub(super) expected: Place,
    /// The name that is likely there; none in an array.
    pub(super) likely: Likely,
    /// Names so far, when they are lost: one bit of each word for each. A name that finds both its bits set may be a
    /// repetition.
    seen: (u64, u64),
    /// Names must be compared when the object closes.
    pub(super) suspect: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    Document,
    Array,
    Object,
}

/// The name in front of the value that comes next.
#[derive(Clone, Copy)]
pub(super) struct Name {
    start: u32,
    len: u16,
    flags: u8,
}

pub(super) const NO_NAME: Name = Name {
    start: 0,
    len: 0,
    flags: 0,
};

/// Up to this many members, a possible repetition is looked for at once; beyond, all are compared when the object ends.
const FEW: u32 = 32;

impl Frame {
    pub(super) fn new(within: Within, place: usize, expected: Place) -> Frame {
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
    pub(super) fn push(&mut self, scalar: Span, nodes: &mut Vec<Node>) {
        nodes.push(Node::Span(scalar));
        self.count += 1;
    }

    #[inline(always)]
    pub(super) fn skip_space(&mut self, bytes: &[u8], at: usize) -> usize {
        if bytes[at] > b' ' {
            return at;
        }
        self.space_end(bytes, at)
    }

    #[inline(never)]
    pub(super) fn space_end(&mut self, bytes: &[u8], at: usize) -> usize {
        let end = scan::space_end(bytes, at);
        if end != at {
            self.flags |= DIRTY;
        }
        end
    }

    /// The likely name behind the comma or brace at `at`, if it is there; gives the place of the value.
    #[inline(always)]
    pub(super) fn likely_name(
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
    pub(super) fn name(
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
    pub(super) fn resolve(
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

    /// Takes in the elements of an array that was read elsewhere.
    pub(super) fn take_in(&mut self, elsewhere: &Span) {
        self.count += elsewhere.count;
        self.height = self.height.max(elsewhere.height - 1);
        self.flags |= elsewhere.flags & DIRTY;
    }

    /// This frame once `closed` is one of its elements or members.
    #[inline(always)]
    pub(super) fn around(mut self, closed: &Frame) -> Frame {
        self.count += 1;
        self.height = self.height.max(closed.height + 1);
        self.flags |= closed.flags & DIRTY;
        self
    }

    #[inline(always)]
    pub(super) fn close(&self, end: usize, nodes: &mut [Node]) {
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
    pub(super) fn span(self, kind: Kind, flags: u8, depth: u16, start: usize, end: usize) -> Span {
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
