//! The formats of result and dead-letter records: pure functions from a record and its run to headers. Knows no client.

use std::fmt::Write as _;
use std::io::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::expr::timestamp;
use crate::kafka::{HeaderBuffer, Headers, NOT_BEFORE, Record, hash};

/// Version of the dead-letter format.
const DEAD_LETTER_VERSION: &[u8] = b"1";
/// Longest cause, and longest of the other texts that a definition or an event can make up.
const TEXT_BYTES: usize = 1_024;
/// What is kept of a value that the dead-letter topic does not take.
const TRUNCATED_BYTES: usize = 64 << 10;
const OURS: &str = "expressd.";
const TRACEPARENT: &str = "traceparent";
/// Where a record stood first: topic, partition, offset, timestamp.
const FIRST: [&str; 4] = [
    "expressd.first.topic",
    "expressd.first.partition",
    "expressd.first.offset",
    "expressd.first.timestamp",
];

/// One run of a machine over one record.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The pipeline's name.
    pub pipeline: &'a str,
    /// Content hash of the definition.
    pub definition: &'a str,
    /// Configured name of this process.
    pub instance: &'a str,
    /// `{pipeline}/{topic}-{partition}-{offset}`
    pub execution: &'a str,
    /// Milliseconds since the epoch.
    pub started: i64,
    /// Milliseconds since the epoch.
    pub ended: i64,
    /// Deliveries so far: 1 and the number of retry topics that the record has passed. Above 1, `expressd.` headers of the
    /// record are our own.
    pub attempt: usize,
}

/// Where a record stood before it went through retry topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Topic.
    pub topic: &'a str,
    /// Partition number.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Milliseconds since the epoch, where it had one.
    pub timestamp: Option<i64>,
}

/// What the headers of a record from a retry topic say of its first place.
pub fn first_place(headers: Headers<'_>) -> Option<Place<'_>> {
    let text = |name: &str| {
        let found = headers.iter().filter(|header| header.name == name).last()?;
        std::str::from_utf8(found.value?).ok()
    };
    Some(Place {
        topic: text(FIRST[0])?,
        partition: text(FIRST[1])?.parse().ok()?,
        offset: text(FIRST[2])?.parse().ok()?,
        timestamp: text(FIRST[3]).and_then(|timestamp| timestamp.parse().ok()),
    })
}

/// The timestamp of the event itself.
pub fn event_timestamp(record: &Record<'_>, attempt: usize) -> Option<i64> {
    match attempt {
        0 | 1 => record.timestamp,
        _ => first_place(record.headers).map_or(record.timestamp, |first| first.timestamp),
    }
}

/// Why a record became a dead letter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Problem<'a> {
    /// ASL error name; a `Fail` state may have none.
    pub error: Option<&'a str>,
    /// May be missing, too.
    pub cause: Option<&'a str>,
    /// The failing state with its scope; empty when no state ran.
    pub state: &'a str,
}

/// Which headers of ours a result has. Dead letters have all of theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ResultHeaders {
    /// What ran, over which record, when, and a trace context.
    #[default]
    All,
    /// What tells a repeated result and where it comes from: `expressd.execution`, which ends with topic, partition and
    /// offset, and the record's first place where it came through a retry topic.
    Essential,
}

/// Headers of a result: the record's own, then ours.
pub fn result_headers(
    record: &Record<'_>,
    run: &Run<'_>,
    wanted: ResultHeaders,
    out: &mut HeaderBuffer,
) {
    out.clear();
    let traced = keep_headers(record.headers, run.attempt, out);
    let all = wanted == ResultHeaders::All;
    if all {
        out.push("expressd.status", Some(b"SUCCEEDED"));
    }
    out.push("expressd.execution", Some(run.execution.as_bytes()));
    if all {
        out.push("expressd.definition", Some(run.definition.as_bytes()));
        push_source(record, out);
    }
    if run.attempt > 1 {
        push_first(record, run.attempt, out);
    }
    if all {
        push_times(run, "expressd.ended", out);
        if !traced {
            push_traceparent(run.execution, out);
        }
    }
}

/// Headers of a dead letter; its key and value are the record's, unchanged.
pub fn dead_letter_headers(
    record: &Record<'_>,
    run: &Run<'_>,
    problem: &Problem<'_>,
    out: &mut HeaderBuffer,
) {
    out.clear();
    let traced = keep_headers(record.headers, run.attempt, out);
    out.push("expressd.dlq", Some(DEAD_LETTER_VERSION));
    push_failure(record, run, problem, out);
    if run.attempt > 1 {
        push_first(record, run.attempt, out);
    }
    push_times(run, "expressd.failed", out);
    out.push("expressd.instance", Some(run.instance.as_bytes()));
    if !traced {
        push_traceparent(run.execution, out);
    }
}

/// Headers of a record that runs again, `not_before` milliseconds since the epoch; its key and value are the record's,
/// unchanged.
pub fn retry_headers(
    record: &Record<'_>,
    run: &Run<'_>,
    problem: &Problem<'_>,
    not_before: i64,
    out: &mut HeaderBuffer,
) {
    out.clear();
    let traced = keep_headers(record.headers, run.attempt, out);
    push_number(NOT_BEFORE, not_before, out);
    push_failure(record, run, problem, out);
    push_first(record, run.attempt, out);
    if !traced {
        push_traceparent(run.execution, out);
    }
}

/// What failed, and where.
fn push_failure(record: &Record<'_>, run: &Run<'_>, problem: &Problem<'_>, out: &mut HeaderBuffer) {
    out.push_with("expressd.error", |to| {
        escape(problem.error.unwrap_or_default(), to);
    });
    out.push_with("expressd.cause", |to| {
        escape(problem.cause.unwrap_or_default(), to);
    });
    out.push_with("expressd.state", |to| escape(problem.state, to));
    out.push("expressd.pipeline", Some(run.pipeline.as_bytes()));
    out.push("expressd.definition", Some(run.definition.as_bytes()));
    out.push("expressd.execution", Some(run.execution.as_bytes()));
    push_number("expressd.attempt", run.attempt as i64, out);
    push_source(record, out);
    if let Some(timestamp) = record.timestamp {
        push_number("expressd.source.timestamp", timestamp, out);
    }
}

/// Where the record stood first: what its headers say, or where it stands.
fn push_first(record: &Record<'_>, attempt: usize, out: &mut HeaderBuffer) {
    let here = Place {
        topic: record.topic,
        partition: record.partition,
        offset: record.offset,
        timestamp: record.timestamp,
    };
    let first = match attempt {
        0 | 1 => here,
        _ => first_place(record.headers).unwrap_or(here),
    };
    out.push(FIRST[0], Some(first.topic.as_bytes()));
    push_number(FIRST[1], first.partition.into(), out);
    push_number(FIRST[2], first.offset, out);
    if let Some(timestamp) = first.timestamp {
        push_number(FIRST[3], timestamp, out);
    }
}

/// Cuts the value of a dead letter that its topic does not take, and says so in `headers`.
pub fn truncate<'a>(value: &'a [u8], headers: &mut HeaderBuffer) -> &'a [u8] {
    headers.push("expressd.truncated", Some(b"true"));
    push_number("expressd.value.length", value.len() as i64, headers);
    headers.push_with("expressd.value.sha256", |to| {
        for byte in Sha256::digest(value) {
            let _ = write!(to, "{byte:02x}");
        }
    });
    &value[..value.len().min(TRUNCATED_BYTES)]
}

/// Copies the record's headers; nobody can forge ours. Says whether one of them is a trace context.
fn keep_headers(headers: Headers<'_>, attempt: usize, out: &mut HeaderBuffer) -> bool {
    let mut traced = false;
    let mut renamed = String::new();
    for header in headers.iter() {
        if header.name.starts_with(OURS) {
            if attempt > 1 {
                // They are ours: a retry topic is written by nobody else.
                continue;
            }
            renamed.clear();
            let _ = write!(renamed, "orig.{}", header.name);
            out.push(&renamed, header.value);
        } else {
            traced |= header.name == TRACEPARENT;
            out.push(header.name, header.value);
        }
    }
    traced
}

fn push_source(record: &Record<'_>, out: &mut HeaderBuffer) {
    out.push("expressd.source.topic", Some(record.topic.as_bytes()));
    push_number("expressd.source.partition", record.partition.into(), out);
    push_number("expressd.source.offset", record.offset, out);
}

fn push_number(name: &str, number: i64, out: &mut HeaderBuffer) {
    out.push(name, Some(itoa::Buffer::new().format(number).as_bytes()));
}

/// When the run started and ended: RFC 3339, milliseconds, UTC. Most take less than a millisecond, and one text is both.
fn push_times(run: &Run<'_>, ended: &str, out: &mut HeaderBuffer) {
    let mut buffer = [0; 24];
    let text = timestamp::print(run.started, &mut buffer);
    out.push("expressd.started", Some(text.as_bytes()));
    if run.ended == run.started {
        return out.push(ended, Some(text.as_bytes()));
    }
    let text = timestamp::print(run.ended, &mut buffer);
    out.push(ended, Some(text.as_bytes()));
}

/// A trace context made of the execution id, so that a repeated execution continues the same trace.
///
/// Half of the trace's id says what the id says up to its last `-`, which all records of a partition have in common, and
/// the other half, which samplers look at, says all of it, as does the span. Digits that look random cannot be compressed,
/// so there are sixteen of them and not forty-eight.
fn push_traceparent(execution: &str, out: &mut HeaderBuffer) {
    let partition = execution.rfind('-').map_or("", |end| &execution[..end]);
    let common = hex(hash(partition.as_bytes()));
    let own = hex(hash(execution.as_bytes()));
    out.push_with(TRACEPARENT, |to| {
        for part in [&b"00-"[..], &common, &own, b"-", &own, b"-01"] {
            to.extend_from_slice(part);
        }
    });
}

/// Sixteen digits, never all zero, which would be no id.
fn hex(id: u64) -> [u8; 16] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 16];
    for (two, byte) in text.chunks_exact_mut(2).zip(id.max(1).to_be_bytes()) {
        two[0] = DIGITS[usize::from(byte >> 4)];
        two[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}

/// Escapes control characters as Rust does and stops, between characters, at [`TEXT_BYTES`].
fn escape(text: &str, to: &mut Vec<u8>) {
    let end = to.len() + TEXT_BYTES;
    let mut buffer = [0; 4];
    for c in text.chars() {
        let start = to.len();
        if c.is_control() {
            let _ = write!(to, "{}", c.escape_default());
        } else {
            to.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
        }
        if to.len() > end {
            to.truncate(start);
            return;
        }
    }
}

#[cfg(test)]
mod tests;
