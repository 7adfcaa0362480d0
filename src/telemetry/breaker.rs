//! How the circuit breaker of a binding is.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Set by the breaker, read at a scrape.
#[derive(Debug, Default)]
pub struct BreakerMetrics {
    open: AtomicBool,
    trips: AtomicU64,
}

impl BreakerMetrics {
    /// It opened, or stays open.
    pub fn opened(&self) {
        self.open.store(true, Ordering::Relaxed);
        self.trips.fetch_add(1, Ordering::Relaxed);
    }

    /// Calls go through again.
    pub fn closed(&self) {
        self.open.store(false, Ordering::Relaxed);
    }

    /// Whether it lets no calls through.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// How often it opened.
    pub fn trips(&self) -> u64 {
        self.trips.load(Ordering::Relaxed)
    }
}
