//! Order inside a partition: records of one key run one after the other, whatever they wait for.
//!
//! Every key belongs to a lane, and a lane computes one record at a time in the order of arrival, so that a key whose
//! executions never wait costs one hash. Only the keys of executions that wait are remembered, each with the records
//! behind it. All of it is bounded by the window, which holds a slot for every record in here.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::kafka::{Record, hash};
use crate::mutants::{self, Mutant};
use crate::source::{Batch, Partition};

use super::config::Order;
use super::ticket::Job;

/// More would leave too few records of a batch for each.
const MOST_LANES: usize = 16;

/// The lanes of all partitions that are assigned.
pub(super) struct AllLanes {
    order: Order,
    workers: usize,
    assigned: Vec<Arc<Lanes>>,
}

/// The lanes of one assignment of one partition.
pub(super) struct Lanes {
    order: Order,
    partition: Arc<Partition>,
    lanes: Box<[Lane]>,
}

#[derive(Default)]
struct Lane {
    parts: Mutex<Parts>,
    /// Keys whose turn is not over although their record has left its batch.
    held: Mutex<HashMap<Box<[u8]>, Held>>,
    /// How many those are; only the worker in the lane adds to them.
    n_held: AtomicUsize,
}

#[derive(Default)]
struct Parts {
    queue: VecDeque<Part>,
    /// A worker is in the lane, or on its way there.
    running: bool,
}

/// The records of a batch that belong to one lane.
pub(super) struct Part {
    pub(super) job: Arc<Job>,
    /// In order.
    pub(super) indexes: Vec<u32>,
    /// How many of them have had their turn.
    pub(super) done: usize,
}

enum Held {
    /// An execution waits; these records come after it.
    Waiting(VecDeque<Arc<Job>>),
    /// A record failed, and what is behind it gets no outcome.
    Blocked,
}

/// Whether a record may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Now,
    /// It runs when the record before it is over.
    Later,
    /// Not in this assignment.
    Never,
}

impl AllLanes {
    pub(super) fn new(order: Order, workers: usize) -> AllLanes {
        AllLanes {
            order,
            workers,
            assigned: Vec::new(),
        }
    }

    /// The lanes of a batch's partition; none where nothing waits for anything.
    pub(super) fn of(&mut self, batch: &Batch) -> Option<Arc<Lanes>> {
        let n_lanes = match self.order {
            Order::Unordered => return None,
            Order::Key => self.workers.clamp(1, MOST_LANES),
            Order::Partition => 1,
        };
        let partition = batch.partition();
        let is_this = |lanes: &&Arc<Lanes>| Arc::ptr_eq(&lanes.partition, partition);
        if let Some(lanes) = self.assigned.iter().find(is_this) {
            return Some(Arc::clone(lanes));
        }
        let is_open = |lanes: &Arc<Lanes>| !lanes.partition.is_draining();
        self.assigned.retain(is_open);
        let lanes = Arc::new(Lanes::new(self.order, n_lanes, Arc::clone(partition)));
        self.assigned.push(Arc::clone(&lanes));
        Some(lanes)
    }
}

impl Lanes {
    fn new(order: Order, n_lanes: usize, partition: Arc<Partition>) -> Lanes {
        Lanes {
            order,
            partition,
            lanes: (0..n_lanes).map(|_| Lane::default()).collect(),
        }
    }

    /// What a record has in common with those that wait for it.
    fn key<'a>(&self, record: &Record<'a>) -> Option<&'a [u8]> {
        match self.order {
            Order::Unordered => None,
            Order::Key => record.key,
            Order::Partition => Some(b""),
        }
    }

    fn lane_of(&self, key: &[u8]) -> usize {
        if self.lanes.len() == 1 {
            return 0;
        }
        (hash(key) % self.lanes.len() as u64) as usize
    }

    /// Takes a batch in; calls `start` with each lane that has no worker in it.
    pub(super) fn push(&self, job: &Arc<Job>, mut start: impl FnMut(usize)) {
        let n_records = job.batch.len();
        let mut parts: Vec<Vec<u32>> = vec![Vec::new(); self.lanes.len()];
        for index in 0..n_records {
            let lane = match self.key(&job.batch.record(index)) {
                Some(key) => self.lane_of(key),
                None => index % self.lanes.len(),
            };
            parts[lane].push(u32::try_from(index).expect("a batch has a few hundred records"));
        }
        for (lane, indexes) in parts.into_iter().enumerate() {
            if indexes.is_empty() {
                continue;
            }
            let job = Arc::clone(job);
            let mut parts = self.lanes[lane].parts();
            parts.queue.push_back(Part {
                job,
                indexes,
                done: 0,
            });
            let idle = !std::mem::replace(&mut parts.running, true);
            drop(parts);
            if idle {
                start(lane);
            }
        }
    }

    /// The next part for the worker in a lane; with none, the worker has left.
    pub(super) fn take(&self, lane: usize) -> Option<Part> {
        let mut parts = self.lanes[lane].parts();
        let part = parts.queue.pop_front();
        parts.running = part.is_some();
        part
    }

    /// Takes back a part that the worker in the lane cannot go on with. It stays that worker's lane.
    pub(super) fn put_back(&self, lane: usize, part: Part) {
        self.lanes[lane].parts().queue.push_front(part);
    }

    /// Whether a record may run; one that may not is kept here until [`Lanes::next`] gives it. `before` is called before it
    /// is.
    pub(super) fn turn(&self, job: &Job, index: usize, before: impl FnOnce()) -> Turn {
        let Some(key) = self.key(&job.batch.record(index)) else {
            return Turn::Now;
        };
        let lane = &self.lanes[self.lane_of(key)];
        // Acquires what the end of the last turn released: its outcome was handed over.
        if lane.n_held.load(Ordering::Acquire) == 0 || mutants::is(Mutant::NoTurns) {
            return Turn::Now;
        }
        match lane.held().get_mut(key) {
            None => Turn::Now,
            Some(Held::Blocked) => Turn::Never,
            Some(Held::Waiting(queue)) => {
                before();
                queue.push_back(job.alone(index));
                Turn::Later
            }
        }
    }

    /// A record's execution is about to wait: those of its key wait with it.
    pub(super) fn hold(&self, record: &Record<'_>) {
        let Some(key) = self.key(record) else { return };
        let lane = &self.lanes[self.lane_of(key)];
        let mut held = lane.held();
        if !held.contains_key(key) {
            held.insert(key.into(), Held::Waiting(VecDeque::new()));
            lane.n_held.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A record that had left its batch is over; gives the one whose turn it is.
    pub(super) fn next(&self, record: &Record<'_>) -> Option<Arc<Job>> {
        let key = self.key(record)?;
        let lane = &self.lanes[self.lane_of(key)];
        let mut held = lane.held();
        let Held::Waiting(queue) = held.get_mut(key)? else {
            return None;
        };
        let next = queue.pop_front();
        if next.is_none() {
            held.remove(key);
            lane.n_held.fetch_sub(1, Ordering::Release);
        }
        next
    }

    /// From now on no record of this one's key runs. Gives those that waited; none where the record stands for its whole
    /// partition.
    pub(super) fn block(&self, record: &Record<'_>) -> Option<VecDeque<Arc<Job>>> {
        if self.order == Order::Partition {
            return None;
        }
        let key = self.key(record)?;
        let lane = &self.lanes[self.lane_of(key)];
        match lane.held().insert(key.into(), Held::Blocked) {
            Some(Held::Waiting(queue)) => Some(queue),
            Some(Held::Blocked) => Some(VecDeque::new()),
            None => {
                lane.n_held.fetch_add(1, Ordering::Release);
                Some(VecDeque::new())
            }
        }
    }
}

impl Lane {
    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Box<[u8]>, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
