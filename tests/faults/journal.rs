//! I8 from what the daemons wrote: whoever commits a partition is the last one that it was assigned to.

use std::collections::BTreeMap;
use std::path::Path;

#[derive(Clone, Debug)]
enum Entry {
    Assigned(String),
    Committed(String),
}

/// The number of commits, and what is wrong with them.
pub(crate) fn check(logs: &[&Path]) -> (usize, Vec<String>) {
    let mut entries = Vec::new();
    for (member, log) in logs.iter().enumerate() {
        let text = std::fs::read_to_string(log).unwrap_or_default();
        for line in text.lines() {
            let Some((time, _)) = line.split_once(' ') else {
                continue;
            };
            for entry in parse(line) {
                entries.push((time.to_string(), member, entry));
            }
        }
    }
    // RFC 3339 in one zone sorts as text; the order within a log stays.
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    let mut owners = BTreeMap::new();
    let (mut commits, mut problems) = (0, Vec::new());
    for (time, member, entry) in entries {
        match entry {
            Entry::Assigned(partition) => drop(owners.insert(partition, member)),
            Entry::Committed(partition) => {
                commits += 1;
                if owners.get(&partition) != Some(&member) && problems.len() < 5 {
                    problems.push(format!(
                        "I8: at {time} member {member} committed {partition}, which another had"
                    ));
                }
            }
        }
    }
    (commits, problems)
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
        return vec![Entry::Committed(format!("{topic}-{partition}"))];
    }
    Vec::new()
}
