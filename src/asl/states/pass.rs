//! Pass: hands its input on, perhaps reshaped.

use super::super::codes;
use super::super::fields::Fields;
use super::super::query_language::QueryLanguage;
use super::super::reader::{Node, Reader};
use super::super::syntax::looks_like_expression;
use super::super::{Field, NullablePath};
use super::Transition;
use crate::value::Value;

/// A Pass state.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Pass {
    pub input_path: NullablePath,
    /// Payload template.
    pub parameters: Option<Field<Value>>,
    /// Literal, not a template: keys that end in `.$` mean nothing.
    pub result: Option<Field<Value>>,
    pub result_path: NullablePath,
    pub output_path: NullablePath,
    pub transition: Transition,
}

impl Pass {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Pass> {
        let result = match fields.language {
            QueryLanguage::JsonPath => fields.take("Result"),
            QueryLanguage::Jsonata => None,
        };
        if let Some(node) = &result {
            warn_of_static_paths(fields.reader, node);
        }
        let pass = Pass {
            input_path: fields.data_path("InputPath"),
            parameters: fields.template("Parameters"),
            result: result.map(|node| fields.reader.field(&node, node.value)),
            result_path: fields.result_path(),
            output_path: fields.data_path("OutputPath"),
            transition: Transition::read(fields)?,
        };
        Some(pass)
    }
}

/// Warns of paths in a `Result`, which nobody evaluates.
fn warn_of_static_paths(reader: &mut Reader<'_>, result: &Node) {
    let mut open = vec![result.clone()];
    while let Some(node) = open.pop() {
        for member in reader.members(&node) {
            let text = reader.text(&member.node).unwrap_or_default();
            if member.name.ends_with(".$") && looks_like_expression(&text) {
                let message = "a path in 'Result' is not evaluated";
                let help = "use 'Parameters' to have it evaluated".to_string();
                reader.warning(&member.key, codes::STATIC_RESULT, message, Some(help));
            }
            open.push(member.node);
        }
        open.extend(reader.elements_of(&node));
    }
}
