//! Regular expressions as JavaScript writes them, run by an engine whose time is bounded.

use super::error::{CompileError, Failure, quote};

/// So many steps back a search may take where it needs to (look-around, back references).
const BACKTRACK_LIMIT: usize = 1_000_000;

/// Bytes of one compiled expression.
const SIZE_LIMIT: usize = 1 << 20;

/// A compiled regular expression.
#[derive(Debug)]
pub(super) enum Regex {
    /// Runs in time linear in the text.
    Linear(regex::Regex),
    /// Goes back where it needs to: look-around and back references.
    Backtracking(fancy_regex::Regex),
}

/// Between a letter of a word and none, by the letters of ASCII; in the spelling of each engine.
const BOUNDARY: [&str; 2] = [
    r"(?-u:\b)",
    "(?:(?<![0-9A-Za-z_])(?=[0-9A-Za-z_])|(?<=[0-9A-Za-z_])(?![0-9A-Za-z_]))",
];
const NO_BOUNDARY: [&str; 2] = [
    r"(?-u:\B)",
    "(?:(?<![0-9A-Za-z_])(?![0-9A-Za-z_])|(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_]))",
];

/// Where an expression was found; all places are byte offsets.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) groups: Vec<Option<(usize, usize)>>,
}

impl Regex {
    pub(super) fn compile(
        pattern: &str,
        flags: &str,
        position: usize,
    ) -> Result<Regex, CompileError> {
        let linear = regex::RegexBuilder::new(&translated(pattern, flags, 0))
            .size_limit(SIZE_LIMIT)
            .build();
        if let Ok(engine) = linear {
            return Ok(Regex::Linear(engine));
        }
        let backtracking = fancy_regex::RegexBuilder::new(&translated(pattern, flags, 1))
            .backtrack_limit(BACKTRACK_LIMIT)
            .delegate_size_limit(SIZE_LIMIT)
            .build();
        match backtracking {
            Ok(engine) => Ok(Regex::Backtracking(engine)),
            Err(error) => {
                let value = quote(&error.to_string());
                Err(CompileError::with("S0303", position, &[("value", &value)]))
            }
        }
    }

    /// Whether it is found at all; none where the answer takes a search with all that belongs to it.
    pub(super) fn is_found(&self, text: &str) -> Option<bool> {
        match self {
            Regex::Linear(engine) => match engine.find(text) {
                None => Some(false),
                Some(found) => (!found.is_empty()).then_some(true),
            },
            Regex::Backtracking(_) => None,
        }
    }

    /// The first place at or behind a byte offset.
    pub(super) fn find(&self, text: &str, from: usize) -> Result<Option<Found>, Failure> {
        match self {
            Regex::Linear(engine) => Ok(engine.captures_at(text, from).and_then(|captures| {
                let place = |group| {
                    captures
                        .get(group)
                        .map(|found| (found.start(), found.end()))
                };
                Found::of(captures.len(), place)
            })),
            Regex::Backtracking(engine) => {
                let captures = engine.captures_from_pos(text, from);
                let captures = captures.map_err(|_| Failure::new("D3151"))?;
                Ok(captures.and_then(|captures| {
                    let place = |group| {
                        captures
                            .get(group)
                            .map(|found| (found.start(), found.end()))
                    };
                    Found::of(captures.len(), place)
                }))
            }
        }
    }
}

impl Found {
    /// From the places of the groups; group 0 is the whole.
    fn of(n_groups: usize, place: impl Fn(usize) -> Option<(usize, usize)>) -> Option<Found> {
        let (start, end) = place(0)?;
        Some(Found {
            start,
            end,
            groups: (1..n_groups).map(place).collect(),
        })
    }
}

/// The expression as an engine spells it.
fn translated(pattern: &str, flags: &str, engine: usize) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    if flags.contains('i') {
        out.push_str("(?i)");
    }
    if flags.contains('m') {
        out.push_str("(?m)");
    }
    let translation = Translation {
        rest: pattern
            .chars()
            .collect::<Vec<char>>()
            .into_iter()
            .peekable(),
        out: &mut out,
        engine,
    };
    translation.run();
    out
}

/// From JavaScript's spelling to the engine's: what is the same stays.
struct Translation<'a> {
    rest: std::iter::Peekable<std::vec::IntoIter<char>>,
    out: &'a mut String,
    /// Which spelling of word boundaries it wants.
    engine: usize,
}

impl Translation<'_> {
    fn run(mut self) {
        while let Some(c) = self.rest.next() {
            match c {
                '\\' => self.escape(false),
                '[' => self.class(),
                '.' => self.out.push_str(r"[^\n\r\u{2028}\u{2029}]"),
                '{' if !self.is_quantifier() => self.out.push_str(r"\{"),
                '{' => {
                    self.out.push('{');
                    for c in self.rest.by_ref() {
                        self.out.push(c);
                        if c == '}' {
                            break;
                        }
                    }
                }
                '}' | ']' => self.out.extend(['\\', c]),
                _ => self.out.push(c),
            }
        }
    }

    /// `{2}`, `{2,}` or `{2,3}`: anything else in braces stands for itself.
    fn is_quantifier(&self) -> bool {
        let inside: String = self.rest.clone().take_while(|c| *c != '}').collect();
        let closed = self.rest.clone().any(|c| c == '}');
        let (least, most) = inside.split_once(',').unwrap_or((&inside, ""));
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        closed && !least.is_empty() && all_digits(least) && all_digits(most)
    }

    fn escape(&mut self, in_class: bool) {
        let Some(c) = self.rest.next() else {
            self.out.push_str(r"\\");
            return;
        };
        match c {
            // JavaScript's digits and letters of words are those of ASCII.
            'd' if in_class => self.out.push_str("0-9"),
            'd' => self.out.push_str("[0-9]"),
            'D' => self.out.push_str("[^0-9]"),
            'w' if in_class => self.out.push_str("0-9A-Za-z_"),
            'w' => self.out.push_str("[0-9A-Za-z_]"),
            'W' => self.out.push_str("[^0-9A-Za-z_]"),
            'b' if in_class => self.out.push_str(r"\x08"),
            'b' => self.out.push_str(BOUNDARY[self.engine]),
            'B' => self.out.push_str(NO_BOUNDARY[self.engine]),
            's' | 'S' | 'n' | 'r' | 't' | 'f' | 'v' | '1'..='9' => self.out.extend(['\\', c]),
            'k' if self.rest.peek() == Some(&'<') => self.out.push_str(r"\k"),
            '0' => self.out.push_str(r"\x00"),
            'c' => {
                let control = self.rest.next().map_or(0, |letter| letter as u32 % 32);
                self.out.push_str(&format!(r"\x{control:02x}"));
            }
            'x' => self.hex(2, c),
            'u' => self.hex(4, c),
            _ if c.is_ascii_alphanumeric() => self.out.push(c),
            _ if c.is_ascii() => self.out.extend(['\\', c]),
            _ => self.out.push(c),
        }
    }

    fn hex(&mut self, n_digits: usize, letter: char) {
        let digits: String = self.rest.clone().take(n_digits).collect();
        let code = u32::from_str_radix(&digits, 16)
            .ok()
            .filter(|_| digits.len() == n_digits);
        let Some(code) = code else {
            self.out.push(letter);
            return;
        };
        self.rest.by_ref().take(n_digits).for_each(drop);
        // A half of a surrogate pair is no character of a text.
        let code = char::from_u32(code).map_or(0xFFFD, u32::from);
        self.out.push_str(&format!(r"\x{{{code:x}}}"));
    }

    fn class(&mut self) {
        let negated = self.rest.next_if_eq(&'^').is_some();
        if self.rest.next_if_eq(&']').is_some() {
            self.out
                .push_str(if negated { r"[\s\S]" } else { r"[^\s\S]" });
            return;
        }
        self.out.push_str(if negated { "[^" } else { "[" });
        while let Some(c) = self.rest.next() {
            match c {
                ']' => {
                    self.out.push(']');
                    return;
                }
                '\\' => self.escape(true),
                // Operators of the engine's classes that JavaScript does not have.
                '[' | '&' | '~' => self.out.extend(['\\', c]),
                '-' if self.rest.peek() == Some(&'-') => self.out.push_str(r"\-"),
                _ => self.out.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, flags: &str, text: &str, want: Option<&str>) {
        let regex = Regex::compile(pattern, flags, 0).unwrap();
        let found = regex.find(text, 0).unwrap();
        assert_eq!(
            found.map(|found| &text[found.start..found.end]),
            want,
            "/{pattern}/{flags} in {text}"
        );
    }

    #[test]
    fn javascript_spelling_is_understood() {
        check(r"\d+", "", "a٣12", Some("12"));
        check(r"[\w-]+", "", "é a-b", Some("a-b"));
        check(r"a{,2}", "", "a{,2}", Some("a{,2}"));
        check(r"[[]x]", "", "[x]", Some("[x]"));
        check(r"[^]", "", "\n", Some("\n"));
        check(r"\/\u0041\x42", "", "/AB", Some("/AB"));
        check("HAT", "i", "a hat", Some("hat"));
        check("^b", "m", "a\nb", Some("b"));
        check("a.b", "", "a\nb", None);
        check(r"\bt", "", "été", Some("t"));
        check(r"[a&&b]", "", "&", Some("&"));
    }

    #[test]
    fn look_around_and_back_references_work_within_a_limit() {
        check(r"(?<=\$)\d+", "", "$42", Some("42"));
        check(r"(a|b)\1", "", "abb", Some("bb"));
        check(r"\b(t)(?=é)", "", "été", Some("t"));
        let bomb = Regex::compile(r"^(a|a)*\1$", "", 0).unwrap();
        assert!(bomb.find(&format!("{}b", "a".repeat(40)), 0).is_err());
    }

    #[test]
    fn what_is_no_regular_expression_is_refused() {
        assert_eq!(Regex::compile("(a", "", 0).unwrap_err().code, "S0303");
        assert_eq!(
            Regex::compile("(a{1000}){1000}", "", 0).unwrap_err().code,
            "S0303"
        );
    }
}
