//! A large text read in two pieces at the same time.
//!
//! The second piece begins where an element of an array seems to begin: behind `},` in front of `{`. What such an element
//! and those behind it are depends on nothing in front of them. So when the first reader comes to that place, and it is
//! the beginning of an element, it takes in what the second one found and goes on behind it. Whenever anything is not as
//! it should be, an error included, the caller reads the text again as one.

use std::ops::Range;

use super::super::ParseLimits;
use super::super::node::Node;
use super::super::scan::Specials;
use super::{
    FAMILIAR, Frame, Kind, NO_NAME, Place, Scratch, Tables, Unexpected, Within, scan, tokens,
};

/// Where the search for a seam begins, in sixteenths of the text: the second reader has to be woken first.
const SEAM: usize = 10;
/// Bytes that are searched for a seam.
const SEARCHED: usize = 16 << 10;

/// Where a pass stands: before a value, or behind one.
#[derive(Clone, Copy)]
pub(super) struct Stop {
    pub(super) at: usize,
    pub(super) frame: Frame,
    /// Of the next value.
    pub(super) depth: u16,
    pub(super) is_behind_value: bool,
}

impl Stop {
    /// Before the one value of a document.
    pub(super) fn start(bytes: &[u8], start: usize, scratch: &mut Scratch) -> Stop {
        scratch.open.clear();
        Stop {
            at: scan::space_end(bytes, start),
            frame: Frame::new(Within::Document, 0, Place::start(&bytes[start..])),
            depth: 0,
            is_behind_value: false,
        }
    }
}

/// One of the two pieces.
pub struct Piece<'a> {
    text: &'a str,
    /// From its first byte to the end of the text.
    range: Range<usize>,
    /// Where it stops; the second one stops by itself.
    seam: Option<usize>,
    limits: ParseLimits,
    tables: Tables<'a>,
    read: Option<Stop>,
}

/// Where the second piece may begin.
pub(in crate::value) fn seam(text: &str, range: &Range<usize>) -> Option<usize> {
    let bytes = &text.as_bytes()[..range.end];
    let from = range.start + range.len() / 16 * SEAM;
    let window = &bytes[from..range.end.min(from + SEARCHED)];
    let starts_element = |at: &usize| {
        let before = bytes[..*at].trim_ascii_end().strip_suffix(b",");
        before.is_some_and(|before| before.trim_ascii_end().ends_with(b"}"))
    };
    memchr::memchr_iter(b'{', window)
        .map(|at| from + at)
        .find(starts_element)
}

impl<'a> Piece<'a> {
    /// Both pieces of the text in `range`.
    pub(in crate::value) fn both(
        text: &'a str,
        range: Range<usize>,
        seam: usize,
        limits: ParseLimits,
        tables: [Tables<'a>; 2],
    ) -> [Piece<'a>; 2] {
        let ranges = [(range.clone(), Some(seam)), (seam..range.end, None)];
        let mut pieces = ranges.into_iter().zip(tables);
        [(); 2].map(|()| {
            let ((range, seam), tables) = pieces.next().expect("there are two of each");
            Piece {
                text,
                range,
                seam,
                limits,
                tables,
                read: None,
            }
        })
    }

    /// Reads it.
    pub fn read(&mut self) {
        let bytes = self.text.as_bytes();
        let from = match self.seam {
            Some(_) => Stop::start(bytes, self.range.start, self.tables.scratch),
            None => self.within_array(),
        };
        self.read = self.go_on(from, self.seam.unwrap_or(usize::MAX)).ok();
    }

    /// As an array that begins here without its bracket.
    fn within_array(&mut self) -> Stop {
        let at = self.range.start;
        let place = Place::start(&self.text.as_bytes()[at..]);
        let open = &mut self.tables.scratch.open;
        open.clear();
        open.push(Frame::new(Within::Document, 0, place));
        let around = NO_NAME.span(Kind::Array, 0, 0, at, at);
        self.tables.nodes.push(Node::Span(around));
        Stop {
            at,
            frame: Frame::new(Within::Array, 0, place),
            depth: 1,
            is_behind_value: false,
        }
    }

    #[inline(never)]
    fn go_on(&mut self, from: Stop, seam: usize) -> Result<Stop, Unexpected> {
        let (text, limits, tables) = (self.text, self.limits, &mut self.tables);
        let mut map = std::mem::take(&mut tables.scratch.specials);
        let marked = from.at..self.range.end;
        let specials = Specials::mark(text.as_bytes(), &marked, &mut map);
        let read = FAMILIAR.with_borrow_mut(|familiar| {
            familiar.refresh();
            tokens(text, from, seam, limits, specials, familiar, tables)
        });
        tables.scratch.specials = map;
        read
    }

    /// Takes the second piece in and goes on behind it. Whether the text was read to its end.
    pub(in crate::value) fn finish(mut self, second: Piece<'_>) -> bool {
        let end = self.range.end;
        match self.read {
            Some(stop) if stop.at == end => true,
            Some(stop) if Some(stop.at) == self.seam => {
                let behind = self.take_in(stop, &second);
                behind.is_some_and(|behind| {
                    let read = self.go_on(behind, usize::MAX);
                    read.is_ok_and(|stop| stop.at == end)
                })
            }
            _ => false,
        }
    }

    fn take_in(&mut self, stop: Stop, second: &Piece<'_>) -> Option<Stop> {
        second.read?;
        let (around, elements) = second.tables.nodes.split_first()?;
        let Node::Span(around) = around else {
            return None;
        };
        let depth = self.tables.scratch.open.len() + around.height as usize - 1;
        // What resolves a repeated name would have to be moved.
        if depth > self.limits.depth || !second.tables.lists.is_empty() {
            return None;
        }
        let nodes = &mut *self.tables.nodes;
        let n_before = nodes.len();
        nodes.extend_from_slice(elements);
        // For the second reader the array was the document.
        let deeper = stop.depth.wrapping_sub(1);
        for node in &mut nodes[n_before..] {
            if let Node::Span(span) = node {
                span.depth = span.depth.wrapping_add(deeper);
            }
        }
        let mut frame = stop.frame;
        frame.take_in(around);
        Some(Stop {
            // In front of the bracket.
            at: around.end as usize - 1,
            frame,
            depth: stop.depth,
            is_behind_value: true,
        })
    }
}
