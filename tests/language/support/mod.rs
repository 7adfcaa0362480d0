//! Executions in virtual time with scripted tasks, for tests of the language.

pub(crate) mod script;
pub(crate) mod virtual_time;
