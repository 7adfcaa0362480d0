//! `expressd dead-letters`: looks at them, and runs them again.

mod filter;
mod replay;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use serde_json::json;

use self::filter::Filter;
use super::Exit;
use super::exec::Place;
use super::{not_there, of_topic, print_problems, wrong_usage};
use crate::config::Config;
use crate::kafka::Record;
use crate::kafka::Scan;
use crate::kafka::read_record;
use crate::kafka::{Cluster, EMBEDDED};
use crate::pipeline::SinkConfig;
use crate::sink::dead_letter::DeadLetter;

/// List dead letters, show one, replay some
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  expressd dead-letters list expressd.yaml --error 'Lambda.*' --since 2026-01-31T12:00:00Z
  expressd dead-letters show expressd.yaml orders-dead-letters/0/17
  expressd dead-letters replay expressd.yaml --state Charge --dry-run

A replay produces the record to the topic it came from, with its own key, value and headers and with expressd.replay
headers that say which dead letter it was. The dead letter stays where it is: select by time what is replayed twice.
Exit codes: 0 done; 1 some could not be replayed; 4 the cluster does not answer; 65 the config is invalid")]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// One line for each: place, time, error, state, where the record came from
    List {
        #[command(flatten)]
        which: Which,
        /// JSON Lines instead
        #[arg(long)]
        json: bool,
    },
    /// All headers and the value of one
    Show {
        /// The config
        config: PathBuf,
        /// Where it stands in its dead-letter topic
        #[arg(value_name = "TOPIC/PARTITION/OFFSET")]
        place: Place,
    },
    /// Produce them again to the topics they came from
    Replay {
        #[command(flatten)]
        which: Which,
        /// Only say what would be replayed
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Which {
    /// The config
    config: PathBuf,
    /// Only those of this pipeline
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    #[command(flatten)]
    filter: Filter,
}

/// How long a cluster may take to show a record.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let path = match &args.action {
        Action::List { which, .. } | Action::Replay { which, .. } => &which.config,
        Action::Show { config, .. } => config,
    };
    let Some(config) = load(path) else {
        return Ok(Exit::Invalid);
    };
    if config.kafka.broker == EMBEDDED {
        return Err(wrong_usage(
            "the embedded broker keeps nothing: there is no cluster to look into",
        ));
    }
    let cluster = Cluster::new(&config.kafka).context("kafka")?;
    match &args.action {
        Action::List { which, json } => {
            each(&config, &cluster, which, |record, letter| {
                Ok(print(record, letter, *json)?)
            })?;
            Ok(Exit::Done)
        }
        Action::Show { place, .. } => show(&cluster, place),
        Action::Replay { which, dry_run } => replay::run(&config, &cluster, which, *dry_run),
    }
}

fn load(path: &Path) -> Option<Config> {
    Config::load(path)
        .map_err(|problems| print_problems(&problems))
        .ok()
}

/// The dead-letter topics of the pipelines that are meant.
fn topics(config: &Config, pipeline: Option<&str>) -> anyhow::Result<Vec<String>> {
    let mut topics = Vec::new();
    for found in &config.pipelines {
        if pipeline.is_none_or(|name| name == found.name)
            && let SinkConfig::Kafka(sink) = &found.stream.sink
            && let Some(topic) = &sink.dead_letters
            && !topics.contains(topic)
        {
            topics.push(topic.clone());
        }
    }
    match (topics.is_empty(), pipeline) {
        (false, _) => Ok(topics),
        (true, None) => Err(wrong_usage("no pipeline has a dead-letter topic")),
        (true, Some(name)) => {
            let reason = format!("no pipeline with a dead-letter topic is called \"{name}\"");
            Err(wrong_usage(reason))
        }
    }
}

/// Shows those that are meant, and were there when it began, to `look`.
fn each(
    config: &Config,
    cluster: &Cluster,
    which: &Which,
    mut look: impl FnMut(&Record<'_>, &DeadLetter<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let topics = topics(config, which.pipeline.as_deref())?;
    let scans = topics.iter().map(|topic| {
        let scan = Scan::new(cluster, topic).map_err(of_topic(topic))?;
        anyhow::Ok((topic, scan))
    });
    // All before the first is run: a record that is replayed may soon be a dead letter in the next topic.
    let scans: Vec<_> = scans.collect::<Result<_, _>>()?;
    let (mut found, mut looked) = (0, Ok(()));
    for (topic, scan) in scans {
        let scanned = scan.run(PATIENCE, |record| {
            let letter = which.filter.pick(record).filter(|letter| {
                let pipeline = which.pipeline.as_deref();
                pipeline.is_none_or(|name| name == letter.pipeline)
            });
            if let Some(letter) = letter {
                found += 1;
                looked = look(record, &letter);
            }
            looked.is_ok() && !which.filter.is_enough(found)
        });
        scanned.map_err(of_topic(topic))?;
        if looked.is_err() || which.filter.is_enough(found) {
            break;
        }
    }
    looked
}

fn print(record: &Record<'_>, letter: &DeadLetter<'_>, as_json: bool) -> io::Result<()> {
    let place = format!("{}/{}/{}", record.topic, record.partition, record.offset);
    let (topic, partition, offset) = letter.source;
    let source = format!("{topic}/{partition}/{offset}");
    let mut out = io::stdout().lock();
    if as_json {
        let line = json!({
            "place": place, "failed": letter.failed, "error": letter.error, "cause": letter.cause,
            "state": letter.state, "pipeline": letter.pipeline, "source": source,
        });
        return writeln!(out, "{line}");
    }
    let (failed, error, state) = (letter.failed, letter.error, letter.state);
    let state = if state.is_empty() { "-" } else { state };
    writeln!(out, "{place}  {failed}  {error}  {state}  from {source}")
}

fn show(cluster: &Cluster, place: &Place) -> anyhow::Result<Exit> {
    let (topic, partition, offset) = (&place.topic, place.partition, place.offset);
    let found = read_record(cluster, topic, partition, offset, PATIENCE);
    let Some(record) = found.map_err(of_topic(topic))? else {
        let reason = format!("there is no record at {topic}/{partition}/{offset}");
        return Err(not_there(reason));
    };
    let record = record.as_record();
    let text = |bytes: Option<&[u8]>| {
        bytes.map_or_else(
            || "null".into(),
            |bytes| String::from_utf8_lossy(bytes).into_owned(),
        )
    };
    let mut out = io::stdout().lock();
    for header in record.headers.iter() {
        writeln!(out, "{}: {}", header.name, text(header.value))?;
    }
    writeln!(out, "\nkey: {}", text(record.key))?;
    writeln!(out, "{}", text(record.value))?;
    Ok(Exit::Done)
}
