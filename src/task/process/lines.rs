//! Lines of a stream, with a bound on their length.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Reads lines. Cancel-safe: what was read stays.
pub(super) struct Lines<R> {
    stream: R,
    limit: usize,
    buffer: Vec<u8>,
    /// Bytes that are known to hold no end of a line.
    searched: usize,
}

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, without its end.
    Whole(Vec<u8>),
    /// More bytes than a line may have.
    TooLong,
    /// The stream is over.
    End,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(stream: R, limit: usize) -> Lines<R> {
        Lines {
            stream,
            limit,
            buffer: Vec::new(),
            searched: 0,
        }
    }

    /// The next line.
    pub(super) async fn next(&mut self) -> io::Result<Line> {
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[self.searched..]) {
                let rest = self.buffer.split_off(self.searched + at + 1);
                let mut line = std::mem::replace(&mut self.buffer, rest);
                line.pop();
                self.searched = 0;
                return Ok(Line::Whole(line));
            }
            self.searched = self.buffer.len();
            if self.buffer.len() > self.limit {
                return Ok(Line::TooLong);
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(Line::End);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_cut_at_their_ends_and_bounded() {
        let text = b"one\n\ntwo\n0123456789x".as_slice();
        let mut lines = Lines::new(text, 10);
        for want in ["one", "", "two"] {
            assert_eq!(lines.next().await.unwrap(), Line::Whole(want.into()));
        }
        assert_eq!(lines.next().await.unwrap(), Line::TooLong);
        let mut rest = Lines::new(b"no end".as_slice(), 10);
        assert_eq!(rest.next().await.unwrap(), Line::End);
    }
}
