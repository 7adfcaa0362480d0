//! Reference Paths: paths that name exactly one node.

use std::ops::Deref;

use super::path::step::Step;
use super::{Path, SyntaxError};

/// A path without `@`, `,`, `:`, `?`, `*` and `..` (spec, "Reference Paths").
#[derive(Debug)]
pub struct ReferencePath(Path);

impl ReferencePath {
    /// Compiles a Reference Path.
    pub fn parse(text: &str) -> Result<ReferencePath, SyntaxError> {
        let path = Path::parse(text)?;
        let singular = |step: &Step| matches!(step, Step::Name(_) | Step::Index(_));
        match path.steps().iter().find(|step| !singular(step)) {
            None => Ok(ReferencePath(path)),
            Some(step) => {
                let message = format!("a Reference Path names one node, {step} may name several");
                Err(SyntaxError::new(0, message))
            }
        }
    }
}

impl ReferencePath {
    pub(super) fn path_mut(&mut self) -> &mut Path {
        &mut self.0
    }
}

impl Deref for ReferencePath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_may_name_several_nodes() {
        for text in [
            "$",
            "$.a.b",
            "$['a']",
            "$.a[0]",
            "$.a[-1]",
            "$$.Map.Item.Value",
            "$x.y",
        ] {
            assert!(ReferencePath::parse(text).is_ok(), "{text}");
        }
        for text in [
            "$.*",
            "$.a[*]",
            "$..a",
            "$.a[0,1]",
            "$.a[1:]",
            "$['a','b']",
            "$.a[?(@.b)]",
        ] {
            assert!(ReferencePath::parse(text).is_err(), "{text}");
        }
    }
}
