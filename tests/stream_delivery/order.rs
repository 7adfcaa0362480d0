//! Outcomes of one key come in the order of their records, whatever the executions wait for.

use std::collections::BTreeMap;

use expressd::pipeline::{OnFailure, Order, PipelineOptions};
use expressd::source::SourceEnd;
use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};

use crate::pipeline_bed::{Bed, PATIENCE};

/// Records numbered from 0: some wait, the longer the earlier they come, some run at once, some fail.
fn produce(bed: &Bed, n_records: usize, key: impl Fn(usize) -> String, partition: Option<i32>) {
    bed.shared.cluster.provide_topic("in").unwrap();
    let producer: BaseProducer = bed.shared.cluster.client().create().unwrap();
    for n in 0..n_records {
        let value = match n % 7 {
            0 => json!({"ok": n}),
            3 => json!({"fail": n.to_string()}),
            _ => json!({"call": n, "turns": 60 - n % 60}),
        };
        let (key, value) = (key(n), value.to_string());
        let mut record = BaseRecord::to("in").key(&key).payload(&value);
        record.partition = partition;
        producer.send(record).unwrap();
    }
    producer.flush(PATIENCE).unwrap();
}

fn run(bed: &Bed, ordering: Order, on_failure: OnFailure) -> SourceEnd {
    let source = json!({"kafka": {"topics": ["in"], "window": {"records": 200}}});
    let sink = json!({"kafka": {"output": "out", "dead_letters": "dead"}});
    let options = PipelineOptions {
        ordering,
        on_failure,
        ..PipelineOptions::default()
    };
    bed.start(source, sink, options).pipeline.join()
}

/// The records of a topic in the order of each partition: partition, key, number.
fn read(bed: &Bed, topic: &str) -> Vec<(i32, String, usize)> {
    let mut client = bed.shared.cluster.client();
    client
        .set("group.id", "reader")
        .set("enable.partition.eof", "true");
    let consumer: BaseConsumer = client.create().unwrap();
    let mut assignment = TopicPartitionList::new();
    for partition in 0..4 {
        assignment
            .add_partition_offset(topic, partition, Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&assignment).unwrap();
    let (mut records, mut ended) = (Vec::new(), 0);
    while ended < 4 {
        let Ok(message) = consumer.poll(PATIENCE).expect("an answer") else {
            ended += 1;
            continue;
        };
        let value: Value = serde_json::from_slice(message.payload().unwrap()).unwrap();
        let number = match &value {
            Value::Object(value) => {
                let number = ["ok", "call", "fail"]
                    .iter()
                    .find_map(|key| value.get(*key));
                let number = number.unwrap();
                let text = number.as_str().map(str::to_string);
                text.unwrap_or_else(|| number.to_string()).parse().unwrap()
            }
            _ => panic!("{value}"),
        };
        let key = String::from_utf8(message.key().unwrap().to_vec()).unwrap();
        records.push((message.partition(), key, number));
    }
    records
}

#[test]
fn records_of_a_key_come_out_in_their_order() {
    let bed = Bed::new(true);
    produce(&bed, 2_000, |n| format!("k{}", n % 13), None);
    let end = run(&bed, Order::Key, OnFailure::DeadLetter);
    assert!(matches!(end, SourceEnd::Drained), "{end:?}");
    let mut total = 0;
    for topic in ["out", "dead"] {
        let mut last = BTreeMap::new();
        for (_, key, number) in read(&bed, topic) {
            let before = last.insert(key.clone(), number);
            assert!(
                before < Some(number),
                "{topic} {key}: {before:?} before {number}"
            );
            total += 1;
        }
    }
    assert_eq!(total, 2_000);
}

#[test]
fn records_of_a_partition_come_out_in_their_order() {
    let bed = Bed::new(true);
    produce(&bed, 300, |_| "same partition out".to_string(), Some(2));
    let end = run(&bed, Order::Partition, OnFailure::Discard);
    assert!(matches!(end, SourceEnd::Drained), "{end:?}");
    let numbers: Vec<_> = read(&bed, "out")
        .into_iter()
        .map(|record| record.2)
        .collect();
    let want: Vec<_> = (0..300).filter(|n| n % 7 != 3).collect();
    assert_eq!(numbers, want);
}

#[test]
fn a_failed_record_blocks_its_key_and_no_other() {
    let bed = Bed::new(true);
    // Only numbers that are 3 behind a multiple of 7 fail: those of one key in seven.
    produce(&bed, 140, |n| format!("k{}", n % 7), Some(0));
    let end = run(&bed, Order::Key, OnFailure::Block);
    let SourceEnd::Failed(error) = end else {
        panic!("{end:?}");
    };
    let want = "halted: in [0]: the record at 3 failed with NotOk and blocks its key";
    assert_eq!(error.to_string(), want);
    let mut numbers: Vec<_> = read(&bed, "out")
        .into_iter()
        .map(|record| record.2)
        .collect();
    numbers.sort_unstable();
    let want: Vec<_> = (0..140).filter(|n| n % 7 != 3).collect();
    assert_eq!(numbers, want);
}
