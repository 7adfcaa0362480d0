//! Measures a definition: in this process alone, and from topic to topic beside a loop that only copies. Knows no files
//! and no screens.

mod counting;
mod feeding;
mod in_process;
mod report;
mod steady;
mod stream;

pub use counting::counting;
pub use in_process::in_process;
pub use report::{InProcessReport, Latency, MetricsReport, Report, StreamReport, Usage};
pub use stream::{StreamBench, StreamError};

use std::time::Duration;

/// What is measured, and how much of it.
pub struct Load {
    /// Events, taken in turn. Never empty.
    pub events: Vec<String>,
    /// Executions that are measured.
    pub count: u64,
    /// Executions that wait at the same time, at most.
    pub in_flight: usize,
    /// Keys of the records, taken in turn; 0 gives every record its own.
    pub keys: u64,
}

/// Hears how far a measurement is: what is being done, how much of how many.
pub type Progress<'a> = &'a (dyn Fn(&str, u64, u64) + Sync);

/// How often progress is told.
const LOOK_EVERY: Duration = Duration::from_millis(5);

impl Load {
    /// The event for the execution with this number.
    fn event(&self, number: u64) -> &str {
        &self.events[(number % self.events.len() as u64) as usize]
    }

    /// The key of the record with this number.
    fn key(&self, number: u64) -> String {
        number.checked_rem(self.keys).unwrap_or(number).to_string()
    }

    fn mean_bytes(&self) -> usize {
        let bytes: usize = self.events.iter().map(String::len).sum();
        (bytes / self.events.len()).max(1)
    }
}
