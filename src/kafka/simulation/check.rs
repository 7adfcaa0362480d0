//! What every record's outcome shall be, and what was written.

use std::collections::BTreeMap;

use super::World;

/// An outcome as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// In the topic of the dead letters.
    pub(crate) dead: bool,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    /// The execution's id.
    pub(crate) execution: String,
    /// The error's name, of dead letters.
    pub(crate) error: Option<String>,
}

/// The one right outcome of a record.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) dead: bool,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) error: Option<String>,
}

/// Outcomes by record.
pub(crate) struct Ledger {
    expected: BTreeMap<(i32, i64), Expected>,
    written: BTreeMap<(i32, i64), usize>,
    /// Everything below has its outcome.
    answered: Vec<i64>,
    /// The record of each key whose outcome was written first last.
    newest: BTreeMap<(bool, i32, Vec<u8>), i64>,
    /// Whether outcomes of one key have to come in the order of their records.
    pub(crate) by_key: bool,
    pub(crate) repeats: usize,
    /// Records that were set aside after crashes.
    pub(crate) suspects: usize,
    /// Members end by nothing but records: none may be set aside that did not kill one.
    pub(crate) only_guilty: bool,
}

impl Ledger {
    pub(super) fn new(partitions: usize) -> Ledger {
        Ledger {
            expected: BTreeMap::new(),
            written: BTreeMap::new(),
            answered: vec![0; partitions],
            newest: BTreeMap::new(),
            by_key: false,
            repeats: 0,
            suspects: 0,
            only_guilty: false,
        }
    }

    pub(super) fn expect(&mut self, partition: i32, offset: i64, expected: Expected) {
        self.expected.insert((partition, offset), expected);
    }

    /// The first record at or behind `answered` that has no outcome.
    fn first_open(&mut self, partition: i32) -> Option<i64> {
        let from = self.answered[partition as usize];
        let open = self
            .expected
            .range((partition, from)..(partition, i64::MAX))
            .map(|((_, offset), _)| *offset)
            .find(|offset| !self.written.contains_key(&(partition, *offset)));
        if let Some(open) = open {
            self.answered[partition as usize] = open;
        }
        open
    }

    /// Records without an outcome.
    pub(crate) fn open(&self) -> usize {
        self.expected.len() - self.written.len()
    }
}

impl World {
    /// An outcome is in the log: it has to be the right one.
    pub(super) fn written(&mut self, answer: &Answer) {
        let place = (answer.partition, answer.offset);
        let Some(expected) = self.ledger.expected.get(&place).cloned() else {
            return self.violate(format!("I3: an outcome of {place:?}, which is no record"));
        };
        // Whoever is killed again and again at one record sets it aside, innocent or not.
        let suspect =
            answer.error.as_deref() == Some("Expressd.CrashSuspect") && !self.ledger.only_guilty;
        if suspect {
            self.ledger.suspects += 1;
        } else if (expected.dead, &expected.value, &expected.error)
            != (answer.dead, &answer.value, &answer.error)
        {
            self.violate(format!("I3/I5: {answer:?} where {expected:?} is right"));
        }
        let id = format!("p/in-{}-{}", answer.partition, answer.offset);
        if answer.execution != id {
            self.violate(format!("I9: {place:?} was execution {}", answer.execution));
        }
        let n = self.ledger.written.entry(place).or_default();
        *n += 1;
        if *n > 1 {
            self.ledger.repeats += 1;
            return;
        }
        // What the brokers refused for its size without a warning is late as a dead letter: others were on their way by
        // then.
        let late = self.trouble.secret_limits
            && answer.error.as_deref() == Some("Expressd.OutputTooLarge");
        let ordered = self.ledger.by_key && !late;
        let Some(key) = answer.key.clone().filter(|_| ordered) else {
            return;
        };
        let newest = self
            .ledger
            .newest
            .entry((answer.dead, answer.partition, key));
        let newest = newest.or_insert(answer.offset);
        let before = std::mem::replace(newest, answer.offset.max(*newest));
        if before > answer.offset {
            self.violate(format!(
                "I6: {place:?} came behind offset {before} of its key"
            ));
        }
    }

    /// An offset is committed: everything below it has to have its outcome, and it may not go back.
    pub(super) fn check_commit(&mut self, partition: i32, before: Option<i64>, offset: i64) {
        if before.is_some_and(|before| offset < before) {
            self.violate(format!(
                "I7: partition {partition} was committed at {before:?} and now {offset}"
            ));
        }
        if offset > self.end(partition) {
            self.violate(format!(
                "I2: partition {partition} committed at {offset}, behind its end"
            ));
        }
        if let Some(open) = self
            .ledger
            .first_open(partition)
            .filter(|open| *open < offset)
        {
            self.violate(format!(
                "I1: partition {partition} committed at {offset}, and {open} has no outcome"
            ));
        }
    }
}
