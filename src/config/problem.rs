//! What is wrong with a config or with what it names.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::Position;
use crate::diagnostic::Severity;

/// A diagnostic and the file it is about; prints with the line it points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    file: Arc<str>,
    text: Arc<str>,
    diagnostic: Box<Diagnostic>,
}

/// A file and its text, to which problems belong.
#[derive(Clone, Debug)]
pub(super) struct Document {
    file: Arc<str>,
    pub(super) text: Arc<str>,
}

impl Problem {
    /// What and where in the file.
    pub fn diagnostic(&self) -> &Diagnostic {
        &self.diagnostic
    }

    /// The file as it was named.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Whether nothing can be started because of it.
    pub fn is_error(&self) -> bool {
        self.diagnostic.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.render(&self.file, &self.text))
    }
}

impl Document {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Document, Problem> {
        let mut document = Document::new(path, "");
        match std::fs::read_to_string(path) {
            Ok(text) => {
                document.text = text.into();
                Ok(document)
            }
            Err(error) => Err(document.error(super::codes::UNREADABLE, "", error.to_string())),
        }
    }

    pub(super) fn new(path: &Path, text: &str) -> Document {
        Document {
            file: path.display().to_string().into(),
            text: text.into(),
        }
    }

    /// An error at a JSON pointer.
    pub(super) fn error(&self, code: &'static str, pointer: &str, message: String) -> Problem {
        self.error_at(code, pointer, None, message)
    }

    pub(super) fn error_at(
        &self,
        code: &'static str,
        pointer: &str,
        position: Option<Position>,
        message: String,
    ) -> Problem {
        self.problem(Diagnostic {
            severity: Severity::Error,
            code,
            pointer: pointer.to_string(),
            position,
            message,
            help: None,
            refusal: None,
        })
    }

    pub(super) fn problem(&self, diagnostic: Diagnostic) -> Problem {
        Problem {
            file: Arc::clone(&self.file),
            text: Arc::clone(&self.text),
            diagnostic: Box::new(diagnostic),
        }
    }
}
