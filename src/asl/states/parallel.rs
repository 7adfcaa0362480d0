//! Parallel: several scopes over the same input.

use super::super::fields::Fields;
use super::super::machine::ScopeKind;
use super::super::{Catcher, Field, NullablePath, Retrier, Scope};
use super::Transition;
use crate::value::Value;

/// A Parallel state.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Parallel {
    /// Never empty.
    pub branches: Vec<Scope>,
    pub input_path: NullablePath,
    /// `Parameters`, a payload template, or `Arguments`.
    pub parameters: Option<Field<Value>>,
    /// Payload template over the array of outputs.
    pub result_selector: Option<Field<Value>>,
    pub result_path: NullablePath,
    pub output_path: NullablePath,
    pub retry: Vec<Retrier>,
    pub catch: Vec<Catcher>,
    pub transition: Transition,
}

impl Parallel {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Parallel> {
        let branches = fields.require("Branches").map(|node| {
            let reader = &mut *fields.reader;
            let nodes = reader.elements(&node);
            let scopes = nodes
                .iter()
                .map(|node| Scope::read(reader, node, ScopeKind::Branch));
            // All are read before the first broken one counts.
            scopes.collect::<Vec<_>>()
        });
        Some(Parallel {
            input_path: fields.data_path("InputPath"),
            parameters: fields.payload(),
            result_selector: fields.template("ResultSelector"),
            result_path: fields.result_path(),
            output_path: fields.data_path("OutputPath"),
            retry: Retrier::read_all(fields),
            catch: Catcher::read_all(fields),
            transition: Transition::read(fields)?,
            branches: branches?.into_iter().collect::<Option<Vec<_>>>()?,
        })
    }
}
