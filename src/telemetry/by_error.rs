//! Counts by error name, with a bound on the names: a `Fail` state may build its error from the event.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Error names that get a label of their own; the rest is counted as [`OTHER`].
const MAX_ERROR_NAMES: usize = 64;
/// Errors without a name, and those beyond the bound.
const OTHER: &str = "other";

/// Counts by error name.
#[derive(Default)]
pub(super) struct ByError {
    counts: RwLock<HashMap<Box<str>, Arc<AtomicU64>>>,
}

impl ByError {
    /// Counts one.
    pub(super) fn add(&self, error: Option<&str>) {
        let error = error.unwrap_or(OTHER);
        let known = self.counts.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = known.get(error) {
            count.fetch_add(1, Ordering::Relaxed);
            return;
        }
        drop(known);
        let mut counts = self.counts.write().unwrap_or_else(PoisonError::into_inner);
        let fits = counts.len() < MAX_ERROR_NAMES || counts.contains_key(error);
        let name = if fits { error } else { OTHER };
        let count = counts.entry(name.into()).or_default();
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// What was counted.
    pub(super) fn counts(&self) -> Vec<(String, u64)> {
        let counts = self.counts.read().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|(name, count)| (name.to_string(), count.load(Ordering::Relaxed)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_names_are_bounded() {
        let errors = ByError::default();
        (0..1_000).for_each(|i| errors.add(Some(&format!("E{i}"))));
        errors.add(Some("E0"));
        errors.add(None);
        let counts: HashMap<_, _> = errors.counts().into_iter().collect();
        assert_eq!(counts.len(), MAX_ERROR_NAMES + 1);
        assert_eq!(counts["E0"], 2);
        assert_eq!(counts[OTHER], 1_001 - MAX_ERROR_NAMES as u64);
    }
}
