//! The numbers of one machine: what its executions did, and how its bindings answered.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use metrics::{counter, gauge};

use super::by_error::ByError;
use super::{BreakerMetrics, ExchangeLimit, ExchangeMetrics, Histogram, Sharded, names};

/// Counts of a machine; handles of its bindings are made when the plan is loaded.
#[derive(Default)]
pub struct MachineMetrics {
    entered: Vec<(&'static str, Sharded)>,
    limits: Vec<(&'static str, Sharded)>,
    retries: Sharded,
    catches: Sharded,
    bindings: Mutex<Vec<Arc<BindingMetrics>>>,
}

/// How one binding answered.
pub struct BindingMetrics {
    name: String,
    open: Sharded,
    succeeded: Sharded,
    failed: Sharded,
    cancelled: Sharded,
    errors: ByError,
    seconds: Histogram,
    breaker: OnceLock<Arc<BreakerMetrics>>,
    exchanges: OnceLock<Arc<ExchangeMetrics>>,
}

/// A task call under way; one that is dropped was cancelled.
pub struct OpenCall {
    binding: Arc<BindingMetrics>,
    since: Instant,
    ended: bool,
}

impl MachineMetrics {
    /// Counters at 0 for these types of states and these limits.
    pub fn new(
        state_types: impl IntoIterator<Item = &'static str>,
        limits: impl IntoIterator<Item = &'static str>,
    ) -> MachineMetrics {
        let zero = |name| (name, Sharded::default());
        MachineMetrics {
            entered: state_types.into_iter().map(zero).collect(),
            limits: limits.into_iter().map(zero).collect(),
            ..MachineMetrics::default()
        }
    }

    /// The handle of a binding; the same for the same name.
    pub fn binding(&self, name: &str) -> Arc<BindingMetrics> {
        let mut bindings = self.bindings();
        if let Some(found) = bindings.iter().find(|binding| binding.name == name) {
            return Arc::clone(found);
        }
        let binding = Arc::new(BindingMetrics::new(name));
        bindings.push(Arc::clone(&binding));
        binding
    }

    fn bindings(&self) -> std::sync::MutexGuard<'_, Vec<Arc<BindingMetrics>>> {
        self.bindings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// States were entered, by the number of their type.
    pub fn entered(&self, state_type: usize, n: u64) {
        add(&self.entered[state_type].1, n);
    }

    /// Executions met a limit, by its number.
    pub fn met_limit(&self, limit: usize, n: u64) {
        add(&self.limits[limit].1, n);
    }

    /// What `Retry` and `Catch` did.
    pub fn handled(&self, retries: u64, catches: u64) {
        add(&self.retries, retries);
        add(&self.catches, catches);
    }

    /// Copies the sums to the metrics crate.
    pub(super) fn publish(&self, pipeline: &str) {
        let pipeline = || pipeline.to_string();
        for (state_type, entered) in &self.entered {
            counter!(names::STATES_ENTERED, "pipeline" => pipeline(), "type" => *state_type)
                .absolute(sum(entered));
        }
        for (limit, met) in &self.limits {
            counter!(names::LIMITS, "pipeline" => pipeline(), "limit" => *limit).absolute(sum(met));
        }
        self.publish_exchanges(&pipeline);
        counter!(names::RETRIES, "pipeline" => pipeline()).absolute(sum(&self.retries));
        counter!(names::CATCHES, "pipeline" => pipeline()).absolute(sum(&self.catches));
        for binding in self.bindings().iter() {
            let name = || binding.name.clone();
            for (result, count) in [
                ("succeeded", &binding.succeeded),
                ("failed", &binding.failed),
                ("cancelled", &binding.cancelled),
            ] {
                counter!(names::TASK_CALLS, "pipeline" => pipeline(), "binding" => name(), "result" => result)
                    .absolute(sum(count));
            }
            for (error, count) in binding.errors.counts() {
                counter!(names::TASK_ERRORS, "pipeline" => pipeline(), "binding" => name(), "error" => error)
                    .absolute(count);
            }
            if let Some(breaker) = binding.breaker.get() {
                gauge!(names::BREAKER_OPEN, "pipeline" => pipeline(), "binding" => name())
                    .set(f64::from(u8::from(breaker.is_open())));
                counter!(names::BREAKER_TRIPS, "pipeline" => pipeline(), "binding" => name())
                    .absolute(breaker.trips());
            }
            gauge!(names::TASKS_OPEN, "pipeline" => pipeline(), "binding" => name())
                .set(binding.open.sum() as f64);
        }
    }

    /// Limits of exchanges, summed over the bindings.
    fn publish_exchanges(&self, pipeline: &impl Fn() -> String) {
        let bindings = self.bindings();
        let exchanges = bindings
            .iter()
            .filter_map(|binding| binding.exchanges.get());
        for limit in ExchangeLimit::ALL {
            let met = exchanges.clone().map(|exchanges| exchanges.count(limit));
            if exchanges.clone().next().is_some() {
                counter!(names::LIMITS, "pipeline" => pipeline(), "limit" => limit.key())
                    .absolute(met.sum());
            }
        }
    }

    /// Shows the histogram of each binding to `look`.
    pub(super) fn each_binding(&self, mut look: impl FnMut(&str, &Histogram)) {
        let bindings = self.bindings();
        bindings
            .iter()
            .for_each(|binding| look(&binding.name, &binding.seconds));
    }
}

impl BindingMetrics {
    fn new(name: &str) -> BindingMetrics {
        BindingMetrics {
            name: name.to_string(),
            open: Sharded::default(),
            succeeded: Sharded::default(),
            failed: Sharded::default(),
            cancelled: Sharded::default(),
            errors: ByError::default(),
            seconds: Histogram::default(),
            breaker: OnceLock::new(),
            exchanges: OnceLock::new(),
        }
    }

    /// Shows the binding's breaker, too. All its Task states have the same.
    pub fn show_breaker(&self, breaker: Arc<BreakerMetrics>) {
        self.breaker.get_or_init(|| breaker);
    }

    /// Shows the limits that its exchanges meet, too. All its Task states have the same client.
    pub fn show_exchanges(&self, exchanges: Arc<ExchangeMetrics>) {
        self.exchanges.get_or_init(|| exchanges);
    }

    /// A call begins.
    pub fn open(self: &Arc<BindingMetrics>) -> OpenCall {
        self.open.add(1);
        OpenCall {
            binding: Arc::clone(self),
            since: Instant::now(),
            ended: false,
        }
    }

    /// A call was answered at once.
    pub fn answered(&self, result: Result<(), Option<&str>>) {
        match result {
            Ok(()) => self.succeeded.add(1),
            Err(error) => {
                self.failed.add(1);
                self.errors.add(error);
            }
        }
        self.seconds.record(std::time::Duration::ZERO);
    }
}

impl OpenCall {
    /// It was answered, with a result or with the name of an error.
    pub fn answered(mut self, result: Result<(), Option<&str>>) {
        self.ended = true;
        match result {
            Ok(()) => self.binding.succeeded.add(1),
            Err(error) => {
                self.binding.failed.add(1);
                self.binding.errors.add(error);
            }
        }
        self.binding.seconds.record(self.since.elapsed());
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.binding.open.add(-1);
        if !self.ended {
            self.binding.cancelled.add(1);
        }
    }
}

/// Most counts of most executions are 0.
fn add(counter: &Sharded, n: u64) {
    if n > 0 {
        counter.add(n as i64);
    }
}

fn sum(counter: &Sharded) -> u64 {
    u64::try_from(counter.sum()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_is_dropped_was_cancelled() {
        let metrics = MachineMetrics::new([], []);
        let binding = metrics.binding("http");
        let (first, second) = (binding.open(), binding.open());
        first.answered(Err(Some("Busy")));
        assert_eq!(binding.open.sum(), 1);
        drop(second);
        assert_eq!((binding.open.sum(), binding.cancelled.sum()), (0, 1));
        assert_eq!(binding.errors.counts(), [("Busy".to_string(), 1)]);
        assert_eq!(binding.seconds.quantiles().count, 1);
        assert!(Arc::ptr_eq(&binding, &metrics.binding("http")));
    }
}
