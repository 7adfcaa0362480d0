//! What happens in one simulated world: members come and go, things break, and in the end everything has its outcome.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::json;

use crate::kafka::simulation::{MemberId, OutageKind, Random, Time, Trouble, Universe};
use crate::mutants::Mutant;
use crate::source::{Control, Deadlines, SourceEnd};

use super::super::config::{Order, PipelineOptions};
use super::member::{End, Ends, Life};
use super::records;

/// Everything has to have its outcome so long after the last trouble, milliseconds.
const PATIENCE: Time = 90_000;
/// More for each client that went deaf: one may hand its partitions over to the next.
const HEARS_AGAIN: Time = 75_000;
/// Members that were asked to end are gone after so long: drain, cancel, last commit, close, and the world's own delays.
const LAST_WORDS: Time = 35_000;

/// Records of one world that kill whoever runs them.
const MOST_KILLERS: usize = 2;

/// Members that one of them kills at most: four, if the watermark stands still meanwhile.
const MOST_CRASHES: usize = 6;

/// What is found in one world.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The first rule that was broken.
    pub(super) violation: Option<String>,
    /// The same for two runs of one seed.
    pub(super) trace: u64,
    pub(super) records: usize,
    pub(super) repeats: usize,
    pub(super) faults: Faults,
}

/// How much of everything happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    pub(super) kills: usize,
    pub(super) stops: usize,
    pub(super) starts: usize,
    pub(super) freezes: usize,
    pub(super) outages: usize,
    pub(super) stirs: usize,
    pub(super) deaf: usize,
    /// Members that a record killed.
    pub(super) crashes: usize,
}

/// Runs the world of a seed.
pub(super) fn run(seed: u64, mutant: Option<Mutant>, verbose: bool) -> Verdict {
    let fate = Fate::new(seed, mutant, verbose);
    fate.run()
}

/// Which kinds of trouble a seed has.
#[derive(Clone, Copy, Default)]
struct Kinds {
    scaling: bool,
    kills: bool,
    freezes: bool,
    outages: bool,
    stirs: bool,
    deaf: bool,
    requests: bool,
    broken: bool,
    /// Records that kill whoever runs them.
    killers: bool,
}

struct Fate {
    seed: u64,
    universe: Arc<Universe>,
    random: Random,
    mutant: Option<Mutant>,
    kinds: Kinds,
    partitions: usize,
    window: usize,
    budget: usize,
    commit_interval: u64,
    order: Order,
    members: BTreeMap<MemberId, Member>,
    ends: Ends,
    next: MemberId,
    faults: Faults,
    /// Outcomes may have been written without the client's knowing.
    unacknowledged: bool,
    records: usize,
    /// Records that kill.
    killers: usize,
}

struct Member {
    control: Arc<Control>,
    thread: JoinHandle<()>,
    stopping: bool,
}

impl Fate {
    fn new(seed: u64, mutant: Option<Mutant>, verbose: bool) -> Fate {
        let mut random = Random::new(seed);
        let all = seed % 8 == 7;
        let kinds = Kinds {
            scaling: all || seed % 8 == 1,
            kills: all || seed % 8 == 2,
            freezes: all || seed % 8 == 3,
            outages: all || seed % 8 == 4,
            requests: all || seed % 8 == 5,
            stirs: all || seed % 8 == 6,
            // Finding it takes a minute, and so some of the worlds are enough.
            deaf: matches!(seed % 64, 8 | 14 | 15 | 25),
            killers: seed % 16 == 8 && seed % 64 != 8,
            broken: all && random.per_mille(500) || seed % 8 == 4 && random.per_mille(300),
        };
        let trouble = Trouble {
            commits: if kinds.requests { 200 } else { 0 },
            full_queue: if kinds.requests || kinds.outages {
                30
            } else {
                0
            },
            broken_producer: if kinds.broken { 4 } else { 0 },
            strays: if kinds.stirs { 300 } else { 0 },
            eager: random.per_mille(250),
            secret_limits: seed.is_multiple_of(3),
        };
        let partitions = random.within(1, 5) as usize;
        let order = [Order::Key, Order::Key, Order::Partition, Order::Unordered];
        let order = order[random.within(0, 4) as usize];
        let universe = Universe::new(seed, partitions, trouble, verbose);
        universe.world().ledger.by_key = order != Order::Unordered;
        universe.world().ledger.only_guilty = kinds.killers;
        Fate {
            seed,
            universe,
            mutant,
            kinds,
            partitions,
            window: [3, 10, 50, 400][random.within(0, 4) as usize],
            budget: [3_000, 1 << 24][random.within(0, 2) as usize],
            commit_interval: random.within(20, 400),
            order,
            members: BTreeMap::new(),
            ends: Arc::default(),
            next: 1,
            faults: Faults::default(),
            unacknowledged: false,
            records: 0,
            killers: 0,
            random,
        }
    }

    fn run(mut self) -> Verdict {
        for partition in 0..self.partitions {
            for _ in 0..self.random.within(0, 60) {
                self.produce(partition);
            }
        }
        for _ in 0..self.random.within(1, 4) {
            self.start();
        }
        let end = self.random.within(1_000, 3_000);
        while self.universe.world().now < end && !self.is_violated() {
            let wait = self.random.within(10, 150);
            self.universe.sleep(0, wait);
            self.bury();
            self.strike();
        }
        self.finish()
    }

    /// One more record, or a hole.
    fn produce(&mut self, partition: usize) {
        let may_kill = self.kinds.killers && self.killers < MOST_KILLERS;
        let drawn = records::draw(&mut self.random, self.records, may_kill);
        self.records += usize::from(drawn.is_some());
        let kills = drawn.as_ref().is_some_and(|drawn| drawn.kills);
        self.killers += usize::from(kills);
        let record = drawn.map(|drawn| (drawn.input, drawn.expected));
        self.universe.world().produce(partition, record);
    }

    fn start(&mut self) {
        let id = self.next;
        self.next += 1;
        self.faults.starts += 1;
        let control = Arc::new(Control::new(false));
        let ahead = [1, 20, 8_192][(self.seed / 8 % 3) as usize];
        let source = json!({
            "topics": ["in"],
            "window": {"records": self.window},
            "ahead": ahead,
            "commit": {"interval": format!("{}ms", self.commit_interval)},
        });
        let life = Life {
            universe: Arc::clone(&self.universe),
            id,
            seed: self.seed,
            source: serde_json::from_value(source).unwrap(),
            options: PipelineOptions {
                ordering: self.order,
                ..PipelineOptions::default()
            },
            budget: self.budget,
            deadlines: Deadlines {
                drain: Duration::from_secs(25),
                cancel: Duration::from_secs(2),
            },
            control: Arc::clone(&control),
            mutant: self.mutant,
            ends: Arc::clone(&self.ends),
        };
        self.universe.world().join(id);
        let thread = thread::Builder::new()
            .stack_size(1 << 20)
            .spawn(move || life.live())
            .unwrap();
        self.universe.enter(id, thread.thread().clone());
        let member = Member {
            control,
            thread,
            stopping: false,
        };
        self.members.insert(id, member);
    }

    /// One member that is not ending.
    fn someone(&mut self) -> Option<MemberId> {
        let alive: Vec<_> = self
            .members
            .iter()
            .filter(|(_, m)| !m.stopping)
            .map(|(id, _)| *id)
            .collect();
        self.random.pick(&alive).copied()
    }

    /// Something happens.
    fn strike(&mut self) {
        let kinds = self.kinds;
        for _ in 0..self.random.within(0, 12) {
            let partition = self.random.within(0, self.partitions as u64) as usize;
            self.produce(partition);
        }
        let alive = self
            .members
            .values()
            .filter(|member| !member.stopping)
            .count();
        match self.random.within(0, 10) {
            0 | 1 if kinds.kills => {
                if let Some(id) = self.someone() {
                    self.faults.kills += 1;
                    let after = self.random.within(0, 40) as u32;
                    self.universe.world().kill(id, after);
                    if let Some(member) = self.members.get_mut(&id) {
                        member.stopping = true;
                    }
                }
            }
            2 if kinds.scaling && alive > 1 => {
                if let Some(id) = self.someone() {
                    self.faults.stops += 1;
                    self.stop(id);
                }
            }
            3 if kinds.freezes => {
                if let Some(id) = self.someone() {
                    self.faults.freezes += 1;
                    let duration = self.random.within(100, 1_500);
                    self.universe.world().freeze(id, duration);
                }
            }
            4 if kinds.outages => {
                self.faults.outages += 1;
                let kind = match self.random.within(0, 10) {
                    0..4 => OutageKind::Late,
                    4..7 => OutageKind::TimedOut,
                    7 => OutageKind::Missing,
                    _ => OutageKind::Unacknowledged,
                };
                self.unacknowledged |= matches!(kind, OutageKind::Unacknowledged);
                let duration = self.random.within(20, 400);
                self.universe.world().outage(duration, kind);
            }
            5 | 6 if kinds.stirs => {
                self.faults.stirs += 1;
                self.universe.world().stir();
            }
            8 if kinds.deaf => {
                if let Some(id) = self.someone() {
                    self.universe.world().deafen(id);
                }
            }
            7 if alive < 4 && (kinds.scaling || kinds.kills) => self.start(),
            _ if alive == 0 => self.start(),
            _ => {}
        }
    }

    fn stop(&mut self, id: MemberId) {
        if let Some(member) = self.members.get_mut(&id) {
            member.stopping = true;
            member.control.stop();
        }
    }

    /// Takes note of the members that have ended.
    fn bury(&mut self) {
        let ended = std::mem::take(&mut *self.ends.lock().unwrap());
        for (id, end) in ended {
            let Some(member) = self.members.remove(&id) else {
                continue;
            };
            member.thread.join().unwrap();
            self.faults.crashes += usize::from(matches!(end, End::Killed) && !member.stopping);
            let problem = match end {
                End::Panicked(message) => Some(format!("a panic: {message}")),
                End::Ended(SourceEnd::Failed(error)) => Some(format!("the source failed: {error}")),
                End::Ended(SourceEnd::Cut(left)) if self.is_clean() => {
                    Some(format!("I13: {left} records were cut off without need"))
                }
                End::Ended(_) if !member.stopping => {
                    Some("a source that nobody stopped has ended".into())
                }
                End::Ended(_) | End::Killed => None,
            };
            if let Some(problem) = problem {
                self.universe.world().violate(format!("m{id}: {problem}"));
            }
        }
    }

    fn is_violated(&self) -> bool {
        self.universe.world().violation.is_some()
    }

    /// Whether nothing has happened after which a record may be executed twice.
    fn is_clean(&self) -> bool {
        let Kinds {
            requests, broken, ..
        } = self.kinds;
        let purged = self.universe.world().producers.purged > 0;
        !(requests || broken || purged || self.unacknowledged)
            && self.faults.kills + self.faults.freezes + self.faults.crashes == 0
    }

    fn is_complete(&self) -> bool {
        let world = self.universe.world();
        let committed = |partition: i32| {
            world
                .group
                .committed(partition)
                .map_or(0, |(offset, _)| *offset)
        };
        world.ledger.open() == 0
            && (0..self.partitions as i32)
                .all(|partition| committed(partition) == world.end(partition))
    }

    fn wait_until(&mut self, patience: Time, done: impl Fn(&Fate) -> bool) -> bool {
        let deadline = self.universe.world().now + patience;
        while !done(self) {
            if self.is_violated() || self.universe.world().now > deadline {
                return false;
            }
            self.universe.sleep(0, 50);
            self.bury();
            if self.kinds.killers && self.members.is_empty() && !done(self) {
                self.start();
            }
        }
        true
    }

    /// No more trouble: everything gets its outcome, everybody ends, and the books balance.
    fn finish(mut self) -> Verdict {
        if self.members.values().all(|member| member.stopping) {
            self.start();
        }
        let deaf = self.universe.world().deafened as Time;
        if !self.wait_until(PATIENCE + deaf * HEARS_AGAIN, Fate::is_complete) {
            let (open, settled) = {
                let world = self.universe.world();
                (world.ledger.open(), world.group.is_settled())
            };
            self.universe.world().violate(format!(
                "I2/I10: not complete in time, {open} records without an outcome, settled: {settled}"
            ));
        }
        let ids: Vec<_> = self.members.keys().copied().collect();
        ids.iter().for_each(|id| self.stop(*id));
        if !self.wait_until(LAST_WORDS, |fate| fate.members.is_empty()) {
            self.universe
                .world()
                .violate("I13: members do not end".to_string());
            for id in ids {
                self.universe.world().kill(id, 0);
            }
            while !self.members.is_empty() {
                self.universe.sleep(0, 50);
                self.bury();
            }
        }
        self.balance();
        let world = self.universe.world();
        self.faults.deaf = world.deafened;
        Verdict {
            violation: world.violation.clone(),
            trace: world.trace(),
            records: self.records,
            repeats: world.ledger.repeats,
            faults: self.faults,
        }
    }

    fn balance(&self) {
        if self.is_violated() {
            return;
        }
        if !self.is_complete() {
            self.universe
                .world()
                .violate("I2: not complete after the end".to_string());
        }
        let repeats = self.universe.world().ledger.repeats;
        if self.is_clean() && repeats > 0 {
            self.universe
                .world()
                .violate(format!("I4: {repeats} repeats without a fault"));
        }
        let (crashes, most) = (self.faults.crashes, self.killers * MOST_CRASHES);
        if crashes > most {
            self.universe.world().violate(format!(
                "I10: {crashes} crashes, {most} are enough to set the records aside"
            ));
        }
        let lives = self.faults.kills + self.faults.freezes + self.faults.crashes;
        // W and what is committed between two looks (another half of W), for every partition.
        let bound = lives * self.partitions * (2 * self.window + 16);
        let purged = self.universe.world().producers.purged > 0;
        let others = self.kinds.requests || self.kinds.broken || self.unacknowledged || purged;
        if !others && repeats > bound {
            self.universe
                .world()
                .violate(format!("I4: {repeats} repeats, bound {bound}"));
        }
    }
}
