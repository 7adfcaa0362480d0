//! Puts events into a topic: all at once, never too far ahead of who reads them, or at a rate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Load;
use crate::kafka::Cluster;
use crate::kafka::Feeder;

/// How fast.
#[derive(Clone)]
pub(super) enum Pace {
    /// As the broker takes them.
    Full,
    /// No more than so many ahead of what is done.
    Ahead(u64, Arc<AtomicU64>),
    /// So many a second.
    Rate(f64),
}

/// Events on their way into a topic. Dropping it ends it.
pub(super) struct Feeding {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: Option<JoinHandle<Result<(), String>>>,
}

const TICK: Duration = Duration::from_millis(1);
const FLUSH: Duration = Duration::from_secs(60);

impl Feeding {
    pub(super) fn start(
        load: &Arc<Load>,
        cluster: &Cluster,
        topic: &str,
        n: u64,
        pace: Pace,
    ) -> Result<Feeding, String> {
        let feeder = match pace {
            Pace::Rate(_) => Feeder::prompt(cluster, topic),
            _ => Feeder::new(cluster, topic),
        };
        let feeder = feeder.map_err(|error| error.to_string())?;
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let (stopped, counted, load) = (Arc::clone(&stop), Arc::clone(&sent), Arc::clone(load));
        let thread = thread::Builder::new()
            .name("feed".into())
            .spawn(move || feed(&load, &feeder, n, &pace, &stopped, &counted));
        Ok(Feeding {
            stop,
            sent,
            thread: Some(thread.map_err(|error| error.to_string())?),
        })
    }

    /// Events handed to the client so far.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(super) fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits until the broker has them all.
    pub(super) fn join(mut self) -> Result<(), String> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(fed)) => fed,
            _ => Err("the feeding thread panicked".to_string()),
        }
    }
}

impl Drop for Feeding {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn feed(
    load: &Load,
    feeder: &Feeder,
    n: u64,
    pace: &Pace,
    stop: &AtomicBool,
    counted: &AtomicU64,
) -> Result<(), String> {
    let mut sent = 0;
    if let Pace::Rate(_) = pace {
        // The first record opens the connection: what waited for that would count as late.
        send(load, feeder, 0, counted)?;
        feeder.flush(FLUSH).map_err(|error| error.to_string())?;
        sent = 1;
    }
    let started = Instant::now();
    while sent < n && !stop.load(Ordering::Relaxed) {
        let due = match pace {
            Pace::Full => n,
            Pace::Ahead(most, done) => done.load(Ordering::Relaxed) + most,
            Pace::Rate(rate) => (started.elapsed().as_secs_f64() * rate) as u64,
        };
        let due = due.min(n);
        for number in sent..due {
            send(load, feeder, number, counted)?;
        }
        sent = sent.max(due);
        if sent < n {
            thread::park_timeout(TICK);
        }
    }
    feeder.flush(FLUSH).map_err(|error| error.to_string())
}

fn send(load: &Load, feeder: &Feeder, number: u64, counted: &AtomicU64) -> Result<(), String> {
    feeder
        .send(&load.key(number), load.event(number))
        .map_err(|error| error.to_string())?;
    counted.store(number + 1, Ordering::Relaxed);
    Ok(())
}
