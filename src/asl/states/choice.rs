//! Choice: where to go, by rules over the input.

use super::super::{Field, NullablePath, Place};
use crate::expr::Operator;
use crate::value::Value;

/// A Choice state.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Choice {
    pub input_path: NullablePath,
    pub output_path: NullablePath,
    /// `Choices`: tried in order, the first that holds wins; never empty.
    pub choices: Vec<ChoiceRule>,
    /// Where to go when no rule holds.
    pub default: Option<Field<String>>,
}

/// One entry of `Choices`.
#[derive(Clone, Debug)]
pub struct ChoiceRule {
    /// When it holds.
    pub condition: Condition,
    /// Where it leads.
    pub next: Field<String>,
    /// The rule.
    pub place: Place,
}

/// What a rule asks. Nesting is bounded by the parser.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Condition {
    /// Never empty.
    And(Vec<Condition>),
    /// Never empty.
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Test(DataTest),
}

/// A comparison of one value.
#[derive(Clone, Debug)]
pub struct DataTest {
    /// `Variable`: a path.
    pub variable: Field<String>,
    /// The comparison.
    pub operator: Operator,
    /// What it compares with: a literal that suits the operator, or the text of a path for a `…Path` operator.
    pub operand: Field<Value>,
}
