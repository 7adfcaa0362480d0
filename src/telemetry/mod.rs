//! Metric names and handles, log set-up. Knows how to count, not what is counted for.
//!
//! Hot counters are our own: sharded by thread, summed when somebody looks. The metrics crate sees them at a scrape only,
//! so an execution pays a few uncontended additions and no label lookup.

mod exporter;
mod histogram;
mod log;
pub mod names;
mod pipeline;
mod runtime;
mod sharded;

pub use exporter::Exporter;
pub use histogram::{Histogram, Quantiles};
pub use log::{LogConfig, LogFormat, LogInitError, init_log};
pub use pipeline::{PartitionMetrics, PipelineMetrics, Totals};
pub use runtime::RuntimeMetrics;
pub use sharded::Sharded;
