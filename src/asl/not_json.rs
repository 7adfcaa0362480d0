//! What AWS says of a text that is not JSON, in the words of its parser, Jackson.

use crate::diagnostic::Refusal;

/// So many characters of the text are shown.
const SHOWN: usize = 500;

/// The refusal where a word stands for a value and JSON has no such word. What Jackson says of other mistakes is not
/// known here.
pub(super) fn refusal(text: &str, offset: usize) -> Option<Refusal> {
    let rest = text.get(offset..)?;
    let starts_word = |c: char| c.is_alphabetic() || matches!(c, '_' | '$');
    if !rest.starts_with(starts_word) {
        return None;
    }
    let end = rest.find(|c: char| !starts_word(c) && !c.is_numeric());
    let word = &rest[..end.unwrap_or(rest.len())];
    // The place is that behind the word.
    let before = &text[..offset + word.len()];
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before[start..].chars().count() + 1;
    let shown: String = text.chars().take(SHOWN).collect();
    let cut = match text.chars().count().saturating_sub(SHOWN) {
        0 => String::new(),
        hidden => format!("[truncated {hidden} chars]"),
    };
    let place = format!("[Source: (String)\"{shown}\"{cut}; line: {line}, column: {column}]");
    let message = format!(
        "Unrecognized token '{word}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at {place}"
    );
    Some(Refusal {
        code: "INVALID_JSON_DESCRIPTION",
        message,
        location: Some(place),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_shown_with_the_place_behind_it() {
        let place = |text: &str, offset| refusal(text, offset).and_then(|known| known.location);
        assert_eq!(
            place("not a definition", 0).as_deref(),
            Some("[Source: (String)\"not a definition\"; line: 1, column: 4]")
        );
        let text = "{\n \"a\": nul1 }";
        assert_eq!(
            place(text, 8).as_deref(),
            Some("[Source: (String)\"{\n \"a\": nul1 }\"; line: 2, column: 11]")
        );
        assert_eq!(place("[1,]", 3), None);
        assert_eq!(place("", 0), None);
        let long = format!("x{}", " ".repeat(600));
        let shown = place(&long, 0).unwrap_or_default();
        assert!(
            shown.ends_with("\"[truncated 101 chars]; line: 1, column: 2]"),
            "{shown}"
        );
    }
}
