//! Map: one scope over every item of an array.

use super::task::quantity;
use super::{Draft, Flow, Quantity, StateKind};
use crate::asl;
use crate::expr::Expression;
use crate::expr::Template;
use crate::plan::compile::Compiler;
use crate::plan::{PathField, ResultPathField, ScopeId};

/// An inline Map state.
pub(crate) struct Map {
    /// `ItemProcessor` or `Iterator`
    pub(crate) processor: ScopeId,
    /// `ItemsPath`, unless it is `$`.
    pub(crate) items: Option<Expression>,
    /// `ItemSelector` or `Parameters`
    pub(crate) selector: Option<Template>,
    /// The first state reads what the selector makes part by part, so it is not put together.
    pub(crate) in_parts: bool,
    /// `MaxConcurrency`; 0 means no limit of its own.
    pub(crate) max_concurrency: Option<Quantity>,
}

pub(super) fn compile(compiler: &mut Compiler<'_>, map: &asl::states::Map) -> Draft {
    let mut notes = Vec::new();
    let items = match &map.items_path {
        Some(path) if path.value != "$" => {
            notes.push(("items", path.value.clone()));
            compiler.expression(path)
        }
        _ => None,
    };
    let selector = compiler.template("item selector", map.item_selector.as_ref(), &mut notes);
    let max_concurrency = quantity(
        compiler,
        "max concurrency",
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
