//! Reads an object of the definition field by field; what nobody asked for is reported in the end.

use std::ops::RangeInclusive;

use super::codes;
use super::field::{Field, LiteralOrPath, NullablePath};
use super::reader::{Member, Node, Reader, shorten};
use super::syntax;
use crate::diagnostic::did_you_mean;
use crate::value::Value;

/// Every field that some state has. Elsewhere they are misplaced, not unknown.
const STATE_FIELDS: &[&str] = &[
    "Assign",
    "Branches",
    "Catch",
    "Cause",
    "CausePath",
    "Choices",
    "Comment",
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
    "ItemsPath",
    "Iterator",
    "Label",
    "MaxConcurrency",
    "MaxConcurrencyPath",
    "Next",
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

/// An object whose fields are being read.
pub(super) struct Fields<'r, 'a> {
    pub(super) reader: &'r mut Reader<'a>,
    /// The object.
    pub(super) node: Node,
    /// Whose fields they are, for messages: `a Pass state`.
    owner: String,
    members: Vec<Member>,
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
            reader,
            node: node.clone(),
            owner: owner.into(),
            members,
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
        self.reader.error(&self.node, codes::MISSING_FIELD, message);
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
        let Some(node) = self.take(name) else {
            return NullablePath::Default;
        };
        if self.reader.is_null(&node) {
            return NullablePath::Null;
        }
        // A broken path has been reported; the machine will not run.
        check(self.reader, &node).map_or(NullablePath::Default, NullablePath::Path)
    }

    /// A payload template.
    pub(super) fn template(&mut self, name: &'static str) -> Option<Field<Value>> {
        let node = self.take(name)?;
        if self.reader.is_null(&node) {
            self.reader.wrong_type(&node, "a payload template");
            return None;
        }
        syntax::template(self.reader, &node);
        Some(self.reader.field(&node, node.value))
    }

    /// A field and its twin that ends in `Path`: at most one of them.
    pub(super) fn literal_or_path<T>(
        &mut self,
        [name, path_name]: [&'static str; 2],
        literal: impl FnOnce(&mut Reader<'a>, &Node) -> Option<Field<T>>,
        path: fn(&mut Reader<'a>, &Node) -> Option<Field<String>>,
    ) -> Option<LiteralOrPath<T>> {
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

    /// `Assign` belongs to variables, which cannot be run yet.
    pub(super) fn refuse_assign(&mut self) {
        if self.take("Assign").is_some()
            && let Some(key) = self.key("Assign")
        {
            let message = "variables ('Assign') are not supported yet";
            self.reader.error(&key, codes::ASSIGN, message);
        }
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
            let (code, message) = if JSONATA_FIELDS.contains(&name) {
                let message = format!(
                    "the QueryLanguage is set to 'JSONPath', but field '{name}' is only supported for the 'JSONata' QueryLanguage"
                );
                (codes::JSONATA_FIELD, message)
            } else if STATE_FIELDS.contains(&name) {
                let message = format!("field '{name}' is not supported in {}", self.owner);
                (codes::MISPLACED_FIELD, message)
            } else {
                let message = format!("{} has no field {:?}", self.owner, shorten(name));
                (codes::UNKNOWN_FIELD, message)
            };
            let misspelt = code == codes::UNKNOWN_FIELD;
            let help = misspelt.then(|| did_you_mean(name, known.iter().copied()));
            self.reader
                .error_with_help(&member.key, code, message, help.flatten());
        }
    }
}

/// What `TimeoutSeconds` and its relatives may be.
pub(super) const SECONDS: RangeInclusive<u64> = 1..=99_999_999;
