//! Succeed: ends its scope.

use super::{Draft, Flow, StateKind};
use crate::asl;
use crate::plan::PathField;
use crate::plan::compile::Compiler;

pub(super) fn compile(compiler: &mut Compiler<'_>, succeed: &asl::states::Succeed) -> Draft {
    Draft {
        flow: Flow {
            input: PathField::compile(compiler, &succeed.input_path),
            output: PathField::compile(compiler, &succeed.output_path),
            ..Flow::default()
        },
        work: 40,
        ..Draft::new(StateKind::Succeed)
    }
}
