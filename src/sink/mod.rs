//! Where outcomes go: Kafka or a file. A sink says of each outcome when it is safe. Knows neither sources nor executions.

pub mod record;
