//! Dead letters become records again.

use std::time::Duration;

use anyhow::Context;

use super::{PATIENCE, Which, each};
use crate::cli::progress::Bar;
use crate::cli::{of_topic, say, wrong_usage};
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

/// Replays those that are meant, or only says which they are. They are read twice: nothing is produced before it is known
/// that all of them have a topic to go to, and more of them than fit into memory may be meant.
pub(super) fn run(
    config: &Config,
    cluster: &Cluster,
    which: &Which,
    dry_run: bool,
) -> anyhow::Result<Exit> {
    let mut meant = 0;
    each(config, cluster, which, |record, letter| {
        if !is_input(config, letter.input) {
            let topic = letter.input;
            let reason = format!("{topic} is not an input of any pipeline of this config");
            return Err(wrong_usage(reason));
        }
        meant += 1;
        if dry_run {
            let (from, partition, offset) = (record.topic, record.partition, record.offset);
            let to = letter.input;
            say(format_args!("{from}/{partition}/{offset} would go to {to}"))?;
        }
        Ok(())
    })?;
    if dry_run {
        say(format_args!("{meant} would be replayed"))?;
        return Ok(Exit::Done);
    }
    let (sent, gone, taken) = send(config, cluster, which, meant)?;
    say(format_args!("{taken} replayed"))?;
    let missing = sent + gone - taken;
    if missing > 0 {
        say(format_args!(
            "{missing} not replayed, {gone} of them because their records are gone"
        ))?;
        return Ok(Exit::No);
    }
    Ok(Exit::Done)
}

/// Gives how many were sent, how many are gone, and how many the brokers took.
fn send(
    config: &Config,
    cluster: &Cluster,
    which: &Which,
    meant: u64,
) -> anyhow::Result<(u64, u64, u64)> {
    let feeder = Feeder::new(cluster, "").context("kafka")?;
    let bar = Bar::new(false);
    let (mut sent, mut gone) = (0, 0);
    each(config, cluster, which, |record, letter| {
        bar.show("replaying", sent + gone, meant);
        let whole = match letter.truncated {
            true => whole(cluster, letter)?,
            false => None,
        };
        let value = match (&whole, letter.truncated) {
            (Some(whole), _) => whole.as_record().value,
            (None, false) => record.value,
            (None, true) => {
                gone += 1;
                let (topic, partition, offset) = letter.source;
                eprintln!("the record of a cut dead letter is gone: {topic}/{partition}/{offset}");
                return Ok(());
            }
        };
        let (topic, headers) = (letter.input, replay_headers(record));
        let record = Record { value, ..*record };
        let handed_over = feeder.send_record(topic, &record, &headers);
        handed_over.map_err(of_topic(topic))?;
        sent += 1;
        Ok(())
    })?;
    feeder.flush(FLUSH).context("kafka")?;
    bar.clear();
    Ok((sent, gone, feeder.taken()))
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

/// The record that a cut dead letter comes from.
fn whole(cluster: &Cluster, letter: &DeadLetter<'_>) -> anyhow::Result<Option<OwnedRecord>> {
    let (topic, partition, offset) = letter.source;
    let found = read_record(cluster, topic, partition, offset, PATIENCE);
    found.map_err(of_topic(topic))
}
