//! The fields between a state's raw input and its output. What they mean by default vanishes here.

use super::compile::Compiler;
use crate::asl::NullablePath;
use crate::expr::Expression;
use crate::expr::ResultPath;

/// `InputPath` or `OutputPath`.
#[derive(Default)]
pub(crate) enum PathField {
    /// Absent, or `$`.
    #[default]
    Whole,
    /// `null`: `{}`.
    Empty,
    /// A path into the input or the context object, or an intrinsic call.
    Select(Expression),
}

/// `ResultPath`.
#[derive(Default)]
pub(crate) enum ResultPathField {
    /// Absent, or `$`: the result replaces the raw input.
    #[default]
    Replace,
    /// `null`: the raw input goes on.
    Discard,
    /// The result is written into the raw input.
    Write(Box<str>, ResultPath),
}

impl PathField {
    pub(super) fn compile(compiler: &mut Compiler<'_>, path: &NullablePath) -> PathField {
        match path {
            NullablePath::Default => PathField::Whole,
            NullablePath::Null => PathField::Empty,
            NullablePath::Path(text) if text.value == "$" => PathField::Whole,
            NullablePath::Path(text) => match compiler.expression(text) {
                Some(expression) => PathField::Select(expression),
                None => PathField::Whole,
            },
        }
    }

    /// As `explain` shows it, unless it is the default.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            PathField::Whole => None,
            PathField::Empty => Some("{}"),
            PathField::Select(expression) => Some(expression.text()),
        }
    }
}

impl ResultPathField {
    pub(super) fn compile(compiler: &mut Compiler<'_>, path: &NullablePath) -> ResultPathField {
        match path {
            NullablePath::Default => ResultPathField::Replace,
            NullablePath::Null => ResultPathField::Discard,
            NullablePath::Path(text) if text.value == "$" => ResultPathField::Replace,
            NullablePath::Path(text) => match ResultPath::compile(text, &mut compiler.constants) {
                Ok(path) => ResultPathField::Write(text.as_str().into(), path),
                Err(error) => {
                    compiler.refuse(&text.place, error.to_string());
                    ResultPathField::Replace
                }
            },
        }
    }

    /// As `explain` shows it, unless it is the default.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            ResultPathField::Replace => None,
            ResultPathField::Discard => Some("nowhere"),
            ResultPathField::Write(text, _) => Some(text),
        }
    }
}
