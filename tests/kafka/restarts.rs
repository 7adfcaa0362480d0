//! A restart and a crash: what is lost, and what is done twice.

use std::collections::BTreeMap;

use crate::bed::{Bed, LIMIT, ORDERS, PARTITIONS, WINDOW, assert_answered, count, order, repeats};
use crate::common::one_at_a_time;
use crate::common::records::{Reader, committed_and_end};

#[test]
fn every_order_is_answered_through_a_restart_and_a_crash() {
    let _turn = one_at_a_time();
    let bed = Bed::new("restarts", ORDERS);
    let writer = bed.writer();
    for number in 0..20_000 {
        writer.send(number, Some(order(number).as_bytes()), &[]);
    }
    let orders = writer.acknowledged();
    assert_eq!(orders.len(), 20_000);
    let mut reader = bed.reader();

    let first = bed.daemon("first");
    reader.read_until(LIMIT, |reader| count(reader) >= 4_000);
    assert_eq!(first.terminate(), Some(0));
    reader.read_to_end();
    assert!(
        count(&reader) < 20_000,
        "the first daemon was stopped before the end"
    );
    assert_eq!(repeats(&reader), 0);
    assert_committed_is_answered(&bed, &reader);

    let second = bed.daemon("second");
    reader.read_until(LIMIT, |reader| count(reader) >= 11_000);
    second.kill();
    reader.read_to_end();
    assert!(
        count(&reader) < 20_000,
        "the second daemon was killed before the end"
    );
    assert_eq!(
        repeats(&reader),
        0,
        "a drained stop leaves nothing to repeat"
    );

    let third = bed.daemon("third");
    reader.read_until(LIMIT, |reader| reader.answered.len() >= 20_000);
    assert_eq!(third.terminate(), Some(0));
    reader.read_to_end();
    let repeats = assert_answered(&bed, &orders, &reader);
    println!("{repeats} of 20,000 outcomes published twice after kill -9");
    assert!(repeats > 0, "the crash hit nothing");
    // All windows full of acknowledged outcomes behind their heads, and as much again not yet committed.
    assert!(repeats <= 2 * WINDOW * PARTITIONS as usize);
    bed.assert_committed();
}

/// After a drained stop, exactly what is answered is committed.
#[track_caller]
fn assert_committed_is_answered(bed: &Bed, reader: &Reader) {
    let mut answered = BTreeMap::new();
    for (partition, _) in bed.outcomes(reader).into_keys() {
        *answered.entry(partition).or_insert(0) += 1;
    }
    let offsets = committed_and_end(&bed.group, &bed.input, PARTITIONS);
    for (partition, (committed, _)) in (0..).zip(offsets) {
        let answered = answered.get(&partition).copied().unwrap_or(0);
        assert_eq!(
            committed.unwrap_or(0).max(0),
            answered,
            "partition {partition}"
        );
    }
}
