//! A world of virtual time: a broker, a group coordinator and the threads of the members that talk to them. Every choice
//! is drawn from one seed, one thread runs at a time, so the same seed gives the same history.
//!
//! It knows no pipeline: what is right is told to it as an expected outcome for each record, and every rule of delivery
//! is checked at the moment at which a broker would make it true for others.

mod check;
mod client;
mod group;
mod producer;
mod random;
mod schedule;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Thread;

pub(crate) use check::{Answer, Expected};
pub(crate) use group::Notice;
pub(crate) use producer::OutageKind;
pub(crate) use random::Random;

use check::Ledger;
use group::Group;
use producer::Producers;

/// Milliseconds since the world began.
pub(crate) type Time = u64;

/// One life of a member: a restart is another member. 0 is fate.
pub(crate) type MemberId = u32;

/// What happens behind the members' backs, and how often.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trouble {
    /// Commits whose answer is lost or that the coordinator refuses, per thousand.
    pub(crate) commits: u64,
    /// Sends that find the client's queue full, per thousand.
    pub(crate) full_queue: u64,
    /// Sends after which the producer is broken for good, per thousand.
    pub(crate) broken_producer: u64,
    /// Records that come by the main queue, per thousand assignments.
    pub(crate) strays: u64,
    /// Whether the group gives everything back at every rebalance.
    pub(crate) eager: bool,
    /// Whether the cluster does not say what its topics take.
    pub(crate) secret_limits: bool,
}

/// A record of the input topic.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
}

/// Everything there is, behind one lock.
pub(crate) struct World {
    pub(crate) now: Time,
    pub(crate) random: Random,
    pub(crate) trouble: Trouble,
    /// By partition and offset; a hole is a control record or one that compaction took.
    pub(crate) input: Vec<Vec<Option<Input>>>,
    pub(crate) group: Group,
    pub(crate) producers: Producers,
    pub(crate) ledger: Ledger,
    /// Clients that went deaf.
    pub(crate) deafened: usize,
    /// The first rule that was broken.
    pub(crate) violation: Option<String>,
    events: BTreeMap<(Time, u64), Event>,
    n_events: u64,
    running: Option<MemberId>,
    threads: BTreeMap<MemberId, Thread>,
    trace: u64,
    verbose: bool,
}

/// Something that comes due.
#[derive(Debug)]
enum Event {
    /// A thread goes on.
    Wake(MemberId),
    /// The coordinator looks around.
    Coordinate,
    /// A commit arrives.
    Commit(group::CommitRequest),
    /// A member has told that these partitions are free.
    GaveUp(MemberId, u32, Vec<i32>),
    /// A member has left.
    Left(MemberId),
    /// A record is written.
    Append(producer::Append),
}

/// A shared world.
pub(crate) struct Universe(Mutex<World>);

impl Universe {
    /// A world in which nothing has happened yet. `verbose` prints its history.
    pub(crate) fn new(
        seed: u64,
        partitions: usize,
        trouble: Trouble,
        verbose: bool,
    ) -> Arc<Universe> {
        let mut world = World {
            now: 0,
            random: Random::new(seed),
            trouble,
            input: vec![Vec::new(); partitions],
            group: Group::new(partitions),
            producers: Producers::default(),
            ledger: Ledger::new(partitions),
            deafened: 0,
            violation: None,
            events: BTreeMap::new(),
            n_events: 0,
            running: Some(0),
            threads: BTreeMap::from([(0, std::thread::current())]),
            trace: seed,
            verbose,
        };
        world.at(5, Event::Coordinate);
        Arc::new(Universe(Mutex::new(world)))
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    /// Notes something for the history.
    pub(crate) fn note(&mut self, what: std::fmt::Arguments<'_>) {
        let line = format!("{:>7} {what}", self.now);
        for byte in line.bytes() {
            self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if self.verbose {
            println!("{line}");
        }
    }

    /// A number that two runs of one seed share.
    pub(crate) fn trace(&self) -> u64 {
        self.trace
    }

    /// A rule is broken. The first one counts.
    pub(crate) fn violate(&mut self, what: String) {
        self.note(format_args!("VIOLATION {what}"));
        let now = self.now;
        self.violation
            .get_or_insert_with(|| format!("at {now} ms: {what}"));
    }

    /// Appends a record to the input, or a hole.
    pub(crate) fn produce(&mut self, partition: usize, input: Option<(Input, Expected)>) {
        let offset = self.input[partition].len() as i64;
        let input = input.map(|(input, expected)| {
            self.ledger.expect(partition as i32, offset, expected);
            input
        });
        self.input[partition].push(input);
    }

    /// The offset behind the last record.
    pub(crate) fn end(&self, partition: i32) -> i64 {
        self.input[partition as usize].len() as i64
    }

    fn at(&mut self, time: Time, event: Event) {
        self.n_events += 1;
        self.events
            .insert((time.max(self.now), self.n_events), event);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Wake(_) => unreachable!("the schedule takes these"),
            Event::Coordinate => self.coordinate(),
            Event::Commit(request) => self.commit_arrives(request),
            Event::GaveUp(member, expelled, partitions) => {
                self.gave_up(member, expelled, &partitions);
            }
            Event::Left(member) => self.left(member),
            Event::Append(append) => self.append(append),
        }
    }
}
