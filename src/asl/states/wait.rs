//! Wait: lets time pass.

use super::super::codes;
use super::super::fields::Fields;
use super::super::query_language::QueryLanguage;
use super::super::reader::Node;
use super::super::syntax;
use super::super::{Field, NullablePath};
use super::Transition;
use crate::expr::QueryPlace;

/// A Wait state.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Wait {
    pub input_path: NullablePath,
    pub output_path: NullablePath,
    pub until: WaitUntil,
    pub transition: Transition,
}

/// How long a Wait waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitUntil {
    /// `Seconds`, 0 to 99,999,999.
    Seconds(Field<u64>),
    /// A reference path to a number of seconds.
    SecondsPath(Field<String>),
    /// A valid RFC 3339 timestamp.
    Timestamp(Field<String>),
    /// A reference path to a timestamp.
    TimestampPath(Field<String>),
    /// `Seconds` in JSONata.
    SecondsQuery(Field<String>),
    /// `Timestamp` in JSONata.
    TimestampQuery(Field<String>),
}

impl Wait {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Wait> {
        let until = WaitUntil::read(fields);
        Some(Wait {
            input_path: fields.data_path("InputPath"),
            output_path: fields.data_path("OutputPath"),
            transition: Transition::read(fields)?,
            until: until?,
        })
    }
}

impl WaitUntil {
    fn read(fields: &mut Fields<'_, '_>) -> Option<WaitUntil> {
        const FORMS: [&str; 4] = ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"];
        let forms = match fields.language {
            QueryLanguage::JsonPath => &FORMS[..],
            QueryLanguage::Jsonata => &["Seconds", "Timestamp"],
        };
        let [seconds, seconds_path, timestamp, timestamp_path] = FORMS.map(|name| {
            let node = forms.contains(&name).then(|| fields.take(name));
            node.flatten()
        });
        let given: Vec<&str> = forms
            .iter()
            .copied()
            .filter(|name| fields.key(name).is_some())
            .collect();
        for other in given.iter().skip(1) {
            fields.exclusive(given[0], other);
        }
        if given.is_empty() {
            let message = format!("one of the fields [{}] is required", forms.join(", "));
            fields
                .reader
                .error(&fields.node, codes::MISSING_FIELD, message);
        }
        if fields.language.is_jsonata() {
            let mut query = |node: &Option<Node>| {
                let node = node.as_ref()?;
                syntax::query(fields.reader, node, QueryPlace::Before)
            };
            if let Some(expression) = query(&seconds) {
                return Some(WaitUntil::SecondsQuery(expression));
            }
            if let Some(expression) = query(&timestamp) {
                return Some(WaitUntil::TimestampQuery(expression));
            }
        }
        let reader = &mut *fields.reader;
        let seconds = seconds.and_then(|node| reader.integer(&node, 0..=99_999_999));
        let seconds_path = seconds_path.and_then(|node| syntax::reference_path(reader, &node));
        let timestamp = timestamp.and_then(|node| syntax::timestamp(reader, &node));
        let timestamp_path = timestamp_path.and_then(|node| syntax::reference_path(reader, &node));
        seconds
            .map(WaitUntil::Seconds)
            .or(seconds_path.map(WaitUntil::SecondsPath))
            .or(timestamp.map(WaitUntil::Timestamp))
            .or(timestamp_path.map(WaitUntil::TimestampPath))
    }
}
