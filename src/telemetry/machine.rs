//! The numbers of one machine: what its executions did, and how its bindings answered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    breakers: Shown<BreakerMetrics>,
    exchanges: Shown<ExchangeMetrics>,
}

/// What is counted elsewhere and shown here. Bindings with the same patterns have one name, and each its own breaker and
/// client; nothing is ever taken away, so that sums do not fall.
struct Shown<T>(Mutex<Vec<Arc<T>>>);

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

    fn bindings(&self) -> MutexGuard<'_, Vec<Arc<BindingMetrics>>> {
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
            if !binding.breakers.is_empty() {
                let open = binding.breakers.sum(|breaker| u64::from(breaker.is_open()));
                gauge!(names::BREAKER_OPEN, "pipeline" => pipeline(), "binding" => name())
                    .set(f64::from(u8::from(open > 0)));
                counter!(names::BREAKER_TRIPS, "pipeline" => pipeline(), "binding" => name())
                    .absolute(binding.breakers.sum(BreakerMetrics::trips));
            }
            gauge!(names::TASKS_OPEN, "pipeline" => pipeline(), "binding" => name())
                .set(binding.open.sum() as f64);
        }
    }

    /// Limits of exchanges, summed over the bindings.
    fn publish_exchanges(&self, pipeline: &impl Fn() -> String) {
        let bindings = self.bindings();
        if bindings.iter().all(|binding| binding.exchanges.is_empty()) {
            return;
        }
        for limit in ExchangeLimit::ALL {
            let met = |exchanges: &ExchangeMetrics| exchanges.count(limit);
            let met = bindings.iter().map(|binding| binding.exchanges.sum(met));
            counter!(names::LIMITS, "pipeline" => pipeline(), "limit" => limit.key())
                .absolute(met.sum());
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
            breakers: Shown::default(),
            exchanges: Shown::default(),
        }
    }

    /// Shows a breaker of its Task states, too.
    pub fn show_breaker(&self, breaker: Arc<BreakerMetrics>) {
        self.breakers.add(breaker);
    }

    /// Shows the limits that exchanges of its Task states meet, too.
    pub fn show_exchanges(&self, exchanges: Arc<ExchangeMetrics>) {
        self.exchanges.add(exchanges);
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

impl<T> Default for Shown<T> {
    fn default() -> Shown<T> {
        Shown(Mutex::default())
    }
}

impl<T> Shown<T> {
    fn add(&self, metrics: Arc<T>) {
        let mut all = self.all();
        if !all.iter().any(|known| Arc::ptr_eq(known, &metrics)) {
            all.push(metrics);
        }
    }

    fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    fn sum(&self, count: impl Fn(&T) -> u64) -> u64 {
        self.all().iter().map(|metrics| count(metrics)).sum()
    }

    fn all(&self) -> MutexGuard<'_, Vec<Arc<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
    use metrics_exporter_prometheus::PrometheusBuilder;

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

    #[test]
    fn bindings_of_one_name_are_shown_together() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let metrics = MachineMetrics::new([], []);
        let (first, second) = (Arc::<ExchangeMetrics>::default(), Arc::default());
        let (closed, open) = (Arc::<BreakerMetrics>::default(), Arc::default());
        let publish = || {
            metrics::with_local_recorder(&recorder, || metrics.publish("orders"));
            recorder.handle().render()
        };
        let check = |want: &str| {
            let text = publish();
            assert!(text.contains(want), "{want} in\n{text}");
        };
        let binding = metrics.binding("*");
        binding.show_exchanges(Arc::clone(&first));
        binding.show_breaker(Arc::clone(&closed));
        (0..3).for_each(|_| first.met(ExchangeLimit::Total));
        closed.opened();
        closed.closed();
        check("expressd_limits_met_total{pipeline=\"orders\",limit=\"timeouts.total\"} 3\n");
        // Another definition, in which the first one's states are still there and the second one answers some.
        for exchanges in [&first, &second] {
            metrics.binding("*").show_exchanges(Arc::clone(exchanges));
        }
        binding.show_breaker(Arc::clone(&open));
        second.met(ExchangeLimit::Total);
        open.opened();
        check("expressd_limits_met_total{pipeline=\"orders\",limit=\"timeouts.total\"} 4\n");
        check("expressd_breaker_open{pipeline=\"orders\",binding=\"*\"} 1\n");
        check("expressd_breaker_trips_total{pipeline=\"orders\",binding=\"*\"} 2\n");
    }
}
