//! I8 from what the daemons wrote: whoever commits a partition is the last one that it was assigned to.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

#[derive(Clone, Debug)]
enum Entry {
    Assigned(String),
    /// A partition, and how long the commit was on its way.
    Committed(String, SignedDuration),
}

/// The number of commits, and what is wrong with them.
pub(crate) fn check(logs: &[&Path]) -> (usize, Vec<String>) {
    let mut entries = Vec::new();
    for (member, log) in logs.iter().enumerate() {
        let text = std::fs::read_to_string(log).unwrap_or_default();
        for line in text.lines() {
            let Some(Ok(time)) = line.split(' ').next().map(str::parse::<Timestamp>) else {
                continue;
            };
            for entry in parse(line) {
                entries.push((time, member, entry));
            }
        }
    }
    // The order within a log stays.
    entries.sort_by_key(|entry| entry.0);
    let mut owners = BTreeMap::<String, Vec<(Timestamp, usize)>>::new();
    let (mut commits, mut problems) = (0, Vec::new());
    for (time, member, entry) in entries {
        match entry {
            Entry::Assigned(partition) => owners.entry(partition).or_default().push((time, member)),
            Entry::Committed(partition, took) => {
                commits += 1;
                let owners = owners.get(&partition).map_or(&[][..], Vec::as_slice);
                if !had(owners, member, time - took) && problems.len() < 5 {
                    problems.push(format!(
                        "I8: at {time} member {member} committed {partition}, which another had"
                    ));
                }
            }
        }
    }
    (commits, problems)
}

/// Whether a partition was the member's when it sent its commit, or was assigned to it while the commit was on its way. A
/// member that stands still hears late what the coordinator took in time.
fn had(owners: &[(Timestamp, usize)], member: usize, sent: Timestamp) -> bool {
    let later = owners.partition_point(|(time, _)| *time <= sent);
    let owners = &owners[later.saturating_sub(1)..];
    owners.iter().any(|(_, owner)| *owner == member)
}

fn parse(line: &str) -> Vec<Entry> {
    let field = |name: &str| {
        let (_, rest) = line.split_once(&format!(" {name}="))?;
        Some(
            rest.split(' ')
                .next()
                .unwrap_or_default()
                .trim_matches('"')
                .to_string(),
        )
    };
    if line.contains(" assigned ") {
        let partitions = field("partitions").unwrap_or_default();
        let names = partitions.split(',').filter(|name| !name.is_empty());
        return names
            .map(|name| Entry::Assigned(name.to_string()))
            .collect();
    }
    if line.contains(" committed ")
        && let (Some(topic), Some(partition)) = (field("topic"), field("partition"))
    {
        let took = field("took_ms").and_then(|took| took.parse().ok());
        let took = SignedDuration::from_millis(took.unwrap_or(0));
        return vec![Entry::Committed(format!("{topic}-{partition}"), took)];
    }
    Vec::new()
}
