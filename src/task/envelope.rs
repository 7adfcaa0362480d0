//! `arn:aws:states:::lambda:invoke` wraps what goes to a function and what comes back.

use super::Call;
use crate::value::Kind;
use crate::value::Value;

/// What the function gets: `Payload` of the task's input, or an empty object where there is none.
pub(super) fn payload(call: &Call<'_>) -> Value {
    let payload = match call.arena.kind(call.input) {
        Kind::Object => call.arena.get_by_name(call.input, "Payload"),
        _ => None,
    };
    payload.unwrap_or(Value::EMPTY_OBJECT)
}

/// The result of the task around a function's own answer.
pub(super) fn in_envelope(payload: &[u8]) -> Vec<u8> {
    let (before, after): (&[u8], &[u8]) = (
        br#"{"ExecutedVersion":"$LATEST","Payload":"#,
        br#","StatusCode":200}"#,
    );
    [before, payload, after].concat()
}
