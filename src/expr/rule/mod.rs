//! Choice rules, compiled.

mod data_test;
mod lookup;
mod operator;
mod pattern;
mod shared;

pub use data_test::DataTest;
pub use lookup::Lookup;
pub use operator::{Operand, Operator};

use crate::value::Arena;

use super::{ExprError, Query, Scope, Scratch};

/// A rule of a Choice state.
#[derive(Debug)]
pub enum ChoiceRule {
    /// True when all are; stops at the first that is not.
    And(Box<[ChoiceRule]>),
    /// True when one is; stops there.
    Or(Box<[ChoiceRule]>),
    /// The opposite.
    Not(Box<ChoiceRule>),
    /// `Variable` and one operator.
    Test(DataTest),
    /// `Condition`: a JSONata expression that has to yield true or false.
    Query(Box<Query>),
    /// `Condition`: written down.
    Always(bool),
}

impl ChoiceRule {
    /// Whether the rule holds. A path that finds nothing is an error, except for `IsPresent`.
    ///
    /// The recursion follows the nesting of the definition, which its parser bounds.
    pub fn matches(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<bool, ExprError> {
        match self {
            ChoiceRule::Test(test) => test.holds(scope, arena, scratch),
            ChoiceRule::And(rules) => {
                for rule in rules {
                    if !rule.matches(scope, arena, scratch)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            ChoiceRule::Or(rules) => {
                for rule in rules {
                    if rule.matches(scope, arena, scratch)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            ChoiceRule::Query(query) => query.holds(scope, arena, scratch),
            ChoiceRule::Always(flag) => Ok(*flag),
            ChoiceRule::Not(rule) => Ok(!rule.matches(scope, arena, scratch)?),
        }
    }
}

#[cfg(test)]
mod tests;
