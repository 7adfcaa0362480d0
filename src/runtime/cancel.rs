//! Cancelling many executions at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Cancels a set of executions, for instance those of a revoked partition. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct CancelToken(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    cancelled: AtomicBool,
    changed: Notify,
}

impl CancelToken {
    /// A token that is not cancelled.
    pub fn new() -> CancelToken {
        CancelToken(Arc::new(Shared {
            cancelled: AtomicBool::new(false),
            changed: Notify::new(),
        }))
    }

    /// Cancels everything that was given this token, and everything that will be.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    /// Waits until it is cancelled.
    pub async fn cancelled(&self) {
        let mut changed = std::pin::pin!(self.0.changed.notified());
        // Before the look, so that no cancellation between the two is missed.
        changed.as_mut().enable();
        if !self.is_cancelled() {
            changed.await;
        }
    }
}

impl Default for CancelToken {
    fn default() -> CancelToken {
        CancelToken::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_cancellation_reaches_clones_before_and_after() {
        let token = CancelToken::new();
        let early = token.clone();
        assert!(!early.is_cancelled());
        let waiting = tokio::spawn(async move { early.cancelled().await });
        token.cancel();
        waiting.await.unwrap();
        token.clone().cancelled().await;
        assert!(token.is_cancelled());
    }
}
