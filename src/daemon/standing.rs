//! How the process is, for the admin port.

use std::sync::{Mutex, PoisonError};

use crate::admin::Health;

/// Written by the daemon, read by the admin port.
#[derive(Debug, Default)]
pub(super) struct Standing {
    not_ready: Mutex<Option<String>>,
}

impl Standing {
    /// Before anything is known.
    pub(super) fn starting() -> Standing {
        let standing = Standing::default();
        standing.set(Some("starting".to_string()));
        standing
    }

    /// Why nothing is taken in; none when all pipelines do.
    pub(super) fn set(&self, not_ready: Option<String>) {
        *self
            .not_ready
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = not_ready;
    }
}

impl Health for Standing {
    /// A process that answers is alive; one that does not is what a restart is for.
    fn sick(&self) -> Option<String> {
        None
    }

    fn not_ready(&self) -> Option<String> {
        let not_ready = self.not_ready.lock();
        not_ready.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
