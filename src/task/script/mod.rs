//! Tasks answered from a file: our own script format ([`Script`]) and AWS's `MockConfigFile.json` ([`Mock`]).

mod answer;
mod condition;
mod file;
mod mock;

pub use file::Script;
pub use mock::Mock;

/// Why a file of answers cannot be used: everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ScriptError(pub Vec<String>);

impl ScriptError {
    fn one(problem: impl Into<String>) -> ScriptError {
        ScriptError(vec![problem.into()])
    }
}
