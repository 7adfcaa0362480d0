//! A text under parsing: what is next, and where.

use super::SyntaxError;

/// Reads a text from left to right; positions are byte offsets.
#[derive(Clone, Debug)]
pub(in crate::expr) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(in crate::expr) fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, at: 0 }
    }

    pub(in crate::expr) fn offset(&self) -> usize {
        self.at
    }

    /// The text between an earlier offset and here.
    pub(in crate::expr) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    pub(in crate::expr) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(in crate::expr) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(in crate::expr) fn at_end(&self) -> bool {
        self.at == self.text.len()
    }

    pub(in crate::expr) fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Goes over `token` if it is next.
    pub(in crate::expr) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    pub(in crate::expr) fn expect(&mut self, token: &str) -> Result<(), SyntaxError> {
        if self.eat(token) {
            return Ok(());
        }
        Err(self.fail(match self.peek() {
            Some(found) => format!("expected '{token}', found '{found}'"),
            None => format!("expected '{token}', found the end"),
        }))
    }

    pub(in crate::expr) fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// Takes characters as long as they are wanted.
    pub(in crate::expr) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let start = self.at;
        while self.peek().is_some_and(&wanted) {
            self.bump();
        }
        self.since(start)
    }

    /// An error at this place.
    pub(in crate::expr) fn fail(&self, message: impl Into<String>) -> SyntaxError {
        SyntaxError::new(self.at, message)
    }
}
