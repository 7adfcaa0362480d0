//! What a commit says beside its offset, for whoever has the partition next.

use std::fmt::Write;

/// The format of what a commit says.
const VERSION: &str = "expressd/1";
/// What a commit says beside its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) state: State,
    /// Who says it: random, one for each start of a process.
    pub(super) start: u64,
    /// The offset that the counts are about.
    pub(super) head: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Gone, and said so.
    Clean,
    /// Runs; so many starts have begun at this head.
    Running { starts: u32 },
    /// In quarantine, and nothing of it runs.
    Quarantined {
        /// Trials of the record at the head that the process did not survive.
        deaths: u32,
        /// Records until the quarantine is over.
        left: usize,
    },
    /// In quarantine: the record at the head is on its so-manieth trial.
    Trying { tries: u32, left: usize },
}

impl Word {
    /// As text.
    pub(super) fn write(&self) -> String {
        let mut text = format!("{VERSION} {:x} {} ", self.start, self.head);
        let _ = match self.state {
            State::Clean => write!(text, "clean"),
            State::Running { starts } => write!(text, "running {starts}"),
            State::Quarantined { deaths, left } => write!(text, "quarantined {deaths} {left}"),
            State::Trying { tries, left } => write!(text, "trying {tries} {left}"),
        };
        text
    }

    /// Nothing where it is not ours: groups get reused.
    pub(super) fn read(text: &str) -> Option<Word> {
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
            "quarantined" => State::Quarantined {
                deaths: words.next()?.parse().ok()?,
                left: words.next()?.parse().ok()?,
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

    #[test]
    fn the_word_survives_its_text() {
        for state in [
            State::Clean,
            State::Running { starts: 2 },
            State::Quarantined { deaths: 2, left: 8 },
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
}
