//! A value read once, for the arenas of many executions.

use std::sync::Arc;

use super::arena::MAX_TEXT;
use super::node::Node;
use super::{Arena, Constants, Measure, ParseError, ParseLimits, Value};

/// A JSON document that was read ahead of the executions that take it in: see [`Arena::include`].
#[derive(Debug)]
pub struct Document {
    arena: Arena,
    value: Value,
    measure: Measure,
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
        let measure = arena.measure(value);
        arena.compact();
        Ok(Arc::new(Document {
            arena,
            value,
            measure,
        }))
    }

    /// Bounds of its size.
    pub fn measure(&self) -> Measure {
        self.measure
    }

    /// The text in compact form.
    pub fn to_json(&self) -> String {
        self.arena.to_json(self.value)
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
        let value = Value::node(self.end());
        let moved = self.text.len() as u32;
        self.text.push_str(&document.arena.text);
        assert!(
            self.text.len() < MAX_TEXT,
            "an execution holds less than 1 GiB of text: its memory is measured between states"
        );
        let nodes = document.arena.nodes.iter();
        self.nodes.extend(nodes.map(|node| match node {
            Node::Span(span) => Node::Span(span.moved(moved)),
            _ => unreachable!("where no name occurs twice, reading makes spans alone"),
        }));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_what_its_text_says_wherever_it_is_taken_in() {
        let text = r#"{"a": [1.50, "\u0041", {}], "b": null}"#;
        let document = Document::parse(text.as_bytes()).unwrap();
        assert_eq!(document.measure().depth, 3);
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
