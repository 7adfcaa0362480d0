//! What the Kafka client says of itself, a few times a minute.

use metrics::{Counter, Gauge, counter, gauge};

use super::names;

/// The gauges of one client.
pub struct KafkaClientMetrics {
    queued: Gauge,
    queued_bytes: Gauge,
    requests: Counter,
    errors: Counter,
    retries: Counter,
    sent: Counter,
    received: Counter,
    brokers: Gauge,
    round_trip: Gauge,
}

/// One reading of a client's statistics, summed over its brokers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct KafkaClientStatistics {
    /// Records in its queues.
    pub queued: u64,
    /// Bytes in its queues.
    pub queued_bytes: u64,
    /// Requests sent since it was made.
    pub requests: u64,
    /// Those that failed.
    pub errors: u64,
    /// Those that were sent again.
    pub retries: u64,
    /// Bytes sent since it was made.
    pub sent: u64,
    /// Bytes received since it was made.
    pub received: u64,
    /// Brokers with an open connection.
    pub brokers: usize,
    /// 99th percentile of the round trip to the slowest broker, in seconds.
    pub round_trip: f64,
}

impl KafkaClientMetrics {
    /// Gauges of a pipeline's `consumer` or `producer`.
    pub fn new(pipeline: &str, client: &'static str) -> KafkaClientMetrics {
        let labels = [
            ("pipeline", pipeline.to_string()),
            ("client", client.into()),
        ];
        KafkaClientMetrics {
            queued: gauge!(names::KAFKA_QUEUED, &labels),
            queued_bytes: gauge!(names::KAFKA_QUEUED_BYTES, &labels),
            requests: counter!(names::KAFKA_REQUESTS, &labels),
            errors: counter!(names::KAFKA_REQUEST_ERRORS, &labels),
            retries: counter!(names::KAFKA_REQUEST_RETRIES, &labels),
            sent: counter!(names::KAFKA_SENT, &labels),
            received: counter!(names::KAFKA_RECEIVED, &labels),
            brokers: gauge!(names::KAFKA_BROKERS, &labels),
            round_trip: gauge!(names::KAFKA_ROUND_TRIP, &labels),
        }
    }

    /// Takes a reading in. Sums of a client that replaced another count on once they pass the other's.
    pub fn set(&self, statistics: &KafkaClientStatistics) {
        self.queued.set(statistics.queued as f64);
        self.queued_bytes.set(statistics.queued_bytes as f64);
        self.requests.absolute(statistics.requests);
        self.errors.absolute(statistics.errors);
        self.retries.absolute(statistics.retries);
        self.sent.absolute(statistics.sent);
        self.received.absolute(statistics.received);
        self.brokers.set(statistics.brokers as f64);
        self.round_trip.set(statistics.round_trip);
    }
}
