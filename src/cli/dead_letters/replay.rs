//! Dead letters become records again.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::{PATIENCE, Which, each};
use crate::cli::progress::Bar;
use crate::config::Config;
use crate::daemon::Exit;
use crate::kafka::Cluster;
use crate::kafka::Feeder;
use crate::kafka::OwnedRecord;
use crate::kafka::Record;
use crate::kafka::read_record;
use crate::pipeline::SourceConfig;
use crate::sink::dead_letter::DeadLetter;
use crate::sink::dead_letter::replay_headers;

const FLUSH: Duration = Duration::from_secs(120);

/// Replays those that are meant, or only says which they are.
pub(super) fn run(
    config: &Config,
    cluster: &Cluster,
    which: &Which,
    dry_run: bool,
) -> anyhow::Result<Exit> {
    // Before anything is produced: what a replay that fails at once adds to the topic must not be found by it.
    let mut meant: Vec<(String, OwnedRecord, Option<Whole>)> = Vec::new();
    each(config, cluster, which, |record, letter| {
        let whole = letter.truncated.then(|| Whole::of(letter));
        meant.push((letter.input.to_string(), OwnedRecord::new(record), whole));
        Ok(())
    })?;
    for (topic, ..) in &meant {
        ensure!(
            is_input(config, topic),
            "{topic} is not an input of any pipeline of this config"
        );
    }
    let mut out = std::io::stdout().lock();
    if dry_run {
        for (topic, record, _) in &meant {
            let record = record.as_record();
            let (from, partition, offset) = (record.topic, record.partition, record.offset);
            writeln!(out, "{from}/{partition}/{offset} would go to {topic}")?;
        }
        writeln!(out, "{} would be replayed", meant.len())?;
        return Ok(Exit::Done);
    }
    let feeder = Feeder::new(cluster, "").context("kafka")?;
    let mut bar = Bar::new(meant.len() as u64);
    let mut gone = 0_u64;
    for (topic, record, whole) in &meant {
        let record = record.as_record();
        let headers = replay_headers(&record);
        let source = match whole {
            Some(whole) => whole.read(cluster)?,
            None => None,
        };
        match (whole, &source) {
            (Some(whole), None) => {
                gone += 1;
                let (topic, partition, offset) = (&whole.topic, whole.partition, whole.offset);
                eprintln!("the record of a cut dead letter is gone: {topic}/{partition}/{offset}");
            }
            _ => {
                let value = source.as_ref().map_or(record, OwnedRecord::as_record).value;
                let record = Record { value, ..record };
                feeder
                    .send_record(topic, &record, &headers)
                    .with_context(|| format!("topic {topic}"))?;
            }
        }
        bar.step();
    }
    feeder.flush(FLUSH).context("kafka")?;
    drop(bar);
    let taken = feeder.taken();
    writeln!(out, "{taken} replayed")?;
    let missing = meant.len() as u64 - taken;
    if missing > 0 {
        writeln!(
            out,
            "{missing} not replayed, {gone} of them because their records are gone"
        )?;
        return Ok(Exit::No);
    }
    Ok(Exit::Done)
}

fn is_input(config: &Config, topic: &str) -> bool {
    config
        .pipelines
        .iter()
        .any(|pipeline| match &pipeline.stream.source {
            SourceConfig::Kafka(source) => source.topics.iter().any(|input| input == topic),
            SourceConfig::File(_) => false,
        })
}

/// Where the whole value of a cut dead letter stands.
struct Whole {
    topic: String,
    partition: i32,
    offset: i64,
}

impl Whole {
    fn of(letter: &DeadLetter<'_>) -> Whole {
        let (topic, partition, offset) = letter.source;
        Whole {
            topic: topic.to_string(),
            partition,
            offset,
        }
    }

    fn read(&self, cluster: &Cluster) -> anyhow::Result<Option<OwnedRecord>> {
        let found = read_record(cluster, &self.topic, self.partition, self.offset, PATIENCE);
        found.with_context(|| format!("topic {}", self.topic))
    }
}
