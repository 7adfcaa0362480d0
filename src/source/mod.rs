//! Where events come from: Kafka or a file. A source keeps a window per partition and moves its position only behind
//! acknowledged outcomes. Knows neither sinks nor what is done with a record.

mod batch;
mod budget;
mod config;
mod control;
mod partition;
mod sync;
mod window;

pub mod file;
pub mod kafka;

pub use batch::{Batch, Intake, Records};
pub use budget::{HeldMemory, MemoryBudget, Trial};
pub use config::WindowConfig;
pub use control::{Control, Deadlines, SourceEnd, SourceError, Wiring};
pub use partition::Partition;
pub use window::{Completion, SlotId, Window, WindowLimits};
