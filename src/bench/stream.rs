//! From topic to topic: bare loops and the whole pipeline in turn at full speed, then at half and at a tenth of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::feeding::{Feeding, Pace};
use super::report::{Latency, Meter, PacedReport, StreamReport};
use super::steady::Steady;
use super::{LOOK_EVERY, Load, Progress};
use crate::kafka::Copy;
use crate::kafka::HeaderBuffer;
use crate::kafka::Headers;
use crate::kafka::Record;
use crate::kafka::TimestampType;
use crate::kafka::copy_topic;
use crate::kafka::create_topic;
use crate::kafka::delete_topics;
use crate::pipeline::Order;
use crate::pipeline::Pipeline;
use crate::pipeline::PipelineConfig;
use crate::pipeline::PipelineOptions;
use crate::pipeline::RetryConfig;
use crate::pipeline::Shared;
use crate::pipeline::SinkConfig;
use crate::pipeline::SourceConfig;
use crate::runtime::Machine;
use crate::sink::KafkaSinkConfig;
use crate::sink::record::ResultHeaders;
use crate::sink::record::Run;
use crate::sink::record::result_headers;
use crate::source::SourceEnd;
use crate::source::kafka::KafkaSourceConfig;
use crate::telemetry::PipelineMetrics;

/// Where a stream is measured.
pub struct StreamBench {
    /// What the pipeline shares with others, the cluster among it.
    pub shared: Shared,
    /// What runs.
    pub machine: Arc<Machine>,
    /// Partitions of the topics that are made.
    pub partitions: u32,
    /// What runs in order.
    pub ordering: Order,
    /// Which headers of ours results have.
    pub headers: ResultHeaders,
    /// Tells the topics and groups of this run from those of others.
    pub unique: String,
    /// Rounds at full speed; medians count.
    pub rounds: usize,
}

/// Why a stream could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The client or the cluster.
    #[error(transparent)]
    Kafka(#[from] crate::kafka::KafkaError),
    /// The pipeline did not start.
    #[error(transparent)]
    Start(#[from] crate::pipeline::StartError),
    /// Anything else, in words.
    #[error("{0}")]
    Failed(String),
}

/// The embedded broker forgets records silently, so nobody gets far ahead there: a share of what a partition keeps.
const EMBEDDED_BYTES: usize = 2 << 20;
const EMBEDDED_RECORDS: usize = 20_000;
/// When nothing has moved for so long, nothing will.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long less than full speed is measured.
const PACED: Duration = Duration::from_secs(5);

/// Topics that are made, by the ends of their names.
const TOPICS: [&str; 9] = [
    "in",
    "out",
    "dead",
    "bare",
    "bare-headers",
    "half",
    "half-bare",
    "tenth",
    "tenth-bare",
];

/// A pace below full speed.
struct Paced {
    /// Names its topics.
    name: &'static str,
    /// What is shown meanwhile.
    what: &'static str,
    /// Records per second.
    rate: f64,
}

impl StreamBench {
    /// Measures. The topics are deleted afterwards.
    pub async fn run(
        &self,
        load: &Arc<Load>,
        progress: Progress<'_>,
    ) -> Result<StreamReport, StreamError> {
        let topics = TOPICS.map(|name| self.topic(name));
        for topic in &topics {
            create_topic(&self.shared.cluster, topic, self.partitions).await?;
        }
        let measured = self.measure(load, progress);
        let topics: Vec<_> = topics.iter().map(String::as_str).collect();
        let deleted = delete_topics(&self.shared.cluster, &topics).await;
        let report = measured?;
        deleted?;
        Ok(report)
    }

    fn topic(&self, name: &str) -> String {
        format!("expressd-bench-{}-{name}", self.unique)
    }

    fn measure(
        &self,
        load: &Arc<Load>,
        progress: Progress<'_>,
    ) -> Result<StreamReport, StreamError> {
        let cluster = &self.shared.cluster;
        if !cluster.is_embedded() {
            self.feed_ahead(load, progress)?;
        }
        let headers = self.example_headers();
        let (mut bare, mut bare_headers, mut full) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..self.rounds.max(1) {
            bare.push(self.bare("bare", round, &HeaderBuffer::new(), load, progress)?);
            bare_headers.push(self.bare("bare-headers", round, &headers, load, progress)?);
            let group = format!("{}-{round}", self.topic("in"));
            full.push(self.stream("in", &group, load, load.count, None, progress)?);
        }
        let (bare, bare_usage) = median(bare, |bare| bare.0);
        let (bare_with_headers, bare_with_headers_usage) = median(bare_headers, |bare| bare.0);
        let full = median(full, |full| full.per_second);
        let half = Paced {
            name: "half",
            what: "half speed",
            rate: full.per_second / 2.0,
        };
        let tenth = Paced {
            name: "tenth",
            what: "a tenth of the speed",
            rate: full.per_second / 10.0,
        };
        let totals = full.metrics.totals();
        Ok(StreamReport {
            broker: match cluster.is_embedded() {
                true => "embedded".to_string(),
                false => cluster.bootstrap().to_string(),
            },
            partitions: self.partitions,
            rounds: self.rounds.max(1),
            records: totals.results + totals.dead_letters + totals.discarded,
            dead_letters: totals.dead_letters,
            per_second: full.per_second,
            latency: full.metrics.delivery_seconds().quantiles().into(),
            usage: full.usage,
            bare_per_second: bare,
            bare_usage,
            of_bare: full.per_second / bare.max(1e-9),
            bare_with_headers_per_second: bare_with_headers,
            bare_with_headers_usage,
            of_bare_with_headers: full.per_second / bare_with_headers.max(1e-9),
            half_load: self.paced(&half, load, progress)?,
            tenth_load: self.paced(&tenth, load, progress)?,
        })
    }

    /// Latency of the pipeline and of the bare loop at a pace.
    fn paced(
        &self,
        paced: &Paced,
        load: &Arc<Load>,
        progress: Progress<'_>,
    ) -> Result<PacedReport, StreamError> {
        let n = ((paced.rate * PACED.as_secs_f64()) as u64).clamp(1, load.count);
        let input = self.topic(paced.name);
        let ran = self.stream(paced.name, &input, load, n, Some(paced), progress)?;
        Ok(PacedReport {
            per_second: paced.rate,
            latency: ran.metrics.event_seconds().quantiles().into(),
            bare_latency: self.paced_bare(paced, load, n, progress)?,
        })
    }

    /// Latency of the bare loop at a pace.
    fn paced_bare(
        &self,
        paced: &Paced,
        load: &Arc<Load>,
        n: u64,
        progress: Progress<'_>,
    ) -> Result<Latency, StreamError> {
        let cluster = &self.shared.cluster;
        let from = self.topic(&format!("{}-bare", paced.name));
        let to = self.topic("bare");
        let acknowledged = Arc::new(AtomicU64::new(0));
        let latency = Arc::default();
        let copy = Copy {
            topics: (&from, &to),
            headers: &HeaderBuffer::new(),
            // The first one tells that the loop is there: what is fed while the group is still forming would count as late.
            n: n + 1,
            patience: PATIENCE,
            acknowledged: &acknowledged,
            latency: Some(&latency),
        };
        let consumer = self.source("in", "").client(cluster, &from);
        let producer = self.sink().client(cluster);
        thread::scope(|scope| {
            let copying = scope.spawn(|| copy_topic(consumer, &producer, &copy));
            let first = Feeding::start(load, cluster, &from, 1, Pace::Full)?;
            first.join()?;
            let done = || acknowledged.load(Ordering::Relaxed);
            while done() == 0 && !copying.is_finished() {
                thread::park_timeout(LOOK_EVERY);
            }
            let feeding = Feeding::start(load, cluster, &from, n, Pace::Rate(paced.rate))?;
            while !copying.is_finished() {
                progress(paced.what, done(), n);
                thread::park_timeout(LOOK_EVERY);
            }
            drop(feeding);
            match copying.join() {
                Ok(copied) => copied.map(drop).map_err(|error| error.to_string()),
                Err(_) => Err("the bare loop panicked".to_string()),
            }
        })
        .map_err(StreamError::Failed)?;
        Ok(latency.quantiles().into())
    }

    /// Fills the topic that the bare loop and the pipeline read, each from its beginning.
    fn feed_ahead(&self, load: &Arc<Load>, progress: Progress<'_>) -> Result<(), StreamError> {
        let topic = self.topic("in");
        let feeding = Feeding::start(load, &self.shared.cluster, &topic, load.count, Pace::Full);
        let feeding = feeding.map_err(StreamError::Failed)?;
        while !feeding.is_finished() {
            progress("produce", feeding.sent(), load.count);
            thread::park_timeout(LOOK_EVERY);
        }
        feeding.join().map_err(StreamError::Failed)
    }

    /// Feeds a topic while it is read, unless it was fed ahead.
    fn feed(
        &self,
        topic: &str,
        load: &Arc<Load>,
        n: u64,
        done: &Arc<AtomicU64>,
        paced: Option<&Paced>,
    ) -> Result<Option<Feeding>, StreamError> {
        let most = (EMBEDDED_BYTES / load.mean_bytes()).clamp(1, EMBEDDED_RECORDS);
        let pace = match paced {
            Some(paced) => Pace::Rate(paced.rate),
            None if self.shared.cluster.is_embedded() => Pace::Ahead(most as u64, Arc::clone(done)),
            None => return Ok(None),
        };
        let feeding = Feeding::start(load, &self.shared.cluster, topic, n, pace);
        feeding.map(Some).map_err(StreamError::Failed)
    }

    /// What the results of a run look like from outside.
    fn example_headers(&self) -> HeaderBuffer {
        let topic = self.topic("in");
        let record = Record {
            topic: &topic,
            partition: 0,
            offset: 100_000,
            timestamp: None,
            timestamp_type: TimestampType::CreateTime,
            key: None,
            value: None,
            headers: Headers::NONE,
        };
        let now = self.shared.runtime.clock().read().wall_millis();
        let run = Run {
            pipeline: self.machine.pipeline(),
            definition: self.machine.plan().hash(),
            instance: &self.shared.instance,
            execution: &self.machine.execution_id(&format!("{topic}-0-100000")),
            attempt: 1,
            started: now,
            ended: now,
        };
        let mut headers = HeaderBuffer::new();
        result_headers(&record, &run, self.headers, &mut headers);
        headers
    }

    /// Records per second of the loop that only copies.
    fn bare(
        &self,
        name: &str,
        round: usize,
        headers: &HeaderBuffer,
        load: &Arc<Load>,
        progress: Progress<'_>,
    ) -> Result<(f64, super::Usage), StreamError> {
        let cluster = &self.shared.cluster;
        let (source, sink) = (self.source("in", ""), self.sink());
        // The pipeline needs the records that the embedded broker would have forgotten by then.
        let from = match cluster.is_embedded() {
            true => self.topic(&format!("{name}-in-{round}")),
            false => self.topic("in"),
        };
        cluster.provide_topic(&from)?;
        let to = self.topic(name);
        let acknowledged = Arc::new(AtomicU64::new(0));
        let consumer = source.client(cluster, &format!("{to}-{round}"));
        let producer = sink.client(cluster);
        let feeding = self.feed(&from, load, load.count, &acknowledged, None)?;
        let copy = Copy {
            topics: (&from, &to),
            headers,
            n: load.count,
            patience: PATIENCE,
            acknowledged: &acknowledged,
            latency: None,
        };
        let meter = Meter::start();
        let mut steady = Steady::begin();
        let copied = thread::scope(|scope| {
            let copying = scope.spawn(|| copy_topic(consumer, &producer, &copy));
            while !copying.is_finished() {
                let done = acknowledged.load(Ordering::Relaxed);
                steady.look(done);
                progress("bare loop", done, load.count);
                thread::park_timeout(LOOK_EVERY);
            }
            copying.join()
        });
        steady.look(acknowledged.load(Ordering::Relaxed));
        drop(feeding);
        let copied = copied.map_err(|_| StreamError::Failed("the bare loop panicked".into()))?;
        let n = acknowledged.load(Ordering::Relaxed);
        if n < load.count {
            let missing = load.count - n;
            return Err(StreamError::Failed(format!(
                "the bare loop ended {missing} records early"
            )));
        }
        copied?;
        Ok((steady.per_second(), meter.stop(n)))
    }

    /// Runs the pipeline until every record has its outcome.
    fn stream(
        &self,
        input: &str,
        group: &str,
        load: &Arc<Load>,
        n: u64,
        paced: Option<&Paced>,
        progress: Progress<'_>,
    ) -> Result<Streamed, StreamError> {
        let config = PipelineConfig {
            retry: RetryConfig::default(),
            source: SourceConfig::Kafka(self.source(input, group)),
            sink: SinkConfig::Kafka(self.sink()),
            options: PipelineOptions {
                ordering: self.ordering,
                ..PipelineOptions::default()
            },
        };
        let metrics =
            PipelineMetrics::new(self.machine.pipeline(), Arc::clone(self.machine.metrics()));
        let metrics = Arc::new(metrics);
        let done = Arc::new(AtomicU64::new(0));
        let machine = Arc::clone(&self.machine);
        let meter = Meter::start();
        let pipeline = Pipeline::start(&config, machine, Arc::clone(&metrics), &self.shared)?;
        // What is fed while the group is still forming would count as late.
        let joining = Instant::now();
        while !pipeline.is_ready() && joining.elapsed() < PATIENCE {
            thread::park_timeout(LOOK_EVERY);
        }
        let warm_up = match paced {
            Some(_) => self.warm_up(input, load, &metrics)?,
            None => 0,
        };
        let feeding = self.feed(&self.topic(input), load, n, &done, paced)?;
        let n = n + warm_up;
        let what = paced.map_or("full speed", |paced| paced.what);
        let rate = watch(&pipeline, &metrics, n, &done, &|done| {
            progress(what, done, n)
        });
        drop(feeding);
        let usage = meter.stop(n);
        pipeline.stop();
        let end = pipeline.join();
        match (rate, end) {
            (Some(per_second), SourceEnd::Drained) => Ok(Streamed {
                per_second,
                usage,
                metrics,
            }),
            (_, SourceEnd::Failed(error)) => Err(StreamError::Failed(error.to_string())),
            _ => {
                let missing = n.saturating_sub(done.load(Ordering::Relaxed));
                Err(StreamError::Failed(format!(
                    "{missing} records have no outcome"
                )))
            }
        }
    }

    /// Feeds one record and waits for its outcome: what waited until all connections are open would count as late.
    fn warm_up(
        &self,
        input: &str,
        load: &Arc<Load>,
        metrics: &PipelineMetrics,
    ) -> Result<u64, StreamError> {
        let cluster = &self.shared.cluster;
        let first = Feeding::start(load, cluster, &self.topic(input), 1, Pace::Full);
        first.and_then(Feeding::join).map_err(StreamError::Failed)?;
        let started = Instant::now();
        while outcomes(metrics) == 0 && started.elapsed() < PATIENCE {
            thread::park_timeout(LOOK_EVERY);
        }
        Ok(1)
    }

    fn source(&self, input: &str, group: &str) -> KafkaSourceConfig {
        from_json(json!({"topics": [self.topic(input)], "group": group}))
    }

    fn sink(&self) -> KafkaSinkConfig {
        from_json(json!({
            "output": self.topic("out"), "dead_letters": self.topic("dead"), "headers": self.headers,
        }))
    }
}

/// The round in the middle.
fn median<T>(mut rounds: Vec<T>, rate: impl Fn(&T) -> f64) -> T {
    rounds.sort_by(|a, b| rate(a).total_cmp(&rate(b)));
    rounds.swap_remove(rounds.len() / 2)
}

/// A pipeline's run.
struct Streamed {
    per_second: f64,
    usage: super::Usage,
    metrics: Arc<PipelineMetrics>,
}

/// Records that have their outcomes.
fn outcomes(metrics: &PipelineMetrics) -> u64 {
    let totals = metrics.totals();
    totals.results + totals.dead_letters + totals.discarded
}

/// Waits for `n` outcomes; their number per second, or nothing when nothing moves any more.
fn watch(
    pipeline: &Pipeline,
    metrics: &PipelineMetrics,
    n: u64,
    done: &AtomicU64,
    look: &dyn Fn(u64),
) -> Option<f64> {
    let mut steady = Steady::begin();
    loop {
        let outcomes = outcomes(metrics);
        done.store(outcomes, Ordering::Relaxed);
        steady.look(outcomes);
        if outcomes >= n {
            return Some(steady.per_second());
        }
        if steady.moved().elapsed() > PATIENCE || pipeline.is_finished() {
            return None;
        }
        look(outcomes);
        thread::park_timeout(LOOK_EVERY);
    }
}

/// The defaults of a config's section.
fn from_json<T: serde::de::DeserializeOwned>(json: serde_json::Value) -> T {
    serde_json::from_value(json).expect("the keys are those of the config")
}
