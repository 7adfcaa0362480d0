//! The definition as written: parse with positions, validate, all problems at once. Knows no plans.
//!
//! The model keeps literals as [`Value`](crate::value::Value) handles into [`StateMachine::document`], the spelling of
//! numbers included, and every field knows its [`Place`]. Paths and intrinsic calls stay text here: they have been
//! checked with the parsers of `expr`, and the plan compiles them from the text.

mod codes;
mod field;
mod fields;
mod graph;
mod machine;
mod not_json;
mod parse;
mod query_language;
mod reader;
mod resource;
mod retry;
pub mod states;
mod syntax;
mod variables;

pub use field::{Field, LiteralOrPath, NullablePath, Place};
pub use graph::MAX_STATE_NAME;
pub use machine::{Scope, StateMachine};
pub use parse::{WorkflowType, check, parse, refusal, refusals};
pub use query_language::QueryLanguage;
pub use retry::{Catcher, JitterStrategy, Retrier};
pub use states::{State, StateKind, Transition};
