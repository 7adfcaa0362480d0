//! Map: one scope over every item of an array.

use super::super::{Catcher, Field, LiteralOrPath, NullablePath, Retrier, Scope};
use super::Transition;
use crate::value::Value;

/// An inline Map state.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Map {
    /// `ItemProcessor`, or `Iterator` in its old spelling.
    pub item_processor: Scope,
    pub input_path: NullablePath,
    /// A path to the array; `$` when absent.
    pub items_path: Option<Field<String>>,
    /// `ItemSelector`, or `Parameters` in its old spelling: a payload template per item.
    pub item_selector: Option<Field<Value>>,
    /// 0 means no limit of its own.
    pub max_concurrency: Option<LiteralOrPath<u64>>,
    /// Payload template over the array of outputs.
    pub result_selector: Option<Field<Value>>,
    pub result_path: NullablePath,
    pub output_path: NullablePath,
    pub retry: Vec<Retrier>,
    pub catch: Vec<Catcher>,
    pub transition: Transition,
}
