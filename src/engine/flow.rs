//! Data through a state: `InputPath`, templates, `ResultSelector`, `ResultPath`, `OutputPath`, and the limits on what comes out.

use super::failure::StateError;
use super::fiber::Fiber;
use super::run::{Run, StateResult};
use crate::error_name;
use crate::expr::{
    ContextObject, ExprError, MapItem, NoVariables, Random, Scope, Scratch, StateInfo,
};
use crate::plan::{PathField, ResultPathField, State, StateKind};
use crate::value::{Arena, Measure, Value};

impl Run {
    /// Evaluates something of a state; its error gets the prefix that names the state.
    #[inline]
    pub(super) fn evaluate<T>(
        &mut self,
        state: &State,
        fiber: &Fiber,
        input: Value,
        work: impl FnOnce(&Scope<'_>, &mut Arena, &mut Scratch) -> Result<T, ExprError>,
    ) -> StateResult<T> {
        let context = ContextObject {
            execution: &self.info,
            execution_input: self.input,
            state: state_info(state, fiber),
            item: fiber.item,
        };
        let scope = Scope {
            input,
            parts: &fiber.parts,
            context: &context,
            variables: &NoVariables,
            random: &fiber.random,
        };
        work(&scope, &mut self.arena, &mut self.scratch)
            .map_err(|error| evaluation_error(state, fiber, error))
    }

    /// The same for one item of a Map, whose fiber stays in its place meanwhile.
    pub(super) fn evaluate_item<T>(
        &mut self,
        state: &State,
        fiber: super::fiber::FiberId,
        input: Value,
        item: MapItem,
        random: &Random,
        work: impl FnOnce(&Scope<'_>, &mut Arena, &mut Scratch) -> Result<T, ExprError>,
    ) -> StateResult<T> {
        let fiber = self.fibers.get(fiber);
        let context = ContextObject {
            execution: &self.info,
            execution_input: self.input,
            state: state_info(state, fiber),
            item: Some(item),
        };
        let scope = Scope {
            input,
            parts: &[],
            context: &context,
            variables: &NoVariables,
            random,
        };
        work(&scope, &mut self.arena, &mut self.scratch)
            .map_err(|error| evaluation_error(state, fiber, error))
    }

    /// `InputPath`: the effective input.
    #[inline]
    pub(super) fn effective_input(&mut self, state: &State, fiber: &Fiber) -> StateResult<Value> {
        self.select(state, fiber, &state.flow.input, fiber.raw)
    }

    /// `OutputPath`: the output, within its limits.
    #[inline]
    pub(super) fn output(
        &mut self,
        state: &State,
        fiber: &Fiber,
        merged: Value,
    ) -> StateResult<Value> {
        let output = self.select(state, fiber, &state.flow.output, merged)?;
        self.check_size(&state.name, output)?;
        Ok(output)
    }

    #[inline]
    fn select(
        &mut self,
        state: &State,
        fiber: &Fiber,
        path: &PathField,
        input: Value,
    ) -> StateResult<Value> {
        match path {
            PathField::Whole => Ok(input),
            PathField::Empty => Ok(Value::EMPTY_OBJECT),
            PathField::Select(path) => {
                self.evaluate(state, fiber, input, |scope, arena, scratch| {
                    path.select(scope, arena, scratch)
                })
            }
        }
    }

    /// `ResultSelector`, `ResultPath`, `OutputPath`: from the raw result to the output.
    pub(super) fn finish(
        &mut self,
        state: &State,
        fiber: &Fiber,
        result: Value,
    ) -> StateResult<Value> {
        let result = match &state.flow.result_selector {
            None => result,
            Some(template) => self.evaluate(state, fiber, result, |scope, arena, scratch| {
                template.eval(scope, arena, scratch)
            })?,
        };
        let merged = self.merge(state, fiber, &state.flow.result_path, result)?;
        self.output(state, fiber, merged)
    }

    /// `ResultPath`: puts a result into the raw input.
    #[inline]
    pub(super) fn merge(
        &mut self,
        state: &State,
        fiber: &Fiber,
        path: &ResultPathField,
        result: Value,
    ) -> StateResult<Value> {
        match path {
            ResultPathField::Replace => Ok(result),
            ResultPathField::Discard => Ok(fiber.raw),
            ResultPathField::Write(_, path) => path
                .write(fiber.raw, result, &mut self.arena)
                .map_err(|error| evaluation_error(state, fiber, error)),
        }
    }

    /// Refuses a value that is larger or deeper than allowed; `name` is what AWS calls the culprit.
    #[inline]
    pub(super) fn check_size(&mut self, name: &str, value: Value) -> StateResult<()> {
        let measure = self.arena.measure(value);
        match self.is_small(measure) {
            true => Ok(()),
            false => self.check_exact_size(name, value, measure.depth),
        }
    }

    /// Whether a value of this measure is surely within the limits.
    pub(super) fn is_small(&self, measure: Measure) -> bool {
        measure.bytes <= self.limits.payload && measure.depth <= self.limits.depth
    }

    // The measure is only an upper bound, so what exceeds it is printed and counted.
    #[cold]
    fn check_exact_size(&mut self, name: &str, value: Value, depth: usize) -> StateResult<()> {
        if depth > self.limits.depth {
            let limit = self.limits.depth;
            let cause = format!("the value of '{name}' is nested more than {limit} levels deep");
            return Err(StateError::new(error_name::DEPTH_LIMIT, cause));
        }
        let mut printed = std::mem::take(&mut self.printed);
        printed.clear();
        self.arena.print(value, &mut printed);
        let size = printed.len();
        printed.shrink_to(1 << 20);
        self.printed = printed;
        match size > self.limits.payload {
            true => Err(too_large(name)),
            false => Ok(()),
        }
    }
}

/// `States.DataLimitExceeded` in AWS's words, without the usual prefix.
pub(super) fn too_large(name: &str) -> Box<StateError> {
    let cause = format!(
        "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
    );
    StateError::new(error_name::DATA_LIMIT_EXCEEDED, cause)
}

fn evaluation_error(state: &State, fiber: &Fiber, error: ExprError) -> Box<StateError> {
    StateError::evaluation(error, &state.name, fiber.entered_event)
}

fn state_info(state: &State, fiber: &Fiber) -> StateInfo {
    let counts = matches!(
        state.kind,
        StateKind::Task(_) | StateKind::Parallel(_) | StateKind::Map(_)
    );
    StateInfo {
        name: state.name_value,
        entered_time: fiber.entered_time,
        retry_count: counts.then_some(fiber.attempt),
    }
}
