//! Support for tests that run the real binary against a broker: the broker, records in and out, the daemon.

pub(crate) mod broker;
pub(crate) mod daemon;
pub(crate) mod records;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The tests of one file use both cores and the same broker, so they run one after the other.
pub(crate) fn one_at_a_time() -> MutexGuard<'static, ()> {
    static RUNNING: Mutex<()> = Mutex::new(());
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A name that no other test uses, nor an earlier run against the same broker.
pub(crate) fn unique(name: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let random = directory.path().file_name().unwrap().to_string_lossy();
    format!(
        "{name}-{}-{}",
        std::process::id(),
        random.trim_start_matches(".")
    )
}
