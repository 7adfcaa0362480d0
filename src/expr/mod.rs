//! Expressions: paths, payload templates, intrinsic functions, JSONata, choice rules, the context object. Each is compiled once; none knows
//! states or plans.

mod context;
mod error;
mod expression;
mod intrinsic;
pub mod jsonata;
mod parts;
mod path;
mod query;
mod random;
mod reference_path;
mod result_path;
mod rule;
mod scratch;
mod template;
#[cfg(test)]
mod testing;
pub mod timestamp;
mod variables;

pub use context::{ContextObject, ExecutionInfo, MapItem, StateInfo};
pub use error::{ExprError, SyntaxError};
pub use expression::Expression;
pub use intrinsic::Call;
pub use parts::Parts;
pub use path::{NotFound, Path};
pub use query::{Answer, Query, QueryPlace, QueryProblem};
pub use random::Random;
pub use reference_path::ReferencePath;
pub use result_path::ResultPath;
pub use rule::{ChoiceRule, DataTest, Lookup, Operand, Operator};
pub use scratch::Scratch;
pub use template::{Template, TemplateProblem};
pub use variables::Binder;

use crate::value::Value;

/// What an expression can read.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// `$`
    pub input: Value,
    /// The members of the input, where it is an object that was not put together: see [`Template::eval_parts`]. Then only
    /// expressions that said so when they were prepared (`read_through`) may be evaluated.
    pub parts: &'a [Value],
    /// `$$`
    pub context: ContextObject<'a>,
    /// `$name`, by slot.
    pub variables: &'a [Option<Value>],
    /// `$states.result` or `$states.errorOutput`
    pub answer: Answer,
    /// For `$now`: wall clock, milliseconds since the epoch.
    pub now: i64,
    /// For `States.UUID` and `States.MathRandom`.
    pub random: &'a Random,
}
