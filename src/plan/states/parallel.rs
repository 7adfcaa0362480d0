//! Parallel: several scopes over the same input.

use super::{Draft, Flow, StateKind};
use crate::asl;
use crate::expr::Template;
use crate::plan::compile::Compiler;
use crate::plan::{PathField, ResultPathField, ScopeId};

/// A Parallel state.
pub(crate) struct Parallel {
    pub(crate) branches: Box<[ScopeId]>,
    /// `Parameters`
    pub(crate) parameters: Option<Template>,
}

pub(super) fn compile(compiler: &mut Compiler<'_>, parallel: &asl::states::Parallel) -> Draft {
    let mut notes = Vec::new();
    let parameters = compiler.payload(parallel.parameters.as_ref(), &mut notes);
    let result_selector = compiler.template(
        "result selector",
        parallel.result_selector.as_ref(),
        &mut notes,
    );
    let branches: Box<[ScopeId]> = parallel
        .branches
        .iter()
        .map(|branch| compiler.scope(branch))
        .collect();
    Draft {
        flow: Flow {
            input: PathField::compile(compiler, &parallel.input_path),
            result_selector,
            result_path: ResultPathField::compile(compiler, &parallel.result_path),
            output: PathField::compile(compiler, &parallel.output_path),
            assign: None,
        },
        next: compiler.next(&parallel.transition),
        retry: compiler.retry(&parallel.retry),
        catch: compiler.catch(&parallel.catch),
        work: 100
            + compiler.template_work(parallel.parameters.as_ref())
            + compiler.template_work(parallel.result_selector.as_ref()),
        notes,
        ..Draft::new(StateKind::Parallel(Parallel {
            branches,
            parameters,
        }))
    }
}
