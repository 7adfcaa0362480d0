//! Durations in logarithmic buckets: eight per octave, from a microsecond to twelve days.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::sharded::{SHARDS, owned, shard};

const STEPS: usize = 8;
const OCTAVES: usize = 40;
const BUCKETS: usize = STEPS * OCTAVES;

/// Bounds that are exported, as powers of two in microseconds: 16 µs, 32 µs, … 268 s.
const EXPORTED: std::ops::RangeInclusive<u32> = 4..=28;

/// A histogram that is added to from many threads and read at a scrape; a bucket is at most 12.5 % wide.
#[derive(Debug)]
pub struct Histogram {
    shards: Box<[Shard]>,
}

#[derive(Debug)]
#[repr(align(128))]
struct Shard {
    counts: [AtomicU64; BUCKETS],
    sum_micros: AtomicU64,
}

/// What a histogram says about one stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantiles {
    /// How many durations there were.
    pub count: u64,
    /// Half of them took no longer.
    pub p50: Duration,
    /// 99 in 100 took no longer.
    pub p99: Duration,
    /// 999 in 1,000 took no longer.
    pub p999: Duration,
}

impl Default for Histogram {
    fn default() -> Histogram {
        let shard = || Shard {
            counts: [const { AtomicU64::new(0) }; BUCKETS],
            sum_micros: AtomicU64::new(0),
        };
        Histogram {
            shards: (0..SHARDS).map(|_| shard()).collect(),
        }
    }
}

impl Histogram {
    /// Counts one duration.
    pub fn record(&self, duration: Duration) {
        self.record_n(duration, 1);
    }

    /// Counts the same duration several times.
    pub fn record_n(&self, duration: Duration, n: usize) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.add(micros, n as u64);
    }

    fn add(&self, micros: u64, n: u64) {
        let index = shard();
        let shard = &self.shards[index];
        let add = |counter: &AtomicU64, amount: u64| {
            if owned(index) {
                // Nobody else writes it, so no locked instruction is needed.
                let sum = counter.load(Ordering::Relaxed).wrapping_add(amount);
                counter.store(sum, Ordering::Relaxed);
            } else {
                counter.fetch_add(amount, Ordering::Relaxed);
            }
        };
        add(&shard.counts[bucket(micros)], n);
        add(&shard.sum_micros, micros.wrapping_mul(n));
    }

    /// Quantiles over everything recorded.
    pub fn quantiles(&self) -> Quantiles {
        let counts = self.counts();
        let count = counts.iter().sum();
        Quantiles {
            count,
            p50: quantile(&counts, count, 500),
            p99: quantile(&counts, count, 990),
            p999: quantile(&counts, count, 999),
        }
    }

    /// Appends the histogram in the Prometheus text format; `labels` as they stand between the braces.
    pub fn render(&self, name: &str, labels: &str, out: &mut String) {
        let counts = self.counts();
        let total: u64 = counts.iter().sum();
        for exponent in EXPORTED {
            let below: u64 = counts[..bucket(1 << exponent)].iter().sum();
            let bound = (1u64 << exponent) as f64 / 1e6;
            let _ = writeln!(out, "{name}_bucket{{{labels},le=\"{bound}\"}} {below}");
        }
        let _ = writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {total}");
        let micros: u64 = self
            .shards
            .iter()
            .map(|shard| shard.sum_micros.load(Ordering::Relaxed))
            .sum();
        let _ = writeln!(out, "{name}_sum{{{labels}}} {}", micros as f64 / 1e6);
        let _ = writeln!(out, "{name}_count{{{labels}}} {total}");
    }

    fn counts(&self) -> [u64; BUCKETS] {
        let mut counts = [0; BUCKETS];
        for shard in &self.shards {
            for (sum, count) in counts.iter_mut().zip(&shard.counts) {
                *sum += count.load(Ordering::Relaxed);
            }
        }
        counts
    }
}

/// The bucket that holds `micros`: bucket i begins at [`lower_bound`] of i.
fn bucket(micros: u64) -> usize {
    if micros < STEPS as u64 {
        return micros as usize;
    }
    let octave = micros.ilog2() as usize; // at least 3, as STEPS is 2³
    let step = (micros >> (octave - 3)) as usize - STEPS;
    ((octave - 2) * STEPS + step).min(BUCKETS - 1)
}

/// The smallest number of microseconds in bucket `index`.
fn lower_bound(index: usize) -> u64 {
    if index < STEPS {
        return index as u64;
    }
    let (octave, step) = (index / STEPS + 2, index % STEPS);
    ((STEPS + step) as u64) << (octave - 3)
}

fn quantile(counts: &[u64; BUCKETS], total: u64, per_mille: u64) -> Duration {
    let rank = (total * per_mille).div_ceil(1_000).max(1);
    let mut seen = 0;
    for (index, count) in counts.iter().enumerate() {
        seen += count;
        if seen >= rank {
            return Duration::from_micros(lower_bound(index + 1));
        }
    }
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_begins_where_the_last_one_ends() {
        for index in 0..BUCKETS - 1 {
            let bound = lower_bound(index);
            assert_eq!(bucket(bound), index, "bound {bound}");
            if bound > 0 {
                assert_eq!(bucket(bound - 1), index - 1, "below {bound}");
            }
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_off_by_at_most_an_eighth() {
        let histogram = Histogram::default();
        (1..=1_000).for_each(|ms| histogram.record(Duration::from_millis(ms)));
        let found = histogram.quantiles();
        assert_eq!(found.count, 1_000);
        assert!((500..=563).contains(&found.p50.as_millis()), "{found:?}");
        assert!((990..=1_114).contains(&found.p99.as_millis()), "{found:?}");
    }

    #[test]
    fn renders_cumulative_buckets() {
        let histogram = Histogram::default();
        histogram.record(Duration::from_micros(10));
        histogram.record(Duration::from_micros(20));
        histogram.record(Duration::from_secs(400));
        let mut text = String::new();
        histogram.render("x", "pipeline=\"p\"", &mut text);
        let has = |line: &str| assert!(text.contains(line), "{line} in\n{text}");
        has("x_bucket{pipeline=\"p\",le=\"0.000016\"} 1\n");
        has("x_bucket{pipeline=\"p\",le=\"0.000064\"} 2\n");
        has("x_bucket{pipeline=\"p\",le=\"268.435456\"} 2\n");
        has("x_bucket{pipeline=\"p\",le=\"+Inf\"} 3\n");
        has("x_sum{pipeline=\"p\"} 400.00003\n");
    }

    #[test]
    fn an_empty_histogram_has_no_quantiles() {
        assert_eq!(Histogram::default().quantiles(), Quantiles::default());
    }
}
