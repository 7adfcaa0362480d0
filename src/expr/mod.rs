//! Expressions: paths, payload templates, intrinsic functions, the context object. Each is compiled once; none knows states or plans.

mod context;
mod error;

pub use context::{ContextObject, ExecutionInfo, MapItem, StateInfo};
pub use error::ExprError;

use crate::value::Value;

/// What an expression can read.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// `$`
    pub input: Value,
    /// `$$`
    pub context: &'a ContextObject<'a>,
}
