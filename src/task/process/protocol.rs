//! The lines between us and a worker.

use std::io::Write;

use super::super::{Call, Site};
use crate::engine::TaskReply;
use crate::value::{Arena, Constants, ParseLimits, Value};

/// What a worker is told of the Task state that calls.
pub(super) struct Target {
    /// Members of the line, from the comma behind the id on.
    members: Vec<u8>,
    /// Results come in the envelope of `lambda:invoke`.
    pub(super) envelope: bool,
}

/// A call's line without its id, which the worker's owner gives it.
pub(super) struct CallLine(Vec<u8>);

/// What a worker said.
#[derive(Debug, PartialEq)]
pub(super) struct Said {
    pub(super) id: u64,
    pub(super) reply: TaskReply,
}

impl Target {
    pub(super) fn new(site: &Site<'_>) -> Target {
        let mut members = Vec::new();
        let function = site.function().unwrap_or(site.state);
        for (name, text) in [
            ("function", function),
            ("state", site.state),
            ("resource", site.resource),
        ] {
            member(name, text, &mut members);
        }
        Target {
            members,
            envelope: site.is_lambda_invoke(),
        }
    }

    /// The line of a call.
    pub(super) fn line(&self, call: &Call<'_>, input: Value) -> CallLine {
        let mut line = self.members.clone();
        member("execution", call.execution_id, &mut line);
        member("key", &call.idempotency_key(), &mut line);
        // Writing into memory does not fail.
        let _ = write!(line, ",\"attempt\":{}", call.attempt);
        if let Some(timeout) = call.timeout {
            let _ = write!(line, ",\"timeout\":{timeout}");
        }
        line.extend_from_slice(b",\"input\":");
        call.arena.print(input, &mut line);
        line.extend_from_slice(b"}\n");
        CallLine(line)
    }
}

impl CallLine {
    pub(super) fn write(&self, id: u64, out: &mut Vec<u8>) {
        let _ = write!(out, "{{\"id\":{id}");
        out.extend_from_slice(&self.0);
    }
}

/// Tells a worker that nobody waits for a call any more.
pub(super) fn write_cancel(id: u64, out: &mut Vec<u8>) {
    let _ = writeln!(out, "{{\"cancel\":{id}}}");
}

/// Reads an answer; none where the line is none.
pub(super) fn read(line: &[u8]) -> Option<Said> {
    let mut arena = Arena::new(Constants::empty());
    let root = arena.parse(line, ParseLimits::default()).ok()?;
    let id = arena.as_number(arena.get_by_name(root, "id")?)?.as_i64()?;
    let text = |name| {
        let text = arena.as_str(arena.get_by_name(root, name)?)?;
        Some(text.decode().into_owned())
    };
    let reply = match arena.get_by_name(root, "result") {
        Some(result) => {
            let mut json = Vec::new();
            arena.print(result, &mut json);
            TaskReply::Result(json)
        }
        None => TaskReply::Error {
            error: Some(text("error")?),
            cause: text("cause"),
        },
    };
    Some(Said {
        id: u64::try_from(id).ok()?,
        reply,
    })
}

fn member(name: &str, text: &str, out: &mut Vec<u8>) {
    let _ = write!(out, ",\"{name}\":");
    serde_json::to_writer(out, text).expect("a text can be written into memory");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, want: Option<(u64, TaskReply)>) {
        let want = want.map(|(id, reply)| Said { id, reply });
        assert_eq!(read(line.as_bytes()), want, "{line}");
    }

    #[test]
    fn results_keep_their_spelling() {
        check(
            r#"{"id": 3, "result": {"n":1.50}}"#,
            Some((3, TaskReply::Result(br#"{"n":1.50}"#.to_vec()))),
        );
        check(
            r#"{"result":null,"id":0}"#,
            Some((0, TaskReply::Result(b"null".to_vec()))),
        );
    }

    #[test]
    fn errors_have_a_name_and_perhaps_a_cause() {
        let error = |cause: Option<&str>| TaskReply::Error {
            error: Some("E".to_string()),
            cause: cause.map(str::to_string),
        };
        check(r#"{"id":1,"error":"E"}"#, Some((1, error(None))));
        check(
            r#"{"id":1,"error":"E","cause":"a\"b"}"#,
            Some((1, error(Some("a\"b")))),
        );
    }

    #[test]
    fn other_lines_are_no_answers() {
        for line in [
            "debug: here",
            "{}",
            r#"{"id":1}"#,
            r#"{"id":-1,"result":1}"#,
            "[1]",
        ] {
            check(line, None);
        }
    }
}
