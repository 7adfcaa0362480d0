//! Records that run again after a delay, through topics.

use expressd::pipeline::{Order, PipelineOptions, RetryConfig};
use expressd::source::SourceEnd;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};

use crate::pipeline_bed::{Bed, PATIENCE, Run, read, wait_for};

fn produce(bed: &Bed, values: &[Value]) {
    bed.shared.cluster.provide_topic("in").unwrap();
    let producer: BaseProducer = bed.shared.cluster.client().create().unwrap();
    for (n, value) in values.iter().enumerate() {
        let (key, value) = (n.to_string(), value.to_string());
        let record = BaseRecord::to("in").key(&key).payload(&value);
        producer.send(record.timestamp(n as i64 + 1)).unwrap();
    }
    producer.flush(PATIENCE).unwrap();
}

fn start(bed: &Bed, retry: Value) -> Run {
    let retry: RetryConfig = serde_json::from_value(retry).unwrap();
    let options = PipelineOptions {
        ordering: Order::Unordered,
        ..PipelineOptions::default()
    };
    // The embedded broker ends a rebalance one second before the session timeout, whoever has joined.
    let properties = json!({"session.timeout.ms": 6_000, "heartbeat.interval.ms": 300});
    bed.start_with(
        json!({"kafka": {"topics": ["in"], "properties": properties}}),
        json!({"kafka": {"output": "out", "dead_letters": "dead"}}),
        options,
        retry,
    )
}

#[test]
fn a_failed_record_passes_every_retry_topic_before_it_is_a_dead_letter() {
    let bed = Bed::new(false);
    produce(
        &bed,
        &[
            json!({"fail": "0"}),
            json!({"ok": 1}),
            json!("not an object"),
        ],
    );
    let steps = json!({"steps": [{"after": "20ms"}, {"after": "40ms"}], "when": ["NotOk"]});
    let run = start(&bed, steps);
    wait_for("the outcomes", || {
        let totals = run.metrics.totals();
        (totals.retried, totals.results, totals.dead_letters) == (2, 2, 1)
    });
    run.pipeline.stop();
    let end = run.pipeline.join();
    assert!(matches!(end, SourceEnd::Drained), "{end:?}");
    let dead = read(&bed, "dead").remove("0").unwrap();
    assert_eq!(dead.value.as_deref(), Some("{\"fail\":\"0\"}"));
    assert_eq!(dead.timestamp, Some(1));
    for (name, want) in [
        ("expressd.error", "NotOk"),
        ("expressd.attempt", "3"),
        ("expressd.source.topic", "in.orders.retry.2"),
        ("expressd.first.topic", "in"),
        ("expressd.first.offset", "0"),
        ("expressd.first.timestamp", "1"),
    ] {
        assert_eq!(dead.headers[name], want, "{name}");
    }
    let second = read(&bed, "in.orders.retry.2").remove("0").unwrap();
    let [first, then] =
        [read(&bed, "in.orders.retry.1").remove("0").unwrap(), second].map(|record| {
            record.headers["expressd.retry.not_before"]
                .parse::<i64>()
                .unwrap()
        });
    assert!(then >= first + 40, "{first} {then}");
}

#[test]
fn a_record_waits_for_its_time_also_after_a_restart() {
    let bed = Bed::new(false);
    produce(&bed, &[json!({"fail": "0"})]);
    let slow = json!({"steps": [{"after": "1h"}], "when": ["States.ALL"]});
    let run = start(&bed, slow.clone());
    wait_for("the retry", || run.metrics.totals().retried == 1);
    run.pipeline.stop();
    assert!(matches!(run.pipeline.join(), SourceEnd::Drained));

    produce(
        &bed,
        &[json!({"ok": 0}), json!({"ok": 1}), json!({"ok": 2})],
    );
    let run = start(&bed, slow);
    wait_for("the others", || run.metrics.totals().results == 3);
    run.pipeline.stop();
    let end = run.pipeline.join();
    assert!(matches!(end, SourceEnd::Drained), "{end:?}");
    assert_eq!(read(&bed, "dead").len(), 0);
    assert_eq!(read(&bed, "in.orders.retry.1").len(), 1);
}
