use super::*;
use crate::kafka::TimestampType;

const RUN: Run<'_> = Run {
    pipeline: "orders",
    definition: "d0c5",
    instance: "one",
    execution: "orders/in-put-3-42",
    started: 1_700_000_000_123,
    ended: 1_700_000_001_000,
    attempt: 1,
};

fn record(headers: Headers<'_>) -> Record<'_> {
    Record {
        topic: "in-put",
        partition: 3,
        offset: 42,
        timestamp: Some(1_699_999_999_999),
        timestamp_type: TimestampType::CreateTime,
        key: Some(b"k"),
        value: Some(b"{}"),
        headers,
    }
}

fn text(headers: &HeaderBuffer) -> String {
    let mut text = String::new();
    for header in headers.iter() {
        let value = header
            .value
            .map_or("null".into(), |value| String::from_utf8_lossy(value));
        let _ = writeln!(text, "{}: {value}", header.name);
    }
    text
}

#[test]
fn a_result_says_what_ran_and_where_it_came_from() {
    let mut out = HeaderBuffer::new();
    result_headers(&record(Headers::NONE), &RUN, ResultHeaders::All, &mut out);
    let trace = "traceparent: 00-";
    let (ours, traceparent) = text(&out)
        .split_once(trace)
        .map(|(a, b)| (a.to_string(), b.to_string()))
        .unwrap();
    assert_eq!(
        ours,
        "expressd.status: SUCCEEDED\n\
         expressd.execution: orders/in-put-3-42\n\
         expressd.definition: d0c5\n\
         expressd.source.topic: in-put\n\
         expressd.source.partition: 3\n\
         expressd.source.offset: 42\n\
         expressd.started: 2023-11-14T22:13:20.123Z\n\
         expressd.ended: 2023-11-14T22:13:21.000Z\n"
    );
    let fields: Vec<_> = traceparent.trim_end().split('-').map(str::len).collect();
    assert_eq!(fields, [32, 16, 2]);
}

#[test]
fn what_is_essential_tells_repeated_results_and_where_they_come_from() {
    let mut original = HeaderBuffer::new();
    original.push("traceparent", Some(b"00-aa-bb-01"));
    let mut out = HeaderBuffer::new();
    let essential = ResultHeaders::Essential;
    result_headers(&record(Headers::new(&original)), &RUN, essential, &mut out);
    assert_eq!(
        text(&out),
        "traceparent: 00-aa-bb-01\nexpressd.execution: orders/in-put-3-42\n"
    );
    let mut again = HeaderBuffer::new();
    let problem = Problem::default();
    retry_headers(&record(Headers::NONE), &RUN, &problem, 17, &mut again);
    let run = Run { attempt: 2, ..RUN };
    result_headers(&record(Headers::new(&again)), &run, essential, &mut out);
    let names: Vec<_> = out.iter().map(|header| header.name).collect();
    assert_eq!(
        names,
        [&["traceparent", "expressd.execution"], &FIRST[..]].concat()
    );
}

#[test]
fn headers_are_kept_and_ours_cannot_be_forged() {
    let mut original = HeaderBuffer::new();
    original.push("traceparent", Some(b"00-aa-bb-01"));
    original.push("expressd.dlq", None);
    original.push("x", Some(b"\xff"));
    let mut out = HeaderBuffer::new();
    let problem = Problem {
        error: Some("States.TaskFailed"),
        cause: Some("no\nstock"),
        state: "Items[17]/Charge",
    };
    dead_letter_headers(&record(Headers::new(&original)), &RUN, &problem, &mut out);
    assert_eq!(
        text(&out),
        "traceparent: 00-aa-bb-01\n\
         orig.expressd.dlq: null\n\
         x: \u{fffd}\n\
         expressd.dlq: 1\n\
         expressd.error: States.TaskFailed\n\
         expressd.cause: no\\nstock\n\
         expressd.state: Items[17]/Charge\n\
         expressd.pipeline: orders\n\
         expressd.definition: d0c5\n\
         expressd.execution: orders/in-put-3-42\n\
         expressd.attempt: 1\n\
         expressd.source.topic: in-put\n\
         expressd.source.partition: 3\n\
         expressd.source.offset: 42\n\
         expressd.source.timestamp: 1699999999999\n\
         expressd.started: 2023-11-14T22:13:20.123Z\n\
         expressd.failed: 2023-11-14T22:13:21.000Z\n\
         expressd.instance: one\n"
    );
}

#[test]
fn a_record_that_runs_again_remembers_where_it_stood_first() {
    let mut original = HeaderBuffer::new();
    original.push("expressd.mine", Some(b"1"));
    let problem = Problem {
        error: Some("States.Timeout"),
        ..Problem::default()
    };
    let mut first = HeaderBuffer::new();
    retry_headers(
        &record(Headers::new(&original)),
        &RUN,
        &problem,
        17,
        &mut first,
    );
    let again = Record {
        topic: "in-put.orders.retry.1",
        offset: 7,
        ..record(Headers::new(&first))
    };
    let run = Run { attempt: 2, ..RUN };
    let mut second = HeaderBuffer::new();
    retry_headers(&again, &run, &problem, 18, &mut second);
    let (first, second) = (text(&first), text(&second));
    for line in [
        "orig.expressd.mine: 1\n",
        "expressd.first.topic: in-put\nexpressd.first.partition: 3\nexpressd.first.offset: 42\n",
        "expressd.first.timestamp: 1699999999999\n",
    ] {
        assert!(first.contains(line) && second.contains(line), "{line}");
    }
    assert!(first.contains("expressd.retry.not_before: 17\n"));
    assert!(second.contains("expressd.retry.not_before: 18\n"));
    assert!(second.contains("expressd.attempt: 2\n"));
    assert!(second.contains("expressd.source.topic: in-put.orders.retry.1\n"));
    assert_eq!(second.matches("not_before").count(), 1);
    let last = Record {
        headers: again.headers,
        ..again
    };
    assert_eq!(event_timestamp(&last, 2), Some(1_699_999_999_999));
    let mut dead = HeaderBuffer::new();
    dead_letter_headers(&last, &run, &problem, &mut dead);
    let dead = text(&dead);
    assert!(dead.contains("expressd.first.offset: 42\n"));
    assert!(!dead.contains("not_before"), "{dead}");
}

#[test]
fn a_cause_is_cut_between_characters() {
    for (cause, want) in [
        ("x".repeat(2_000), "x".repeat(1_024)),
        ("é".repeat(600), "é".repeat(512)),
        (format!("{}é", "x".repeat(1_023)), "x".repeat(1_023)),
        (format!("{}\0", "x".repeat(1_022)), "x".repeat(1_022)),
        ("\u{7f}\t".into(), "\\u{7f}\\t".into()),
    ] {
        let mut cut = Vec::new();
        escape(&cause, &mut cut);
        assert_eq!(String::from_utf8(cut).unwrap(), want);
    }
}

#[test]
fn a_truncated_value_is_described() {
    let mut headers = HeaderBuffer::new();
    let value = vec![b'a'; TRUNCATED_BYTES + 1];
    assert_eq!(truncate(&value, &mut headers), &value[1..]);
    assert_eq!(
        text(&headers),
        "expressd.truncated: true\n\
         expressd.value.length: 65537\n\
         expressd.value.sha256: 008ffc88d3c96a9f307524eb361e47c5222a887fc45fa0c1fb8d429c5c23b430\n"
    );
}

#[test]
fn traces_of_different_records_differ() {
    let mut seen = std::collections::HashSet::new();
    for offset in 0..10_000 {
        let mut headers = HeaderBuffer::new();
        push_traceparent(&format!("orders/in-0-{offset}"), &mut headers);
        assert!(seen.insert(text(&headers)));
    }
}
