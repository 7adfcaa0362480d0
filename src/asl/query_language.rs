//! Which query language a state speaks.

use super::codes;
use super::fields::Fields;
use super::reader::schema;

/// The language of a machine or state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryLanguage {
    /// `JSONPath`, the default.
    JsonPath,
    /// `JSONata`
    Jsonata,
}

impl QueryLanguage {
    /// Whether it is JSONata.
    pub fn is_jsonata(self) -> bool {
        self == QueryLanguage::Jsonata
    }

    /// As a definition spells it.
    pub(super) fn name(self) -> &'static str {
        match self {
            QueryLanguage::JsonPath => "JSONPath",
            QueryLanguage::Jsonata => "JSONata",
        }
    }

    /// The machine's `QueryLanguage`; the default of every state.
    pub(super) fn of_machine(fields: &mut Fields<'_, '_>) -> QueryLanguage {
        let language = QueryLanguage::read(fields).unwrap_or(QueryLanguage::JsonPath);
        fields.reader.machine_language = language;
        language
    }

    /// A state's own `QueryLanguage`, else the machine's; never that of an enclosing Map or Parallel.
    pub(super) fn of_state(fields: &mut Fields<'_, '_>) -> QueryLanguage {
        let machine = fields.reader.machine_language;
        let own = QueryLanguage::read(fields).unwrap_or(machine);
        if machine.is_jsonata()
            && !own.is_jsonata()
            && let Some(node) = fields.take("QueryLanguage")
        {
            let message =
                "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
            let refusal = schema(message, &fields.node.location);
            fields
                .reader
                .refuse(&node, codes::QUERY_LANGUAGE, message, None, refusal);
        }
        own
    }

    fn read(fields: &mut Fields<'_, '_>) -> Option<QueryLanguage> {
        let node = fields.take("QueryLanguage")?;
        match fields.reader.word(&node, &["JSONPath", "JSONata"]) {
            Some(0) => Some(QueryLanguage::JsonPath),
            // As the service does: for anything else further checks take the other language.
            Some(_) | None => Some(QueryLanguage::Jsonata),
        }
    }
}
