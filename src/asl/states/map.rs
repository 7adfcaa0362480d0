//! Map: one scope over every item of an array.

use std::ops::RangeInclusive;

use super::super::fields::Fields;
use super::super::machine::ScopeKind;
use super::super::query_language::QueryLanguage;
use super::super::reader::{Node, Reader};
use super::super::syntax;
use super::super::{Catcher, Field, LiteralOrPath, NullablePath, Retrier, Scope};
use super::{Transition, distributed};
use crate::expr::QueryPlace;
use crate::value::Value;

/// An inline Map state.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Map {
    /// `ItemProcessor`, or `Iterator` in its old spelling.
    pub item_processor: Scope,
    pub input_path: NullablePath,
    /// `ItemsPath`: a path to the array; `$` when absent.
    pub items_path: Option<Field<String>>,
    /// JSONata: `Items`.
    pub items: Option<Field<Value>>,
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

impl Map {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Map> {
        let item_processor = read_item_processor(fields);
        distributed::check(fields);
        let concurrency = |reader: &mut Reader<'_>, node: &Node| reader.integer(node, COUNT);
        let names = ["MaxConcurrency", "MaxConcurrencyPath"];
        Some(Map {
            input_path: fields.data_path("InputPath"),
            items_path: match fields.language {
                QueryLanguage::JsonPath => fields
                    .take("ItemsPath")
                    .and_then(|node| syntax::items_path(fields.reader, &node)),
                QueryLanguage::Jsonata => None,
            },
            items: fields.value("Items", QueryPlace::Before),
            item_selector: read_item_selector(fields),
            max_concurrency: fields.literal_or_path(names, concurrency, syntax::reference_path),
            result_selector: fields.template("ResultSelector"),
            result_path: fields.result_path(),
            output_path: fields.data_path("OutputPath"),
            retry: Retrier::read_all(fields),
            catch: Catcher::read_all(fields),
            transition: Transition::read(fields)?,
            item_processor: item_processor?,
        })
    }
}

/// Numbers of items and concurrent iterations.
pub(super) const COUNT: RangeInclusive<u64> = 0..=i64::MAX as u64;

/// `ItemProcessor` or `Iterator`: exactly one.
fn read_item_processor(fields: &mut Fields<'_, '_>) -> Option<Scope> {
    let (processor, iterator) = (fields.take("ItemProcessor"), fields.take("Iterator"));
    match (&processor, &iterator) {
        (Some(_), Some(_)) => fields.exclusive("ItemProcessor", "Iterator"),
        (None, None) => fields.missing("ItemProcessor"),
        _ => {}
    }
    let node = processor.or(iterator)?;
    Scope::read(fields.reader, &node, ScopeKind::ItemProcessor)
}

/// `ItemSelector` or `Parameters`: at most one.
fn read_item_selector(fields: &mut Fields<'_, '_>) -> Option<Field<Value>> {
    let (selector, parameters) = (
        fields.template_or_value("ItemSelector"),
        fields.template("Parameters"),
    );
    if selector.is_some() && parameters.is_some() {
        fields.exclusive("ItemSelector", "Parameters");
    }
    selector.or(parameters)
}
