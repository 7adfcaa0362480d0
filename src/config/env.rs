//! `${NAME}` in a config: the environment's word in place of it, in YAML, TOML and JSON alike.
//!
//! | written | `NAME` is set | unset | set, but empty |
//! | --- | --- | --- | --- |
//! | `${NAME}` | its value | a problem | empty |
//! | `${NAME:-default}` | its value | `default` | `default` |
//! | `${NAME:?message}` | its value | a problem with the message | the same |
//!
//! `$${` stands for `${`. Comments are left alone. A value never changes what stands around it: inside quotes it is
//! escaped, and where it stands alone it is put between quotes if it would not be one plain word.

use super::codes;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::Lines;
use crate::diagnostic::Severity;

/// Where in a line a reference stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Plain,
    Double,
    Single,
    Comment,
}

/// What stands before the next character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// The beginning of a scalar: a quote here opens a string.
    Scalar,
    /// Text and a space: `#` begins a comment here.
    Space,
    Text,
}

/// The text with all references replaced, or everything that is wrong with them.
pub(super) fn expand(
    text: &str,
    toml: bool,
    look_up: impl Fn(&str) -> Option<String>,
) -> Result<String, Vec<Diagnostic>> {
    let lines = Lines::new(text);
    let mut out = String::with_capacity(text.len());
    let mut problems = Vec::new();
    let mut place = Place::Plain;
    let mut before = Before::Scalar;
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let at = text.len() - rest.len();
        if place != Place::Comment && rest.starts_with("$${") {
            out.push_str("${");
            rest = &rest[3..];
            before = Before::Text;
            continue;
        }
        if place != Place::Comment && rest.starts_with("${") {
            let end = rest.find('}').map_or(rest.len(), |end| end + 1);
            let (reference, after) = rest.split_at(end);
            let whole = before == Before::Scalar && ends_word(after);
            let value = resolve(reference, &look_up)
                .and_then(|value| fit(reference, value, place, whole, toml));
            match value {
                Ok(value) => out.push_str(&value),
                Err(message) => problems.push(Diagnostic {
                    severity: Severity::Error,
                    code: codes::ENVIRONMENT,
                    pointer: String::new(),
                    position: Some(lines.position(at)),
                    message,
                    help: None,
                    refusal: None,
                }),
            }
            rest = after;
            before = Before::Text;
            continue;
        }
        let escaped = place == Place::Double && next == '\\';
        place = place.after(next, before);
        before = before.after(next);
        let taken = next.len_utf8() + if escaped { after_escape(rest) } else { 0 };
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    match problems.is_empty() {
        true => Ok(out),
        false => Err(problems),
    }
}

/// The text with digits in place of its references: everything else stands where it stood.
pub(super) fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let end = rest[start..]
            .find('}')
            .map_or(rest.len(), |end| start + end + 1);
        out.push_str(&rest[..start]);
        out.extend(
            rest[start..end]
                .chars()
                .map(|c| if c == '\n' { c } else { '1' }),
        );
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

impl Place {
    fn after(self, next: char, before: Before) -> Place {
        match (self, next) {
            (Place::Plain, '"') if before == Before::Scalar => Place::Double,
            (Place::Plain, '\'') if before == Before::Scalar => Place::Single,
            (Place::Plain, '#') if before != Before::Text => Place::Comment,
            (Place::Double, '"') | (Place::Single, '\'') | (Place::Comment, '\n') => Place::Plain,
            (place, _) => place,
        }
    }
}

impl Before {
    fn after(self, next: char) -> Before {
        match next {
            '\n' | '[' | '{' | ',' | ':' | '=' => Before::Scalar,
            '-' if self == Before::Scalar => Before::Scalar,
            ' ' | '\t' if self == Before::Scalar => Before::Scalar,
            ' ' | '\t' => Before::Space,
            _ => Before::Text,
        }
    }
}

/// Bytes of the character behind a backslash.
fn after_escape(rest: &str) -> usize {
    rest.chars().nth(1).map_or(0, char::len_utf8)
}

fn ends_word(after: &str) -> bool {
    let end = after.trim_start_matches([' ', '\t']);
    end.is_empty()
        || end.starts_with(['\n', '\r', ',', ']', '}'])
        || (end.len() < after.len() && end.starts_with('#'))
}

fn resolve(reference: &str, look_up: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let shape =
        || format!("{reference} is not ${{NAME}}, ${{NAME:-default}} or ${{NAME:?message}}");
    let inner = reference
        .strip_prefix("${")
        .and_then(|inner| inner.strip_suffix('}'))
        .ok_or_else(shape)?;
    let name_end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let (name, operator) = inner.split_at(name_end.unwrap_or(inner.len()));
    if name.is_empty() {
        return Err(shape());
    }
    let value = look_up(name);
    if operator.is_empty() {
        return value.ok_or_else(|| format!("environment variable {name} is not set"));
    }
    let value = value.filter(|value| !value.is_empty());
    if let Some(default) = operator.strip_prefix(":-") {
        return Ok(value.unwrap_or_else(|| default.to_string()));
    }
    let message = operator.strip_prefix(":?").ok_or_else(shape)?;
    value.ok_or_else(|| format!("environment variable {name}: {message}"))
}

/// The value in the spelling of its place.
fn fit(
    reference: &str,
    value: String,
    place: Place,
    whole: bool,
    toml: bool,
) -> Result<String, String> {
    let quoted = || serde_json::Value::from(value.as_str()).to_string();
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_.:/+@,%=-".contains(c);
    let plain_word = !value.is_empty()
        && value.chars().all(is_word)
        && !value.starts_with(['-', ':', ',', '%', '@', '='])
        && !value.ends_with(':')
        && !value.contains(',');
    match place {
        Place::Double => {
            let quoted = quoted();
            Ok(quoted[1..quoted.len() - 1].to_string())
        }
        Place::Single if !value.contains(['\'', '\n']) => Ok(value),
        Place::Single if !toml && !value.contains('\n') => Ok(value.replace('\'', "''")),
        Place::Plain if plain_word && !toml => Ok(value),
        Place::Plain if toml && value.parse::<f64>().is_ok() => Ok(value),
        Place::Plain if whole => Ok(quoted()),
        Place::Plain if value.is_empty() => Ok(value),
        _ => Err(format!(
            "the value of {reference} needs double quotes around it"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<String> {
        let value = match name {
            "HOST" => "kafka:9092",
            "PORT" => "9464",
            "EMPTY" => "",
            "SECRET" => "a: 'b' #\"c\"\\",
            _ => return None,
        };
        Some(value.to_string())
    }

    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(expand(text, false, environment).as_deref(), Ok(want));
    }

    #[track_caller]
    fn refused(text: &str, want: &[&str]) {
        let problems = expand(text, false, environment).unwrap_err();
        let found: Vec<_> = problems
            .iter()
            .map(|problem| {
                let position = problem.position.unwrap();
                format!("{}:{} {}", position.line, position.column, problem.message)
            })
            .collect();
        assert_eq!(found, want);
    }

    #[test]
    fn values_and_defaults_are_put_in() {
        check("a: ${HOST}\nb: ${PORT}", "a: kafka:9092\nb: 9464");
        check("a: x-${PORT}-y", "a: x-9464-y");
        check("a: ${NONE:-b c}", "a: \"b c\"");
        check("a: ${EMPTY:-d}, ${EMPTY:-}e", "a: d, e");
        check("a: ${EMPTY}", "a: \"\"");
        check("a: $${HOST} $HOST", "a: ${HOST} $HOST");
    }

    #[test]
    fn a_value_does_not_change_what_stands_around_it() {
        check("a: ${SECRET}", r##"a: "a: 'b' #\"c\"\\""##);
        check("a: \"<${SECRET}>\"", r##"a: "<a: 'b' #\"c\"\\>""##);
        check("a: '${SECRET}'", r##"a: 'a: ''b'' #"c"\'"##);
        check(r#"{"a": "\"${HOST}"}"#, r#"{"a": "\"kafka:9092"}"#);
        refused(
            "a: x ${SECRET}",
            &["1:6 the value of ${SECRET} needs double quotes around it"],
        );
    }

    #[test]
    fn masks_are_as_long_as_what_they_hide() {
        let text = "a: { b: ${ÄB:-{c}, d: \"x ${E}\" } # ${";
        let want = "a: { b: 111111111, d: \"x 1111\" } # 11";
        assert_eq!(masked(text), want);
    }

    #[test]
    fn comments_are_left_alone() {
        check(
            "# ${NONE}\na: it's # ${NONE}",
            "# ${NONE}\na: it's # ${NONE}",
        );
        check("a: b#${PORT}", "a: b#9464");
    }

    #[test]
    fn toml_strings_need_quotes() {
        let toml = |text| expand(text, true, environment);
        assert_eq!(
            toml("a = ${PORT}\nb = \"${HOST}\"").as_deref(),
            Ok("a = 9464\nb = \"kafka:9092\"")
        );
        assert_eq!(toml("a = ${HOST}").as_deref(), Ok("a = \"kafka:9092\""));
        assert!(toml("a = '${SECRET}'").is_err());
    }

    #[test]
    fn everything_missing_is_reported_at_once() {
        refused(
            "a: ${NONE}\nb: [${NONE:?set it}, ${EMPTY:?or else}, ${no-name}, ${}]\nc: ${OPEN",
            &[
                "1:4 environment variable NONE is not set",
                "2:5 environment variable NONE: set it",
                "2:22 environment variable EMPTY: or else",
                "2:41 ${no-name} is not ${NAME}, ${NAME:-default} or ${NAME:?message}",
                "2:53 ${} is not ${NAME}, ${NAME:-default} or ${NAME:?message}",
                "3:4 ${OPEN is not ${NAME}, ${NAME:-default} or ${NAME:?message}",
            ],
        );
    }
}
