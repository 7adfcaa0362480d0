//! Reads an object of the definition field by field; what nobody asked for is reported in the end.

use std::ops::RangeInclusive;

use super::codes;
use super::field::{Field, LiteralOrPath, NullablePath};
use super::query_language::QueryLanguage;
use super::reader::{Member, Node, Reader, schema, shorten};
use super::syntax;
use super::variables;
use crate::diagnostic::did_you_mean;
use crate::expr::Operator;
use crate::expr::QueryPlace;
use crate::value::Value;

/// Every field that some state has. Elsewhere they are misplaced, not unknown.
const STATE_FIELDS: &[&str] = &[
    "Arguments",
    "Assign",
    "Branches",
    "Catch",
    "Cause",
    "CausePath",
    "Choices",
    "Comment",
    "Condition",
    "Credentials",
    "Default",
    "End",
    "Error",
    "ErrorPath",
    "HeartbeatSeconds",
    "HeartbeatSecondsPath",
    "InputPath",
    "ItemBatcher",
    "ItemProcessor",
    "ItemReader",
    "ItemSelector",
    "Items",
    "ItemsPath",
    "Iterator",
    "Label",
    "MaxConcurrency",
    "MaxConcurrencyPath",
    "Next",
    "Output",
    "OutputPath",
    "Parameters",
    "QueryLanguage",
    "Resource",
    "Result",
    "ResultPath",
    "ResultSelector",
    "ResultWriter",
    "Retry",
    "Seconds",
    "SecondsPath",
    "StartAt",
    "States",
    "TimeoutSeconds",
    "TimeoutSecondsPath",
    "Timestamp",
    "TimestampPath",
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
    "Type",
    "Version",
];

const JSONATA_FIELDS: &[&str] = &["Arguments", "Condition", "Items", "Output"];

const JSONPATH_FIELDS: &[&str] = &[
    "And",
    "CausePath",
    "ErrorPath",
    "HeartbeatSecondsPath",
    "InputPath",
    "ItemsPath",
    "MaxConcurrencyPath",
    "Not",
    "Or",
    "OutputPath",
    "Parameters",
    "Result",
    "ResultPath",
    "ResultSelector",
    "SecondsPath",
    "TimeoutSecondsPath",
    "TimestampPath",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
    "Variable",
];

/// An object whose fields are being read.
pub(super) struct Fields<'r, 'a> {
    pub(super) reader: &'r mut Reader<'a>,
    /// The object.
    pub(super) node: Node,
    /// The language of the state that they belong to.
    pub(super) language: QueryLanguage,
    /// Whose fields they are, for messages: `a Pass state`.
    owner: String,
    members: Vec<Member>,
    /// Required fields that are not there, and the problems about them.
    missing: Vec<(String, usize)>,
    /// Names somebody asked for: the fields that the object may have.
    known: Vec<&'static str>,
}

impl<'r, 'a> Fields<'r, 'a> {
    /// A problem and `None` for what is no object.
    pub(super) fn of(
        reader: &'r mut Reader<'a>,
        node: &Node,
        owner: impl Into<String>,
    ) -> Option<Fields<'r, 'a>> {
        let members = reader.object(node)?;
        Some(Fields {
            language: reader.language,
            reader,
            node: node.clone(),
            owner: owner.into(),
            members,
            missing: Vec::new(),
            known: Vec::new(),
        })
    }

    /// Who the fields belong to, once that is known better.
    pub(super) fn set_owner(&mut self, owner: impl Into<String>) {
        self.owner = owner.into();
    }

    pub(super) fn take(&mut self, name: &'static str) -> Option<Node> {
        self.known.push(name);
        let member = self.members.iter().find(|member| member.name == name)?;
        Some(member.node.clone())
    }

    pub(super) fn require(&mut self, name: &'static str) -> Option<Node> {
        let node = self.take(name);
        if node.is_none() {
            self.missing(name);
        }
        node
    }

    /// Notes that a field is required that is not there.
    pub(super) fn missing(&mut self, name: &str) {
        let message = format!("the field '{name}' is required but was missing");
        let problem = self.reader.n_problems();
        self.reader.error(&self.node, codes::MISSING_FIELD, message);
        // AWS says it once, for all of them.
        self.missing.push((name.to_string(), problem));
        let names: Vec<&str> = self.missing.iter().map(|(name, _)| name.as_str()).collect();
        let refusal = format!("These fields are required: [{}]", names.join(", "));
        let refusal = schema(refusal, &self.node.location);
        for (_, problem) in &self.missing {
            self.reader.amend(*problem, refusal.clone());
        }
    }

    /// The name as it stands in the object, to point at.
    pub(super) fn key(&self, name: &str) -> Option<Node> {
        let member = self.members.iter().find(|member| member.name == name)?;
        Some(member.key.clone())
    }

    /// Notes that two fields exclude each other; the second is pointed at.
    pub(super) fn exclusive(&mut self, first: &str, second: &str) {
        let Some(key) = self.key(second) else { return };
        let message = format!("'{first}' and '{second}' exclude each other");
        self.reader.error(&key, codes::EXCLUSIVE_FIELDS, message);
    }

    pub(super) fn string(&mut self, name: &'static str) -> Option<Field<String>> {
        let node = self.take(name)?;
        self.reader.string(&node)
    }

    pub(super) fn required_string(&mut self, name: &'static str) -> Option<Field<String>> {
        let node = self.require(name)?;
        self.reader.string(&node)
    }

    pub(super) fn comment(&mut self) -> Option<String> {
        self.string("Comment").map(|comment| comment.value)
    }

    pub(super) fn integer(
        &mut self,
        name: &'static str,
        range: RangeInclusive<u64>,
    ) -> Option<Field<u64>> {
        let node = self.take(name)?;
        self.reader.integer(&node, range)
    }

    // A JSONata state does not ask for the fields of JSONPath, so that they are reported in the end.

    /// `InputPath` and `OutputPath`.
    pub(super) fn data_path(&mut self, name: &'static str) -> NullablePath {
        self.nullable(name, syntax::expression)
    }

    /// `ResultPath`.
    pub(super) fn result_path(&mut self) -> NullablePath {
        self.nullable("ResultPath", syntax::result_path)
    }

    fn nullable(
        &mut self,
        name: &'static str,
        check: fn(&mut Reader<'a>, &Node) -> Option<Field<String>>,
    ) -> NullablePath {
        if self.language.is_jsonata() {
            return NullablePath::Default;
        }
        let Some(node) = self.take(name) else {
            return NullablePath::Default;
        };
        if self.reader.is_null(&node) {
            return NullablePath::Null;
        }
        // A broken path has been reported; the machine will not run.
        check(self.reader, &node).map_or(NullablePath::Default, NullablePath::Path)
    }

    /// What the state's work is given: `Parameters`, or `Arguments` in JSONata.
    pub(super) fn payload(&mut self) -> Option<Field<Value>> {
        match self.language {
            QueryLanguage::JsonPath => self.template("Parameters"),
            QueryLanguage::Jsonata => self.value("Arguments", QueryPlace::Before),
        }
    }

    /// A payload template, or any value of JSONata.
    pub(super) fn template_or_value(&mut self, name: &'static str) -> Option<Field<Value>> {
        match self.language {
            QueryLanguage::JsonPath => self.template(name),
            QueryLanguage::Jsonata => self.value(name, QueryPlace::Before),
        }
    }

    /// A JSON value with JSONata strings in it.
    pub(super) fn value(&mut self, name: &'static str, place: QueryPlace) -> Option<Field<Value>> {
        if !self.language.is_jsonata() {
            return None;
        }
        let node = self.take(name)?;
        syntax::queries(self.reader, &node, place);
        Some(self.reader.field(&node, node.value))
    }

    /// `Assign`: an object of variables.
    pub(super) fn assign(&mut self, place: QueryPlace) -> Option<Field<Value>> {
        let node = self.take("Assign")?;
        variables::check_names(self.reader, &node, self.language);
        match self.language {
            QueryLanguage::JsonPath => syntax::template(self.reader, &node),
            QueryLanguage::Jsonata => syntax::queries(self.reader, &node, place),
        }
        Some(self.reader.field(&node, node.value))
    }

    /// A payload template.
    pub(super) fn template(&mut self, name: &'static str) -> Option<Field<Value>> {
        if self.language.is_jsonata() {
            return None;
        }
        let node = self.take(name)?;
        if self.reader.is_null(&node) {
            self.reader.wrong_type(&node, "a payload template");
            return None;
        }
        syntax::template(self.reader, &node);
        Some(self.reader.field(&node, node.value))
    }

    /// A field and its twin that ends in `Path`: at most one of them. In JSONata the field may be an expression instead.
    pub(super) fn literal_or_path<T>(
        &mut self,
        [name, path_name]: [&'static str; 2],
        literal: impl FnOnce(&mut Reader<'a>, &Node) -> Option<Field<T>>,
        path: fn(&mut Reader<'a>, &Node) -> Option<Field<String>>,
    ) -> Option<LiteralOrPath<T>> {
        if self.language.is_jsonata() {
            let node = self.take(name)?;
            return match syntax::query(self.reader, &node, QueryPlace::Before) {
                Some(expression) => Some(LiteralOrPath::Query(expression)),
                None => literal(self.reader, &node).map(LiteralOrPath::Literal),
            };
        }
        let (given, given_path) = (self.take(name), self.take(path_name));
        if given.is_some() && given_path.is_some() {
            self.exclusive(name, path_name);
        }
        let literal = given.and_then(|node| literal(self.reader, &node));
        let path = given_path.and_then(|node| path(self.reader, &node));
        literal
            .map(LiteralOrPath::Literal)
            .or(path.map(LiteralOrPath::Path))
    }

    /// Seconds, or a reference path to them.
    pub(super) fn seconds(&mut self, names: [&'static str; 2]) -> Option<LiteralOrPath<u64>> {
        let literal = |reader: &mut Reader<'a>, node: &Node| reader.integer(node, SECONDS);
        self.literal_or_path(names, literal, syntax::reference_path)
    }

    /// Whether there is a field that nobody has asked for; it will be reported in the end.
    pub(super) fn has_unknown(&self) -> bool {
        let known = |member: &Member| self.known.contains(&member.name.as_str());
        !self.members.iter().all(known)
    }

    /// Reports every field that nobody asked for.
    pub(super) fn finish(self) {
        let known = self.known;
        for member in &self.members {
            let name = member.name.as_str();
            if known.contains(&name) {
                continue;
            }
            let (of_other, other) = match self.language {
                QueryLanguage::JsonPath => (JSONATA_FIELDS.contains(&name), QueryLanguage::Jsonata),
                QueryLanguage::Jsonata => (is_of_jsonpath(name), QueryLanguage::JsonPath),
            };
            let mut refusal = format!("Field '{name}' is not supported");
            let (code, message) = if of_other {
                let message = format!(
                    "the QueryLanguage is set to '{}', but field '{name}' is only supported for the '{}' QueryLanguage",
                    self.language.name(),
                    other.name()
                );
                refusal = message.replacen('t', "T", 1);
                (codes::FIELD_OF_OTHER_LANGUAGE, message)
            } else if STATE_FIELDS.contains(&name) {
                let message = format!("field '{name}' is not supported in {}", self.owner);
                (codes::MISPLACED_FIELD, message)
            } else {
                let message = format!("{} has no field {:?}", self.owner, shorten(name));
                (codes::UNKNOWN_FIELD, message)
            };
            let misspelt = code == codes::UNKNOWN_FIELD;
            let help = misspelt.then(|| did_you_mean(name, known.iter().copied()));
            let refusal = schema(refusal, &self.node.location);
            self.reader
                .refuse(&member.key, code, message, help.flatten(), refusal);
        }
    }
}

fn is_of_jsonpath(field: &str) -> bool {
    JSONPATH_FIELDS.contains(&field) || Operator::from_name(field).is_some()
}

/// What `TimeoutSeconds` and its relatives may be.
pub(super) const SECONDS: RangeInclusive<u64> = 1..=99_999_999;
