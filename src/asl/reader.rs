//! Reads single values of a definition and notes what is wrong with them. Knows JSON types, not states.

use std::ops::{Range, RangeInclusive};

use super::codes;
use super::field::{Field, Place};
use super::parse::WorkflowType;
use super::query_language::QueryLanguage;
use crate::diagnostic::{Diagnostic, Lines, Refusal, Severity, did_you_mean};
use crate::value::{Arena, Kind, Value};

/// A value of the definition, with its way from the top.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    /// JSON pointer.
    pub(super) pointer: String,
    /// The same as AWS writes it: `/States/Choose/Choices[0]/Next`.
    pub(super) location: String,
}

/// A member of an object: its name as written, and its value.
pub(super) struct Member {
    pub(super) name: String,
    /// The name itself, to point at.
    pub(super) key: Node,
    pub(super) node: Node,
}

/// The definition under the eyes of the parser, and the problems found so far.
pub(super) struct Reader<'a> {
    pub(super) document: &'a Arena,
    /// The default of every state.
    pub(super) machine_language: QueryLanguage,
    /// The language of the state being read.
    pub(super) language: QueryLanguage,
    /// What the definition is checked for.
    pub(super) workflow_type: WorkflowType,
    /// How many scopes enclose the place being read.
    pub(super) scope_depth: usize,
    lines: Lines<'a>,
    problems: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        document: &'a Arena,
        text: &'a str,
        workflow_type: WorkflowType,
    ) -> Reader<'a> {
        Reader {
            workflow_type,
            document,
            machine_language: QueryLanguage::JsonPath,
            language: QueryLanguage::JsonPath,
            scope_depth: 0,
            lines: Lines::new(text),
            problems: Vec::new(),
        }
    }

    /// Everything that was reported, in the order of the text.
    pub(super) fn into_problems(self) -> Vec<Diagnostic> {
        let mut problems = self.problems;
        problems.sort_by_key(|problem| problem.position);
        problems
    }

    pub(super) fn n_problems(&self) -> usize {
        self.problems.len()
    }

    pub(super) fn error(&mut self, at: &Node, code: &'static str, message: impl Into<String>) {
        self.report(Severity::Error, at, code, message.into(), None);
    }

    /// A problem for which AWS's words are known: code and text, and the place it names.
    pub(super) fn refuse(
        &mut self,
        at: &Node,
        code: &'static str,
        message: impl Into<String>,
        help: Option<String>,
        refusal: Refusal,
    ) {
        self.report(Severity::Error, at, code, message.into(), help);
        if let Some(problem) = self.problems.last_mut() {
            problem.refusal = Some(Box::new(refusal));
        }
    }

    /// What AWS says of a problem that was reported before has changed.
    pub(super) fn amend(&mut self, problem: usize, refusal: Refusal) {
        self.problems[problem].refusal = Some(Box::new(refusal));
    }

    pub(super) fn error_with_help(
        &mut self,
        at: &Node,
        code: &'static str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.report(Severity::Error, at, code, message.into(), help);
    }

    pub(super) fn warning(
        &mut self,
        at: &Node,
        code: &'static str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.report(Severity::Warning, at, code, message.into(), help);
    }

    fn report(
        &mut self,
        severity: Severity,
        at: &Node,
        code: &'static str,
        message: String,
        help: Option<String>,
    ) {
        let span = self.span(at.value);
        self.problems.push(Diagnostic {
            severity,
            code,
            pointer: at.pointer.clone(),
            position: Some(self.lines.position(span.start)),
            message,
            help,
            refusal: None,
        });
    }

    pub(super) fn place(&self, node: &Node) -> Place {
        Place {
            pointer: node.pointer.clone(),
            span: self.span(node.value),
        }
    }

    pub(super) fn field<T>(&self, node: &Node, value: T) -> Field<T> {
        Field {
            value,
            place: self.place(node),
        }
    }

    fn span(&self, value: Value) -> Range<usize> {
        self.document
            .span(value)
            .expect("every value of a definition was parsed from its text")
    }

    pub(super) fn is_null(&self, node: &Node) -> bool {
        self.document.kind(node.value) == Kind::Null
    }

    pub(super) fn is_object(&self, node: &Node) -> bool {
        self.document.kind(node.value) == Kind::Object
    }

    /// The characters of a string, whatever they say.
    pub(super) fn text(&self, node: &Node) -> Option<String> {
        let text = self.document.as_str(node.value)?;
        Some(text.decode().into_owned())
    }

    /// What the author wrote, shortened for a message.
    pub(super) fn spelling(&self, node: &Node) -> String {
        shorten(&self.document.to_json(node.value))
    }

    pub(super) fn string(&mut self, node: &Node) -> Option<Field<String>> {
        match self.text(node) {
            Some(text) => Some(self.field(node, text)),
            None => {
                self.wrong_type(node, "a string");
                None
            }
        }
    }

    pub(super) fn bool(&mut self, node: &Node) -> Option<bool> {
        let value = self.document.as_bool(node.value);
        if value.is_none() {
            self.wrong_type(node, "true or false");
        }
        value
    }

    pub(super) fn integer(
        &mut self,
        node: &Node,
        range: RangeInclusive<u64>,
    ) -> Option<Field<u64>> {
        let Some(number) = self.document.as_number(node.value) else {
            self.wrong_type(node, "an integer");
            return None;
        };
        let value = number.as_i64().and_then(|value| u64::try_from(value).ok());
        match value.filter(|value| range.contains(value)) {
            Some(value) => Some(self.field(node, value)),
            None => {
                let message = format!(
                    "must be an integer from {} to {}, not {}",
                    range.start(),
                    range.end(),
                    self.spelling(node)
                );
                self.error(node, codes::OUT_OF_RANGE, message);
                None
            }
        }
    }

    /// A word of a fixed set; yields its index.
    pub(super) fn word(&mut self, node: &Node, words: &[&str]) -> Option<usize> {
        let list = words.join(", ");
        let refusal = format!("Value should be one of the following: [{list}]");
        self.word_or(node, words, refusal)
    }

    /// The same where AWS has words of its own for another.
    pub(super) fn word_or(
        &mut self,
        node: &Node,
        words: &[&str],
        refusal: String,
    ) -> Option<usize> {
        let text = self.string(node)?;
        let index = words.iter().position(|word| *word == text.value);
        if index.is_none() {
            let help = did_you_mean(&text, words.iter().copied());
            let message = format!("{:?} is not one of [{}]", shorten(&text), words.join(", "));
            let refusal = schema(refusal, &node.location);
            self.refuse(node, codes::UNKNOWN_WORD, message, help, refusal);
        }
        index
    }

    /// The elements of an array that must not be empty.
    pub(super) fn elements(&mut self, node: &Node) -> Vec<Node> {
        let elements = self.maybe_empty_elements(node);
        if elements.is_empty() && self.document.kind(node.value) == Kind::Array {
            self.empty(node);
        }
        elements
    }

    /// Notes that something must not be empty.
    pub(super) fn empty(&mut self, node: &Node) {
        let refusal = schema("Value cannot be empty", &node.location);
        self.refuse(node, codes::EMPTY, "value cannot be empty", None, refusal);
    }

    pub(super) fn maybe_empty_elements(&mut self, node: &Node) -> Vec<Node> {
        if self.document.kind(node.value) != Kind::Array {
            self.wrong_type(node, "an array");
        }
        self.elements_of(node)
    }

    /// The elements of an array; none for anything else.
    pub(super) fn elements_of(&self, node: &Node) -> Vec<Node> {
        if self.document.kind(node.value) != Kind::Array {
            return Vec::new();
        }
        let elements = self.document.elements(node.value).enumerate();
        elements
            .map(|(index, value)| Node {
                value,
                pointer: format!("{}/{index}", node.pointer),
                location: format!("{}[{index}]", node.location),
            })
            .collect()
    }

    /// The member called `name`, if this is an object that has it.
    pub(super) fn member(&self, node: &Node, name: &str) -> Option<Node> {
        if self.document.kind(node.value) != Kind::Object {
            return None;
        }
        Some(Node {
            value: self.document.get_by_name(node.value, name)?,
            pointer: format!("{}/{}", node.pointer, escape(name)),
            location: format!("{}/{name}", node.location),
        })
    }

    /// The place that a JSON pointer names below `node`, or the last value on the way to it.
    pub(super) fn below(&self, node: &Node, pointer: &str) -> Node {
        let mut at = node.clone();
        for step in pointer.split('/').skip(1) {
            let name = step.replace("~1", "/").replace("~0", "~");
            let next = match self.document.kind(at.value) {
                Kind::Array => self
                    .elements_of(&at)
                    .into_iter()
                    .nth(name.parse().unwrap_or(usize::MAX)),
                _ => self.member(&at, &name),
            };
            match next {
                Some(next) => at = next,
                None => break,
            }
        }
        at
    }

    /// The members of an object; a problem and `None` for anything else.
    pub(super) fn object(&mut self, node: &Node) -> Option<Vec<Member>> {
        if self.document.kind(node.value) != Kind::Object {
            self.wrong_type(node, "an object");
            return None;
        }
        Some(self.members(node))
    }

    /// The members of an object; none for anything else.
    pub(super) fn members(&self, node: &Node) -> Vec<Member> {
        if self.document.kind(node.value) != Kind::Object {
            return Vec::new();
        }
        let members = self.document.members(node.value);
        members
            .map(|(key, value)| {
                let name = self
                    .document
                    .as_str(key)
                    .expect("a member's name is a string");
                let name = name.decode().into_owned();
                let pointer = format!("{}/{}", node.pointer, escape(&name));
                let location = format!("{}/{name}", node.location);
                Member {
                    key: Node {
                        value: key,
                        pointer: pointer.clone(),
                        location: location.clone(),
                    },
                    node: Node {
                        value,
                        pointer,
                        location,
                    },
                    name,
                }
            })
            .collect()
    }

    pub(super) fn wrong_type(&mut self, node: &Node, expected: &str) {
        let found = match self.document.kind(node.value) {
            Kind::Null => "null".to_string(),
            Kind::Bool => self.spelling(node),
            Kind::Number => format!("the number {}", self.spelling(node)),
            Kind::String => format!("the string {}", self.spelling(node)),
            Kind::Array => "an array".to_string(),
            Kind::Object => "an object".to_string(),
        };
        let message = format!("expected {expected}, not {found}");
        let wanted = match expected {
            "a string" => "STRING",
            "true or false" => "BOOLEAN",
            "an integer" => "INTEGER",
            "a number" => "NUMBER",
            "an array" => "ARRAY",
            _ => "OBJECT",
        };
        let refusal = format!("Expected value of type [{wanted}]");
        let refusal = schema(refusal, &node.location);
        self.refuse(node, codes::WRONG_TYPE, message, None, refusal);
    }
}

/// AWS's words for what most checks find.
pub(super) fn schema(message: impl Into<String>, location: &str) -> Refusal {
    Refusal {
        code: "SCHEMA_VALIDATION_FAILED",
        message: message.into(),
        location: Some(match location {
            "" => "/".to_owned(),
            location => location.to_owned(),
        }),
    }
}

/// A name as a step of a JSON pointer (RFC 6901).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Messages show at most this many characters of what the author wrote.
const SHOWN_CHARS: usize = 100;

pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_string(),
    }
}
