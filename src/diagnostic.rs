//! Problems of definitions and configs: code, place, cure. Knows how to point, not what is wrong.

use std::fmt;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Works, but the author will regret it.
    Warning,
    /// Cannot run.
    Error,
}

/// One problem of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// Stable code, `E0107` or `W0002`; never reused.
    pub code: &'static str,
    /// JSON pointer of the place, `/States/Choose/Choices/2/Next`.
    pub pointer: String,
    /// Line and column in the file, from 1, where known.
    pub position: Option<Position>,
    /// Lower case, without full stop, naming the value that was wrong.
    pub message: String,
    /// What to do, where it can be said: `did you mean "Shipped"?`.
    pub help: Option<String>,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}
