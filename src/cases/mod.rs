//! Tests of definitions, written as data: what goes in, what tasks answer, what has to come out.
//!
//! A [`TestFile`] holds [`Case`]s, a case has [`Run`]s. Each is executed in [`virtual_time`] with scripted tasks and then
//! judged. `docs/tests.md` explains the format; `expressd test` and `tests/language` run it.

mod case;
mod diff;
mod file;
mod judge;
mod machine;
mod run;
mod script;
pub mod virtual_time;

pub use case::Case;
pub use diff::Difference;
pub use file::{TestFile, TestFileError};
pub use run::Run;
pub use script::{Script, Scripted};
