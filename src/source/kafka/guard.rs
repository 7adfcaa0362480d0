//! The record that kills the process: a stack that overflows and memory that runs out cannot be caught. Every commit
//! says beside its offset who runs the partition; a member that finds another's word without a farewell knows that it
//! went away at this record. Knows no client and no clock.

use std::fmt::Write;

/// The format of what a commit says.
const VERSION: &str = "expressd/1";
/// Starts that try the record at the head of a partition in quarantine before it is set aside.
const TRIES: u32 = 2;

/// What a commit says beside its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Word {
    state: State,
    /// Who says it: random, one for each start of a process.
    start: u64,
    /// The offset that the counts are about.
    head: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Gone, and said so.
    Clean,
    /// Runs; so many starts have begun at this head.
    Running { starts: u32 },
    /// In quarantine: runs the record at the head alone, in the so-manieth start.
    Trying {
        tries: u32,
        /// Records until the quarantine is over.
        left: usize,
    },
}

/// What an assignment of a partition may run.
#[derive(Debug)]
pub(super) struct Guard {
    word: Word,
    /// The word is in a commit on its way.
    sent: bool,
    /// The word has been committed.
    written: bool,
    /// The record at the head is set aside without running.
    suspect: bool,
    /// A record in quarantine is under way.
    trying: bool,
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
        let (mut state, mut suspect) = (State::Running { starts: 1 }, false);
        if let Some(found) = found {
            let again = u32::from(found.start != start);
            match found.state {
                State::Clean => {}
                State::Running { starts } => {
                    state = State::Running {
                        starts: starts.saturating_add(again),
                    };
                }
                State::Trying { tries, left } => {
                    suspect = again == 1 && tries >= TRIES;
                    state = State::Trying {
                        tries: tries.saturating_add(again),
                        left,
                    };
                }
            }
        }
        if let State::Running { starts } = state
            && starts >= patience.after
        {
            state = State::Trying {
                tries: 1,
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
            suspect: suspect && !off,
            trying: false,
        }
    }

    /// What a commit of `offset` says, which is sent now.
    pub(super) fn metadata(&mut self, offset: i64) -> String {
        self.sent = true;
        let state = match self.word.state {
            state if offset == self.word.head => state,
            State::Clean => State::Clean,
            State::Running { .. } => State::Running { starts: 1 },
            State::Trying { left, .. } => State::Trying { tries: 1, left },
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
    }

    /// How many records may be taken in, with `under_way` of them in the window and the watermark at `watermark`.
    pub(super) fn allows(&mut self, under_way: usize, watermark: i64) -> usize {
        let State::Trying { left, .. } = self.word.state else {
            return if self.written { usize::MAX } else { 0 };
        };
        if under_way > 0 {
            return 0;
        }
        if std::mem::take(&mut self.trying) {
            (self.sent, self.written) = (false, false);
            self.word.head = watermark;
            self.word.state = match left {
                0 | 1 => State::Running { starts: 1 },
                left => State::Trying {
                    tries: 1,
                    left: left - 1,
                },
            };
        }
        usize::from(self.written)
    }

    /// Records were taken in; says whether they are set aside without running.
    pub(super) fn took(&mut self) -> bool {
        self.trying = self.in_quarantine();
        std::mem::take(&mut self.suspect)
    }

    /// Whether records run one at a time.
    pub(super) fn in_quarantine(&self) -> bool {
        matches!(self.word.state, State::Trying { .. })
    }

    /// The partition is given up in order; in quarantine the counts stay.
    pub(super) fn leave(&mut self) {
        if let State::Running { .. } = self.word.state {
            self.word.state = State::Clean;
            (self.sent, self.written) = (false, false);
        }
    }
}

impl Word {
    fn write(&self) -> String {
        let mut text = format!("{VERSION} {:x} {} ", self.start, self.head);
        let _ = match self.state {
            State::Clean => write!(text, "clean"),
            State::Running { starts } => write!(text, "running {starts}"),
            State::Trying { tries, left } => write!(text, "trying {tries} {left}"),
        };
        text
    }

    /// Nothing where it is not ours: groups get reused.
    fn read(text: &str) -> Option<Word> {
        let mut words = text.split(' ');
        if words.next()? != VERSION {
            return None;
        }
        let start = u64::from_str_radix(words.next()?, 16).ok()?;
        let head = words.next()?.parse().ok()?;
        let state = match words.next()? {
            "clean" => State::Clean,
            "running" => State::Running {
                starts: words.next()?.parse().ok()?,
            },
            "trying" => State::Trying {
                tries: words.next()?.parse().ok()?,
                left: words.next()?.parse().ok()?,
            },
            _ => return None,
        };
        Some(Word { state, start, head })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        after: 3,
        records: 4,
    };

    /// A start at the committed offset: what it commits before anything runs.
    fn start(number: u64, head: i64, metadata: &mut String) -> Guard {
        let mut guard = Guard::new(metadata, head, number, PATIENCE);
        assert_eq!(
            guard.allows(0, head),
            0,
            "nothing runs before the word is written"
        );
        assert!(guard.must_commit());
        *metadata = guard.metadata(head);
        guard.committed(head);
        guard
    }

    #[test]
    fn a_record_that_kills_every_start_is_set_aside_by_the_fifth() {
        let mut metadata = String::new();
        for number in 1..=2 {
            let mut guard = start(number, 7, &mut metadata);
            assert!(!guard.in_quarantine());
            assert_eq!(guard.allows(0, 7), usize::MAX);
        }
        for number in 3..=4 {
            let mut guard = start(number, 7, &mut metadata);
            assert_eq!(guard.allows(0, 7), 1, "alone, in start {number}");
            assert!(!guard.took());
            assert_eq!(guard.allows(1, 7), 0);
        }
        let mut guard = start(5, 7, &mut metadata);
        assert_eq!(guard.allows(0, 7), 1);
        assert!(guard.took(), "set aside");
        // Its dead letter is acknowledged: the next one is tried.
        assert_eq!(guard.allows(0, 8), 0);
        assert!(guard.metadata(8).ends_with("trying 1 3"));
        guard.committed(8);
        assert_eq!(guard.allows(0, 8), 1);
        assert!(!guard.took());
    }

    #[test]
    fn the_quarantine_ends_after_enough_records() {
        let mut metadata = String::new();
        for number in 1..=2 {
            start(number, 0, &mut metadata);
        }
        let mut guard = start(3, 0, &mut metadata);
        for offset in 0..4 {
            assert_eq!(guard.allows(0, offset), 1);
            assert!(!guard.took());
            assert_eq!(guard.allows(0, offset + 1), 0);
            metadata = guard.metadata(offset + 1);
            guard.committed(offset + 1);
        }
        assert!(!guard.in_quarantine());
        assert_eq!(guard.allows(0, 4), usize::MAX);
        // It went away again, but not at the same record for the third time.
        assert!(!start(4, 4, &mut metadata).in_quarantine());
    }

    #[test]
    fn only_starts_without_a_farewell_at_the_same_record_count() {
        let mut metadata = String::new();
        for number in 1..10 {
            let mut guard = start(number, 5, &mut metadata);
            guard.leave();
            assert!(guard.must_commit());
            metadata = guard.metadata(5);
        }
        assert!(!start(10, 5, &mut metadata).in_quarantine());
        for number in 11..20 {
            let head = number as i64;
            let mut guard = start(number, head, &mut metadata);
            metadata = guard.metadata(head + 1);
        }
        // The same process gets the partition again and again.
        for _ in 0..10 {
            assert!(!start(20, 20, &mut metadata).in_quarantine());
        }
        for strange in [
            "",
            "x",
            "expressd/2 1 5 clean",
            "expressd/1 1 5",
            "expressd/1 g 5 clean",
        ] {
            assert!(!start(30, 5, &mut strange.to_string()).in_quarantine());
        }
    }

    #[test]
    fn the_word_survives_its_text() {
        for state in [
            State::Clean,
            State::Running { starts: 2 },
            State::Trying { tries: 1, left: 9 },
        ] {
            let word = Word {
                state,
                start: u64::MAX,
                head: i64::MAX,
            };
            assert_eq!(Word::read(&word.write()), Some(word));
            assert!(word.write().len() < 100);
        }
    }

    #[test]
    fn without_quarantine_nothing_is_waited_for() {
        let patience = Patience {
            after: 0,
            ..PATIENCE
        };
        let mut guard = Guard::new("expressd/1 1 7 trying 2 9", 7, 2, patience);
        assert!(!guard.must_commit());
        assert_eq!(guard.allows(0, 7), usize::MAX);
        assert!(!guard.took());
    }
}
