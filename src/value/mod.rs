//! JSON values inside an execution: parse, navigate, build, print.
//!
//! A [`Value`] is a 4-byte `Copy` handle into an [`Arena`] (or into the plan's [`Constants`]). What was parsed stays the
//! event's own bytes, addressed by spans; what is built shares the rest. Knows JSON, and nothing of states or Kafka.
//!
//! Handles: the top bit says "constant of the plan"; the rest is an index into one table of nodes that holds parsed and
//! built nodes alike. A forked arena (a child on another worker) continues its parent's index space: an index below its
//! base is read in the frozen parent, so handles mean the same in parent and child, at any depth of nesting.

mod arena;
mod handle;
mod node;

mod duplicates;
mod familiar;
mod parse;
mod scan;
mod simd;
mod tokenizer;

mod lookup;
mod number;
mod read;
mod text;

mod build;
mod patch;
mod shape;
mod text_builder;

mod equal;
mod print;

mod constants;
mod document;
mod fork;
mod packed;

#[cfg(test)]
mod tests;

pub use arena::{Arena, Mark};
pub use constants::{Constants, ConstantsBuilder};
pub use document::Document;
pub use handle::{Kind, Measure, Value};
pub use lookup::Key;
pub use number::Number;
pub use packed::Packed;
pub use parse::{ParseError, ParseLimits};
pub use read::{Elements, Members};
pub use shape::Shape;
pub use text::{JsonStr, respell};
pub use text_builder::TextBuilder;
pub use tokenizer::Piece;
