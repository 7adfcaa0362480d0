//! The fields between a state's raw input and its output. What they mean by default vanishes here.

use super::compile::Compiler;
use crate::asl::{Field, NullablePath};
use crate::expr::Expression;
use crate::expr::ResultPath;
use crate::expr::Template;
use crate::value::Value;

/// `InputPath`, `OutputPath` or `Output`.
#[derive(Default)]
pub(crate) enum PathField {
    /// Absent, or `$`.
    #[default]
    Whole,
    /// `null`: `{}`.
    Empty,
    /// A path into the input or the context object, or an intrinsic call.
    Select(Expression),
    /// `Output` of a JSONata state; the text is for `explain`.
    Query(Box<(String, Template)>),
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

    /// `Output`; absent, the state's result goes on.
    pub(super) fn output(
        compiler: &mut Compiler<'_>,
        output: Option<&Field<Value>>,
        location: &str,
    ) -> PathField {
        let template = output.and_then(|field| {
            let text = compiler.text(field.value);
            Some(Box::new((text, compiler.value(field, location)?)))
        });
        template.map_or(PathField::Whole, PathField::Query)
    }

    /// As `explain` shows it, unless it is the default.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            PathField::Whole => None,
            PathField::Empty => Some("{}"),
            PathField::Select(expression) => Some(expression.text()),
            PathField::Query(output) => Some(&output.0),
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
