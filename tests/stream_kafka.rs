//! Records from Kafka to Kafka without an execution between: windows, commits, rebalances, shutdown. On the embedded
//! broker, or on the one that `EXPRESSD_TEST_BROKERS` names.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod stream_bed;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use expressd::kafka::{HeaderBuffer, OwnedRecord};
use expressd::sink::{KafkaSink, Kind, Publication};
use expressd::source::{Batch, SourceEnd};
use stream_bed::{Bed, Slot, echo, wait_for};

#[test]
fn every_record_has_its_outcome_before_the_offset_is_committed() {
    let bed = Bed::new(3);
    bed.produce(0..5_000, 3);
    let sink = bed.sink();
    let source = bed.source(
        "g",
        serde_json::json!({"window": {"records": 300}}),
        echo(Arc::clone(&sink)),
    );
    wait_for("the end", || source.control.is_idle());
    assert!(matches!(source.stop(), SourceEnd::Drained));
    assert_eq!(bed.committed("g", 3), 5_000);
    let outcomes = bed.read(&bed.output, 3);
    let distinct: BTreeSet<_> = outcomes.iter().map(|(value, _)| value.clone()).collect();
    assert_eq!((outcomes.len(), distinct.len()), (5_000, 5_000));
    for (value, header) in outcomes {
        assert_eq!(Some(value), header);
    }

    // A second start goes on where the first one ended.
    bed.produce(5_000..5_100, 3);
    let source = bed.source("g", serde_json::json!({}), echo(sink));
    wait_for("the end", || bed.committed("g", 3) == 5_100);
    assert!(matches!(source.stop(), SourceEnd::Drained));
    assert_eq!(bed.read(&bed.output, 3).len(), 5_100);
}

#[test]
fn an_unfinished_record_holds_the_offset_and_a_full_window_stops_the_intake() {
    let bed = Bed::new(1);
    bed.produce(0..500, 1);
    let batches: Arc<Mutex<Vec<Batch>>> = Arc::default();
    let kept = Arc::clone(&batches);
    let options = serde_json::json!({"window": {"records": 100}, "commit": {"interval": "20ms"}});
    let source = bed.source("g", options, move |batch| kept.lock().unwrap().push(batch));
    let taken = || -> usize { batches.lock().unwrap().iter().map(Batch::len).sum() };
    wait_for("a full window", || taken() == 100);

    let finish = |keep: i64| {
        let batches = batches.lock().unwrap();
        for batch in &*batches {
            let slots: Vec<_> = (0..batch.len())
                .filter(|index| batch.record(*index).offset != keep)
                .map(|index| batch.slot(index))
                .collect();
            batch.partition().done(&slots);
        }
    };
    finish(30);
    wait_for("the commit", || bed.committed("g", 1) == 30);
    // The window is counted from the record that holds it, so 30 more fit.
    wait_for("more records", || taken() == 130);
    assert_eq!(source.control.halted(), None);

    finish(-1);
    wait_for("the rest", || {
        finish(-1);
        taken() == 500
    });
    finish(-1);
    assert!(matches!(source.stop(), SourceEnd::Drained));
    assert_eq!(bed.committed("g", 1), 500);
}

#[test]
fn a_rebalance_drains_and_repeats_nothing() {
    let bed = Bed::new(4);
    let seen: Arc<Mutex<HashMap<String, u32>>> = Arc::default();
    let sink = bed.sink();
    let counting = |sink: &Arc<KafkaSink<Slot>>| {
        let mut echo = echo(Arc::clone(sink));
        let seen = Arc::clone(&seen);
        move |batch: Batch| {
            for index in 0..batch.len() {
                let value = batch.record(index).value.unwrap().to_vec();
                let mut seen = seen.lock().unwrap();
                *seen.entry(String::from_utf8(value).unwrap()).or_default() += 1;
            }
            echo(batch);
        }
    };
    let first = bed.source("g", serde_json::json!({}), counting(&sink));
    bed.produce(0..2_000, 4);
    wait_for("the first member", || first.control.is_ready());
    let second = bed.source("g", serde_json::json!({}), counting(&sink));
    bed.produce(2_000..4_000, 4);
    wait_for("the second member", || second.control.is_ready());
    bed.produce(4_000..6_000, 4);
    wait_for("everything", || seen.lock().unwrap().len() == 6_000);
    assert!(matches!(first.stop(), SourceEnd::Drained));
    bed.produce(6_000..8_000, 4);
    wait_for("everything after one left", || {
        seen.lock().unwrap().len() == 8_000
    });
    assert!(matches!(second.stop(), SourceEnd::Drained));
    assert_eq!(bed.committed("g", 4), 8_000);
    let repeats: BTreeMap<_, _> = seen
        .lock()
        .unwrap()
        .iter()
        .filter(|(_, n)| **n > 1)
        .map(|(value, n)| (value.clone(), *n))
        .collect();
    assert_eq!(repeats, BTreeMap::new());
    assert_eq!(bed.read(&bed.output, 4).len(), 8_000);
}

#[test]
fn an_output_that_no_broker_takes_becomes_a_dead_letter() {
    let bed = Bed::new(1);
    bed.produce(0..1, 1);
    let sink = bed.sink();
    let source = bed.source("g", serde_json::json!({}), move |batch| {
        let receipt = Slot {
            partition: Arc::clone(batch.partition()),
            slot: batch.slot(0),
            input: OwnedRecord::new(&batch.record(0)),
        };
        let publication = Publication {
            kind: Kind::Result,
            key: None,
            value: Some(&vec![b' '; 2 << 20]),
            timestamp: None,
            headers: &HeaderBuffer::new(),
        };
        sink.publish(&publication, receipt);
    });
    wait_for("the end", || source.control.is_idle());
    assert!(matches!(source.stop(), SourceEnd::Drained));
    assert_eq!(bed.read(&bed.output, 1), []);
    let dead = bed.read(&bed.dead, 1);
    assert_eq!(dead[0].0, "0");
    assert!(
        dead[0]
            .1
            .as_ref()
            .unwrap()
            .starts_with("the output of 2097152 bytes was refused")
    );
}

#[test]
fn latest_takes_what_comes_from_now_on_and_survives_a_restart() {
    let bed = Bed::new(1);
    bed.produce(0..10, 1);
    let options = serde_json::json!({"start_from": "latest"});
    let source = bed.source("g", options.clone(), |_| panic!("nothing is new"));
    wait_for("the assignment", || source.control.is_idle());
    assert!(matches!(source.stop(), SourceEnd::Drained));
    assert_eq!(bed.committed("g", 1), 10);
    bed.produce(10..20, 1);
    let sink = bed.sink();
    let source = bed.source("g", options, echo(sink));
    wait_for("the new ones", || bed.committed("g", 1) == 20);
    source.stop();
    assert_eq!(bed.read(&bed.output, 1).len(), 10);
}

#[test]
fn a_start_at_a_time_takes_what_is_younger() {
    if std::env::var("EXPRESSD_TEST_BROKERS").is_err() {
        println!("only a real broker finds offsets by time");
        return;
    }
    let bed = Bed::new(1);
    bed.produce(0..10, 1);
    let now = || expressd::runtime::Clock::real().read().wall_millis();
    let after_some = now() + 1;
    wait_for("the next millisecond", || now() > after_some);
    bed.produce(10..20, 1);
    let time = jiff::Timestamp::from_millisecond(after_some).unwrap();
    let options = serde_json::json!({"start_from": time.to_string()});
    let source = bed.source("g", options, echo(bed.sink()));
    wait_for("the end", || source.control.is_idle());
    assert!(matches!(source.stop(), SourceEnd::Drained));
    assert_eq!(bed.read(&bed.output, 1).len(), 10);
}
