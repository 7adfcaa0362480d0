//! What every user of the Kafka client shares: properties, the embedded broker, errors sorted by who has to act.

mod record;

pub use record::{Header, HeaderBuffer, HeaderList, Headers, OwnedRecord, Record, TimestampType};
