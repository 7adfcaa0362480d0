//! The gauges of one partition while it is assigned.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use metrics::{Gauge, gauge};

use super::names;

/// Gauges that go back to 0 when this is dropped.
pub struct PartitionMetrics {
    lag_records: Gauge,
    lag_seconds: Gauge,
    window_used: Gauge,
    window_age: Gauge,
    standing: Arc<Mutex<PartitionStanding>>,
}

/// How a partition is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionStanding {
    /// Its topic.
    pub topic: String,
    /// Its number.
    pub partition: i32,
    /// Records between the watermark and the end.
    pub lag_records: u64,
    /// Age of the record at the watermark.
    pub lag: Duration,
    /// How full the window is, 0 to 1.
    pub window_used: f64,
    /// How long the oldest record of the window has been in it.
    pub window_age: Duration,
    /// How long nothing was taken in for want of room, since it was assigned.
    pub stopped: Duration,
}

/// The partitions that are assigned now.
#[derive(Default)]
pub(super) struct Partitions(Mutex<Vec<Weak<Mutex<PartitionStanding>>>>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Partitions {
    pub(super) fn assign(&self, pipeline: &str, topic: &str, partition: i32) -> PartitionMetrics {
        let metrics = PartitionMetrics::new(pipeline, topic, partition);
        let mut partitions = lock(&self.0);
        partitions.retain(|known| known.strong_count() > 0);
        partitions.push(Arc::downgrade(&metrics.standing));
        metrics
    }

    /// By topic and number.
    pub(super) fn standing(&self) -> Vec<PartitionStanding> {
        let partitions = lock(&self.0);
        let assigned = partitions.iter().filter_map(Weak::upgrade);
        let mut standing: Vec<_> = assigned.map(|standing| lock(&standing).clone()).collect();
        standing.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        standing
    }
}

impl PartitionMetrics {
    fn new(pipeline: &str, topic: &str, partition: i32) -> PartitionMetrics {
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
            standing: Arc::new(Mutex::new(PartitionStanding {
                topic: topic.to_string(),
                partition,
                ..PartitionStanding::default()
            })),
        }
    }

    /// Records between the watermark and the end of the partition, and the age of the record at the watermark.
    pub fn lag(&self, records: u64, age: Duration) {
        self.lag_records.set(records as f64);
        self.lag_seconds.set(age.as_secs_f64());
        let mut standing = lock(&self.standing);
        (standing.lag_records, standing.lag) = (records, age);
    }

    /// How full the window is, 0 to 1, and how long its oldest record has been in it.
    pub fn window(&self, used: f64, age: Duration) {
        self.window_used.set(used);
        self.window_age.set(age.as_secs_f64());
        let mut standing = lock(&self.standing);
        (standing.window_used, standing.window_age) = (used, age);
    }

    /// For so long nothing was taken in for want of room.
    pub fn stopped(&self, time: Duration) {
        lock(&self.standing).stopped += time;
    }
}

impl Drop for PartitionMetrics {
    fn drop(&mut self) {
        self.lag(0, Duration::ZERO);
        self.window(0.0, Duration::ZERO);
    }
}
