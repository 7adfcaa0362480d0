//! The record that kills the process: a stack that overflows and memory that runs out cannot be caught. Every commit
//! says beside its offset who runs the partition; a member that finds another's word without a farewell knows that it
//! went away at this record. Knows no client and no clock.
//!
//! A process dies with everything that it runs, and the guilty record is one of all those. So records under suspicion are
//! tried one at a time in the whole process, and the word says of no other that it was running. Others may run beside a
//! first trial; the second one is alone, so that what dies with it is guilty.

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
    /// The turn to try it, kept until it is committed that it is over.
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

    /// Whether it is this partition's turn. Who dies in a trial beside others may be innocent: the next one is alone.
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
        // One commit is enough for the end of this one and the trial of the next, if nobody else waits.
        if let Some(trial) = &self.trial
            && let State::Quarantined { left, .. } = self.word.state
            && is_next
            && !trial.is_wanted()
        {
            trial.open();
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

    /// The partition stands still: others have their turn.
    pub(super) fn rest(&mut self) {
        self.trial = None;
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
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        after: 3,
        records: 4,
    };

    /// A partition and what its last commit said.
    struct Bed {
        metadata: String,
        head: i64,
        budget: Arc<MemoryBudget>,
    }

    impl Bed {
        fn new(head: i64) -> Bed {
            Bed {
                metadata: String::new(),
                head,
                budget: budget(),
            }
        }

        /// A start at the committed offset: what it commits before anything runs. Another one is another process.
        fn start(&mut self, number: u64) -> Guard {
            self.budget = budget();
            let mut guard = Guard::new(&self.metadata, self.head, number, PATIENCE);
            assert_eq!(
                self.allows(&mut guard, 0),
                0,
                "nothing runs before the word is written"
            );
            assert!(guard.must_commit());
            self.commit(&mut guard);
            guard
        }

        fn commit(&mut self, guard: &mut Guard) {
            self.metadata = guard.metadata(self.head, false);
            guard.committed(self.head);
        }

        fn allows(&self, guard: &mut Guard, under_way: usize) -> usize {
            guard.allows(under_way, self.head, true, &self.budget)
        }

        /// Commits that the record at the head is on trial, and takes it in.
        fn tries(&mut self, guard: &mut Guard) {
            assert_eq!(self.allows(guard, 0), 0);
            assert!(guard.must_commit());
            self.commit(guard);
            assert!(self.metadata.contains(" trying "), "{}", self.metadata);
            self.runs(guard);
        }

        fn runs(&mut self, guard: &mut Guard) {
            assert_eq!(self.allows(guard, 0), 1);
            assert!(!guard.took());
            assert_eq!(self.allows(guard, 1), 0);
        }
    }

    fn budget() -> Arc<MemoryBudget> {
        Arc::new(MemoryBudget::new(1 << 20))
    }

    #[test]
    fn a_record_that_kills_every_start_is_set_aside_by_the_fifth() {
        let mut bed = Bed::new(7);
        for number in 1..=2 {
            let mut guard = bed.start(number);
            assert!(!guard.in_quarantine());
            assert_eq!(bed.allows(&mut guard, 0), usize::MAX);
        }
        for number in 3..=4 {
            let mut guard = bed.start(number);
            bed.tries(&mut guard);
        }
        let mut guard = bed.start(5);
        assert_eq!(bed.allows(&mut guard, 0), 1);
        assert!(guard.took(), "set aside");
        // Its dead letter is acknowledged: the next one is tried.
        bed.head = 8;
        assert_eq!(bed.allows(&mut guard, 0), 0);
        bed.commit(&mut guard);
        assert!(bed.metadata.ends_with("quarantined 0 3"));
        bed.tries(&mut guard);
    }

    #[test]
    fn the_quarantine_ends_after_enough_records() {
        let mut bed = Bed::new(0);
        bed.start(1);
        bed.start(2);
        let mut guard = bed.start(3);
        bed.tries(&mut guard);
        for offset in 1..=3 {
            bed.head = offset;
            assert_eq!(bed.allows(&mut guard, 0), 0);
            // One commit for both: nobody else wants to try.
            bed.commit(&mut guard);
            assert!(bed.metadata.contains(" trying 1 "), "{}", bed.metadata);
            bed.runs(&mut guard);
        }
        bed.head = 4;
        assert_eq!(bed.allows(&mut guard, 0), 0);
        bed.commit(&mut guard);
        assert!(!guard.in_quarantine());
        assert_eq!(bed.allows(&mut guard, 0), usize::MAX);
        assert!(bed.budget.try_record(false).is_some());
        // It went away again, but not at the same record for the third time.
        assert!(!bed.start(4).in_quarantine());
    }

    #[test]
    fn one_partition_after_the_other_tries_its_record() {
        let (mut first, mut second) = (Bed::new(3), Bed::new(9));
        for number in 1..=2 {
            first.start(number);
            second.start(number);
        }
        let (mut one, mut other) = (first.start(3), second.start(3));
        second.budget = Arc::clone(&first.budget);
        first.tries(&mut one);
        assert_eq!(second.allows(&mut other, 0), 0);
        assert!(!other.must_commit(), "it is not its turn");
        first.head = 4;
        assert_eq!(first.allows(&mut one, 0), 0);
        assert_eq!(second.allows(&mut other, 0), 0);
        assert!(
            !other.must_commit(),
            "the commits still say that the first one runs"
        );
        first.commit(&mut one);
        assert!(
            first.metadata.ends_with("quarantined 0 3"),
            "the other one waits"
        );
        second.tries(&mut other);
        // The process dies: only the one that ran is counted.
        let mut one = first.start(4);
        let mut other = second.start(4);
        second.budget = Arc::clone(&first.budget);
        assert_eq!(second.allows(&mut other, 0), 0);
        second.commit(&mut other);
        assert!(second.metadata.contains(" trying 2 "));
        assert_eq!(first.allows(&mut one, 0), 0, "the second trial is alone");
        assert!(!first.budget.has_room());
        drop(other);
        first.tries(&mut one);
        assert!(first.budget.has_room());
    }

    #[test]
    fn a_second_trial_waits_until_nothing_else_runs() {
        let mut bed = Bed::new(5);
        for number in 1..=2 {
            bed.start(number);
        }
        let mut guard = bed.start(3);
        bed.tries(&mut guard);
        let mut guard = bed.start(4);
        bed.budget.charge_anyway(10);
        assert_eq!(bed.allows(&mut guard, 0), 0);
        assert!(!guard.must_commit());
        bed.budget.release(1, 10);
        bed.tries(&mut guard);
    }

    #[test]
    fn only_starts_without_a_farewell_at_the_same_record_count() {
        let mut bed = Bed::new(5);
        for number in 1..10 {
            let mut guard = bed.start(number);
            guard.leave();
            assert!(guard.must_commit());
            bed.commit(&mut guard);
        }
        assert!(!bed.start(10).in_quarantine());
        for number in 11..20 {
            bed.head = number as i64;
            let mut guard = bed.start(number);
            bed.head += 1;
            bed.commit(&mut guard);
        }
        // The same process gets the partition again and again.
        for _ in 0..10 {
            assert!(!bed.start(20).in_quarantine());
        }
        for strange in [
            "",
            "x",
            "expressd/2 1 5 clean",
            "expressd/1 1 5",
            "expressd/1 g 5 clean",
        ] {
            let mut bed = Bed::new(5);
            bed.metadata = strange.to_string();
            assert!(!bed.start(30).in_quarantine());
        }
    }

    #[test]
    fn a_trial_that_was_given_up_in_order_does_not_count() {
        let mut bed = Bed::new(5);
        for number in 1..=2 {
            bed.start(number);
        }
        for number in 3..=9 {
            let mut guard = bed.start(number);
            bed.tries(&mut guard);
            guard.leave();
            bed.commit(&mut guard);
            assert!(bed.metadata.contains("quarantined 0"), "{}", bed.metadata);
        }
    }

    #[test]
    fn a_record_behind_a_hole_is_the_one_on_trial() {
        let mut bed = Bed::new(5);
        for number in 1..=2 {
            bed.start(number);
        }
        let mut guard = bed.start(3);
        bed.tries(&mut guard);
        assert!(guard.metadata(7, true).contains(" 7 trying 1 "));
        assert!(guard.metadata(8, false).contains(" 8 quarantined 0 "));
    }

    #[test]
    fn without_quarantine_nothing_is_waited_for() {
        let patience = Patience {
            after: 0,
            ..PATIENCE
        };
        let mut guard = Guard::new("expressd/1 1 7 trying 2 9", 7, 2, patience);
        assert!(!guard.must_commit());
        assert_eq!(guard.allows(0, 7, true, &budget()), usize::MAX);
        assert!(!guard.took());
    }
}
