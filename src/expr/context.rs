//! The context object (`$$`) as an asynchronous Express execution has it.

use crate::value::Value;

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
