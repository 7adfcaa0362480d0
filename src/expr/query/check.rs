//! What AWS refuses in a JSONata expression before anything runs.

use super::Query;
use crate::expr::jsonata::Program;

/// Where an expression stands: it decides which members `$states` has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryPlace {
    /// Before the state's work: `Arguments`, `Items`, `Condition` and the like.
    Before,
    /// `Output` and `Assign` of a Task, Parallel or Map: there is `$states.result`.
    Result,
    /// `Output` and `Assign` of a catcher: there is `$states.errorOutput`.
    Catcher,
}

/// Something wrong with an expression of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryProblem {
    /// JSON pointer below the field.
    pub pointer: String,
    /// AWS's text.
    pub message: String,
    /// Whether it is an expression, but not one for a state.
    pub unsupported: bool,
}

impl Query {
    /// Everything that is wrong with an expression (spec, "JSONata"; its messages are AWS's).
    pub fn check(expression: &str, place: QueryPlace) -> Vec<QueryProblem> {
        let problem = |message: String, unsupported: bool| QueryProblem {
            pointer: String::new(),
            message,
            unsupported,
        };
        let program = match Program::compile(expression) {
            Ok(program) => program,
            Err(error) => return vec![problem(error.message, false)],
        };
        let mut problems: Vec<QueryProblem> = program
            .input_references()
            .into_iter()
            .map(|reference| match reference.name.as_str() {
                "$$" => problem("Reference to '$$' is not supported.".to_owned(), true),
                name => problem(
                    format!("Reference to '{name}' at the top level is not supported."),
                    true,
                ),
            })
            .collect();
        for member in program.members_read("states").into_iter().flatten() {
            let known = match member {
                "input" | "context" => true,
                "result" => place == QueryPlace::Result,
                "errorOutput" => place == QueryPlace::Catcher,
                _ => false,
            };
            if !known {
                let message = format!("Reference to '$states.{member}' is not supported.");
                problems.push(problem(message, true));
            }
        }
        problems
    }
}
