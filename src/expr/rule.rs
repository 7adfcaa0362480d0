//! Choice rules, compiled.

use crate::value::Arena;
use crate::value::ConstantsBuilder;

use super::{ExprError, Scope, Scratch};

/// A rule of a Choice state.
pub enum ChoiceRule {
    /// True when all are; stops at the first that is not.
    And(Box<[ChoiceRule]>),
    /// True when one is; stops there.
    Or(Box<[ChoiceRule]>),
    /// The opposite.
    Not(Box<ChoiceRule>),
    /// `Variable` and one operator.
    Test(DataTest),
}

/// `Variable` compared with a literal or with what a path finds.
pub struct DataTest {}

/// The operand of a comparison as the definition has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operand<'a> {
    /// A string, also the path of a `…Path` operator.
    String(&'a str),
    /// The text of a number.
    Number(&'a str),
    /// `true` or `false`.
    Bool(bool),
    /// Anything else; always refused.
    Other,
}

/// An operator's place in the table of operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator(u8);

#[allow(unused_variables, clippy::todo)]
impl Operator {
    /// `StringEquals`, `NumericLessThanPath`, `IsPresent`, … all 39.
    pub fn from_name(name: &str) -> Option<Operator> {
        todo!()
    }
    /// As the definition spells it.
    pub fn name(self) -> &'static str {
        todo!()
    }
    /// Every operator's name, for suggestions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        std::iter::empty()
    }
}

#[allow(unused_variables, clippy::todo)]
impl DataTest {
    /// Compiles; the error says what is wrong with the operand or the variable's path.
    pub fn compile(
        variable: &str,
        operator: Operator,
        operand: Operand<'_>,
        constants: &mut ConstantsBuilder,
    ) -> Result<DataTest, String> {
        todo!()
    }
}

#[allow(unused_variables, clippy::todo)]
impl ChoiceRule {
    /// Whether the rule holds. A path that finds nothing is an error, except for `IsPresent`.
    pub fn matches(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<bool, ExprError> {
        todo!()
    }
}
