//! Retry and Catch (spec, "Errors").

use super::failure::StateError;
use super::fiber::{Fiber, Step};
use super::history::{Details, EventKind};
use super::limits::Limit;
use super::run::{Run, StateResult};
use crate::error_name;
use crate::expr::Answer;
use crate::plan::{Catcher, PathField, State, StateKind};
use crate::value::Value;

impl Run {
    /// The state has failed: lets it try again, now or later, or the fiber goes on where a catcher says; or gives the
    /// error back.
    #[cold]
    pub(super) fn recover(
        &mut self,
        state: &State,
        fiber: &mut Fiber,
        error: Box<StateError>,
    ) -> StateResult<()> {
        self.failed(state, fiber, error)
            .or_else(|error| self.catch(state, fiber, error))
    }

    /// What was evaluated for the state is dropped, and it may try again.
    fn failed(
        &mut self,
        state: &State,
        fiber: &mut Fiber,
        mut error: Box<StateError>,
    ) -> StateResult<()> {
        self.assigned.clear();
        self.count_limit(&error);
        self.evaluation_failed(fiber, &mut error);
        self.retry(state, fiber, error)
    }

    /// Counts the limit that the error stands for, where it arises.
    fn count_limit(&mut self, error: &StateError) {
        let expression = std::mem::take(&mut self.scratch.met_limit);
        let limit = match expression {
            true => Some(Limit::Expression),
            false => error.error.as_deref().and_then(Limit::of_error),
        };
        if let Some(limit) = limit.filter(|_| error.state.is_none()) {
            self.counts.meet(limit);
        }
    }

    /// A JSONata expression that fails has an event of its own.
    pub(super) fn evaluation_failed(&mut self, fiber: &mut Fiber, error: &mut StateError) {
        if let Some(location) = error.evaluation.take() {
            let details = Details {
                state: Some(fiber.state),
                error: Some(error),
                location: Some(location),
                ..Details::default()
            };
            let kind = EventKind::EvaluationFailed;
            // Recorded: it follows what the entering of the state followed, whatever came in between.
            fiber.last_event = self.history.add_failure(fiber.entered_after, kind, details);
        }
    }

    /// Lets the state try again, at once or after a while, or gives the error back.
    ///
    /// The first retrier that names the error decides: when its attempts are used up, later ones are not asked.
    fn retry(
        &mut self,
        state: &State,
        fiber: &mut Fiber,
        error: Box<StateError>,
    ) -> StateResult<()> {
        let found = state
            .retry
            .iter()
            .zip(&mut fiber.retries)
            .find(|(retrier, _)| error.matches(&retrier.errors));
        let Some((retrier, used)) = found else {
            return Err(error);
        };
        if u64::from(*used) >= retrier.max_attempts {
            return Err(error);
        }
        let mut delay = retrier.delay(*used);
        if retrier.jitter {
            delay = (delay as f64 * fiber.random.next_f64()) as u64;
        }
        *used += 1;
        self.counts.retries += 1;
        fiber.attempt += 1;
        if delay == 0 {
            fiber.step = Step::Attempt;
        } else {
            fiber.step = Step::BackingOff;
            self.set_timer(fiber, self.now.monotonic.saturating_add(delay));
        }
        Ok(())
    }

    /// Sends the fiber to the state of the first catcher that names the error, or gives the error back.
    // Spec: ResultSelector and OutputPath are not applied to an error that is caught.
    fn catch(
        &mut self,
        state: &State,
        fiber: &mut Fiber,
        error: Box<StateError>,
    ) -> StateResult<()> {
        self.container_failed(state, fiber, &error);
        let found = state
            .catch
            .iter()
            .find(|catcher| error.matches(&catcher.errors));
        let Some(catcher) = found else {
            return Err(error);
        };
        self.reads_event_ids |= error.names_event;
        let error_output = self.error_output(&error);
        let caught = self.caught(state, fiber, catcher, error_output);
        let output = caught.map_err(|mut error| {
            self.assigned.clear();
            self.count_limit(&error);
            self.evaluation_failed(fiber, &mut error);
            error
        })?;
        self.exit_event(state, fiber, output);
        self.store_assigned(fiber);
        fiber.state = catcher.next;
        fiber.raw = output;
        fiber.step = Step::Enter;
        self.counts.catches += 1;
        Ok(())
    }

    /// `Assign` of the catcher, and what the next state gets.
    fn caught(
        &mut self,
        state: &State,
        fiber: &Fiber,
        catcher: &Catcher,
        error_output: Value,
    ) -> StateResult<Value> {
        let answer = Answer::ErrorOutput(error_output);
        self.assign(
            state,
            fiber,
            catcher.assign.as_deref(),
            error_output,
            answer,
        )?;
        let output = match &catcher.output {
            PathField::Query(_) => {
                self.select(state, fiber, &catcher.output, error_output, answer)?
            }
            _ => self.merge(state, fiber, &catcher.result_path, error_output)?,
        };
        self.check_size(&state.name, output)?;
        Ok(output)
    }

    /// The Error Output: `{"Error": …, "Cause": …}`.
    fn error_output(&mut self, error: &StateError) -> Value {
        let members = [
            ("Error", error.error.as_deref()),
            ("Cause", error.caught_cause()),
        ]
        .map(|(name, text)| {
            let text = match text {
                Some(text) => self.arena.string(text),
                None => Value::NULL,
            };
            (self.arena.string(name), text)
        });
        self.arena.object(&members)
    }

    /// A Parallel or Map that does not try again says so before it is left: when a child of it failed, or an expression of
    /// its own. Recorded: after a `States.Runtime` of its own it does not.
    fn container_failed(&mut self, state: &State, fiber: &mut Fiber, error: &StateError) {
        let is_told = error.state.is_some()
            || error.error.as_deref() == Some(error_name::QUERY_EVALUATION_ERROR);
        let kind = match &state.kind {
            StateKind::Parallel(_) if is_told => EventKind::ParallelStateFailed,
            StateKind::Map(_) if is_told => EventKind::MapStateFailed,
            _ => return,
        };
        let details = Details {
            state: Some(fiber.state),
            error: Some(error),
            ..Details::default()
        };
        fiber.last_event = self.history.add_failure(fiber.last_event, kind, details);
    }
}
