//! Pass: hands its input on, perhaps reshaped.

use super::{Draft, Flow, StateKind};
use crate::asl;
use crate::expr::Template;
use crate::plan::compile::Compiler;
use crate::plan::{PathField, ResultPathField};
use crate::value::Value;

/// A Pass state.
pub(crate) struct Pass {
    /// `Result`, which is a constant.
    pub(crate) result: Option<Value>,
    /// `Parameters`
    pub(crate) parameters: Option<Template>,
}

pub(super) fn compile(compiler: &mut Compiler<'_>, pass: &asl::states::Pass) -> Draft {
    let mut notes = Vec::new();
    let kind = StateKind::Pass(Pass {
        result: pass.result.as_ref().map(|result| {
            notes.push(("result", compiler.text(result.value)));
            compiler.constant(result.value)
        }),
        parameters: compiler.template("parameters", pass.parameters.as_ref(), &mut notes),
    });
    Draft {
        flow: Flow {
            input: PathField::compile(compiler, &pass.input_path),
            result_selector: None,
            result_path: ResultPathField::compile(compiler, &pass.result_path),
            output: PathField::compile(compiler, &pass.output_path),
            assign: None,
        },
        next: compiler.next(&pass.transition),
        work: 60 + compiler.template_work(pass.parameters.as_ref()),
        notes,
        ..Draft::new(kind)
    }
}
