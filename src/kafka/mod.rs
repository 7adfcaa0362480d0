//! What every user of the Kafka client shares: properties, the embedded broker, records, errors sorted by who has to act.

mod cluster;
mod config;
mod consumed;
mod copy;
mod error;
mod feeder;
mod hash;
mod message;
mod producer;
mod reader;
mod record;
mod scan;
mod statistics;
mod topics;
mod trouble;

pub use cluster::Cluster;
pub use config::{EMBEDDED, EmbeddedConfig, KafkaConfig, Properties, Property, PropertyFile};
pub use copy::{Copy, copy_topic};
pub use error::{
    CommitFailure, ConsumerFailure, DeliveryFailure, commit_failure, consumer_failure,
    delivery_failure, is_missing_topic,
};
pub use feeder::Feeder;
pub use hash::hash;
pub(crate) use message::{NativeHeaders, bytes, error_code, record, take_batch};
pub use producer::{
    ProducerSettings, TopicError, ask_topic, missing_topics, native_headers, verify_topic,
};
pub use reader::{Shown, read_record, read_topic};
pub use record::{
    Header, HeaderBuffer, HeaderList, Headers, NOT_BEFORE, OwnedRecord, Record, TimestampType,
};
pub use scan::Scan;
pub use statistics::{sum_up, tell_statistics};
pub use topics::{count_partitions, create_topic, delete_topics, largest_batches};
pub use trouble::Trouble;

pub use rdkafka::error::KafkaError;

use rdkafka::config::RDKafkaLogLevel;
use tracing::{debug, info, warn};

/// Takes a log line of the client library into our log. Its errors are warnings here: what they mean for events is
/// said by whoever owns the client.
pub fn log_line(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error
        | RDKafkaLogLevel::Warning => warn!(target: "librdkafka", facility, "{message}"),
        RDKafkaLogLevel::Notice => info!(target: "librdkafka", facility, "{message}"),
        RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
            debug!(target: "librdkafka", facility, "{message}");
        }
    }
}

#[cfg(test)]
pub(crate) mod simulation;
