//! From the file of a definition to its plan.

use std::path::Path;
use std::sync::Arc;

use super::problem::{Document, Problem};
use crate::asl;
use crate::plan;
use crate::plan::Plan;

/// A definition that can run.
pub struct Definition {
    /// Compiled.
    pub plan: Arc<Plan>,
    /// What its author may want to know.
    pub warnings: Vec<Problem>,
}

impl Definition {
    /// Reads, checks and compiles a definition; everything that is wrong with it at once.
    pub fn load(path: &Path) -> Result<Definition, Vec<Problem>> {
        let document = Document::read(path).map_err(|problem| vec![problem])?;
        let problems = |diagnostics: Vec<_>| {
            let problems = diagnostics.into_iter();
            problems.map(|found| document.problem(found)).collect()
        };
        let (machine, warnings) = asl::parse(&document.text).map_err(problems)?;
        let plan = plan::compile(&machine).map_err(problems)?;
        Ok(Definition {
            plan: Arc::new(plan),
            warnings: problems(warnings),
        })
    }
}
