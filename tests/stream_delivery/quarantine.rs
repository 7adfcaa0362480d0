//! Records that end the process: what the commits of processes that went away say, and what follows from it.

use expressd::pipeline::PipelineOptions;
use expressd::source::SourceEnd;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::json;

use crate::pipeline_bed::{Bed, PATIENCE, read};

fn member(bed: &Bed) -> BaseConsumer {
    let mut client = bed.shared.cluster.client();
    client.set("group.id", "orders").create().unwrap()
}

/// The offset and the words of partition 0.
fn committed(bed: &Bed) -> (Offset, String) {
    let mut list = TopicPartitionList::new();
    list.add_partition("in", 0);
    let committed = member(bed).committed_offsets(list, PATIENCE).unwrap();
    let elements = committed.elements();
    (elements[0].offset(), elements[0].metadata().to_string())
}

#[test]
fn a_record_that_ended_the_process_again_and_again_is_set_aside() {
    let bed = Bed::new(true);
    bed.shared.cluster.provide_topic("in").unwrap();
    let producer: BaseProducer = bed.shared.cluster.client().create().unwrap();
    for n in 0..6 {
        let (key, value) = (n.to_string(), json!({"ok": n}).to_string());
        let record = BaseRecord::to("in").key(&key).payload(&value).partition(0);
        producer.send(record).unwrap();
    }
    producer.flush(PATIENCE).unwrap();
    // What is left of a fourth process that went away at this record.
    let mut offsets = TopicPartitionList::new();
    let mut element = offsets.add_partition("in", 0);
    element.set_offset(Offset::Offset(2)).unwrap();
    element.set_metadata("expressd/1 7 2 trying 2 9");
    member(&bed).commit(&offsets, CommitMode::Sync).unwrap();

    let run = bed.start(
        json!({"kafka": {"topics": ["in"]}}),
        json!({"kafka": {"output": "out", "dead_letters": "dead"}}),
        PipelineOptions::default(),
    );
    let end = run.pipeline.join();
    assert!(matches!(end, SourceEnd::Drained), "{end:?}");
    let results: Vec<_> = read(&bed, "out").into_keys().collect();
    assert_eq!(results, ["3", "4", "5"]);
    let dead = read(&bed, "dead");
    assert_eq!(dead["2"].headers["expressd.error"], "Expressd.CrashSuspect");
    assert_eq!(dead["2"].value.as_deref(), Some("{\"ok\":2}"));
    // Four records have passed since; the quarantine goes on.
    let (offset, words) = committed(&bed);
    assert_eq!(offset, Offset::Offset(6));
    assert!(words.ends_with(" 6 quarantined 0 5"), "{words}");
}

#[test]
fn a_process_that_ends_in_order_says_so() {
    let bed = Bed::new(true);
    bed.shared.cluster.provide_topic("in").unwrap();
    let run = bed.start(
        json!({"kafka": {"topics": ["in"]}}),
        json!({"kafka": {"output": "out", "dead_letters": "dead"}}),
        PipelineOptions::default(),
    );
    assert!(matches!(run.pipeline.join(), SourceEnd::Drained));
    let (offset, words) = committed(&bed);
    assert_eq!(offset, Offset::Offset(0));
    assert!(
        words.starts_with("expressd/1 ") && words.ends_with(" 0 clean"),
        "{words}"
    );
}
