//! The state machine as a whole, and its scopes.

use super::codes;
use super::fields::{Fields, SECONDS};
use super::parse::WorkflowType;
use super::query_language::QueryLanguage;
use super::reader::{Node, Reader};
use super::{Field, Place, State};
use crate::value::Arena;

/// A definition that was found to be valid.
pub struct StateMachine {
    /// `Comment`
    pub comment: Option<String>,
    /// `TimeoutSeconds`: budget of a whole execution.
    pub timeout_seconds: Option<Field<u64>>,
    /// The states at top level.
    pub scope: Scope,
    /// The definition's text.
    pub text: String,
    /// Holds every [`Value`](crate::value::Value) of the model.
    pub document: Arena,
}

/// A `States` object with its `StartAt`: the machine itself, a branch of a Parallel, the item processor of a Map.
#[derive(Clone, Debug)]
pub struct Scope {
    /// `StartAt`; names a state of this scope.
    pub start_at: Field<String>,
    /// In the order of the definition, never empty.
    pub states: Vec<State>,
    /// The object that holds `StartAt` and `States`.
    pub place: Place,
}

impl Scope {
    /// The index of the state called `name`. Every `Next`, `Default` and `StartAt` of a valid definition has one.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.states.iter().position(|state| state.name == name)
    }
}

/// Deepest nesting of scopes. AWS has a bound, too, but does not say which.
const MAX_SCOPE_DEPTH: usize = 64;

/// Whose `States` a scope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScopeKind {
    Branch,
    ItemProcessor,
}

impl StateMachine {
    /// Comment, timeout and scope of the definition at `node`.
    pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Header> {
        let mut fields = Fields::of(reader, node, "the state machine")?;
        QueryLanguage::of_machine(&mut fields);
        if let Some(version) = fields.take("Version") {
            fields.reader.word(&version, &["1.0"]);
        }
        let header = Header {
            comment: fields.comment(),
            timeout_seconds: fields.integer("TimeoutSeconds", SECONDS),
            scope: Scope::read_fields(&mut fields),
        };
        fields.finish();
        Some(header)
    }
}

/// What the top-level object says.
pub(super) struct Header {
    pub(super) comment: Option<String>,
    pub(super) timeout_seconds: Option<Field<u64>>,
    pub(super) scope: Option<Scope>,
}

impl Scope {
    /// A branch or an item processor.
    pub(super) fn read(reader: &mut Reader<'_>, node: &Node, kind: ScopeKind) -> Option<Scope> {
        if reader.scope_depth == MAX_SCOPE_DEPTH {
            let message = format!("states are nested more than {MAX_SCOPE_DEPTH} deep");
            reader.error(node, codes::TOO_DEEP, message);
            return None;
        }
        reader.scope_depth += 1;
        let scope = Scope::read_nested(reader, node, kind);
        reader.scope_depth -= 1;
        scope
    }

    fn read_nested(reader: &mut Reader<'_>, node: &Node, kind: ScopeKind) -> Option<Scope> {
        let owner = match kind {
            ScopeKind::Branch => "a branch",
            ScopeKind::ItemProcessor => "an item processor",
        };
        let mut fields = Fields::of(reader, node, owner)?;
        fields.comment();
        if kind == ScopeKind::ItemProcessor
            && let Some(config) = fields.take("ProcessorConfig")
        {
            check_processor_config(fields.reader, &config);
        }
        let scope = Scope::read_fields(&mut fields);
        fields.finish();
        scope
    }

    /// `StartAt` and `States`.
    fn read_fields(fields: &mut Fields<'_, '_>) -> Option<Scope> {
        let states_node = fields.require("States");
        let start_at = fields.required_string("StartAt");
        let states_node = states_node?;
        let reader = &mut *fields.reader;
        let members = reader.object(&states_node)?;
        if members.is_empty() {
            reader.empty(&states_node);
            return None;
        }
        let mut states = Vec::new();
        for member in &members {
            states.extend(State::read(reader, &member.name, &member.node));
        }
        let complete = states.len() == members.len();
        let place = reader.place(&fields.node);
        complete.then_some(Scope {
            start_at: start_at?,
            states,
            place,
        })
    }
}

/// `ProcessorConfig`: only the inline mode runs in an Express workflow.
fn check_processor_config(reader: &mut Reader<'_>, node: &Node) {
    let Some(mut fields) = Fields::of(reader, node, "a ProcessorConfig") else {
        return;
    };
    if let Some(mode) = fields.take("Mode")
        && fields.reader.word(&mode, &["INLINE", "DISTRIBUTED"]) == Some(1)
        && fields.reader.workflow_type == WorkflowType::Express
    {
        let message = "Express workflows have no distributed Map";
        let help = "leave 'Mode' out or set it to \"INLINE\"".to_string();
        fields
            .reader
            .error_with_help(&mode, codes::DISTRIBUTED_MAP, message, Some(help));
    }
    if let Some(execution_type) = fields.take("ExecutionType") {
        fields
            .reader
            .word(&execution_type, &["STANDARD", "EXPRESS"]);
    }
    fields.finish();
}
