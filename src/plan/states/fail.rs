//! Fail: ends its scope with an error.

use super::{Draft, StateKind};
use crate::asl;
use crate::asl::LiteralOrPath;
use crate::expr::Expression;
use crate::expr::Query;
use crate::plan::compile::Compiler;

/// A Fail state.
pub(crate) struct Fail {
    /// `Error` or `ErrorPath`
    pub(crate) error: Option<Text>,
    /// `Cause` or `CausePath`
    pub(crate) cause: Option<Text>,
}

/// A text that is written down, found by a path or computed.
pub(crate) enum Text {
    Literal(String),
    Path(Expression),
    Query(Box<Query>),
}

impl Text {
    fn note(&self) -> String {
        match self {
            Text::Literal(text) => format!("{text:?}"),
            Text::Path(path) => path.text().to_string(),
            Text::Query(query) => query.text().to_string(),
        }
    }
}

pub(super) fn compile(compiler: &mut Compiler<'_>, fail: &asl::states::Fail) -> Draft {
    let error = text(compiler, fail.error.as_ref(), "Error");
    let cause = text(compiler, fail.cause.as_ref(), "Cause");
    let mut notes = Vec::new();
    for (field, text) in [("error", &error), ("cause", &cause)] {
        notes.extend(text.as_ref().map(|text| (field, text.note())));
    }
    Draft {
        work: 200,
        notes,
        ..Draft::new(StateKind::Fail(Fail { error, cause }))
    }
}

fn text(
    compiler: &mut Compiler<'_>,
    field: Option<&LiteralOrPath<String>>,
    location: &str,
) -> Option<Text> {
    match field? {
        LiteralOrPath::Literal(text) => Some(Text::Literal(text.value.clone())),
        LiteralOrPath::Path(path) => compiler.expression(path).map(Text::Path),
        LiteralOrPath::Query(query) => compiler.query(query, location).map(Text::Query),
    }
}
