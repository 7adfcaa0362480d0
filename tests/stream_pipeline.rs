//! Whole pipelines: events in, outcomes out, offsets behind them. Files, and the embedded broker (or the one that
//! `EXPRESSD_TEST_BROKERS` names in `stream_kafka.rs`).
#![allow(clippy::unwrap_used)]

mod pipeline_bed;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;

use expressd::pipeline::{OnFailure, PipelineOptions};
use expressd::source::SourceEnd;
use pipeline_bed::{Bed, PATIENCE, read, wait_for};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};

/// By offset: kind, then value or error.
fn outcomes(path: &Path) -> BTreeMap<i64, (String, Value)> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut outcomes = BTreeMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let headers = &line["headers"];
        let offset = headers["expressd.source.offset"].as_str().unwrap();
        let kind = line["kind"].as_str().unwrap().to_string();
        let outcome = match &*kind {
            "result" => line["value"].clone(),
            _ => json!([
                headers["expressd.error"],
                headers["expressd.cause"],
                line["value"]
            ]),
        };
        let earlier = outcomes.insert(offset.parse().unwrap(), (kind, outcome));
        assert_eq!(earlier, None, "two outcomes for line {offset}");
    }
    outcomes
}

fn result(value: Value) -> (String, Value) {
    ("result".into(), value)
}

fn dead_letter(error: &str, cause: &str, value: &str) -> (String, Value) {
    ("dead_letter".into(), json!([error, cause, value]))
}

#[test]
fn every_line_of_a_file_has_one_outcome() {
    let dir = tempfile::tempdir().unwrap();
    let (input, output) = (dir.path().join("in.jsonl"), dir.path().join("out.jsonl"));
    let lines = [
        r#"{"ok": 1.50}"#,
        r#"{"fail": "no\nstock"}"#,
        "not JSON",
        r#"{"call": 1}"#,
        r#"{"call": "panic"}"#,
        "",
        r#""last, without line feed""#,
    ];
    std::fs::write(&input, lines.join("\n")).unwrap();
    let bed = Bed::new(true);
    let run = bed.start(
        json!({"file": {"path": input}}),
        json!({"file": {"path": output}}),
        PipelineOptions::default(),
    );
    let metrics = run.until_idle();
    let mut outcomes = outcomes(&output);
    let invalid = outcomes.remove(&2).unwrap();
    assert_eq!(invalid.1[0], "Expressd.InvalidInput");
    assert_eq!(invalid.1[2], "not JSON");
    let panicked = outcomes.remove(&4).unwrap();
    assert_eq!(panicked.1[0], "Expressd.InternalError");
    let want = BTreeMap::from([
        (0, result(serde_json::from_str(r#"{"ok": 1.50}"#).unwrap())),
        (1, dead_letter("NotOk", "no\\nstock", lines[1])),
        (3, result(json!({"call": 1}))),
        (6, result(json!("last, without line feed"))),
    ]);
    assert_eq!(outcomes, want);
    let totals = metrics.totals();
    assert_eq!((totals.records, totals.in_flight), (6, 0));
    assert_eq!((totals.results, totals.dead_letters), (3, 3));
}

#[test]
fn a_file_goes_on_behind_its_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let line = |n: i64| match n % 3 {
        0 => format!("{{\"call\": {n}}}\n"),
        _ => format!("{{\"ok\": {n}}}\n"),
    };
    let text: String = (0..3_000).map(line).collect();
    std::fs::write(path("in.jsonl"), &text).unwrap();
    let source = json!({"file": {"path": path("in.jsonl"), "checkpoint": path("at"), "window": {"records": 100}}});
    let sink = json!({"file": {"path": path("out.jsonl")}});
    let bed = Bed::new(true);
    bed.start(source.clone(), sink.clone(), PipelineOptions::default())
        .until_idle();
    assert_eq!(outcomes(&path("out.jsonl")).len(), 3_000);

    let more: String = (3_000..3_010).map(line).collect();
    std::fs::write(path("in.jsonl"), text + &more).unwrap();
    bed.start(source, sink, PipelineOptions::default())
        .until_idle();
    // A line that ran twice would have two outcomes, which `outcomes` does not accept.
    let outcomes = outcomes(&path("out.jsonl"));
    assert_eq!(outcomes.len(), 3_010);
    for (n, outcome) in outcomes {
        let key = if n % 3 == 0 { "call" } else { "ok" };
        assert_eq!(outcome, result(json!({key: n})));
    }
}

#[test]
fn what_waits_at_the_deadline_is_cancelled_and_run_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let lines = "{\"ok\": 0}\n{\"call\": \"never\"}\n{\"ok\": 2}\n";
    std::fs::write(path("in.jsonl"), lines).unwrap();
    let source = json!({"file": {"path": path("in.jsonl"), "checkpoint": path("at")}});
    let sink = json!({"file": {"path": path("out.jsonl")}});
    let bed = Bed::new(false);
    let run = bed.start(source.clone(), sink.clone(), PipelineOptions::default());
    wait_for("the others", || run.metrics.totals().results == 2);
    run.pipeline.stop();
    // Two are left: the cancelled one, and the one behind it that holds no offset of its own.
    let end = run.pipeline.join();
    assert!(matches!(end, SourceEnd::Cut(2)), "{end:?}");
    assert_eq!(run.metrics.totals().aborted, 1);
    let checkpoint = std::fs::read_to_string(path("at")).unwrap();
    assert_eq!(checkpoint, "{\"line\":1,\"byte\":10}\n");
    assert_eq!(bed.calls.load(Ordering::Relaxed), 1);

    std::fs::write(path("in.jsonl"), lines.replace("\"never\"", "\"never.\"")).unwrap();
    std::fs::remove_file(path("out.jsonl")).unwrap();
    let bed = Bed::new(true);
    bed.start(source, sink, PipelineOptions::default())
        .until_idle();
    let again: Vec<_> = outcomes(&path("out.jsonl")).into_keys().collect();
    assert_eq!(again, [1, 2]);
}

#[test]
fn a_failed_record_without_a_key_blocks_its_partition_where_the_config_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let lines = "{\"ok\": 0}\n{\"fail\": \"1\"}\n{\"ok\": 2}\n";
    std::fs::write(path("in.jsonl"), lines).unwrap();
    // The first line has its outcome. Were it under way, too, it could fail to start before the next one blocks.
    std::fs::write(path("at"), "{\"line\":1,\"byte\":10}\n").unwrap();
    let run = Bed::new(true).start(
        json!({"file": {"path": path("in.jsonl"), "checkpoint": path("at")}}),
        json!({"file": {"path": path("out.jsonl")}}),
        PipelineOptions {
            on_failure: OnFailure::Block,
            ..PipelineOptions::default()
        },
    );
    let end = run.pipeline.join();
    let SourceEnd::Failed(error) = end else {
        panic!("{end:?}");
    };
    let want = "halted: in [0]: the record at 1 failed with NotOk and blocks its partition";
    assert_eq!(error.to_string(), want);
    let checkpoint = std::fs::read_to_string(path("at")).unwrap();
    assert_eq!(checkpoint, "{\"line\":1,\"byte\":10}\n");
    assert!(!outcomes(&path("out.jsonl")).contains_key(&1));
}

#[test]
fn records_of_a_topic_become_results_and_dead_letters() {
    let bed = Bed::new(true);
    let cluster = &bed.shared.cluster;
    cluster.provide_topic("in").unwrap();
    let producer: BaseProducer = cluster.client().create().unwrap();
    for n in 0..2_000 {
        let value = match n % 10 {
            0 => format!("{{\"call\": {n}}}"),
            1 => format!("{{\"fail\": \"{n}\"}}"),
            2 => format!("{{\"broken\": {n}"),
            _ => format!("{{\"ok\": {n}}}"),
        };
        let key = n.to_string();
        let record = BaseRecord::to("in").key(&key).payload(&value).timestamp(n);
        producer.send(record).unwrap();
    }
    producer
        .send(BaseRecord::<str, [u8]>::to("in").key("null"))
        .unwrap();
    producer.flush(PATIENCE).unwrap();

    let run = bed.start(
        json!({"kafka": {"topics": ["in"]}}),
        json!({"kafka": {"output": "out", "dead_letters": "dead"}}),
        PipelineOptions::default(),
    );
    let totals = run.until_idle().totals();
    assert_eq!((totals.results, totals.dead_letters), (1_600, 401));

    let mut seen = BTreeMap::new();
    for (topic, want) in [("out", 1_600), ("dead", 401)] {
        let records = read(&bed, topic);
        assert_eq!(records.len(), want);
        seen.extend(records);
    }
    assert_eq!(seen.len(), 2_001, "every key has one outcome");
    assert_eq!(seen["5"].value.as_deref(), Some("{\"ok\":5}"));
    assert_eq!(seen["5"].timestamp, Some(5));
    assert_eq!(seen["5"].headers["expressd.status"], "SUCCEEDED");
    assert_eq!(seen["10"].value.as_deref(), Some("{\"call\":10}"));
    assert_eq!(seen["11"].value.as_deref(), Some("{\"fail\": \"11\"}"));
    assert_eq!(seen["11"].headers["expressd.error"], "NotOk");
    assert_eq!(seen["11"].headers["expressd.cause"], "11");
    assert_eq!(seen["11"].headers["expressd.state"], "Fail");
    assert_eq!(seen["12"].value.as_deref(), Some("{\"broken\": 12"));
    assert_eq!(
        seen["12"].headers["expressd.error"],
        "Expressd.InvalidInput"
    );
    assert_eq!(seen["null"].value, None);
    assert_eq!(seen["null"].headers["expressd.cause"], "the value is null");
    let execution = &seen["11"].headers["expressd.execution"];
    let (partition, offset) = (
        &seen["11"].headers["expressd.source.partition"],
        &seen["11"].headers["expressd.source.offset"],
    );
    assert_eq!(*execution, format!("orders/in-{partition}-{offset}"));
    drop(bed.tokio);
}
