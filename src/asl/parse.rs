//! From a definition's text to a state machine, or to everything that is wrong with it.

use super::codes;
use super::graph;
use super::machine::StateMachine;
use super::not_json;
use super::reader::{Node, Reader};
use super::variables;
use crate::diagnostic::{Diagnostic, Position, Refusal, Severity};
use crate::value::Arena;
use crate::value::Constants;
use crate::value::Kind;
use crate::value::ParseError;
use crate::value::ParseLimits;

/// Longest definition, in characters.
const MAX_DEFINITION: usize = 1_048_576;

/// Deepest JSON of a definition.
const MAX_JSON_DEPTH: usize = 512;

/// What a definition is checked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkflowType {
    /// What runs here: no `.sync`, no `.waitForTaskToken`, no activities, no distributed Map.
    Express,
    /// Only to be checked: an execution may take a year on AWS.
    Standard,
}

/// What AWS says when it refuses a definition with these problems; nothing where there are only warnings.
///
/// `Invalid State Machine Definition: 'CODE: TEXT at /PLACE, …'`. Where AWS's words are not known, ours stand in.
pub fn refusal(problems: &[Diagnostic]) -> Option<String> {
    let texts: Vec<String> = refusals(problems).iter().map(ToString::to_string).collect();
    let list = texts.join(", ");
    (!texts.is_empty()).then(|| format!("Invalid State Machine Definition: '{list}'"))
}

/// The same one by one, as AWS lists them when a definition is only validated.
pub fn refusals(problems: &[Diagnostic]) -> Vec<Refusal> {
    let mut refusals: Vec<Refusal> = Vec::new();
    let errors = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error);
    for problem in errors {
        let refusal = match &problem.refusal {
            Some(refusal) => Refusal::clone(refusal),
            None => Refusal {
                code: codes::of_aws(problem.code),
                message: problem.message.clone(),
                location: Some(location(&problem.pointer)),
            },
        };
        if !refusals.contains(&refusal) {
            refusals.push(refusal);
        }
    }
    // AWS walks the states first, and asks whether the walk can end last.
    let (mut ordered, of_the_whole): (Vec<_>, Vec<_>) = refusals
        .into_iter()
        .partition(|refusal| refusal.code != codes::MISSING_END_STATE);
    ordered.extend(of_the_whole);
    ordered
}

/// A pointer as AWS writes places: `/States/A/Retry[0]/ErrorEquals[1]`. Only members of these fields have numbers for names.
fn location(pointer: &str) -> String {
    const ARRAYS: &[&str] = &[
        "And",
        "Branches",
        "Catch",
        "Choices",
        "ErrorEquals",
        "Or",
        "Retry",
    ];
    let mut location = String::new();
    let mut parent = "";
    for segment in pointer.split('/').skip(1) {
        let is_index = ARRAYS.contains(&parent) && segment.parse::<u32>().is_ok();
        location += &match is_index {
            true => format!("[{segment}]"),
            false => format!("/{}", segment.replace("~1", "/").replace("~0", "~")),
        };
        parent = segment;
    }
    match location.is_empty() {
        true => "null".to_string(),
        false => location,
    }
}

/// Everything that is wrong with a definition, and what will be regretted.
pub fn check(text: &str, workflow_type: WorkflowType) -> Vec<Diagnostic> {
    match read(text, workflow_type) {
        Ok((_, warnings)) => warnings,
        Err(problems) => problems,
    }
}

/// Reads and checks a definition: the machine with warnings, or all problems (warnings among them) in the order of the
/// text.
pub fn parse(text: &str) -> Result<(StateMachine, Vec<Diagnostic>), Vec<Diagnostic>> {
    read(text, WorkflowType::Express)
}

fn read(
    text: &str,
    workflow_type: WorkflowType,
) -> Result<(StateMachine, Vec<Diagnostic>), Vec<Diagnostic>> {
    if text.chars().count() > MAX_DEFINITION {
        let message = format!("a definition has at most {MAX_DEFINITION} characters");
        return Err(vec![of_document(codes::TOO_LARGE, message, None)]);
    }
    let mut document = Arena::new(Constants::empty());
    let value = document
        .parse(text.as_bytes(), limits(false))
        .map_err(|error| {
            let position = position(&error);
            let refusal = not_json::refusal(text, error.offset);
            let mut problem = of_document(codes::NOT_JSON, error.message, Some(position));
            problem.refusal = refusal.map(Box::new);
            if text.trim().is_empty() {
                problem.refusal = Some(Box::new(no_object()));
            }
            vec![problem]
        })?;
    if document.kind(value) != Kind::Object {
        let message = "a definition is a JSON object".to_string();
        let start = Position { line: 1, column: 1 };
        let mut problem = of_document(codes::WRONG_TYPE, message, Some(start));
        problem.refusal = Some(Box::new(no_object()));
        return Err(vec![problem]);
    }

    let mut reader = Reader::new(&document, text, workflow_type);
    let top = Node {
        value,
        pointer: String::new(),
        location: String::new(),
    };
    let header = StateMachine::read(&mut reader, &top);
    graph::check(&mut reader, &top);
    variables::check_scopes(&mut reader, &top);

    let mut problems = reader.into_problems();
    // A state that hides another of the same name is never meant; AWS's own parser does not say which one it takes.
    if let Err(error) = Arena::new(Constants::empty()).parse(text.as_bytes(), limits(true)) {
        let at = Some(position(&error));
        problems.push(of_document(codes::DUPLICATE_FIELD, error.message, at));
        problems.sort_by_key(|problem| problem.position);
    }
    if problems
        .iter()
        .any(|problem| problem.severity == Severity::Error)
    {
        return Err(problems);
    }
    let header = header.expect("a definition without errors is an object");
    let machine = StateMachine {
        comment: header.comment,
        timeout_seconds: header.timeout_seconds,
        scope: header
            .scope
            .expect("a definition without errors has a scope"),
        text: text.to_string(),
        document,
    };
    Ok((machine, problems))
}

/// What AWS says of a text that is no object, or that is nothing.
fn no_object() -> Refusal {
    Refusal {
        code: "SCHEMA_VALIDATION_FAILED",
        message: "Definition must be a valid JSON object".to_string(),
        location: None,
    }
}

fn limits(reject_duplicate_keys: bool) -> ParseLimits {
    ParseLimits {
        depth: MAX_JSON_DEPTH,
        reject_duplicate_keys,
    }
}

fn position(error: &ParseError) -> Position {
    Position {
        line: error.line,
        column: error.column,
    }
}

fn of_document(code: &'static str, message: String, position: Option<Position>) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        code,
        pointer: String::new(),
        position,
        message,
        help: None,
        refusal: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asl::{LiteralOrPath, NullablePath, StateKind, Transition};

    const DEFINITION: &str = r#"{ "StartAt": "Ship", "TimeoutSeconds": 60, "States": {
        "Ship": { "Type": "Task", "Resource": "ship", "Parameters": { "weight": 1.50, "to.$": "$.to" },
            "ResultPath": null, "TimeoutSeconds": 9, "HeartbeatSecondsPath": "$.beat", "Next": "Done",
            "Retry": [ { "ErrorEquals": [ "Late", "Lost" ], "BackoffRate": 1 } ] },
        "Done": { "Type": "Succeed" } } }"#;

    fn machine(text: &str) -> StateMachine {
        let (machine, warnings) = parse(text).unwrap();
        assert_eq!(warnings, []);
        machine
    }

    #[test]
    fn the_model_says_what_the_definition_says() {
        let machine = machine(DEFINITION);
        assert_eq!(*machine.timeout_seconds.unwrap(), 60);
        assert_eq!(*machine.scope.start_at, "Ship");
        assert_eq!(machine.scope.position("Done"), Some(1));
        let StateKind::Task(task) = &machine.scope.states[0].kind else {
            panic!("Ship is a Task");
        };
        assert_eq!(task.input_path, NullablePath::Default);
        assert_eq!(task.result_path, NullablePath::Null);
        let parameters = task.parameters.as_ref().unwrap().value;
        assert_eq!(
            machine.document.to_json(parameters),
            r#"{"weight":1.50,"to.$":"$.to"}"#
        );
        let Some(LiteralOrPath::Path(heartbeat)) = &task.heartbeat_seconds else {
            panic!("the heartbeat is a path");
        };
        assert_eq!(heartbeat.value, "$.beat");
        let Transition::Next(next) = &task.transition else {
            panic!("Ship is not the end");
        };
        assert_eq!(next.value, "Done");
        let retrier = &task.retry[0];
        assert_eq!(retrier.error_equals.len(), 2);
        assert_eq!(
            (retrier.interval_seconds, retrier.max_attempts),
            (1, 3),
            "the defaults"
        );
        assert_eq!(retrier.backoff_rate, 1.0);
        assert_eq!(retrier.max_delay_seconds, None);
    }

    #[test]
    fn a_field_knows_where_it_stands() {
        let machine = machine(DEFINITION);
        let StateKind::Task(task) = &machine.scope.states[0].kind else {
            panic!("Ship is a Task");
        };
        let place = &task.retry[0].error_equals[1].place;
        assert_eq!(place.pointer, "/States/Ship/Retry/0/ErrorEquals/1");
        assert_eq!(&machine.text[place.span.clone()], "\"Lost\"");
    }

    #[test]
    fn what_only_standard_workflows_have_is_refused_for_express() {
        let text = r#"{ "StartAt": "A", "States": { "A": { "Type": "Map", "Label": "L", "End": true,
            "ItemProcessor": { "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS" },
                "StartAt": "B", "States": { "B": { "Type": "Task", "End": true, "TimeoutSeconds": 9,
                    "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken" } } } } } }"#;
        assert_eq!(check(text, WorkflowType::Standard), []);
        let codes: Vec<&str> = check(text, WorkflowType::Express)
            .iter()
            .map(|problem| problem.code)
            .collect();
        let distributed = codes::DISTRIBUTED_MAP;
        assert_eq!(codes, [distributed, distributed, codes::NOT_EXPRESS]);
    }

    #[test]
    fn a_refusal_has_all_problems_in_the_words_of_aws() {
        let refusal = |text: &str| refusal(&check(text, WorkflowType::Express));
        assert_eq!(
            refusal(r#"{ "States": { "A": { "Type": "Task", "Next": "B" }, "C": { "Type": "Pass", "End": true } } }"#)
                .unwrap(),
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [StartAt] at /, \
             SCHEMA_VALIDATION_FAILED: These fields are required: [Resource] at /States/A, \
             MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next'"
        );
        assert_eq!(
            refusal(r#"{ "StartAt": "A", "States": { "A": { "Type": "Pass", "Next": "B" } } }"#)
                .unwrap(),
            "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next, \
             MISSING_END_STATE: Workflow has no terminal state at null'"
        );
        assert_eq!(
            refusal("{}").unwrap(),
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /'"
        );
        assert_eq!(
            refusal(r#"{ "StartAt": "A", "States": { "A": { "Type": "Succeed" } } }"#),
            None
        );
    }

    #[test]
    fn a_definition_has_an_end() {
        let text = format!("{{ \"Comment\": \"{}\" }}", "x".repeat(MAX_DEFINITION));
        let problems = parse(&text).err().unwrap();
        assert_eq!(problems[0].code, codes::TOO_LARGE);
    }

    #[test]
    fn nesting_without_end_is_refused() {
        for open in ["[", "{\"States\":{\"A\":{\"Iterator\":"] {
            let problems = parse(&open.repeat(30_000)).err().unwrap();
            assert_eq!(problems[0].code, codes::NOT_JSON, "{:?}", problems[0]);
        }
    }
}
