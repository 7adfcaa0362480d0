//! The codes of everything that can be wrong with a config. A code is never given to another problem.

/// A file cannot be read.
pub(super) const UNREADABLE: &str = "C0001";
/// A `${…}` that has no value or is none.
pub(super) const ENVIRONMENT: &str = "C0002";
/// The text is not what its format or its keys ask for.
pub(super) const SYNTAX: &str = "C0003";
/// A value outside its bounds.
pub(super) const OUT_OF_BOUNDS: &str = "C0004";
/// Keys that exclude or need each other.
pub(super) const COMBINATION: &str = "C0005";
/// A script or mock file that cannot be used.
pub(super) const SCRIPT: &str = "C0006";
/// A Task state that no binding answers.
pub(super) const UNANSWERED: &str = "C0007";
/// A task binding that cannot be used.
pub(super) const BINDING: &str = "C0008";
/// A config where a definition belongs, or the other way round.
pub(super) const MIXED_UP: &str = "C0009";
