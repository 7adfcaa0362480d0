//! What a pipeline waits for before it reads.

use std::sync::Arc;

use expressd::kafka::{Cluster, KafkaConfig};
use expressd::pipeline::PipelineOptions;
use expressd::source::SourceEnd;
use serde_json::json;

use crate::pipeline_bed::{Bed, wait_for};

#[test]
fn a_cluster_that_does_not_answer_is_waited_for() {
    let mut bed = Bed::new(false);
    let nowhere = KafkaConfig {
        // Nobody listens there.
        broker: "127.0.0.1:1".into(),
        ..KafkaConfig::default()
    };
    bed.shared.cluster = Arc::new(Cluster::new(&nowhere).unwrap());
    let run = bed.start(
        json!({"kafka": {"topics": ["in"]}}),
        json!({"kafka": {"output": "out", "dead_letters": "dead"}}),
        PipelineOptions::default(),
    );
    wait_for("the reason", || run.pipeline.waiting().is_some());
    let reason = run.pipeline.waiting().unwrap();
    assert!(reason.starts_with("topic out: "), "{reason}");
    assert!(!run.pipeline.is_ready());
    run.pipeline.stop();
    let end = run.pipeline.join();
    assert!(matches!(end, SourceEnd::Drained), "{end:?}");
}
