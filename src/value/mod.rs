//! JSON values inside an execution: parse, navigate, build, print.
//!
//! A [`Value`] is a 4-byte `Copy` handle into an [`Arena`] (or into the plan's [`Constants`]). What was parsed stays the
//! event's own bytes, addressed by spans; what is built shares the rest. Knows JSON, and nothing of states or Kafka.
//!
//! Handles: the top bit says "constant of the plan"; the rest is an index into one table of nodes that holds parsed and
//! built nodes alike. A forked arena (a child on another worker) continues its parent's index space: an index below its
//! base is read in the frozen parent, so handles mean the same in parent and child, at any depth of nesting.

mod arena;
mod constants;
mod number;
mod text;

pub use arena::{Arena, Kind, Measure, ParseError, ParseLimits, Value};
pub use constants::{Constants, ConstantsBuilder, Key};
pub use number::Number;
pub use text::JsonStr;
