//! Workflow variables: `$name` in paths, calls and JSONata.
//!
//! A name is resolved once, when the plan is compiled: [`Binder`] knows which slot a variable has where an expression
//! stands. While an execution runs a variable is an index.

use crate::value::Value;

use super::intrinsic::Call;
use super::path::Path;
use super::{ChoiceRule, Expression, ReferencePath, Template};

/// Knows the slot of each variable that may be read where an expression stands; none for a name that nothing assigns.
pub type Binder<'a> = &'a dyn Fn(&str) -> Option<u32>;

/// The value of a slot, as it was when the state was entered.
#[inline]
pub(super) fn read(variables: &[Option<Value>], slot: Option<u32>) -> Option<Value> {
    *variables.get(slot? as usize)?
}

impl ReferencePath {
    /// Resolves the variable it starts with.
    pub fn bind(&mut self, binder: Binder<'_>) {
        self.path_mut().bind(binder);
    }
}

impl Expression {
    /// Resolves the variables in it.
    pub fn bind(&mut self, binder: Binder<'_>) {
        match self {
            Expression::Path(path) => path.bind(binder),
            Expression::Call(call) => call.bind(binder),
            Expression::Query(query) => query.bind(binder),
        }
    }
}

impl Call {
    pub(super) fn bind(&mut self, binder: Binder<'_>) {
        self.arguments_mut()
            .for_each(|argument| argument.bind(binder));
    }
}

impl Template {
    /// Resolves the variables in it.
    pub fn bind(&mut self, binder: Binder<'_>) {
        self.expressions_mut()
            .into_iter()
            .for_each(|expression| expression.bind(binder));
    }
}

impl ChoiceRule {
    /// Resolves the variables in it.
    pub fn bind(&mut self, binder: Binder<'_>) {
        match self {
            ChoiceRule::And(rules) | ChoiceRule::Or(rules) => {
                rules.iter_mut().for_each(|rule| rule.bind(binder));
            }
            ChoiceRule::Not(rule) => rule.bind(binder),
            ChoiceRule::Query(query) => query.bind(binder),
            ChoiceRule::Always(_) => {}
            ChoiceRule::Test(test) => test
                .paths_mut()
                .for_each(|path: &mut Path| path.bind(binder)),
        }
    }
}
