//! The context object (`$$`) as an asynchronous Express execution has it.

use std::sync::Arc;

use crate::value::Arena;
use crate::value::Document;
use crate::value::Value;

use super::path::step::Step;
use super::{Scope, timestamp};

/// What does not change during an execution. Strings are borrowed from whoever drives it and become values when a path asks for them.
#[derive(Clone, Debug, Default)]
pub struct ExecutionInfo {
    /// `$$.Execution.Id`
    pub id: String,
    /// `$$.Execution.Name`
    pub name: String,
    /// `$$.Execution.RoleArn`
    pub role_arn: String,
    /// `$$.Execution.StartTime`, milliseconds since the epoch.
    pub start_time: i64,
    /// `$$.Execution.RedriveCount`: 0 for an asynchronous Express execution, absent for a synchronous one.
    pub redrive_count: Option<u32>,
    /// `$$.StateMachine.Id`
    pub state_machine_id: String,
    /// `$$.StateMachine.Name`
    pub state_machine_name: String,
    /// A whole context object that stands in place of all this, save for `Map`: that of a state tried alone.
    pub given: Option<Arc<Document>>,
}

/// `$$.State`
#[derive(Clone, Copy, Debug)]
pub struct StateInfo {
    /// The state's name, a constant of the plan.
    pub name: Value,
    /// Milliseconds since the epoch.
    pub entered_time: i64,
    /// In Task, Parallel and Map only.
    pub retry_count: Option<u32>,
}

/// `$$.Map.Item`
#[derive(Clone, Copy, Debug)]
pub struct MapItem {
    /// Zero-based.
    pub index: u32,
    /// The element.
    pub value: Value,
    /// The member's name when a Map runs over an object.
    pub key: Option<Value>,
}

/// Everything behind `$$`, built member by member when a path asks.
#[derive(Clone, Copy)]
pub struct ContextObject<'a> {
    /// Execution and StateMachine.
    pub execution: &'a ExecutionInfo,
    /// `$$.Execution.Input`
    pub execution_input: Value,
    /// `$$.State`
    pub state: StateInfo,
    /// `$$.Map.Item` of the innermost iteration.
    pub item: Option<MapItem>,
}

/// The member of the context object that a path reads, found when the path is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContextField {
    Whole,
    Execution,
    ExecutionId,
    ExecutionInput,
    ExecutionStartTime,
    ExecutionName,
    ExecutionRoleArn,
    ExecutionRedriveCount,
    StateMachine,
    StateMachineId,
    StateMachineName,
    State,
    StateName,
    StateEnteredTime,
    StateRetryCount,
    Task,
    TaskToken,
    Map,
    MapItem,
    MapItemIndex,
    MapItemValue,
    MapItemKey,
}

use ContextField as Field;

/// Where each field stands. A path names the last row whose place is a prefix of its steps: a parent comes before its members.
const FIELDS: &[(Field, &[&str])] = &[
    (Field::Whole, &[]),
    (Field::Execution, &["Execution"]),
    (Field::ExecutionId, &["Execution", "Id"]),
    (Field::ExecutionInput, &["Execution", "Input"]),
    (Field::ExecutionStartTime, &["Execution", "StartTime"]),
    (Field::ExecutionName, &["Execution", "Name"]),
    (Field::ExecutionRoleArn, &["Execution", "RoleArn"]),
    (Field::ExecutionRedriveCount, &["Execution", "RedriveCount"]),
    (Field::StateMachine, &["StateMachine"]),
    (Field::StateMachineId, &["StateMachine", "Id"]),
    (Field::StateMachineName, &["StateMachine", "Name"]),
    (Field::State, &["State"]),
    (Field::StateName, &["State", "Name"]),
    (Field::StateEnteredTime, &["State", "EnteredTime"]),
    (Field::StateRetryCount, &["State", "RetryCount"]),
    (Field::Task, &["Task"]),
    (Field::TaskToken, &["Task", "Token"]),
    (Field::Map, &["Map"]),
    (Field::MapItem, &["Map", "Item"]),
    (Field::MapItemIndex, &["Map", "Item", "Index"]),
    (Field::MapItemValue, &["Map", "Item", "Value"]),
    (Field::MapItemKey, &["Map", "Item", "Key"]),
];

impl ContextField {
    /// The field that the first steps of a path name.
    pub(super) fn of(steps: &[Step]) -> ContextField {
        let names = |place: &[&str]| {
            place.len() <= steps.len()
                && place
                    .iter()
                    .zip(steps)
                    .all(|(name, step)| matches!(step, Step::Name(key) if key.name() == *name))
        };
        let mut rows = FIELDS.iter().rev();
        rows.find(|(_, place)| names(place))
            .map_or(Field::Whole, |(field, _)| *field)
    }

    /// How many steps the field stands for.
    pub(super) fn steps(self) -> usize {
        FIELDS[self as usize].1.len()
    }

    /// The field's value, where it need not be made first.
    #[inline(always)]
    pub(super) fn glance(self, scope: &Scope<'_>) -> Option<Value> {
        match self {
            Field::MapItemValue => Some(scope.context.item?.value),
            Field::MapItemIndex => Value::small_integer(i64::from(scope.context.item?.index)),
            Field::ExecutionInput => {
                let context = scope.context;
                let is_own = context.execution.given.is_none();
                is_own.then_some(context.execution_input)
            }
            _ => None,
        }
    }

    /// The field's value; where the context object has no such member, the step that finds nothing.
    pub(super) fn read(self, scope: &Scope<'_>, arena: &mut Arena) -> Result<Value, usize> {
        let context = scope.context;
        let info = context.execution;
        if let Some(given) = &info.given
            && self != Field::Whole
            && !self.is_of_map()
        {
            return self.read_given(given, arena);
        }
        let item = context.item.ok_or(0_usize);
        Ok(match self {
            Field::ExecutionId => arena.string(&info.id),
            Field::ExecutionInput => context.execution_input,
            Field::ExecutionStartTime => time(info.start_time, arena),
            Field::ExecutionName => arena.string(&info.name),
            Field::ExecutionRoleArn => arena.string(&info.role_arn),
            Field::ExecutionRedriveCount => count(info.redrive_count, arena)?,
            Field::StateMachineId => arena.string(&info.state_machine_id),
            Field::StateMachineName => arena.string(&info.state_machine_name),
            Field::StateName => context.state.name,
            Field::StateEnteredTime => time(context.state.entered_time, arena),
            Field::StateRetryCount => count(context.state.retry_count, arena)?,
            Field::MapItemIndex => arena.integer(i64::from(item?.index)),
            Field::MapItemValue => item?.value,
            Field::MapItemKey => item?.key.ok_or(2_usize)?,
            Field::Map | Field::MapItem => {
                item?;
                self.object(scope, arena)
            }
            Field::Task | Field::TaskToken => return Err(0),
            Field::Whole | Field::Execution | Field::StateMachine | Field::State => {
                self.object(scope, arena)
            }
        })
    }

    fn is_of_map(self) -> bool {
        FIELDS[self as usize].1.first() == Some(&"Map")
    }

    fn read_given(self, given: &Document, arena: &mut Arena) -> Result<Value, usize> {
        let mut value = arena.include(given);
        for (step, name) in FIELDS[self as usize].1.iter().enumerate() {
            value = arena.get_by_name(value, name).ok_or(step)?;
        }
        Ok(value)
    }

    /// An object of those members that are there, in AWS's order: that of the table.
    fn object(self, scope: &Scope<'_>, arena: &mut Arena) -> Value {
        let place = FIELDS[self as usize].1;
        let mut members = Vec::new();
        for (field, path) in FIELDS {
            let Some((name, parent)) = path.split_last() else {
                continue;
            };
            if parent == place
                && let Ok(value) = field.read(scope, arena)
            {
                members.push((arena.string(name), value));
            }
        }
        arena.object(&members)
    }
}

fn time(millis: i64, arena: &mut Arena) -> Value {
    arena.string(timestamp::print(millis, &mut [0; 24]))
}

/// A count, or the step at which `$$.Execution.RedriveCount` and `$$.State.RetryCount` miss it.
fn count(count: Option<u32>, arena: &mut Arena) -> Result<Value, usize> {
    let count = count.ok_or(1_usize)?;
    Ok(arena.integer(i64::from(count)))
}
