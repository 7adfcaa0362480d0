//! The gauges of one partition while it is assigned.

use std::time::Duration;

use metrics::{Gauge, gauge};

use super::names;

/// Gauges that go back to 0 when this is dropped.
pub struct PartitionMetrics {
    lag_records: Gauge,
    lag_seconds: Gauge,
    window_used: Gauge,
    window_age: Gauge,
}

impl PartitionMetrics {
    pub(super) fn new(pipeline: &str, topic: &str, partition: i32) -> PartitionMetrics {
        let labels = [
            ("pipeline", pipeline.to_string()),
            ("topic", topic.to_string()),
            ("partition", partition.to_string()),
        ];
        PartitionMetrics {
            lag_records: gauge!(names::LAG_RECORDS, &labels),
            lag_seconds: gauge!(names::LAG_SECONDS, &labels),
            window_used: gauge!(names::WINDOW_USED, &labels),
            window_age: gauge!(names::WINDOW_AGE, &labels),
        }
    }

    /// Records between the watermark and the end of the partition, and the age of the record at the watermark.
    pub fn lag(&self, records: u64, age: Duration) {
        self.lag_records.set(records as f64);
        self.lag_seconds.set(age.as_secs_f64());
    }

    /// How full the window is, 0 to 1, and how long its oldest record has been in it.
    pub fn window(&self, used: f64, age: Duration) {
        self.window_used.set(used);
        self.window_age.set(age.as_secs_f64());
    }
}

impl Drop for PartitionMetrics {
    fn drop(&mut self) {
        self.lag(0, Duration::ZERO);
        self.window(0.0, Duration::ZERO);
    }
}
