//! Task: one call of something outside.

use super::{Draft, Flow, StateKind};
use crate::asl;
use crate::asl::LiteralOrPath;
use crate::expr::Query;
use crate::expr::ReferencePath;
use crate::expr::Template;
use crate::plan::compile::Compiler;
use crate::plan::{PathField, ResourceId, ResultPathField};

/// A Task state.
pub(crate) struct Task {
    pub(crate) resource: ResourceId,
    /// Its place among the Tasks of its scope, for counting visits.
    pub(crate) ordinal: u32,
    /// `Parameters`
    pub(crate) parameters: Option<Template>,
    /// `TimeoutSeconds` of each attempt
    pub(crate) timeout: Option<Quantity>,
    /// `HeartbeatSeconds`
    pub(crate) heartbeat: Option<Quantity>,
}

/// A number that is written down, found by a path or computed.
pub(crate) enum Quantity {
    Literal(u64),
    Path(ReferencePath),
    Query(Box<Query>),
}

pub(super) fn compile(compiler: &mut Compiler<'_>, task: &asl::states::Task) -> Draft {
    let mut notes = vec![("resource", task.resource.value.clone())];
    let parameters = compiler.payload(task.parameters.as_ref(), &mut notes);
    let timeout = quantity(
        compiler,
        ("timeout", "TimeoutSeconds"),
        task.timeout_seconds.as_ref(),
        &mut notes,
    );
    let heartbeat = quantity(
        compiler,
        ("heartbeat", "HeartbeatSeconds"),
        task.heartbeat_seconds.as_ref(),
        &mut notes,
    );
    let result_selector =
        compiler.template("result selector", task.result_selector.as_ref(), &mut notes);
    Draft {
        flow: Flow {
            input: PathField::compile(compiler, &task.input_path),
            result_selector,
            result_path: ResultPathField::compile(compiler, &task.result_path),
            output: PathField::compile(compiler, &task.output_path),
            assign: None,
        },
        next: compiler.next(&task.transition),
        retry: compiler.retry(&task.retry),
        catch: compiler.catch(&task.catch),
        work: 300
            + compiler.template_work(task.parameters.as_ref())
            + compiler.template_work(task.result_selector.as_ref()),
        waits: true,
        notes,
        ..Draft::new(StateKind::Task(Task {
            resource: compiler.resource(task),
            ordinal: compiler.next_task(),
            parameters,
            timeout,
            heartbeat,
        }))
    }
}

/// The two spellings of a number, for instance `TimeoutSeconds` and `TimeoutSecondsPath`.
pub(super) fn quantity(
    compiler: &mut Compiler<'_>,
    (name, location): (&'static str, &str),
    field: Option<&LiteralOrPath<u64>>,
    notes: &mut Vec<(&'static str, String)>,
) -> Option<Quantity> {
    match field? {
        LiteralOrPath::Literal(number) => {
            notes.push((name, number.value.to_string()));
            Some(Quantity::Literal(number.value))
        }
        LiteralOrPath::Path(path) => {
            notes.push((name, path.value.clone()));
            compiler.reference_path(path).map(Quantity::Path)
        }
        LiteralOrPath::Query(expression) => {
            notes.push((name, expression.value.clone()));
            compiler.query(expression, location).map(Quantity::Query)
        }
    }
}
