//! Metric names and handles, log set-up. Knows how to count, not what is counted for.
//!
//! Hot counters are our own: sharded by thread, summed when somebody looks. The metrics crate sees them at a scrape only,
//! so an execution pays a few uncontended additions and no label lookup.

mod breaker;
mod by_error;
mod exchange;
mod exporter;
#[cfg(feature = "heap")]
mod heap;
mod histogram;
mod kafka_client;
mod log;
mod machine;
mod metric;
pub mod names;
mod partition;
mod pipeline;
mod process;
mod runtime;
mod seconds;
mod sharded;

pub use breaker::BreakerMetrics;
pub use exchange::{ExchangeLimit, ExchangeMetrics};
pub use exporter::Exporter;
#[cfg(feature = "heap")]
pub use heap::Counted;
pub use histogram::{Histogram, Quantiles};
pub use kafka_client::{KafkaClientMetrics, KafkaClientReadings, KafkaClientStatistics};
pub use log::{LogConfig, LogFormat, LogInitError, init_log};
pub use machine::{BindingMetrics, MachineMetrics, OpenCall};
pub use metric::{Kind, Metric, Unit, markdown};
pub use partition::{PartitionMetrics, PartitionStanding};
pub use pipeline::{PipelineMetrics, Tally, Totals};
pub use process::ProcessUsage;
pub use runtime::{RuntimeLoad, RuntimeMetrics};
pub use sharded::Sharded;
