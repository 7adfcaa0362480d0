//! Text to tokens. Whether a `/` divides or begins a regular expression is for the parser to say.

use super::super::error::CompileError;

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// Byte offset of its first character.
    pub(super) position: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    /// An operator, bracket or separator; also the words `and`, `or`, `in`.
    Operator(&'static str),
    Name(String),
    /// `$name` without its `$`.
    Variable(String),
    String(String),
    Integer(i64),
    Float(f64),
    True,
    False,
    Null,
    Regex {
        pattern: String,
        flags: String,
    },
    End,
}

impl TokenKind {
    /// As messages show it.
    pub(super) fn text(&self) -> String {
        match self {
            TokenKind::Operator(text) => (*text).to_owned(),
            TokenKind::Name(text) | TokenKind::Variable(text) | TokenKind::String(text) => {
                text.clone()
            }
            TokenKind::Integer(value) => value.to_string(),
            TokenKind::Float(value) => value.to_string(),
            TokenKind::True => "true".to_owned(),
            TokenKind::False => "false".to_owned(),
            TokenKind::Null => "null".to_owned(),
            TokenKind::Regex { pattern, .. } => pattern.clone(),
            TokenKind::End => "(end)".to_owned(),
        }
    }
}

/// Longest first, so that the first that fits is the operator.
const OPERATORS: &[&str] = &[
    "..", ":=", "!=", ">=", "<=", "**", "~>", ".", "[", "]", "{", "}", "(", ")", ",", "@", "#",
    ";", ":", "?", "+", "-", "*", "/", "%", "|", "=", "<", ">", "^", "&", "!", "~",
];

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}')
}

/// Ends a name.
fn is_stop(c: char) -> bool {
    is_space(c)
        || c.is_ascii_punctuation()
            && OPERATORS
                .iter()
                .any(|operator| operator.len() == 1 && operator.starts_with(c))
}

pub(super) struct Lexer<'a> {
    source: &'a str,
    position: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(source: &'a str) -> Lexer<'a> {
        Lexer {
            source,
            position: 0,
        }
    }

    /// The next token. `operand_read`: an operand stands before it, so a `/` divides.
    pub(super) fn next(&mut self, operand_read: bool) -> Result<Token, CompileError> {
        self.skip_space()?;
        let position = self.position;
        let kind = self.kind(operand_read)?;
        Ok(Token { kind, position })
    }

    fn rest(&self) -> &'a str {
        &self.source[self.position..]
    }

    fn skip_space(&mut self) -> Result<(), CompileError> {
        loop {
            let rest = self.rest();
            self.position += rest.len() - rest.trim_start_matches(is_space).len();
            let Some(comment) = self.rest().strip_prefix("/*") else {
                return Ok(());
            };
            let Some(end) = comment.find("*/") else {
                return Err(CompileError::new("S0106", self.position));
            };
            self.position += end + 4;
        }
    }

    fn kind(&mut self, operand_read: bool) -> Result<TokenKind, CompileError> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(TokenKind::End);
        };
        match first {
            '/' if !operand_read => self.regex(),
            '"' | '\'' => self.string(first),
            '0'..='9' => self.number(),
            '`' => self.quoted_name(),
            _ => match OPERATORS
                .iter()
                .find(|operator| rest.starts_with(**operator))
            {
                Some(operator) => {
                    self.position += operator.len();
                    Ok(TokenKind::Operator(operator))
                }
                None => Ok(self.word()),
            },
        }
    }

    fn word(&mut self) -> TokenKind {
        let rest = self.rest();
        let word = &rest[..rest.find(is_stop).unwrap_or(rest.len())];
        self.position += word.len();
        if let Some(variable) = word.strip_prefix('$') {
            return TokenKind::Variable(variable.to_owned());
        }
        match word {
            "and" => TokenKind::Operator("and"),
            "or" => TokenKind::Operator("or"),
            "in" => TokenKind::Operator("in"),
            "true" => TokenKind::True,
            "false" => TokenKind::False,
            "null" => TokenKind::Null,
            _ => TokenKind::Name(word.to_owned()),
        }
    }

    fn quoted_name(&mut self) -> Result<TokenKind, CompileError> {
        let name = &self.rest()[1..];
        let Some(end) = name.find('`') else {
            return Err(CompileError::new("S0105", self.source.len()));
        };
        self.position += end + 2;
        Ok(TokenKind::Name(name[..end].to_owned()))
    }

    fn number(&mut self) -> Result<TokenKind, CompileError> {
        let rest = self.rest().as_bytes();
        let digits = |from: usize| {
            rest[from..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count()
        };
        // A number does not begin with more than one zero: `01` is 0 followed by 1.
        let mut len = if rest[0] == b'0' { 1 } else { digits(0) };
        let mut plain = true;
        if rest.get(len) == Some(&b'.') && digits(len + 1) > 0 {
            len += 1 + digits(len + 1);
            plain = false;
        }
        if matches!(rest.get(len), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(len + 1), Some(b'+' | b'-')));
            if rest.len() > len + 1 + sign && digits(len + 1 + sign) > 0 {
                len += 1 + sign + digits(len + 1 + sign);
                plain = false;
            }
        }
        let lexeme = &self.rest()[..len];
        let position = self.position;
        self.position += len;
        if let (true, Ok(integer)) = (plain, lexeme.parse()) {
            return Ok(TokenKind::Integer(integer));
        }
        match lexeme.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(TokenKind::Float(value)),
            _ => Err(CompileError::with("S0102", position, &[("token", lexeme)])),
        }
    }

    fn string(&mut self, quote: char) -> Result<TokenKind, CompileError> {
        let mut text = String::new();
        self.position += 1;
        while let Some(c) = self.bump() {
            match c {
                _ if c == quote => return Ok(TokenKind::String(text)),
                '\\' => text.push(self.escape()?),
                _ => text.push(c),
            }
        }
        Err(CompileError::new("S0101", self.source.len()))
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.position += c.len_utf8();
        Some(c)
    }

    /// What an escape stands for; the backslash is read already.
    fn escape(&mut self) -> Result<char, CompileError> {
        let position = self.position;
        match self.bump() {
            Some(c @ ('"' | '\\' | '/')) => Ok(c),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('u') => {
                let unit = self
                    .code_unit()
                    .ok_or_else(|| CompileError::new("S0104", position))?;
                Ok(self.joined(unit))
            }
            other => {
                let token = other.map(String::from).unwrap_or_default();
                Err(CompileError::with("S0103", position, &[("token", &token)]))
            }
        }
    }

    /// Four hexadecimal digits.
    fn code_unit(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4)?;
        let all_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let unit = all_hex
            .then(|| u32::from_str_radix(digits, 16).ok())
            .flatten()?;
        self.position += 4;
        Some(unit)
    }

    /// The character of a code unit: two surrogates in a row make one, a lone one has none.
    fn joined(&mut self, unit: u32) -> char {
        if (0xD800..0xDC00).contains(&unit) && self.rest().starts_with("\\u") {
            let before = self.position;
            self.position += 2;
            match self.code_unit() {
                Some(low @ 0xDC00..0xE000) => {
                    let code = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                    return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                }
                _ => self.position = before,
            }
        }
        char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// Up to the `/` that stands outside of brackets and is not escaped, then the flags.
    fn regex(&mut self) -> Result<TokenKind, CompileError> {
        self.position += 1;
        let source = self.rest();
        let mut depth = 0_i32;
        let mut escaped = false;
        for (offset, c) in source.char_indices() {
            match c {
                '/' if depth == 0 && !escaped => {
                    let pattern = &source[..offset];
                    if pattern.is_empty() {
                        return Err(CompileError::new("S0301", self.position));
                    }
                    let flags = &source[offset + 1..];
                    let flags = &flags[..flags.len() - flags.trim_start_matches(['i', 'm']).len()];
                    self.position += offset + 1 + flags.len();
                    return Ok(TokenKind::Regex {
                        pattern: pattern.to_owned(),
                        flags: flags.to_owned(),
                    });
                }
                '(' | '[' | '{' if !escaped => depth += 1,
                ')' | ']' | '}' if !escaped => depth -= 1,
                _ => {}
            }
            escaped = c == '\\' && !escaped;
        }
        Err(CompileError::new("S0302", self.source.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, want: &[&str]) {
        let mut lexer = Lexer::new(source);
        let mut found = Vec::new();
        let mut operand_read = false;
        loop {
            let token = lexer.next(operand_read).unwrap();
            if token.kind == TokenKind::End {
                break;
            }
            operand_read = !matches!(token.kind, TokenKind::Operator(_));
            found.push(token.kind.text());
        }
        assert_eq!(found, want, "{source}");
    }

    #[track_caller]
    fn refuses(source: &str, code: &str, position: usize) {
        let mut lexer = Lexer::new(source);
        let error = loop {
            match lexer.next(false) {
                Ok(token) => assert_ne!(token.kind, TokenKind::End, "{source} was read to its end"),
                Err(error) => break error,
            }
        };
        assert_eq!((error.code, error.position), (code, position), "{source}");
    }

    #[test]
    fn tokens_are_told_apart() {
        check("a.b[0]", &["a", ".", "b", "[", "0", "]"]);
        check("$a:=1..2", &["a", ":=", "1", "..", "2"]);
        check("1e3 01 1.5.x", &["1000", "0", "1", "1.5", ".", "x"]);
        check("a/b /* c */ ~>$f", &["a", "/", "b", "~>", "f"]);
        check("/a(\\/|\\()/im", &["a(\\/|\\()"]);
        check("`x y` é", &["x y", "é"]);
        check(r#"'\u00e9\ud83d\ude00\t' "it's""#, &["é😀\t", "it's"]);
    }

    #[test]
    fn what_is_no_token_is_refused_with_its_place() {
        refuses("'abc", "S0101", 4);
        refuses("1e999", "S0102", 0);
        refuses(r"'\x'", "S0103", 2);
        refuses(r"'\u12g4'", "S0104", 2);
        refuses("`abc", "S0105", 4);
        refuses("a /* b", "S0106", 2);
        refuses("//", "S0301", 1);
        refuses("/ab", "S0302", 3);
    }
}
