//! Limits that the exchanges of a binding over HTTP met.

use std::sync::atomic::{AtomicU64, Ordering};

/// A limit of one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeLimit {
    /// Until there is a connection.
    Connect,
    /// Until the head of the response is there.
    FirstByte,
    /// Between two pieces of its body.
    Idle,
    /// The whole of it.
    Total,
    /// Bytes of the body.
    Response,
}

impl ExchangeLimit {
    /// All of them.
    pub const ALL: [ExchangeLimit; 5] = [
        ExchangeLimit::Connect,
        ExchangeLimit::FirstByte,
        ExchangeLimit::Idle,
        ExchangeLimit::Total,
        ExchangeLimit::Response,
    ];

    /// Its key in the config of a binding.
    pub fn key(self) -> &'static str {
        match self {
            ExchangeLimit::Connect => "timeouts.connect",
            ExchangeLimit::FirstByte => "timeouts.first_byte",
            ExchangeLimit::Idle => "timeouts.idle",
            ExchangeLimit::Total => "timeouts.total",
            ExchangeLimit::Response => "response",
        }
    }
}

/// Counted by the client, read at a scrape.
#[derive(Debug, Default)]
pub struct ExchangeMetrics([AtomicU64; 5]);

impl ExchangeMetrics {
    /// An exchange met a limit.
    pub fn met(&self, limit: ExchangeLimit) {
        self.0[limit as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How often that was.
    pub fn count(&self, limit: ExchangeLimit) -> u64 {
        self.0[limit as usize].load(Ordering::Relaxed)
    }
}
