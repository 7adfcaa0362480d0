//! A compiled call of an intrinsic function.

use std::fmt;

use crate::value::Arena;
use crate::value::ConstantsBuilder;
use crate::value::Value;

use super::format::Piece;
use super::{Failure, Intrinsic, Invocation, parser};
use crate::expr::variables::Binder;
use crate::expr::{ExprError, NotFound, Path, Random, Scope, Scratch, SyntaxError};

/// Arguments that are evaluated on the stack; a call with more allocates.
const FEW: usize = 16;

/// A call, its arguments compiled.
pub struct Call {
    pub(super) text: Box<str>,
    pub(super) function: &'static Intrinsic,
    pub(super) args: Box<[Argument]>,
    /// The template of a `States.Format` where it is a literal, split at its placeholders.
    pub(super) template: Option<Box<[Piece]>>,
}

/// An argument of a call.
pub(in crate::expr) enum Argument {
    Constant(Value),
    Path(Path),
    Call(Call),
}

impl Argument {
    pub(in crate::expr) fn read_through(&mut self, names: &[Value]) -> bool {
        match self {
            Argument::Constant(_) => true,
            Argument::Path(path) => path.read_through(names),
            Argument::Call(call) => call.read_through(names),
        }
    }

    pub(in crate::expr) fn bind(&mut self, binder: Binder<'_>) {
        match self {
            Argument::Constant(_) => {}
            Argument::Path(path) => path.bind(binder),
            Argument::Call(call) => call.bind(binder),
        }
    }

    #[cfg(test)]
    pub(super) fn is_constant(&self) -> bool {
        matches!(self, Argument::Constant(_))
    }
}

impl Call {
    /// Compiles `States.Name(…)`; literals become constants of the plan.
    pub fn compile(text: &str, constants: &mut ConstantsBuilder) -> Result<Call, SyntaxError> {
        parser::parse(text, constants)
    }

    /// Its arguments that are evaluated.
    pub(in crate::expr) fn arguments_mut(&mut self) -> impl Iterator<Item = &mut Argument> {
        self.args.iter_mut()
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it gives the same result for the same input: neither it nor an argument draws random numbers.
    pub fn is_pure(&self) -> bool {
        let pure = |arg: &Argument| match arg {
            Argument::Call(call) => call.is_pure(),
            _ => true,
        };
        self.function.pure && self.args.iter().all(pure)
    }

    /// The result. Nesting is bounded by the parser, and so is this recursion.
    pub fn eval(
        &self,
        scope: &Scope<'_>,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<Value, ExprError> {
        let mut few = [Value::NULL; FEW];
        let mut many = Vec::new();
        let args = match few.get_mut(..self.args.len()) {
            Some(args) => args,
            None => {
                many.resize(self.args.len(), Value::NULL);
                &mut many
            }
        };
        for (slot, argument) in args.iter_mut().zip(&self.args) {
            *slot = match argument {
                Argument::Constant(value) => *value,
                Argument::Path(path) => match path.select(scope, arena, scratch) {
                    Ok(value) => value,
                    Err(missing) => return Err(self.missing(path, missing, scope, arena)),
                },
                Argument::Call(call) => call.eval(scope, arena, scratch)?,
            };
        }
        self.invoke(args, scope.random, arena, scratch)
            .map_err(|failure| self.failed(failure))
    }

    /// Applies the function to arguments that are there.
    fn invoke(
        &self,
        args: &[Value],
        random: &Random,
        arena: &mut Arena,
        scratch: &mut Scratch,
    ) -> Result<Value, Failure> {
        let mut invocation = Invocation {
            args,
            template: self.template.as_deref(),
            arena,
            scratch,
            random,
        };
        (self.function.eval)(&mut invocation)
    }

    /// The result of a pure call whose arguments are all constants, as a constant.
    pub(super) fn fold(&self, constants: &mut ConstantsBuilder) -> Option<Value> {
        let constant = |arg: &Argument| match arg {
            Argument::Constant(value) => Some(*value),
            _ => None,
        };
        let args: Option<Vec<Value>> = self.args.iter().map(constant).collect();
        let args = args.filter(|_| self.function.pure)?;
        let (random, mut scratch) = (Random::new(0), Scratch::new());
        let result = self.invoke(&args, &random, constants.arena(), &mut scratch);
        Some(constants.freeze(result.ok()?))
    }

    #[cold]
    fn missing(
        &self,
        path: &Path,
        _missing: NotFound,
        scope: &Scope<'_>,
        arena: &Arena,
    ) -> ExprError {
        ExprError::runtime(format!(
            "The function '{}' had the following error: The JsonPath argument for the field '{}' could not be found in the input '{}'",
            self.text,
            path.text(),
            arena.to_plain_json(scope.input)
        ))
    }

    #[cold]
    fn failed(&self, failure: Failure) -> ExprError {
        ExprError {
            error: failure.error,
            reason: format!(
                "The function '{}' had the following error: {}",
                self.text, failure.message
            ),
            location: None,
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.text).finish()
    }
}
