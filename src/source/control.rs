//! What the outside sees of a running source, and how it stops it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tracing::warn;

use crate::telemetry::PipelineMetrics;

use super::{Intake, MemoryBudget};

/// How often it is asked for what is missing at start, and how often that is told.
const ASK_EVERY: Duration = Duration::from_millis(500);
const TELL_EVERY: Duration = Duration::from_secs(10);
/// What is there so soon, or is made by the question itself, is not worth a warning.
const TELL_AFTER: Duration = Duration::from_secs(1);

/// Shared between a source's thread and its owner.
#[derive(Debug, Default)]
pub struct Control {
    until_idle: bool,
    stop: AtomicBool,
    hurry: AtomicBool,
    ready: AtomicBool,
    idle: AtomicBool,
    halted: Mutex<Option<String>>,
    waiting: Mutex<Option<String>>,
    suspended: AtomicUsize,
}

/// How a source ended.
#[derive(Debug)]
pub enum SourceEnd {
    /// Everything taken in has its outcome, and the position says so.
    Drained,
    /// The deadline was hit: so many records are left for the next start. None is lost.
    Cut(usize),
    /// The source cannot go on.
    Failed(SourceError),
}

/// Why a source cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file cannot be read or a checkpoint not written.
    #[error("{path}")]
    File {
        /// Which.
        path: String,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// A checkpoint does not belong to the file.
    #[error("checkpoint {path}: {reason}")]
    Checkpoint {
        /// The checkpoint.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A partition stands still until an operator acts.
    #[error("halted: {0}")]
    Halted(String),
    /// The Kafka client says that nothing but an operator helps.
    #[error("kafka consumer: {0}")]
    Kafka(String),
}

/// How long a source may take to end.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// From the request to stop until executions are cancelled.
    pub drain: Duration,
    /// For cancelled executions to be gone.
    pub cancel: Duration,
}

/// What connects a source to the rest of its pipeline.
pub struct Wiring {
    /// The memory of all records under way.
    pub budget: Arc<MemoryBudget>,
    /// Where it counts.
    pub metrics: Arc<PipelineMetrics>,
    /// How it is stopped, and what it says of itself.
    pub control: Arc<Control>,
    /// How long it may take to end.
    pub deadlines: Deadlines,
    /// Where its batches go.
    pub intake: Intake,
}

impl Control {
    /// For a source that follows what it reads for ever, or (`until_idle`) one that ends when everything there is has its
    /// outcome.
    pub fn new(until_idle: bool) -> Control {
        Control {
            until_idle,
            ..Control::default()
        }
    }

    /// Whether the source ends when everything there is has its outcome.
    pub fn is_until_idle(&self) -> bool {
        self.until_idle
    }

    /// Asks the source to take in nothing more, to wait for what is under way, and to end.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Ends the wait for what is under way.
    pub fn hurry(&self) {
        self.hurry.store(true, Ordering::Relaxed);
        self.stop();
    }

    /// Whether the source shall end.
    pub fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether nobody wants to wait any more.
    pub fn is_hurried(&self) -> bool {
        self.hurry.load(Ordering::Relaxed)
    }

    /// Whether the source has begun to deliver: its first assignment was answered, its file is open.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// The source has begun to deliver.
    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    /// Whether the source is at its end and everything taken in has its outcome.
    pub fn is_idle(&self) -> bool {
        self.idle.load(Ordering::Relaxed)
    }

    /// Notes whether the source is at its end with nothing under way.
    pub fn set_idle(&self, idle: bool) {
        self.idle.store(idle, Ordering::Relaxed);
    }

    /// Waits until nothing is missing any more. Says whether that has come; not, when the source is to end before it does.
    pub fn wait_for(&self, pipeline: &str, mut missing: impl FnMut() -> Option<String>) -> bool {
        let began = Instant::now();
        let mut told = None;
        while let Some(missing) = missing() {
            if self.is_stopping() {
                return false;
            }
            let is_due = told.map_or(began.elapsed() >= TELL_AFTER, |told: Instant| {
                told.elapsed() >= TELL_EVERY
            });
            if is_due {
                told = Some(Instant::now());
                warn!(pipeline, missing, "waiting before anything is read");
            }
            self.set_waiting(Some(missing));
            thread::park_timeout(ASK_EVERY);
        }
        self.set_waiting(None);
        !self.is_stopping()
    }

    /// Records taken in that nobody computes, because their executions wait or stand behind one that does.
    pub fn suspended(&self) -> usize {
        self.suspended.load(Ordering::Relaxed)
    }

    /// A record's execution is about to wait, or to stand behind one that does.
    pub fn suspend(&self) {
        self.suspended.fetch_add(1, Ordering::Relaxed);
    }

    /// So many of them go on, or are given up.
    pub fn resume(&self, n: usize) {
        self.suspended.fetch_sub(n, Ordering::Relaxed);
    }

    /// What has to be there before the source begins.
    pub fn waiting(&self) -> Option<String> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.clone()
    }

    /// Notes what has to be there before the source begins.
    pub fn set_waiting(&self, what: Option<String>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        *waiting = what;
    }

    /// Why a partition stands still until an operator acts.
    pub fn halted(&self) -> Option<String> {
        let halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner);
        halted.clone()
    }

    /// A partition stands still until an operator acts. The first reason is kept.
    pub fn halt(&self, reason: String) {
        let mut halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner);
        halted.get_or_insert(reason);
    }
}
