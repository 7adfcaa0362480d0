//! Cuts bytes into lines, and lines into batches. Blank lines are no records.

use std::ops::Range;
use std::sync::Arc;

use crate::kafka::{Headers, Record, TimestampType};
use crate::source::Records;

use super::checkpoint::Position;

/// How much is read at once.
const BLOCK: usize = 256 << 10;

/// Lines out of blocks. Keeps one block and what is left of the line before it.
pub(super) struct LineSplitter {
    buffer: Vec<u8>,
    /// Where the next line begins in `buffer`.
    start: usize,
    /// Where it ends, its line feed not included; known once it is complete.
    line_end: Option<usize>,
    /// No line feed before here.
    searched: usize,
    position: Position,
    longest: usize,
    /// Bytes of the current line that were not kept.
    dropped: u64,
    ended: bool,
}

/// A complete line.
pub(super) struct Line<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) start: Position,
    /// Where the next line begins.
    pub(super) next: Position,
}

impl LineSplitter {
    pub(super) fn new(position: Position, longest: usize) -> LineSplitter {
        LineSplitter {
            buffer: Vec::new(),
            start: 0,
            line_end: None,
            searched: 0,
            position,
            longest: longest.max(1),
            dropped: 0,
            ended: false,
        }
    }

    /// Takes the bytes that `read` appends, at most [`BLOCK`] at a time.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.drop_excess();
        self.buffer.reserve(BLOCK);
        &mut self.buffer
    }

    /// Nothing follows: what is there is the last line.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// Whether a line is complete. Passes over blank lines.
    pub(super) fn has_line(&mut self) -> bool {
        while self.line_end.is_none() {
            let Some(end) = self.find_end() else {
                return false;
            };
            self.line_end = Some(end);
            if self.buffer[self.start..end]
                .iter()
                .all(u8::is_ascii_whitespace)
            {
                self.pop();
            }
        }
        true
    }

    fn find_end(&mut self) -> Option<usize> {
        let found = memchr::memchr(b'\n', &self.buffer[self.searched..]);
        match found {
            Some(at) => Some(self.searched + at),
            None => {
                self.searched = self.buffer.len();
                (self.ended && self.start < self.buffer.len()).then_some(self.buffer.len())
            }
        }
    }

    /// The line that [`LineSplitter::has_line`] found.
    pub(super) fn peek(&mut self) -> Option<Line<'_>> {
        if !self.has_line() {
            return None;
        }
        let end = self.line_end?;
        let kept = end.min(self.start + self.longest);
        Some(Line {
            bytes: &self.buffer[self.start..kept],
            start: self.position,
            next: self.next(end),
        })
    }

    /// Goes on to the next line.
    pub(super) fn pop(&mut self) {
        let Some(end) = self.line_end.take() else {
            return;
        };
        self.position = self.next(end);
        self.start = (end + 1).min(self.buffer.len());
        self.searched = self.start;
        self.dropped = 0;
    }

    fn next(&self, end: usize) -> Position {
        let with_line_feed = (end + 1).min(self.buffer.len());
        Position {
            line: self.position.line + 1,
            byte: self.position.byte + self.dropped + (with_line_feed - self.start) as u64,
        }
    }

    /// An unfinished line may not grow for ever: behind its longest form its bytes are counted only.
    fn drop_excess(&mut self) {
        let excess = self.buffer.len().saturating_sub(self.longest);
        if self.line_end.is_none() && excess > 0 {
            self.buffer.truncate(self.longest);
            self.searched = self.longest;
            self.dropped += excess as u64;
        }
    }
}

/// Lines of a file as records.
pub(super) struct LineBatch {
    topic: Arc<str>,
    bytes: Vec<u8>,
    lines: Vec<(i64, Range<usize>)>,
}

impl LineBatch {
    pub(super) fn new(topic: Arc<str>) -> LineBatch {
        LineBatch {
            topic,
            bytes: Vec::new(),
            lines: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, offset: i64, line: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(line);
        self.lines.push((offset, start..self.bytes.len()));
    }
}

impl Records for LineBatch {
    fn len(&self) -> usize {
        self.lines.len()
    }

    fn record(&self, index: usize) -> Record<'_> {
        let (offset, range) = self.lines[index].clone();
        Record {
            topic: &self.topic,
            partition: 0,
            offset,
            timestamp: None,
            timestamp_type: TimestampType::CreateTime,
            key: None,
            value: Some(&self.bytes[range]),
            headers: Headers::NONE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `text` in blocks of `block` bytes; gives each line with its number and the byte behind it.
    fn split(text: &str, block: usize, longest: usize) -> Vec<(i64, String, u64)> {
        let mut splitter = LineSplitter::new(Position::default(), longest);
        let mut lines = Vec::new();
        let mut take = |splitter: &mut LineSplitter| {
            while let Some(line) = splitter.peek() {
                let text = String::from_utf8_lossy(line.bytes).into_owned();
                lines.push((line.start.line, text, line.next.byte));
                splitter.pop();
            }
        };
        for block in text.as_bytes().chunks(block) {
            splitter.buffer().extend_from_slice(block);
            take(&mut splitter);
        }
        splitter.end();
        take(&mut splitter);
        lines
    }

    #[test]
    fn lines_do_not_depend_on_blocks() {
        let text = "{\"a\":1}\n\n  \r\n[2]\nlast";
        let want = [
            (0, "{\"a\":1}".to_string(), 8),
            (3, "[2]".to_string(), 17),
            (4, "last".to_string(), 21),
        ];
        for block in 1..=text.len() {
            assert_eq!(split(text, block, 100), want, "block of {block}");
        }
    }

    #[test]
    fn a_long_line_is_cut_and_its_position_is_not() {
        let text = "0123456789\nab\n";
        for block in 1..=text.len() {
            let want = [(0, "0123".to_string(), 11), (1, "ab".to_string(), 14)];
            assert_eq!(split(text, block, 4), want, "block of {block}");
        }
    }
}
