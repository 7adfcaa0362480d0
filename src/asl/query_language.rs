//! Which query language a state speaks. Only JSONPath can be run yet.

use super::codes;
use super::fields::Fields;

/// The language of a machine or state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueryLanguage {
    JsonPath,
    Jsonata,
}

impl QueryLanguage {
    pub(super) fn is_json_path(self) -> bool {
        self == QueryLanguage::JsonPath
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
        if machine == QueryLanguage::Jsonata
            && own.is_json_path()
            && let Some(node) = fields.take("QueryLanguage")
        {
            let message =
                "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
            fields.reader.error(&node, codes::JSONATA_FIELD, message);
        }
        own
    }

    /// The field, if it is there. JSONata and unknown languages are refused.
    fn read(fields: &mut Fields<'_, '_>) -> Option<QueryLanguage> {
        let node = fields.take("QueryLanguage")?;
        match fields.reader.word(&node, &["JSONPath", "JSONata"]) {
            Some(0) => Some(QueryLanguage::JsonPath),
            Some(_) => {
                let message = "JSONata is not supported yet";
                fields.reader.error(&node, codes::JSONATA, message);
                Some(QueryLanguage::Jsonata)
            }
            // As the service does: further checks take the other language.
            None => Some(QueryLanguage::Jsonata),
        }
    }
}
