//! The eight types of states.

mod choice;
mod fail;
mod map;
mod parallel;
mod pass;
mod succeed;
mod task;
mod wait;

pub use choice::{Choice, ChoiceRule, Condition, DataTest};
pub use fail::Fail;
pub use map::Map;
pub use parallel::Parallel;
pub use pass::Pass;
pub use succeed::Succeed;
pub use task::Task;
pub use wait::{Wait, WaitUntil};

use super::{Field, Place};

/// One state.
#[derive(Clone, Debug)]
pub struct State {
    /// Unique in the whole machine, 1 to 80 characters.
    pub name: String,
    /// What it does.
    pub kind: StateKind,
    /// The state's object.
    pub place: Place,
}

/// A state by its `Type`.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum StateKind {
    Pass(Pass),
    Task(Task),
    Choice(Choice),
    Wait(Wait),
    Succeed(Succeed),
    Fail(Fail),
    Parallel(Parallel),
    Map(Map),
}

/// Where a state leads when it succeeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    /// `Next`: a state of the same scope.
    Next(Field<String>),
    /// `"End": true`: the scope ends with this state's output.
    End,
}
