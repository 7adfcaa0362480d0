//! Data through a state: `InputPath`, templates, `ResultSelector`, `ResultPath`, `OutputPath`, and the limits on what comes out.

use super::failure::StateError;
use super::fiber::Fiber;
use super::run::{Run, StateResult};
use crate::error_name;
use crate::expr::{Answer, ContextObject, ExprError, MapItem, Random, Scope, Scratch, StateInfo};
use crate::plan::{Assign, PathField, ResultPathField, State, StateKind};
use crate::value::{Arena, Measure, Value};

/// Bytes that the variables of one run of a scope take at most (guide, "Variable limits").
const MAX_VARIABLES: usize = 10 << 20;

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
        self.evaluate_answer(state, fiber, input, Answer::None, work)
    }

    /// The same with what the state's work has come to.
    #[inline]
    fn evaluate_answer<T>(
        &mut self,
        state: &State,
        fiber: &Fiber,
        input: Value,
        answer: Answer,
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
            parts: fiber.input_parts(),
            context,
            variables: &fiber.variables,
            answer,
            now: self.now.wall,
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
            context,
            variables: &fiber.variables,
            answer: Answer::None,
            now: self.now.wall,
            random,
        };
        work(&scope, &mut self.arena, &mut self.scratch)
            .map_err(|error| evaluation_error(state, fiber, error))
    }

    /// `InputPath`: the effective input.
    #[inline]
    pub(super) fn effective_input(&mut self, state: &State, fiber: &Fiber) -> StateResult<Value> {
        self.select(state, fiber, &state.flow.input, fiber.raw, Answer::None)
    }

    /// `OutputPath` or `Output`: the output, within its limits.
    #[inline]
    pub(super) fn output(
        &mut self,
        state: &State,
        fiber: &Fiber,
        merged: Value,
    ) -> StateResult<Value> {
        self.limited_output(state, fiber, &state.flow.output, merged, Answer::None)
    }

    #[inline]
    pub(super) fn limited_output(
        &mut self,
        state: &State,
        fiber: &Fiber,
        path: &PathField,
        merged: Value,
        answer: Answer,
    ) -> StateResult<Value> {
        let output = self.select(state, fiber, path, merged, answer)?;
        self.check_size(&state.name, output)?;
        Ok(output)
    }

    #[inline(always)]
    pub(super) fn select(
        &mut self,
        state: &State,
        fiber: &Fiber,
        path: &PathField,
        input: Value,
        answer: Answer,
    ) -> StateResult<Value> {
        match path {
            PathField::Whole => Ok(input),
            path => self.select_part(state, fiber, path, input, answer),
        }
    }

    #[inline(never)]
    fn select_part(
        &mut self,
        state: &State,
        fiber: &Fiber,
        path: &PathField,
        input: Value,
        answer: Answer,
    ) -> StateResult<Value> {
        match path {
            PathField::Whole => Ok(input),
            PathField::Empty => Ok(Value::EMPTY_OBJECT),
            PathField::Select(path) => {
                self.evaluate(state, fiber, input, |scope, arena, scratch| {
                    path.select(scope, arena, scratch)
                })
            }
            PathField::Query(output) => {
                let work = |scope: &Scope<'_>, arena: &mut Arena, scratch: &mut Scratch| {
                    output.1.eval(scope, arena, scratch)
                };
                self.evaluate_answer(state, fiber, fiber.raw, answer, work)
            }
        }
    }

    /// `ResultSelector`, `ResultPath`, `OutputPath`, or `Output`: from the raw result to the output.
    #[inline(always)]
    pub(super) fn finish(
        &mut self,
        state: &State,
        fiber: &Fiber,
        result: Value,
    ) -> StateResult<Value> {
        let answer = Answer::Result(result);
        self.assign(state, fiber, state.flow.assign.as_deref(), result, answer)?;
        let result = match &state.flow.result_selector {
            None => result,
            Some(template) => self.evaluate(state, fiber, result, |scope, arena, scratch| {
                template.eval(scope, arena, scratch)
            })?,
        };
        let merged = self.merge(state, fiber, &state.flow.result_path, result)?;
        self.limited_output(state, fiber, &state.flow.output, merged, answer)
    }

    /// `Assign`: evaluates the variables; they are stored when the state is left. `input` is what `$` means in JSONPath.
    #[inline(always)]
    pub(super) fn assign(
        &mut self,
        state: &State,
        fiber: &Fiber,
        assign: Option<&Assign>,
        input: Value,
        answer: Answer,
    ) -> StateResult<()> {
        match assign {
            None => Ok(()),
            Some(assign) => self.evaluate_assign(state, fiber, assign, input, answer),
        }
    }

    fn evaluate_assign(
        &mut self,
        state: &State,
        fiber: &Fiber,
        assign: &Assign,
        input: Value,
        answer: Answer,
    ) -> StateResult<()> {
        let input = match state.is_jsonata {
            true => fiber.raw,
            false => input,
        };
        let mut values = std::mem::take(&mut self.values);
        values.clear();
        let evaluated =
            self.evaluate_answer(state, fiber, input, answer, |scope, arena, scratch| {
                assign
                    .values
                    .eval_members(scope, arena, scratch, &mut values)
            });
        self.assigned.clear();
        self.assigned
            .extend(assign.slots.iter().copied().zip(values.drain(..)));
        self.values = values;
        evaluated?;
        self.check_assigned(state, fiber)
    }

    /// Guide, "Variable limits": 256 KiB for what one `Assign` assigns, 10 MiB for all variables.
    fn check_assigned(&mut self, state: &State, fiber: &Fiber) -> StateResult<()> {
        let assigned = self.assigned.iter().map(|(_, value)| *value);
        let bytes = |value: Value| self.arena.measure(value).bytes;
        let all: usize = assigned.map(bytes).sum();
        let kept = fiber.variables.iter().flatten();
        if all <= self.limits.payload && kept.copied().map(bytes).sum::<usize>() <= MAX_VARIABLES {
            return Ok(());
        }
        self.check_exact_assigned(state, fiber)
    }

    // A measure is only an upper bound.
    #[cold]
    fn check_exact_assigned(&mut self, state: &State, fiber: &Fiber) -> StateResult<()> {
        let size = |value: Value| self.arena.to_json(value).len();
        let assigned: usize = self.assigned.iter().map(|(_, value)| size(*value)).sum();
        let replaced = |slot: usize| self.assigned.iter().any(|(new, _)| *new as usize == slot);
        let slots = fiber.variables.iter().enumerate();
        let kept: usize = slots
            .filter(|(slot, _)| !replaced(*slot))
            .filter_map(|(_, value)| value.map(size))
            .sum();
        match assigned > self.limits.payload || assigned + kept > MAX_VARIABLES {
            true => Err(too_large(&state.name)),
            false => Ok(()),
        }
    }

    /// The state is left: its variables have new values from the next state on.
    #[inline]
    pub(super) fn store_assigned(&mut self, fiber: &mut Fiber) {
        if self.assigned.is_empty() {
            return;
        }
        for (slot, value) in self.assigned.drain(..) {
            fiber.variables[slot as usize] = Some(value);
        }
    }

    /// `ResultPath`: puts a result into the raw input.
    #[inline(always)]
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
        self.limits.admit(measure)
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

pub(super) fn state_info(state: &State, fiber: &Fiber) -> StateInfo {
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
