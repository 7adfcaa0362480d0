//! A value read once, for the arenas of many executions.

use std::sync::Arc;

use super::{Arena, Constants, ParseError, ParseLimits, Value};

/// A JSON document that was read ahead of the executions that take it in: see [`Arena::include`].
#[derive(Debug)]
pub struct Document {
    arena: Arena,
    value: Value,
    /// As the text nests.
    depth: usize,
}

impl Document {
    /// Reads a text; a name that occurs twice is refused, whatever the limits of an execution say.
    pub fn parse(text: &[u8]) -> Result<Arc<Document>, ParseError> {
        let mut arena = Arena::new(Constants::empty());
        let limits = ParseLimits {
            reject_duplicate_keys: true,
            ..ParseLimits::default()
        };
        let value = arena.parse(text, limits)?;
        let depth = arena.measure(value).depth;
        arena.shrink();
        Ok(Arc::new(Document {
            arena,
            value,
            depth,
        }))
    }

    /// Deepest nesting: 0 for a scalar.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The text in compact form.
    pub fn to_json(&self) -> String {
        self.arena.to_json(self.value)
    }

    /// Bytes of the text, at least those of its compact form.
    pub fn bytes(&self) -> usize {
        self.arena.measure(self.value).bytes
    }
}

impl PartialEq for Document {
    fn eq(&self, other: &Document) -> bool {
        self.to_json() == other.to_json()
    }
}

impl Eq for Document {}

impl Arena {
    /// Takes the value of a document in: cheaper than to read its text.
    pub fn include(&mut self, document: &Document) -> Value {
        self.adopt(&document.arena, document.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_what_its_text_says_wherever_it_is_taken_in() {
        let text = r#"{"a": [1.50, "\u0041", {}], "b": null}"#;
        let document = Document::parse(text.as_bytes()).unwrap();
        assert_eq!(document.depth(), 3);
        let mut arena = Arena::new(Constants::empty());
        let before = arena.string("before");
        for _ in 0..2 {
            let value = arena.include(&document);
            let list = arena.array(&[before, value]);
            let want = r#"["before",{"a":[1.50,"\u0041",{}],"b":null}]"#;
            assert_eq!(arena.to_json(list), want);
            let name = arena.get_by_name(value, "a").unwrap();
            assert_eq!(arena.len(name), 3);
        }
        assert!(Document::parse(br#"{"a":1,"a":2}"#).is_err());
    }
}
