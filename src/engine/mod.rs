//! One execution of one plan: a step machine that advances until it has to wait and says what for. It never waits, does no I/O, reads no clock.
//!
//! An execution is a handful of *fibers* over one arena: one at top level and one for each branch or iteration that is
//! under way. A fiber runs until it waits or ends. A Parallel or Map makes a *join* that starts children, at most
//! `concurrency` at a time, and wakes its fiber when the last one has ended. Nothing recurses on the stack, and all
//! tables are used again by the next execution.

mod call;
mod children;
mod clock;
mod counts;
mod execution;
mod failure;
mod fan_out;
mod fiber;
mod flow;
mod fork;
mod handler;
mod history;
mod history_json;
mod join;
mod limits;
mod outcome;
mod plain;
mod random;
mod read_event;
mod run;
mod states;
mod suspended;
mod timers;

pub use call::{CallId, Effect, TaskCall, TaskReply};
pub use counts::Counts;
pub use execution::{Execution, Start};
pub use fan_out::{FanOut, InPlace, Spares};
pub use fork::ForkJob;
pub use history::{EventKind, HistoryEvent};
pub use limits::{Limit, Limits, Now};
pub use outcome::{Failure, Outcome, Progress};
pub use suspended::Suspended;
