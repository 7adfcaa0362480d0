//! A `States` object: the machine itself, a branch, an item processor.

use std::ops::Range;

use super::{Cost, Effects, StateId};

/// A range of the plan's states with a start.
#[derive(Clone, Debug)]
pub struct Scope {
    /// `StartAt`
    pub start: StateId,
    /// Its own states, without those of scopes inside.
    pub states: Range<StateId>,
    /// Effects of everything in it.
    pub effects: Effects,
    /// It runs to its end in one go: no state of it waits, has children, retries or catches.
    pub is_straight: bool,
    /// Nothing but a value goes from state to state: no state of it waits, has children, or assigns.
    pub is_plain: bool,
    /// Estimated work of one run: the sum over its states.
    pub work: Cost,
    /// How many Task states it has of its own: each counts its visits.
    pub tasks: u32,
    /// Slots of variables: those of enclosing scopes first, then its own.
    pub variables: u32,
    /// The names of the variables in these slots.
    pub variable_names: Box<[String]>,
}
