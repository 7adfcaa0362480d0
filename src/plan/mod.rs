//! The compiled definition: names are ids, expressions are programs, everything that can be decided at load is decided. Knows nothing of running.

/// A state of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StateId(pub(crate) u32);

/// The compiled, immutable form of a state machine.
pub struct Plan {}
