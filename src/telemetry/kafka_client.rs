//! What the Kafka client says of itself, a few times a minute.

use std::sync::{Arc, Mutex, PoisonError};

use metrics::{Counter, Gauge, counter, gauge};

use super::names;

/// The numbers of a pipeline's consumer or producer, which may be several clients, one after the other.
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
}

/// What one client said last. A new client counts from 0, and the counters go on from where they are.
pub struct KafkaClientReadings {
    metrics: Arc<KafkaClientMetrics>,
    last: Mutex<KafkaClientStatistics>,
}

impl KafkaClientReadings {
    /// Of a client that has said nothing yet.
    pub fn new(metrics: Arc<KafkaClientMetrics>) -> KafkaClientReadings {
        KafkaClientReadings {
            metrics,
            last: Mutex::default(),
        }
    }

    /// Takes a reading in.
    pub fn take(&self, now: KafkaClientStatistics) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let last = std::mem::replace(&mut *last, now);
        let metrics = &self.metrics;
        for (counter, now, last) in [
            (&metrics.requests, now.requests, last.requests),
            (&metrics.errors, now.errors, last.errors),
            (&metrics.retries, now.retries, last.retries),
            (&metrics.sent, now.sent, last.sent),
            (&metrics.received, now.received, last.received),
        ] {
            // Sums over brokers fall when the client forgets one.
            counter.increment(now.saturating_sub(last));
        }
        metrics.queued.set(now.queued as f64);
        metrics.queued_bytes.set(now.queued_bytes as f64);
        metrics.brokers.set(now.brokers as f64);
        metrics.round_trip.set(now.round_trip);
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn counters_go_on_when_a_client_takes_anothers_place() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let metrics = metrics::with_local_recorder(&recorder, || {
            Arc::new(KafkaClientMetrics::new("orders", "consumer"))
        });
        let sent = |requests, queued| KafkaClientStatistics {
            requests,
            queued,
            ..KafkaClientStatistics::default()
        };
        let first = KafkaClientReadings::new(Arc::clone(&metrics));
        first.take(sent(70, 5));
        first.take(sent(100, 5));
        let second = KafkaClientReadings::new(metrics);
        second.take(sent(3, 2));
        second.take(sent(1, 2));
        second.take(sent(8, 2));
        let text = recorder.handle().render();
        let labels = "{pipeline=\"orders\",client=\"consumer\"}";
        for (name, want) in [(names::KAFKA_REQUESTS, 110), (names::KAFKA_QUEUED, 2)] {
            let line = format!("{name}{labels} {want}\n");
            assert!(text.contains(&line), "{line} in\n{text}");
        }
    }
}
