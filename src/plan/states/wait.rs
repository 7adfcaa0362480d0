//! Wait: lets time pass.

use super::{Draft, Flow, StateKind};
use crate::asl;
use crate::asl::states::WaitUntil;
use crate::expr::Query;
use crate::expr::ReferencePath;
use crate::expr::timestamp;
use crate::plan::PathField;
use crate::plan::compile::Compiler;

/// How long a Wait waits.
pub(crate) enum Wait {
    /// Milliseconds.
    Seconds(u64),
    SecondsPath(ReferencePath),
    /// Milliseconds since the epoch.
    Timestamp(i64),
    TimestampPath(ReferencePath),
    /// `Seconds` in JSONata
    SecondsQuery(Box<Query>),
    /// `Timestamp` in JSONata
    TimestampQuery(Box<Query>),
}

pub(super) fn compile(compiler: &mut Compiler<'_>, wait: &asl::states::Wait) -> Draft {
    let note = match &wait.until {
        WaitUntil::Seconds(seconds) => ("for", format!("{} s", seconds.value)),
        WaitUntil::SecondsPath(path) => ("for", format!("{} s", path.value)),
        WaitUntil::Timestamp(text) => ("until", text.value.clone()),
        WaitUntil::TimestampPath(path) => ("until", path.value.clone()),
        WaitUntil::SecondsQuery(query) => ("for", format!("{} s", query.value)),
        WaitUntil::TimestampQuery(query) => ("until", query.value.clone()),
    };
    Draft {
        flow: Flow {
            input: PathField::compile(compiler, &wait.input_path),
            output: PathField::compile(compiler, &wait.output_path),
            ..Flow::default()
        },
        next: compiler.next(&wait.transition),
        work: 100,
        waits: true,
        notes: vec![note],
        ..Draft::new(StateKind::Wait(until(compiler, &wait.until)))
    }
}

fn until(compiler: &mut Compiler<'_>, until: &WaitUntil) -> Wait {
    // A field that cannot be compiled has been reported; what stands in its place is never run.
    const REFUSED: Wait = Wait::Seconds(0);
    match until {
        WaitUntil::Seconds(seconds) => Wait::Seconds(seconds.value.saturating_mul(1000)),
        WaitUntil::SecondsPath(path) => compiler
            .reference_path(path)
            .map_or(REFUSED, Wait::SecondsPath),
        WaitUntil::Timestamp(text) => match timestamp::parse(text) {
            Some(timestamp) => Wait::Timestamp(timestamp.millis()),
            None => {
                let message = format!("{:?} is not an RFC 3339 timestamp", text.value);
                compiler.refuse(&text.place, message);
                REFUSED
            }
        },
        WaitUntil::TimestampPath(path) => compiler
            .reference_path(path)
            .map_or(REFUSED, Wait::TimestampPath),
        WaitUntil::SecondsQuery(query) => compiler
            .query(query, "Seconds")
            .map_or(REFUSED, Wait::SecondsQuery),
        WaitUntil::TimestampQuery(query) => compiler
            .query(query, "Timestamp")
            .map_or(REFUSED, Wait::TimestampQuery),
    }
}
