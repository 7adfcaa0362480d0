//! What an execution did, as numbers: for whoever counts executions.

use super::limits::Limit;
use crate::plan::StateType;

/// Counts over one execution, or the sum over several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    entered: [u64; StateType::ALL.len()],
    limits: [u64; Limit::ALL.len()],
    /// Attempts of a `Retry`.
    pub retries: u64,
    /// Errors that a `Catch` took.
    pub catches: u64,
}

impl Counts {
    /// States of this type that were entered.
    pub fn entered(&self, state_type: StateType) -> u64 {
        self.entered[state_type as usize]
    }

    #[inline]
    pub(super) fn enter(&mut self, state_type: StateType) {
        self.entered[state_type as usize] += 1;
    }

    /// So many states of each type were entered, in the order of [`StateType::ALL`].
    #[inline]
    pub(super) fn enter_all(&mut self, entered: [u64; StateType::ALL.len()]) {
        for (sum, more) in self.entered.iter_mut().zip(entered) {
            *sum += more;
        }
    }

    /// Times that this limit was met.
    pub fn met(&self, limit: Limit) -> u64 {
        self.limits[limit as usize]
    }

    #[cold]
    pub(super) fn meet(&mut self, limit: Limit) {
        self.limits[limit as usize] += 1;
    }

    /// Adds what another one counted.
    pub fn add(&mut self, other: &Counts) {
        self.enter_all(other.entered);
        for (sum, more) in self.limits.iter_mut().zip(other.limits) {
            *sum += more;
        }
        self.retries += other.retries;
        self.catches += other.catches;
    }
}
