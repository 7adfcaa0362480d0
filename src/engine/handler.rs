//! Retry and Catch (spec, "Errors").

use super::failure::StateError;
use super::fiber::{Fiber, Step};
use super::history::{Details, EventKind};
use super::run::{Run, StateResult};
use crate::plan::{State, StateKind};
use crate::value::Value;

impl Run {
    /// Lets the state try again, at once or after a while, or gives the error back.
    ///
    /// The first retrier that names the error decides: when its attempts are used up, later ones are not asked.
    pub(super) fn retry(
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
    pub(super) fn catch(
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
        let output = self.error_output(&error);
        let output = self.merge(state, fiber, &catcher.result_path, output)?;
        self.check_size(&state.name, output)?;
        self.exit_event(state, fiber, output);
        fiber.state = catcher.next;
        fiber.raw = output;
        fiber.step = Step::Enter;
        self.counts.catches += 1;
        Ok(())
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

    /// A Parallel or Map whose child failed, and which does not try again, says so before it is left.
    fn container_failed(&mut self, state: &State, fiber: &mut Fiber, error: &StateError) {
        let came_from_inside = error.state.is_some();
        let kind = match &state.kind {
            StateKind::Parallel(_) if came_from_inside => EventKind::ParallelStateFailed,
            StateKind::Map(_) if came_from_inside => EventKind::MapStateFailed,
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
