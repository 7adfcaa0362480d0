//! Where events come from: Kafka or a file. A source keeps a window per partition and moves its position only behind
//! acknowledged outcomes. Knows neither sinks nor what is done with a record.

mod window;

pub use window::{Completion, SlotId, Window, WindowLimits};
