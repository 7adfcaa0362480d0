//! `expressd bench`: how fast a definition runs here.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::Exit;
use super::progress::Bar;
use super::subject::Subject;
use super::{invalid, read, say, wrong_usage};
use crate::bench::Load;
use crate::bench::Report;
use crate::bench::StreamBench;
use crate::bench::counting;
use crate::bench::in_process;
use crate::config::Config;
use crate::kafka::Cluster;
use crate::pipeline::Order;
use crate::pipeline::Shared;
use crate::runtime::Clock;
use crate::runtime::Runtime;
use crate::sink::record::ResultHeaders;
use crate::source::Deadlines;
use crate::source::MemoryBudget;
use crate::task::Binding;
use crate::task::Glob;
use crate::task::Registry;
use crate::task::script::Script;
use crate::telemetry::LogConfig;
use crate::telemetry::init_log;

/// Measure a definition: in this process, and through Kafka beside a loop that only copies
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  expressd bench order.asl.json --events orders.ndjson --script answers.yaml
  expressd bench order.asl.json --events orders.ndjson --script answers.yaml --kafka localhost:9092
  expressd bench expressd.yaml --pipeline orders --events orders.ndjson --kafka --json

Tasks are answered by the script, or by the bindings of a config's pipeline. Through Kafka, topics called
expressd-bench-… are made and deleted again; embedded is a broker inside this process, which shares its cores.")]
pub(super) struct Args {
    /// A definition, or a config with --pipeline
    file: PathBuf,
    /// Events, one JSON text a line; taken in turn
    #[arg(long, value_name = "FILE")]
    events: PathBuf,
    /// Answers for tasks, YAML or JSON
    #[arg(long, value_name = "FILE", conflicts_with = "pipeline")]
    script: Option<PathBuf>,
    /// Pipeline of the config
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// Measure through Kafka, too: addresses, or embedded; without a value the config's broker
    #[arg(long, value_name = "BROKERS", num_args = 0..=1, default_missing_value = "")]
    kafka: Option<String>,
    /// Executions
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// Partitions of the topics
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1000))]
    partitions: u32,
    /// Rounds through Kafka at full speed; medians count
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    /// Keys of the records, taken in turn; 0 gives every record its own
    #[arg(long, default_value_t = 0, value_name = "N")]
    keys: u64,
    /// What keeps its order through Kafka
    #[arg(long, value_enum, default_value_t = Ordering::Key)]
    ordering: Ordering,
    /// Which headers of ours results have through Kafka
    #[arg(long, value_enum, default_value_t = Headers::All)]
    headers: Headers,
    /// Threads that compute; 0 is one for each core, or what the config says
    #[arg(long, default_value_t = 0)]
    workers: usize,
    /// Executions that wait at the same time, without Kafka
    #[arg(long, default_value_t = 10_000)]
    in_flight: usize,
    /// Measure what metrics cost, too: counting them, and being scraped
    #[arg(long)]
    metrics: bool,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

/// As a config says it.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Ordering {
    Unordered,
    Key,
    Partition,
}

impl From<Ordering> for Order {
    fn from(ordering: Ordering) -> Order {
        match ordering {
            Ordering::Unordered => Order::Unordered,
            Ordering::Key => Order::Key,
            Ordering::Partition => Order::Partition,
        }
    }
}

/// As a config says it.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Headers {
    All,
    Essential,
}

impl From<Headers> for ResultHeaders {
    fn from(headers: Headers) -> ResultHeaders {
        match headers {
            Headers::All => ResultHeaders::All,
            Headers::Essential => ResultHeaders::Essential,
        }
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let subject = match Config::is_config(&args.file) {
        true => Subject::of_config(&args.file, args.pipeline.as_deref())?,
        false => of_definition(args)?,
    };
    let Some(subject) = subject else {
        return Ok(Exit::Invalid);
    };
    let load = Arc::new(Load {
        events: events(&args.events)?,
        count: args.count,
        in_flight: args.in_flight.max(1),
        keys: args.keys,
    });
    let report = measure(args, &subject, &load)?;
    match args.json {
        true => say(serde_json::to_string_pretty(&report)?)?,
        false => say(report.to_string().trim_end())?,
    }
    Ok(Exit::Done)
}

fn measure(args: &Args, subject: &Subject, load: &Arc<Load>) -> anyhow::Result<Report> {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    // What the client complains about explains odd figures.
    init_log(&LogConfig {
        level: "warn".to_string(),
        ..LogConfig::default()
    })?;
    let mut config = subject.runtime.clone();
    if args.workers > 0 {
        config.workers = args.workers;
    }
    let runtime = Runtime::new(&config, Clock::real(), tokio.handle().clone())?;
    let mut kafka = subject.kafka.clone();
    match args.kafka.as_deref() {
        None | Some("") => {}
        Some(brokers) => kafka.broker = brokers.to_string(),
    }
    kafka.embedded.partitions = args.partitions;
    let bar = Bar::new(args.json);
    let progress = |what: &str, done, of| bar.show(what, done, of);
    let cluster = match &args.kafka {
        Some(_) => Some(Arc::new(Cluster::new(&kafka)?)),
        None => None,
    };
    if let Some(cluster) = &cluster {
        subject.tasks.open(cluster)?;
    }
    let in_process = in_process(load, &subject.machine, &runtime, &progress);
    let metrics = args
        .metrics
        .then(|| counting(load, &subject.machine, &runtime, &progress));
    let streamed = match &cluster {
        None => None,
        Some(cluster) => {
            let shared = Shared {
                runtime: runtime.clone(),
                cluster: Arc::clone(cluster),
                budget: Arc::new(MemoryBudget::new(256 << 20)),
                instance: "bench".to_string(),
                deadlines: Deadlines {
                    drain: Duration::from_secs(10),
                    cancel: Duration::from_secs(2),
                },
                until_idle: false,
            };
            let started = runtime.clock().read().wall_millis();
            let bench = StreamBench {
                shared,
                machine: Arc::clone(&subject.machine),
                partitions: args.partitions,
                rounds: args.rounds.into(),
                ordering: args.ordering.into(),
                headers: args.headers.into(),
                unique: format!("{}-{started}", std::process::id()),
            };
            Some(tokio.block_on(bench.run(load, &progress))?)
        }
    };
    bar.clear();
    let bytes: usize = load.events.iter().map(String::len).sum();
    Ok(Report {
        definition: subject.machine.plan().hash().to_string(),
        event_bytes: bytes / load.events.len(),
        workers: runtime.workers(),
        in_process,
        metrics,
        kafka: streamed,
    })
}

fn of_definition(args: &Args) -> anyhow::Result<Option<Subject>> {
    if args.pipeline.is_some() {
        return Err(wrong_usage("--pipeline goes with a config"));
    }
    let mut tasks = Registry::default();
    if let Some(script) = &args.script {
        tasks.add(Binding {
            resource: Glob::new("*"),
            function: None,
            integration: Arc::new(Script::load(script).map_err(invalid)?),
        });
    }
    Ok(Subject::of_definition(&args.file, tasks))
}

fn events(file: &Path) -> anyhow::Result<Vec<String>> {
    let at = |reason: &dyn Display| wrong_usage(format!("{}: {reason}", file.display()));
    let text = String::from_utf8(read(file)?).map_err(|error| at(&error))?;
    let events: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(str::to_string)
        .collect();
    match events.is_empty() {
        true => Err(at(&"there is no event")),
        false => Ok(events),
    }
}
