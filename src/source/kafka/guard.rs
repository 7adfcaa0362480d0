//! The record that kills the process: a stack that overflows and memory that runs out cannot be caught. Every commit
//! says beside its offset who runs the partition; a member that finds another's word without a farewell knows that it
//! went away at this record. Knows no client and no clock.
//!
//! A process dies with everything that it runs, and the guilty record is one of all those. Partitions try their first
//! records beside each other, so that whoever dies in a first trial may be innocent: it only earns the record a second one.
//! That one is alone in the whole process, from before its word is committed until it is committed that it is over: what
//! dies meanwhile died of it.

use std::sync::Arc;

use crate::mutants::{self, Mutant};
use crate::source::{MemoryBudget, Trial};

use super::word::{State, Word};

/// Trials that the process did not survive before the record is set aside.
const TRIES: u32 = 2;

/// What an assignment of a partition may run.
pub(super) struct Guard {
    word: Word,
    /// The word is in a commit on its way.
    sent: bool,
    /// The word has been committed.
    written: bool,
    /// The record at the head was taken in.
    taken: bool,
    /// That it is on trial, kept until it is committed that it is over; or that it waits for its turn.
    trial: Option<Trial>,
}

/// When a partition goes into quarantine, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Starts at the same head; 0: never.
    pub(super) after: u32,
    /// Records that have to pass without a crash.
    pub(super) records: usize,
}

impl Guard {
    /// At an assignment: `found` is what the last commit said, `head` its offset.
    pub(super) fn new(found: &str, head: i64, start: u64, patience: Patience) -> Guard {
        let found = Word::read(found).filter(|word| word.head == head);
        let mut state = State::Running { starts: 1 };
        if let Some(found) = found {
            let again = found.start != start;
            state = match found.state {
                State::Clean => state,
                State::Running { starts } => State::Running {
                    starts: starts.saturating_add(u32::from(again)),
                },
                State::Quarantined { .. } => found.state,
                // Whoever ran it is gone; we would be still there.
                State::Trying { tries, left } => State::Quarantined {
                    deaths: tries.saturating_sub(u32::from(!again)),
                    left,
                },
            };
        }
        if let State::Running { starts } = state
            && starts >= patience.after
        {
            state = State::Quarantined {
                deaths: 0,
                left: patience.records,
            };
        }
        let off = patience.after == 0;
        if off {
            state = State::Running { starts: 1 };
        }
        Guard {
            word: Word { state, start, head },
            sent: false,
            written: off,
            taken: false,
            trial: None,
        }
    }

    /// What a commit of `offset` says, which is sent now. `is_under_way`: the record there was taken in and is not over.
    pub(super) fn metadata(&mut self, offset: i64, is_under_way: bool) -> String {
        self.sent = true;
        let state = match self.word.state {
            state if offset == self.word.head => state,
            State::Clean => State::Clean,
            State::Running { .. } => State::Running { starts: 1 },
            // Behind a hole, and the same record.
            state @ State::Trying { .. } if is_under_way => state,
            State::Trying { left, .. } | State::Quarantined { left, .. } => {
                State::Quarantined { deaths: 0, left }
            }
        };
        Word {
            state,
            head: offset,
            ..self.word
        }
        .write()
    }

    /// Whether the word has to be committed although the offset has not moved.
    pub(super) fn must_commit(&self) -> bool {
        !self.written
    }

    /// A commit of `offset` has succeeded.
    pub(super) fn committed(&mut self, offset: i64) {
        // The watermark may have moved meanwhile: over offsets that hold no records.
        self.written |= self.sent && offset >= self.word.head;
        if self.written && !matches!(self.word.state, State::Trying { .. }) {
            self.trial = None;
        }
    }

    /// How many records may be taken in, with `under_way` of them in the window and the watermark at `watermark`; `is_next`
    /// says whether there is one.
    pub(super) fn allows(
        &mut self,
        under_way: usize,
        watermark: i64,
        is_next: bool,
        budget: &Arc<MemoryBudget>,
    ) -> usize {
        if !self.in_quarantine() {
            return if self.written { usize::MAX } else { 0 };
        }
        if under_way > 0 {
            return 0;
        }
        if std::mem::take(&mut self.taken) {
            self.survived(watermark, is_next);
            return 0;
        }
        if !(self.written && is_next) {
            return 0;
        }
        if let State::Quarantined { deaths, left } = self.word.state
            && deaths < TRIES
        {
            if self.may_try(deaths > 0, budget) {
                let tries = deaths + 1;
                self.say(State::Trying { tries, left });
            }
            return 0;
        }
        1
    }

    /// Whether the next trial may begin. Who dies in one beside others may be innocent: the next one is alone.
    fn may_try(&mut self, alone: bool, budget: &Arc<MemoryBudget>) -> bool {
        if mutants::is(Mutant::TryTogether) {
            return true;
        }
        if self.trial.is_none() {
            self.trial = budget.try_record(alone);
        }
        self.trial.as_ref().is_some_and(Trial::is_ready)
    }

    /// The record that was taken in is over, and the process lives.
    fn survived(&mut self, watermark: i64, is_next: bool) {
        let (State::Trying { left, .. } | State::Quarantined { left, .. }) = self.word.state else {
            return;
        };
        self.word.head = watermark;
        self.say(match left {
            0 | 1 => State::Running { starts: 1 },
            left => State::Quarantined {
                deaths: 0,
                left: left - 1,
            },
        });
        // One commit is enough for the end of this one and the first trial of the next. Not behind a trial that was alone:
        // until it is committed that it is over, nothing runs for which its record could be blamed.
        if let State::Quarantined { left, .. } = self.word.state
            && is_next
            && self.trial.as_ref().is_some_and(Trial::may_go_on)
        {
            self.say(State::Trying { tries: 1, left });
        }
    }

    fn say(&mut self, state: State) {
        self.word.state = state;
        (self.sent, self.written) = (false, false);
    }

    /// Records were taken in; says whether they are set aside without running.
    pub(super) fn took(&mut self) -> bool {
        self.taken = self.in_quarantine();
        matches!(self.word.state, State::Quarantined { .. })
    }

    /// The partition stands still and nothing of it runs: others have their turn, as soon as the word says so.
    pub(super) fn rest(&mut self) {
        if let State::Trying { tries, left } = self.word.state {
            self.taken = false;
            self.say(State::Quarantined {
                deaths: tries - 1,
                left,
            });
        }
        if self.written {
            self.trial = None;
        }
    }

    /// Whether records run one at a time.
    pub(super) fn in_quarantine(&self) -> bool {
        matches!(
            self.word.state,
            State::Quarantined { .. } | State::Trying { .. }
        )
    }

    /// The partition is given up in order, and nothing of it runs any more; in quarantine the counts stay.
    pub(super) fn leave(&mut self) {
        match self.word.state {
            State::Running { .. } => self.say(State::Clean),
            State::Trying { tries, left } => self.say(State::Quarantined {
                deaths: tries - 1,
                left,
            }),
            State::Clean | State::Quarantined { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests;
