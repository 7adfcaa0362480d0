//! The eight types of states.

mod choice;
mod distributed;
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

use super::codes;
use super::fields::Fields;
use super::query_language::QueryLanguage;
use super::reader::{Node, Reader};
use super::{Field, Place};
use crate::expr::QueryPlace;
use crate::value::Value;

/// One state.
#[derive(Clone, Debug)]
pub struct State {
    /// Unique in the whole machine, 1 to 80 characters.
    pub name: String,
    /// What it does.
    pub kind: StateKind,
    /// Its own, or the machine's.
    pub query_language: QueryLanguage,
    /// `Assign`: variables by name, an object with payload templates or JSONata in it.
    pub assign: Option<Field<Value>>,
    /// JSONata: `Output`.
    pub output: Option<Field<Value>>,
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

const TYPES: [&str; 8] = [
    "Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map",
];

impl State {
    /// The state, unless something is wrong with it; that has been reported then.
    pub(super) fn read(reader: &mut Reader<'_>, name: &str, node: &Node) -> Option<State> {
        let mut fields = Fields::of(reader, node, "a state")?;
        let language = QueryLanguage::of_state(&mut fields);
        fields.language = language;
        let outer = std::mem::replace(&mut fields.reader.language, language);
        let state = State::read_fields(fields, name, node);
        reader.language = outer;
        state
    }

    fn read_fields(mut fields: Fields<'_, '_>, name: &str, node: &Node) -> Option<State> {
        let type_node = fields.require("Type")?;
        let refusal = format!(
            "The field 'Type' should have one of these values: [{}]",
            TYPES.join(", ")
        );
        let type_name = TYPES[fields.reader.word_or(&type_node, &TYPES, refusal)?];
        fields.set_owner(format!("a {type_name} state"));
        fields.comment();
        let kind = match type_name {
            "Pass" => Pass::read(&mut fields).map(StateKind::Pass),
            "Task" => Task::read(&mut fields).map(StateKind::Task),
            "Choice" => Choice::read(&mut fields).map(StateKind::Choice),
            "Wait" => Wait::read(&mut fields).map(StateKind::Wait),
            "Succeed" => Succeed::read(&mut fields).map(StateKind::Succeed),
            "Fail" => Fail::read(&mut fields).map(StateKind::Fail),
            "Parallel" => Parallel::read(&mut fields).map(StateKind::Parallel),
            _ => Map::read(&mut fields).map(StateKind::Map),
        };
        let query_place = match type_name {
            "Task" | "Parallel" | "Map" => QueryPlace::Result,
            _ => QueryPlace::Before,
        };
        let assign = match type_name {
            "Succeed" | "Fail" => None,
            _ => fields.assign(query_place),
        };
        let output = match type_name {
            "Fail" => None,
            _ => fields.value("Output", query_place),
        };
        let place = fields.reader.place(node);
        let query_language = fields.language;
        fields.finish();
        Some(State {
            query_language,
            assign,
            output,
            name: name.to_string(),
            kind: kind?,
            place,
        })
    }
}

impl Transition {
    /// `Next` or `"End": true`: exactly one.
    fn read(fields: &mut Fields<'_, '_>) -> Option<Transition> {
        let (next, end) = (fields.take("Next"), fields.take("End"));
        let ends = end.is_some_and(|node| fields.reader.bool(&node).unwrap_or(true));
        match (next, ends) {
            (Some(_), true) => {
                fields.exclusive("Next", "End");
                None
            }
            (Some(next), false) => fields.reader.string(&next).map(Transition::Next),
            (None, true) => Some(Transition::End),
            (None, false) => {
                let message = "neither 'Next' nor '\"End\": true' says where to go on";
                fields
                    .reader
                    .error(&fields.node, codes::NO_TRANSITION, message);
                None
            }
        }
    }
}
