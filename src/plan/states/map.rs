//! Map: one scope over every item of an array.

use super::task::quantity;
use super::{Draft, Flow, Quantity, StateKind};
use crate::asl;
use crate::expr::Expression;
use crate::expr::Query;
use crate::expr::Template;
use crate::plan::compile::Compiler;
use crate::plan::{PathField, ResultPathField, ScopeId};

/// An inline Map state.
pub(crate) struct Map {
    /// `ItemProcessor` or `Iterator`
    pub(crate) processor: ScopeId,
    /// What to iterate over, unless it is the whole input.
    pub(crate) items: Option<Items>,
    /// `ItemSelector` or `Parameters`
    pub(crate) selector: Option<Template>,
    /// The first state reads what the selector makes part by part, so it is not put together.
    pub(crate) in_parts: bool,
    /// `MaxConcurrency`; 0 means no limit of its own.
    pub(crate) max_concurrency: Option<Quantity>,
}

/// The array of a Map.
pub(crate) enum Items {
    /// `ItemsPath`
    Path(Expression),
    /// `Items`: an expression that has to yield an array.
    Query(Box<Query>),
    /// `Items`: an array with expressions in it.
    Array(Template),
}

pub(super) fn compile(compiler: &mut Compiler<'_>, map: &asl::states::Map) -> Draft {
    let mut notes = Vec::new();
    let items = items(compiler, map, &mut notes);
    let selector = compiler.template_or_value(
        ("item selector", "ItemSelector"),
        map.item_selector.as_ref(),
        &mut notes,
    );
    let max_concurrency = quantity(
        compiler,
        ("max concurrency", "MaxConcurrency"),
        map.max_concurrency.as_ref(),
        &mut notes,
    );
    let result_selector =
        compiler.template("result selector", map.result_selector.as_ref(), &mut notes);
    let processor = compiler.scope(&map.item_processor);
    Draft {
        flow: Flow {
            input: PathField::compile(compiler, &map.input_path),
            result_selector,
            result_path: ResultPathField::compile(compiler, &map.result_path),
            output: PathField::compile(compiler, &map.output_path),
            assign: None,
        },
        next: compiler.next(&map.transition),
        retry: compiler.retry(&map.retry),
        catch: compiler.catch(&map.catch),
        work: 100 + compiler.template_work(map.result_selector.as_ref()),
        notes,
        ..Draft::new(StateKind::Map(Map {
            processor,
            items,
            selector,
            in_parts: false,
            max_concurrency,
        }))
    }
}

fn items(
    compiler: &mut Compiler<'_>,
    map: &asl::states::Map,
    notes: &mut Vec<(&'static str, String)>,
) -> Option<Items> {
    if let Some(items) = &map.items {
        notes.push(("items", compiler.text(items.value)));
        return match compiler.query_in(items, "Items") {
            Some(query) => query.map(Items::Query),
            None => compiler.value(items, "Items").map(Items::Array),
        };
    }
    match &map.items_path {
        Some(path) if path.value != "$" => {
            notes.push(("items", path.value.clone()));
            compiler.expression(path).map(Items::Path)
        }
        _ => None,
    }
}
