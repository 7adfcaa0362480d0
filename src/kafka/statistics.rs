//! The client's own statistics, summed up.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::Statistics;

use crate::telemetry::KafkaClientStatistics;

/// How often a client tells, unless its properties say something else.
const INTERVAL: Duration = Duration::from_secs(5);

const PROPERTY: &str = "statistics.interval.ms";

/// Makes a client tell its statistics.
pub fn tell_statistics(client: &mut ClientConfig) {
    if client.get(PROPERTY).is_none() {
        client.set(PROPERTY, INTERVAL.as_millis().to_string());
    }
}

/// One reading, summed over the brokers.
pub fn sum_up(statistics: &Statistics) -> KafkaClientStatistics {
    let brokers = || statistics.brokers.values();
    let prefetched = statistics
        .topics
        .values()
        .flat_map(|topic| topic.partitions.values())
        .fold((0, 0), |(records, bytes), partition| {
            (
                records + unsigned(partition.fetchq_cnt),
                bytes + partition.fetchq_size,
            )
        });
    let round_trip = brokers()
        .filter_map(|broker| Some(broker.rtt.as_ref()?.p99))
        .max();
    KafkaClientStatistics {
        queued: statistics.msg_cnt + prefetched.0,
        queued_bytes: statistics.msg_size + prefetched.1,
        requests: unsigned(statistics.tx),
        errors: brokers()
            .map(|broker| broker.txerrs + broker.rxerrs + broker.req_timeouts)
            .sum(),
        retries: brokers().map(|broker| broker.txretries).sum(),
        sent: unsigned(statistics.tx_bytes),
        received: unsigned(statistics.rx_bytes),
        brokers: brokers().filter(|broker| broker.state == "UP").count(),
        round_trip: unsigned(round_trip.unwrap_or(0)) as f64 / 1e6,
    }
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use rdkafka::statistics::{Broker, Window};

    use super::*;

    fn broker(state: &str, round_trip: i64) -> Broker {
        Broker {
            state: state.into(),
            txerrs: 1,
            req_timeouts: 2,
            txretries: 4,
            rtt: Some(Window {
                p99: round_trip,
                ..Window::default()
            }),
            ..Broker::default()
        }
    }

    #[test]
    fn brokers_are_summed_up_and_the_slowest_counts() {
        let brokers = [("a", broker("UP", 2_000)), ("b", broker("DOWN", 5_000))];
        let statistics = Statistics {
            msg_cnt: 7,
            tx: 3,
            brokers: HashMap::from(brokers.map(|(name, broker)| (name.to_string(), broker))),
            ..Statistics::default()
        };
        let want = KafkaClientStatistics {
            queued: 7,
            requests: 3,
            errors: 6,
            retries: 8,
            brokers: 1,
            round_trip: 0.005,
            ..KafkaClientStatistics::default()
        };
        assert_eq!(sum_up(&statistics), want);
    }
}
