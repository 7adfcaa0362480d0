//! Cancelling many executions at once.

use std::sync::Arc;

use tokio::sync::watch;

/// Cancels a set of executions, for instance those of a revoked partition. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct CancelToken(Arc<watch::Sender<bool>>);

impl CancelToken {
    /// A token that is not cancelled.
    pub fn new() -> CancelToken {
        CancelToken(Arc::new(watch::Sender::new(false)))
    }

    /// Cancels everything that was given this token, and everything that will be.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is cancelled.
    pub async fn cancelled(&self) {
        let mut changes = self.0.subscribe();
        // The sender lives as long as `self`, so the only way out is the cancellation.
        let _ = changes.wait_for(|cancelled| *cancelled).await;
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
