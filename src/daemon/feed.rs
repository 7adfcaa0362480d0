//! Feeds the sample orders of a demo to its topic, at their rate.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::demo::DemoConfig;
use crate::demo::Orders;
use crate::kafka::Cluster;
use crate::kafka::Feeder;

/// A demo under way.
pub(super) struct Feed {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

/// Orders are sent this often, as many as are due.
const TICK: Duration = Duration::from_millis(10);
const FLUSH: Duration = Duration::from_secs(30);

impl Feed {
    /// Begins.
    pub(super) fn start(
        config: &DemoConfig,
        cluster: &Cluster,
        topic: &str,
    ) -> anyhow::Result<Feed> {
        let feeder = Feeder::new(cluster, topic)?;
        let stop = Arc::new(AtomicBool::new(false));
        let (config, stopped) = (config.clone(), Arc::clone(&stop));
        let thread = thread::Builder::new().name("demo".into());
        Ok(Feed {
            stop,
            thread: thread.spawn(move || feed(&config, &feeder, &stopped))?,
        })
    }

    /// Sends no more.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether everything was sent and answered for.
    pub(super) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// How many orders the broker took.
    pub(super) fn join(self) -> io::Result<u64> {
        let panicked = |_| io::Error::other("the demo's thread panicked");
        self.thread.join().map_err(panicked)
    }
}

fn feed(config: &DemoConfig, feeder: &Feeder, stop: &AtomicBool) -> u64 {
    let started = Instant::now();
    let mut sent = 0;
    let mut orders = Orders::new(config).peekable();
    while orders.peek().is_some() && !stop.load(Ordering::Relaxed) {
        let due = (started.elapsed().as_secs_f64() * f64::from(config.rate)) as u64;
        let missing = due.saturating_sub(sent);
        for (key, value) in orders.by_ref().take(missing as usize) {
            sent += 1;
            if let Err(error) = feeder.send(&key, &value) {
                tracing::error!(%error, "the demo cannot send");
                return feeder.taken();
            }
        }
        thread::park_timeout(TICK);
    }
    if let Err(error) = feeder.flush(FLUSH) {
        tracing::error!(%error, "the demo's last orders are not acknowledged");
    }
    feeder.taken()
}
