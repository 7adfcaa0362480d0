//! Workflow variables, as paths of the form `$name` see them.

use crate::value::Value;

/// Looks workflow variables up.
pub trait Variables {
    /// The variable's value as it was when the state was entered.
    fn get(&self, name: &str) -> Option<Value>;
}

/// A scope in which nothing was assigned.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoVariables;

impl Variables for NoVariables {
    fn get(&self, _name: &str) -> Option<Value> {
        None
    }
}
