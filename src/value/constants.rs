//! Values that belong to a plan: never copied into an execution.

use std::sync::Arc;

use super::{Arena, ParseError, Value};

/// The frozen constants of a plan, shared by all its executions.
pub struct Constants {}

impl Constants {
    /// Only the six fixed values.
    pub fn empty() -> Arc<Constants> {
        todo!()
    }
}

/// A member name known when the plan is compiled: ready to be looked up, and a string value to build objects with.
#[derive(Clone, Debug)]
pub struct Key {
    pub(super) name: Box<str>,
    pub(super) value: Value,
}

impl Key {
    /// A key to look up with, without a place in any constants.
    pub fn new(name: &str) -> Key {
        todo!("{name}")
    }
    /// The decoded name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Collects the constants of a plan while it is compiled.
pub struct ConstantsBuilder {}

#[allow(unused_variables, missing_docs)]
impl ConstantsBuilder {
    #[allow(clippy::new_without_default)]
    pub fn new() -> ConstantsBuilder {
        todo!()
    }
    /// A string constant; equal names share one. The handle can be used as a member name.
    pub fn string(&mut self, text: &str) -> Value {
        todo!()
    }
    pub fn parse(&mut self, text: &[u8]) -> Result<Value, ParseError> {
        todo!()
    }
    /// Copies a value out of a definition's arena, spelling kept.
    pub fn copy_from(&mut self, other: &Arena, value: Value) -> Value {
        todo!()
    }
    /// Values can be built here exactly as in an execution, for instance to fold a constant expression.
    pub fn arena(&mut self) -> &mut Arena {
        todo!()
    }
    /// Turns a value built in [`ConstantsBuilder::arena`] into a constant.
    pub fn freeze(&mut self, value: Value) -> Value {
        todo!()
    }
    pub fn finish(self) -> Arc<Constants> {
        todo!()
    }
}
