//! Memory of executions and outcomes: what is large is let in one by one, of the rest the budget hears by the batch, so that
//! a small event pays for an addition.

use std::sync::Arc;

use crate::sink::Publication;
use crate::source::{HeldMemory, MemoryBudget};

use super::stage::Stage;
use super::ticket::Ticket;

/// Values from so many bytes on ask for room before they are parsed. What the workers hold of smaller ones is little.
const LARGE: usize = 32 << 10;
/// Bytes that a byte of JSON becomes when it is parsed: nothing is denser than `0,`.
const GROWTH: usize = 16;
/// Bytes of outcomes of which the budget has not heard yet.
const UNTOLD: usize = 64 << 10;
/// What an outcome costs beside key and value: its ticket, its headers, the client's own record.
const OUTCOME_OVERHEAD: usize = 1 << 10;

/// What a worker has handed to the sink.
#[derive(Debug, Default)]
pub(super) struct Account {
    untold: usize,
    /// The budget was full when it was last told.
    full: bool,
}

impl Account {
    /// Room for the execution of a value of `bytes`: with something to hold on to, where it is large. `None` when it has
    /// to wait.
    pub(super) fn room(
        &self,
        budget: &Arc<MemoryBudget>,
        bytes: usize,
    ) -> Option<Option<HeldMemory>> {
        match bytes < LARGE {
            true => (!self.full).then_some(None),
            false => budget.admit(bytes * GROWTH).map(Some),
        }
    }

    /// Hands an outcome to the sink. It is charged until it is acknowledged.
    pub(super) fn publish(&mut self, stage: &Stage, publication: &Publication<'_>, ticket: Ticket) {
        let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
        let bytes = length(publication.key) + length(publication.value) + OUTCOME_OVERHEAD;
        self.untold += bytes;
        if self.untold >= UNTOLD {
            self.tell(ticket.budget());
        }
        stage.sink.publish(publication, ticket.charged(bytes));
    }

    /// Tells the budget what it has not heard yet.
    pub(super) fn tell(&mut self, budget: &MemoryBudget) {
        budget.grow(isize::try_from(std::mem::take(&mut self.untold)).unwrap_or(isize::MAX));
        self.full = budget.is_full();
    }
}
