//! Problems of definitions and configs: code, place, cure. Knows how to point, not what is wrong.

use std::fmt;

/// Something wrong with a key of a config section: the key, from the section's beginning (`timeouts/total`), and why.
pub type KeyProblem = (String, String);

/// The problems of a section, as those of what it is part of.
pub fn in_section(section: &str, problems: Vec<KeyProblem>) -> Vec<KeyProblem> {
    let problems = problems.into_iter();
    let inside = |(key, reason)| (format!("{section}/{key}"), reason);
    problems.map(inside).collect()
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Works, but the author will regret it.
    Warning,
    /// Cannot run.
    Error,
}

/// One problem of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// Stable code, `E0107` or `W0002`; never reused.
    pub code: &'static str,
    /// JSON pointer of the place, `/States/Choose/Choices/2/Next`; empty for the document itself.
    pub pointer: String,
    /// Line and column in the file, where known.
    pub position: Option<Position>,
    /// Lower case, without full stop, naming the value that was wrong.
    pub message: String,
    /// What to do, where it can be said: `did you mean "Shipped"?`.
    pub help: Option<String>,
    /// The same in AWS's words, where they are known.
    pub refusal: Option<Box<Refusal>>,
}

/// What AWS says when it refuses a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `SCHEMA_VALIDATION_FAILED`, `MISSING_TRANSITION_TARGET`, …
    pub code: &'static str,
    /// AWS's text.
    pub message: String,
    /// `/States/Choose/Choices[2]/Next`; none where AWS names no place.
    pub location: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location = self.location.as_deref().unwrap_or("null");
        write!(f, "{}: {} at {location}", self.code, self.message)
    }
}

impl Diagnostic {
    /// The problem as it is shown to people: where it stands in `file`, and the line with a mark below it.
    ///
    /// `text` is the file's text; without a position this is the same as `Display`.
    pub fn render(&self, file: &str, text: &str) -> String {
        let Some(position) = self.position else {
            return format!("{self}\n  in {file}");
        };
        let mut out = format!(
            "{}\n  at {file}:{}:{}",
            self.headline(),
            position.line,
            position.column
        );
        if let Some(line) = text.lines().nth(position.line - 1) {
            out.push_str(&excerpt(line, position));
        }
        if let Some(help) = &self.help {
            out.push_str(&format!("\n  {help}"));
        }
        if let Some(refusal) = &self.refusal {
            // AWS repeats a text that is no JSON, whole and twice.
            let refusal = refusal.to_string();
            let (line, more) = match refusal.split_once('\n') {
                Some((line, _)) => (line, " …"),
                None => (refusal.as_str(), ""),
            };
            out.push_str(&format!("\n  AWS says: {line}{more}"));
        }
        out
    }

    fn headline(&self) -> String {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let pointer = if self.pointer.is_empty() {
            "/"
        } else {
            &self.pointer
        };
        format!("{severity}[{}] {pointer}: {}", self.code, self.message)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        match &self.help {
            Some(help) => write!(f, "\n  {help}"),
            None => Ok(()),
        }
    }
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// Turns byte offsets of a text into positions.
pub struct Lines<'a> {
    text: &'a str,
    /// Offset of the first byte of each line.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Finds the lines of `text`.
    pub fn new(text: &'a str) -> Lines<'a> {
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        Lines {
            text,
            starts: std::iter::once(0).chain(breaks).collect(),
        }
    }

    /// The position of a byte; `offset` is on a character boundary.
    pub fn position(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset);
        let column = self.text[self.starts[line - 1]..offset].chars().count() + 1;
        Position { line, column }
    }
}

/// The candidate that `wrong` was probably meant to be, as help for a diagnostic.
pub fn did_you_mean<'a>(
    wrong: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let best = candidates
        .into_iter()
        .map(|candidate| (likeness(wrong, candidate), candidate))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.8).then(|| format!("did you mean {:?}?", best.1))
}

/// 1 for the same name but for capitals; names longer than any that ASL allows are like nothing.
fn likeness(a: &str, b: &str) -> f64 {
    const LONGEST_NAME: usize = 400;
    if a.len() > LONGEST_NAME || b.len() > LONGEST_NAME {
        return 0.0;
    }
    strsim::jaro_winkler(&a.to_lowercase(), &b.to_lowercase())
}

/// Lines longer than this are cut …
const WHOLE_LINE: usize = 120;

/// … to this many characters on each side of the place.
const EXCERPT_REACH: usize = 60;

/// The source line with a mark below the token at `position`; long lines are cut around it.
fn excerpt(line: &str, position: Position) -> String {
    let chars: Vec<char> = line.chars().collect();
    let at = (position.column - 1).min(chars.len());
    let width = token_width(&chars[at..]);
    let (from, to) = if chars.len() <= WHOLE_LINE {
        (0, chars.len())
    } else {
        let to = (at + EXCERPT_REACH).min(chars.len());
        (at.saturating_sub(EXCERPT_REACH), to)
    };
    let mut shown: String = chars[from..to]
        .iter()
        .map(|c| if c.is_control() { ' ' } else { *c })
        .collect();
    if to < chars.len() {
        shown.push('…');
    }
    let cut = if from > 0 { "…" } else { "" };
    let number = position.line.to_string();
    let gutter = " ".repeat(number.len());
    let indent = " ".repeat(at - from);
    let mark = "^".repeat(width.min(to - at).max(1));
    format!(
        "\n {gutter} |\n {number} | {cut}{}\n {gutter} | {}{indent}{mark}",
        shown.trim_end(),
        " ".repeat(cut.chars().count()),
    )
}

/// Characters of the JSON token that starts here: a string with its quotes, a word or number, else one.
fn token_width(rest: &[char]) -> usize {
    if rest.first() == Some(&'"') {
        let mut escaped = false;
        for (index, c) in rest.iter().enumerate().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return index + 1,
                _ => {}
            }
        }
        return rest.len();
    }
    rest.iter()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '+' | '.'))
        .count()
        .max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dangling() -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            code: "E0107",
            pointer: "/States/X/Next".into(),
            position: Some(Position { line: 2, column: 9 }),
            message: "no state is called \"Shiped\"".into(),
            help: Some("did you mean \"Shipped\"?".into()),
            refusal: None,
        }
    }

    #[test]
    fn display_names_code_place_and_cure() {
        assert_eq!(
            dangling().to_string(),
            "error[E0107] /States/X/Next: no state is called \"Shiped\"\n  did you mean \"Shipped\"?"
        );
    }

    #[test]
    fn rendering_marks_the_token_in_its_line() {
        let text = "{\n\"Next\": \"Shiped\" }";
        assert_eq!(
            dangling().render("x.json", text),
            concat!(
                "error[E0107] /States/X/Next: no state is called \"Shiped\"\n",
                "  at x.json:2:9\n",
                "   |\n",
                " 2 | \"Next\": \"Shiped\" }\n",
                "   |         ^^^^^^^^\n",
                "  did you mean \"Shipped\"?"
            )
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let mut problem = dangling();
        problem.position = Some(Position {
            line: 1,
            column: 501,
        });
        let text = format!("{}\"Shiped\"{}", " ".repeat(500), "x".repeat(500));
        let rendered = problem.render("x.json", &text);
        assert!(
            rendered.lines().all(|line| line.chars().count() < 140),
            "{rendered}"
        );
        assert!(rendered.contains(" ^^^^^^^^\n"), "{rendered}");
    }

    #[test]
    fn positions_count_characters_from_one() {
        let lines = Lines::new("{\n  \"ä\": 1\n}");
        assert_eq!(lines.position(0), Position { line: 1, column: 1 });
        assert_eq!(lines.position(10), Position { line: 2, column: 8 });
        assert_eq!(lines.position(12), Position { line: 3, column: 1 });
    }

    #[test]
    fn only_similar_names_are_suggested() {
        let known = ["Shipped", "Refused"];
        let hint = Some("did you mean \"Shipped\"?".to_string());
        assert_eq!(did_you_mean("Shiped", known), hint);
        assert_eq!(did_you_mean("SHIPPED", known), hint);
        assert_eq!(did_you_mean("Order", known), None);
    }
}
