//! The eight types of states, compiled.

mod choice;
mod fail;
mod map;
mod parallel;
mod pass;
mod succeed;
mod task;
mod wait;

use std::fmt;

use super::compile::Compiler;
use super::{
    Assign, Catcher, Cost, Effects, PathField, ResourceId, ResultPathField, Retrier, ScopeId,
    StateId,
};
use crate::asl;
use crate::expr::Template;
use crate::value::Value;

pub(crate) use choice::{Choice, Rule};
pub(crate) use fail::{Fail, Text};
pub(crate) use map::{Items, Map};
pub(crate) use parallel::Parallel;
pub(crate) use pass::Pass;
pub(crate) use task::{Quantity, Task};
pub(crate) use wait::Wait;

/// One state of a plan.
pub struct State {
    /// Its name: for people, errors and history.
    pub name: String,
    /// The same as a value, for the context object.
    pub(crate) name_value: Value,
    pub(crate) scope: ScopeId,
    /// Where it leads; a Choice, Succeed or Fail does not use it.
    pub(crate) next: Next,
    pub(crate) flow: Flow,
    /// Its expressions are JSONata and read the raw input.
    pub(crate) is_jsonata: bool,
    pub(crate) retry: Box<[Retrier]>,
    pub(crate) catch: Box<[Catcher]>,
    pub(crate) kind: StateKind,
    pub(crate) effects: Effects,
    /// Estimated work, everything inside it included.
    pub(crate) work: Cost,
    /// Its expressions are prepared for an input that is not put together, and need no more than its parts.
    pub(crate) reads_parts: bool,
    /// What it does, for `explain`: field and text.
    pub(super) notes: Vec<(&'static str, String)>,
}

impl State {
    /// `Type`
    pub fn state_type(&self) -> StateType {
        match &self.kind {
            StateKind::Pass(_) => StateType::Pass,
            StateKind::Task(_) => StateType::Task,
            StateKind::Choice(_) => StateType::Choice,
            StateKind::Wait(_) => StateType::Wait,
            StateKind::Succeed => StateType::Succeed,
            StateKind::Fail(_) => StateType::Fail,
            StateKind::Parallel(_) => StateType::Parallel,
            StateKind::Map(_) => StateType::Map,
        }
    }

    /// The scope it stands in.
    pub fn scope(&self) -> ScopeId {
        self.scope
    }

    /// What the state does besides computing.
    pub fn effects(&self) -> Effects {
        self.effects
    }

    /// What a Task calls.
    pub fn resource(&self) -> Option<ResourceId> {
        match &self.kind {
            StateKind::Task(task) => Some(task.resource),
            _ => None,
        }
    }
}

/// The fields that most types share, in the order of their use (spec, "Input and Output Processing").
#[derive(Default)]
pub(crate) struct Flow {
    /// `InputPath`
    pub(crate) input: PathField,
    /// `ResultSelector`
    pub(crate) result_selector: Option<Template>,
    /// `ResultPath`
    pub(crate) result_path: ResultPathField,
    /// `OutputPath` or `Output`
    pub(crate) output: PathField,
    /// `Assign`, evaluated side by side with the output.
    pub(crate) assign: Option<Box<Assign>>,
}

/// Where a state leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another state of its scope.
    State(StateId),
    /// The end of its scope.
    End,
}

/// What a state does.
pub(crate) enum StateKind {
    Pass(Pass),
    Task(Task),
    Choice(Choice),
    Wait(Wait),
    Succeed,
    Fail(Fail),
    Parallel(Parallel),
    Map(Map),
}

impl StateKind {
    /// It is done in one go: it never waits and has no children.
    // What can neither wait nor call anything takes no Retry and no Catch either (spec, "Errors").
    pub(crate) fn is_straight(&self) -> bool {
        matches!(
            self,
            StateKind::Pass(_) | StateKind::Choice(_) | StateKind::Succeed | StateKind::Fail(_)
        )
    }
}

/// `Type` of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum StateType {
    Pass,
    Task,
    Choice,
    Wait,
    Succeed,
    Fail,
    Parallel,
    Map,
}

impl StateType {
    /// All types, in the order of the declaration.
    pub const ALL: [StateType; 8] = [
        StateType::Pass,
        StateType::Task,
        StateType::Choice,
        StateType::Wait,
        StateType::Succeed,
        StateType::Fail,
        StateType::Parallel,
        StateType::Map,
    ];

    /// As a definition spells it.
    pub fn name(self) -> &'static str {
        match self {
            StateType::Pass => "Pass",
            StateType::Task => "Task",
            StateType::Choice => "Choice",
            StateType::Wait => "Wait",
            StateType::Succeed => "Succeed",
            StateType::Fail => "Fail",
            StateType::Parallel => "Parallel",
            StateType::Map => "Map",
        }
    }
}

impl fmt::Display for StateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a state's own file contributes to it.
pub(super) struct Draft {
    pub(super) kind: StateKind,
    pub(super) flow: Flow,
    pub(super) next: Next,
    pub(super) retry: Box<[Retrier]>,
    pub(super) catch: Box<[Catcher]>,
    /// Estimated nanoseconds, without what is inside.
    pub(super) work: u64,
    /// It may wait for other reasons than those of the states inside.
    pub(super) waits: bool,
    pub(super) notes: Vec<(&'static str, String)>,
}

impl Draft {
    /// A state with the default in every field.
    fn new(kind: StateKind) -> Draft {
        Draft {
            kind,
            flow: Flow::default(),
            next: Next::End,
            retry: Box::default(),
            catch: Box::default(),
            work: 0,
            waits: false,
            notes: Vec::new(),
        }
    }
}

pub(super) fn compile(compiler: &mut Compiler<'_>, state: &asl::State) -> Draft {
    let mut draft = compile_kind(compiler, state);
    draft.flow.assign = Assign::compile(compiler, state.assign.as_ref(), "Assign");
    if state.query_language.is_jsonata() {
        draft.flow.output = PathField::output(compiler, state.output.as_ref(), "Output");
    }
    if let Some(assign) = &state.assign {
        draft.notes.push(("assign", compiler.text(assign.value)));
    }
    let fields = [&state.assign, &state.output];
    draft.work += fields
        .map(|field| compiler.template_work(field.as_ref()))
        .iter()
        .sum::<u64>();
    draft
}

fn compile_kind(compiler: &mut Compiler<'_>, state: &asl::State) -> Draft {
    match &state.kind {
        asl::StateKind::Pass(pass) => pass::compile(compiler, pass),
        asl::StateKind::Task(task) => task::compile(compiler, task),
        asl::StateKind::Choice(choice) => choice::compile(compiler, choice),
        asl::StateKind::Wait(wait) => wait::compile(compiler, wait),
        asl::StateKind::Succeed(succeed) => succeed::compile(compiler, succeed),
        asl::StateKind::Fail(fail) => fail::compile(compiler, fail),
        asl::StateKind::Parallel(parallel) => parallel::compile(compiler, parallel),
        asl::StateKind::Map(map) => map::compile(compiler, map),
    }
}
