//! Payload templates: `Parameters`, `ResultSelector`, `ItemSelector`, `Assign`.

use crate::value::Arena;
use crate::value::ConstantsBuilder;
use crate::value::Value;

use super::{ExprError, Scope, Scratch};

/// A compiled payload template; what is constant in it is a constant of the plan.
pub struct Template {}

/// Something in a template that AWS would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateProblem {
    /// JSON pointer below the template: `/items/0/price.$`; empty for the template itself.
    pub pointer: String,
    /// AWS's text, for instance `The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic function call`.
    pub message: String,
    /// What the parser of paths and calls had to say about it.
    pub detail: Option<super::SyntaxError>,
}

#[allow(unused_variables, clippy::todo)]
impl Template {
    /// Everything that is wrong with a template, without compiling it.
    pub fn check(doc: &Arena, template: Value) -> Vec<TemplateProblem> {
        todo!()
    }
    /// Compiles the template that stands in a definition.
    pub fn compile(
        doc: &Arena,
        template: Value,
        constants: &mut ConstantsBuilder,
    ) -> Result<Template, Vec<TemplateProblem>> {
        todo!()
    }
    /// The value of a template in which nothing is to be evaluated.
    pub fn constant(&self) -> Option<Value> {
        todo!()
    }
    /// Builds the payload.
    pub fn eval(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<Value, ExprError> {
        todo!()
    }
}
