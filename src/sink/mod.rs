//! Where outcomes go: Kafka or a file. A sink says of each outcome when it is safe. Knows neither sources nor executions.

mod file;
mod publication;
pub mod record;

pub use file::{FileSink, FileSinkConfig};
pub use publication::{Kind, OwnedPublication, Publication, Receipt};
