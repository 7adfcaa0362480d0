//! Reference Paths: paths that name exactly one node.

use std::ops::Deref;

use super::{Path, SyntaxError};

/// A path without `@`, `,`, `:`, `?`, `*` and `..` (spec, "Reference Paths").
pub struct ReferencePath(Path);

#[allow(unused_variables, clippy::todo)]
impl ReferencePath {
    /// Compiles a Reference Path.
    pub fn parse(text: &str) -> Result<ReferencePath, SyntaxError> {
        todo!()
    }
}

impl Deref for ReferencePath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}
