//! From a record to the input of its execution.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::kafka::{Headers, Record, TimestampType};
use crate::value::{Arena, Constants, ParseLimits};

use super::config::{InputForm, OnNull, PipelineOptions};

/// What is to be done with a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Input<'a> {
    /// An execution with this JSON text, which may turn out not to be JSON.
    Run(&'a [u8]),
    /// No execution: a dead letter with this cause.
    Invalid(String),
    /// No execution and no outcome.
    Discard,
}

/// The input of a record's execution, on its own; or why there is none.
pub fn input_of(
    record: &Record<'_>,
    options: PipelineOptions,
    depth: usize,
) -> Result<Vec<u8>, String> {
    let limits = ParseLimits {
        depth,
        reject_duplicate_keys: false,
    };
    match InputMaker::new(options, limits).make(record) {
        Input::Run(payload) => Ok(payload.to_vec()),
        Input::Invalid(cause) => Err(cause),
        Input::Discard => Err("the config discards records whose value is null".to_string()),
    }
}

/// Makes inputs; keeps its buffers from record to record.
pub(super) struct InputMaker {
    options: PipelineOptions,
    limits: ParseLimits,
    envelope: Vec<u8>,
    arena: Option<Arena>,
}

impl InputMaker {
    pub(super) fn new(options: PipelineOptions, limits: ParseLimits) -> InputMaker {
        InputMaker {
            options,
            limits,
            envelope: Vec::new(),
            arena: None,
        }
    }

    /// The input for a record.
    pub(super) fn make<'a>(&'a mut self, record: &Record<'a>) -> Input<'a> {
        let value = match (record.value, self.options.on_null) {
            (Some(value), _) => value,
            (None, OnNull::NullInput) => b"null",
            (None, OnNull::Discard) => return Input::Discard,
            (None, OnNull::DeadLetter) => return Input::Invalid("the value is null".to_string()),
        };
        match self.options.input {
            InputForm::Value => Input::Run(value),
            InputForm::Envelope => match self.check(value) {
                Ok(()) => {
                    write_envelope(record, value, &mut self.envelope);
                    Input::Run(&self.envelope)
                }
                Err(cause) => Input::Invalid(cause),
            },
        }
    }

    /// A value that is not JSON by itself must not become JSON inside an envelope.
    fn check(&mut self, value: &[u8]) -> Result<(), String> {
        let constants = Constants::empty();
        let arena = self
            .arena
            .get_or_insert_with(|| Arena::new(constants.clone()));
        arena.reset(&constants);
        arena
            .parse(value, self.limits)
            .map(|_| ())
            .map_err(|error| error.to_string())
    }
}

/// The record as one object, with the field names that users know from EventBridge Pipes; `value` as JSON, texts as text
/// where they are UTF-8 and in base64 where they are not.
fn write_envelope(record: &Record<'_>, value: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(b"{\"eventSource\":\"SelfManagedKafka\",\"eventSourceKey\":");
    text(&format!("{}-{}", record.topic, record.partition), out);
    out.extend_from_slice(b",\"topic\":");
    text(record.topic, out);
    let (partition, offset) = (record.partition, record.offset);
    let _ = write!(
        out,
        ",\"partition\":{partition},\"offset\":{offset},\"timestamp\":"
    );
    match record.timestamp {
        Some(timestamp) => {
            let _ = write!(out, "{timestamp}");
        }
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(match record.timestamp_type {
        TimestampType::CreateTime => b",\"timestampType\":\"CREATE_TIME\",\"key\":",
        TimestampType::LogAppendTime => b",\"timestampType\":\"LOG_APPEND_TIME\",\"key\":",
    });
    bytes(record.key, out);
    out.extend_from_slice(b",\"headers\":");
    headers(record.headers, out);
    out.extend_from_slice(b",\"value\":");
    out.extend_from_slice(value);
    out.push(b'}');
}

/// A list, because names may repeat.
fn headers(headers: Headers<'_>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, header) in headers.iter().enumerate() {
        out.extend_from_slice(if index > 0 { b",{" } else { b"{" });
        text(header.name, out);
        out.push(b':');
        bytes(header.value, out);
        out.push(b'}');
    }
    out.push(b']');
}

fn bytes(bytes: Option<&[u8]>, out: &mut Vec<u8>) {
    match bytes.map(std::str::from_utf8) {
        None => out.extend_from_slice(b"null"),
        Some(Ok(utf8)) => text(utf8, out),
        Some(Err(_)) => text(&STANDARD.encode(bytes.unwrap_or_default()), out),
    }
}

fn text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a text can be written into memory");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::HeaderBuffer;

    const LIMITS: ParseLimits = ParseLimits {
        depth: 128,
        reject_duplicate_keys: false,
    };

    fn record<'a>(value: Option<&'a [u8]>, headers: &'a HeaderBuffer) -> Record<'a> {
        Record {
            topic: "orders",
            partition: 3,
            offset: 42,
            timestamp: Some(7),
            timestamp_type: TimestampType::CreateTime,
            key: Some(b"\xff"),
            value,
            headers: Headers::new(headers),
        }
    }

    #[track_caller]
    fn check(options: PipelineOptions, value: Option<&[u8]>, want: Input<'_>) {
        let headers = HeaderBuffer::new();
        let mut maker = InputMaker::new(options, LIMITS);
        assert_eq!(maker.make(&record(value, &headers)), want);
    }

    #[test]
    fn a_value_is_the_input_as_it_is() {
        check(
            PipelineOptions::default(),
            Some(b"not JSON"),
            Input::Run(b"not JSON"),
        );
    }

    #[test]
    fn a_null_value_is_what_the_config_says() {
        for (on_null, want) in [
            (
                OnNull::DeadLetter,
                Input::Invalid("the value is null".into()),
            ),
            (OnNull::NullInput, Input::Run(b"null")),
            (OnNull::Discard, Input::Discard),
        ] {
            let options = PipelineOptions {
                on_null,
                ..PipelineOptions::default()
            };
            check(options, None, want);
        }
    }

    #[test]
    fn an_envelope_holds_the_whole_record() {
        let options = PipelineOptions {
            input: InputForm::Envelope,
            ..PipelineOptions::default()
        };
        let mut headers = HeaderBuffer::new();
        headers.push("a", Some(b"1"));
        headers.push("a", None);
        let mut maker = InputMaker::new(options, LIMITS);
        let Input::Run(input) = maker.make(&record(Some(b" {\"x\": 1} "), &headers)) else {
            panic!("an execution was expected");
        };
        let envelope: serde_json::Value = serde_json::from_slice(input).unwrap();
        assert_eq!(
            envelope,
            serde_json::json!({
                "eventSource": "SelfManagedKafka", "eventSourceKey": "orders-3",
                "topic": "orders", "partition": 3, "offset": 42, "timestamp": 7, "timestampType": "CREATE_TIME",
                "key": "/w==", "headers": [{"a": "1"}, {"a": null}], "value": {"x": 1},
            })
        );
    }

    #[test]
    fn a_value_cannot_break_out_of_its_envelope() {
        let options = PipelineOptions {
            input: InputForm::Envelope,
            ..PipelineOptions::default()
        };
        let headers = HeaderBuffer::new();
        let mut maker = InputMaker::new(options, LIMITS);
        let input = maker.make(&record(Some(b"1,\"topic\":\"other\""), &headers));
        assert!(matches!(input, Input::Invalid(_)), "{input:?}");
    }
}
