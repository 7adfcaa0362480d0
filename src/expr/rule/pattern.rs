//! The patterns of `StringMatches`.

/// A pattern: `*` is any run of characters, `\*` and `\\` are the characters themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// What stands before the first `*`.
    first: Box<str>,
    /// What stands between two `*`, where there is anything.
    middle: Box<[Box<str>]>,
    /// What stands behind the last `*`; nothing where the pattern has none.
    last: Option<Box<str>>,
}

impl Pattern {
    /// Reads a pattern; a backslash before anything else than `*` and `\` is an error.
    pub(super) fn parse(text: &str) -> Result<Pattern, String> {
        let mut parts = vec![String::new()];
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let literal = match c {
                '*' => {
                    parts.push(String::new());
                    continue;
                }
                '\\' => match chars.next() {
                    Some(escaped @ ('*' | '\\')) => escaped,
                    _ => return Err("a backslash escapes * and \\ only".to_owned()),
                },
                c => c,
            };
            if let Some(part) = parts.last_mut() {
                part.push(literal);
            }
        }
        let last = match parts.len() {
            1 => None,
            _ => parts.pop().map(String::into_boxed_str),
        };
        let mut parts = parts.into_iter().map(String::into_boxed_str);
        Ok(Pattern {
            first: parts.next().unwrap_or_default(),
            middle: parts.filter(|part| !part.is_empty()).collect(),
            last,
        })
    }

    /// Whether the whole text matches. Taking the first place for each part is enough: a later one leaves less text behind.
    pub(super) fn matches(&self, text: &str) -> bool {
        if !begins(text, &self.first) {
            return false;
        }
        let Some(last) = &self.last else {
            return text.len() == self.first.len();
        };
        let mut text = &text[self.first.len()..];
        for part in &self.middle {
            match text.find(&**part) {
                Some(at) => text = &text[at + part.len()..],
                None => return false,
            }
        }
        last.is_empty() || text.ends_with(&**last)
    }
}

/// Comparing with an empty boxed text is slow: it has no memory that could be read.
fn begins(text: &str, first: &str) -> bool {
    first.is_empty() || text.starts_with(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_run() {
        let cases = [
            ("", "", true),
            ("", "x", false),
            ("*", "", true),
            ("*", "anything", true),
            ("log-*.txt", "log-1.txt", true),
            ("log-*.txt", "log-.txt", true),
            ("log-*.txt", "log-.txt2", false),
            ("log-*.txt", "log.txt", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("**", "x", true),
            (r"foo\*bar", "foo*bar", true),
            (r"foo\*bar", "fooxbar", false),
            (r"\\*", r"\path", true),
            ("é*ü", "éclairü", true),
            ("a.c", "abc", false),
            ("?", "x", false),
            ("abc", "ABC", false),
        ];
        for (pattern, text, want) in cases {
            let pattern = Pattern::parse(pattern).expect("a pattern");
            assert_eq!(pattern.matches(text), want, "{pattern:?} {text}");
        }
    }

    #[test]
    fn a_dangling_backslash_is_an_error() {
        assert!(Pattern::parse(r"abc\").is_err());
        assert!(Pattern::parse(r"a\bc").is_err());
    }
}
