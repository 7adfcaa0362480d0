//! Reads outcomes and committed offsets while everything runs, and says which rule was broken.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::{Offset, TopicPartitionList};

use super::workload::{Becomes, Book, Place, Sent, ran_on};

const REQUEST: Duration = Duration::from_secs(5);

/// What was seen of one record.
#[derive(Debug, Default)]
struct Seen {
    results: usize,
    dead: usize,
    /// Written to a retry topic.
    retried: usize,
    value: Option<Vec<u8>>,
    execution: String,
    /// Content hash of the definition that ran.
    definition: String,
}

impl Seen {
    fn outcomes(&self) -> usize {
        self.results + self.dead
    }
}

/// Names of what is checked.
#[derive(Clone, Debug)]
pub(crate) struct Topics {
    pub(crate) input: String,
    pub(crate) output: String,
    pub(crate) dead: String,
    pub(crate) partitions: i32,
    /// Consumer group and pipeline.
    pub(crate) pipeline: String,
    /// With the delay of each, milliseconds.
    pub(crate) retries: Vec<(String, i64)>,
}

impl Topics {
    /// Everything that the group commits.
    fn read(&self) -> impl Iterator<Item = (&str, i32)> {
        let retries = self.retries.iter().map(|(topic, _)| topic);
        let topics = std::iter::once(&self.input).chain(retries);
        topics.flat_map(|topic| (0..self.partitions).map(move |n| (&**topic, n)))
    }

    /// Everything that outcomes are written to.
    fn written(&self) -> impl Iterator<Item = &String> {
        let retries = self.retries.iter().map(|(topic, _)| topic);
        [&self.output, &self.dead].into_iter().chain(retries)
    }
}

/// The program that knows every record.
pub(crate) struct Checker {
    topics: Topics,
    client: ClientConfig,
    outcomes: BaseConsumer,
    group: BaseConsumer,
    book: Book,
    seen: BTreeMap<Place, Seen>,
    positions: BTreeMap<(String, i32), i64>,
    committed: BTreeMap<(String, i32), i64>,
    /// Newest first occurrence by topic, partition and key.
    newest: BTreeMap<(String, i32, Vec<u8>), i64>,
    last_outcome: Instant,
    /// The longest time without an outcome.
    pub(crate) gap: Duration,
    pub(crate) violations: BTreeSet<String>,
    pub(crate) checks: usize,
    /// Definitions by their content hash, where records say which one ran: `begun` when it began, `ended` when it ended.
    pub(crate) versions: BTreeMap<String, u64>,
    /// Outcomes of a definition that a newer one had replaced by then.
    pub(crate) ended_on_theirs: usize,
    /// Dead letters by error.
    pub(crate) errors: BTreeMap<String, usize>,
    /// When each outcome came.
    pub(crate) arrivals: Vec<Instant>,
}

impl Checker {
    pub(crate) fn new(client: &ClientConfig, topics: Topics, book: Book) -> Checker {
        let mut group = client.clone();
        group.set("group.id", &topics.pipeline);
        let outcomes = reader(client, &topics);
        Checker {
            client: client.clone(),
            outcomes,
            group: group.create().unwrap(),
            topics,
            book,
            seen: BTreeMap::new(),
            positions: BTreeMap::new(),
            committed: BTreeMap::new(),
            newest: BTreeMap::new(),
            last_outcome: Instant::now(),
            gap: Duration::ZERO,
            violations: BTreeSet::new(),
            checks: 0,
            versions: BTreeMap::new(),
            ended_on_theirs: 0,
            errors: BTreeMap::new(),
            arrivals: Vec::new(),
        }
    }

    fn violate(&mut self, what: String) {
        if self.violations.len() < 20 && self.violations.insert(what.clone()) {
            println!("faults: VIOLATION {what}");
        }
    }

    /// Takes in what is there.
    pub(crate) fn read(&mut self, wait: Duration) {
        let mut wait = wait;
        for _ in 0..20_000 {
            let Some(polled) = self.outcomes.poll(wait) else {
                return;
            };
            wait = Duration::ZERO;
            let Ok(message) = polled else { continue };
            let message = message.detach();
            self.positions.insert(
                (message.topic().to_string(), message.partition()),
                message.offset() + 1,
            );
            let text = |name: &str| {
                let headers = message.headers()?;
                let header = headers.iter().find(|header| header.key == name)?;
                Some(String::from_utf8_lossy(header.value?).into_owned())
            };
            let number = |name| {
                text(name)
                    .and_then(|text| text.parse::<i64>().ok())
                    .unwrap_or(-1)
            };
            // A record that came through retry topics says where it stood first.
            let origin = match text("expressd.first.topic") {
                Some(_) => "first",
                None => "source",
            };
            let place = (
                number(&format!("expressd.{origin}.partition")) as i32,
                number(&format!("expressd.{origin}.offset")),
            );
            if text(&format!("expressd.{origin}.topic")).as_ref() != Some(&self.topics.input) {
                self.violate(format!("I3: {place:?} comes from another topic"));
            }
            let mut retries = self.topics.retries.iter();
            if retries.any(|(topic, _)| topic == message.topic()) {
                self.seen.entry(place).or_default().retried += 1;
                continue;
            }
            let execution = text("expressd.execution").unwrap_or_default();
            let definition = text("expressd.definition").unwrap_or_default();
            if let Some(problem) = self.too_early(text) {
                self.violate(format!("{place:?} {problem}"));
            }
            let version = self.versions.get(&definition);
            if version.is_some_and(|version| Some(version) != self.versions.values().max()) {
                self.ended_on_theirs += 1;
            }
            let now = Instant::now();
            self.gap = self.gap.max(now - self.last_outcome);
            self.last_outcome = now;
            self.arrivals.push(now);
            let is_dead = message.topic() == self.topics.dead;
            if is_dead {
                let error = text("expressd.error").unwrap_or_default();
                *self.errors.entry(error).or_default() += 1;
            }
            let is_retried = !self.topics.retries.is_empty();
            let seen = self.seen.entry(place).or_default();
            let first = seen.outcomes() == 0;
            if is_dead {
                seen.dead += 1
            } else {
                seen.results += 1
            }
            // A retry that was written twice is two records.
            let differs = !first && seen.execution != execution && !is_retried;
            if first {
                seen.value = message.payload().map(<[u8]>::to_vec);
                seen.execution = execution;
                seen.definition = definition;
            }
            if differs {
                self.violate(format!("I9: {place:?} has two execution ids"));
            }
            // Whoever is tried again comes after those behind it.
            if let (true, false, Some(key)) = (first, is_retried, message.key()) {
                // A record of the dead letters may come behind younger ones: no order between the topics.
                let lane = (message.topic().to_string(), place.0, key.to_vec());
                let newest = self.newest.entry(lane).or_insert(place.1);
                if *newest > place.1 {
                    let newest = *newest;
                    self.violate(format!(
                        "I6: {place:?} came behind {newest} of its key in {}",
                        message.topic()
                    ));
                } else {
                    *newest = place.1;
                }
            }
        }
    }

    /// Whether a dead letter came before the delays of its retries were over.
    fn too_early(&self, text: impl Fn(&str) -> Option<String>) -> Option<String> {
        let time = |name| text(name)?.parse::<jiff::Timestamp>().ok();
        let passed = text("expressd.attempt")?.parse::<usize>().ok()? - 1;
        let delays: i64 = self
            .topics
            .retries
            .iter()
            .take(passed)
            .map(|(_, ms)| ms)
            .sum();
        let first = text("expressd.first.timestamp")?.parse::<i64>().ok()?;
        let took = time("expressd.started")?.as_millisecond() - first;
        (took < delays).then(|| format!("ran again after {took} ms, and not after {delays}"))
    }

    /// Forgets where it was in the topics: one of them was made anew.
    pub(crate) fn begin_again(&mut self) {
        self.outcomes = reader(&self.client, &self.topics);
        self.positions.clear();
    }

    /// Waiting is over: the time without outcomes counts from here.
    pub(crate) fn begin_gap(&mut self) {
        self.last_outcome = Instant::now();
        self.gap = Duration::ZERO;
    }

    /// I1 and I7 while everything runs: the committed offsets first, then all outcomes there are by then.
    pub(crate) fn check(&mut self) {
        let Some(committed) = self.committed() else {
            return;
        };
        for (place, offset) in &committed {
            let before = self.committed.insert(place.clone(), *offset).unwrap_or(-1);
            if before > *offset {
                self.violate(format!("I7: {place:?} went back from {before} to {offset}"));
            }
        }
        if !self.catch_up() {
            return;
        }
        self.checks += 1;
        let of_input = |((topic, partition), offset): (&(String, i32), &i64)| {
            (*topic == self.topics.input).then_some((*partition, *offset))
        };
        let input: BTreeMap<_, _> = committed.iter().filter_map(of_input).collect();
        let book = self.book.clone();
        let book = book.open();
        let missing = book.keys().find(|place| {
            input.get(&place.0).is_some_and(|c| place.1 < *c) && !self.seen.contains_key(place)
        });
        if let Some(place) = missing {
            let text = format!("I1: {place:?} is below the committed offset and has no outcome");
            drop(book);
            self.violate(text);
        }
    }

    fn committed(&self) -> Option<BTreeMap<(String, i32), i64>> {
        let mut list = TopicPartitionList::new();
        for (topic, partition) in self.topics.read() {
            list.add_partition(topic, partition);
        }
        let found = self.group.committed_offsets(list, REQUEST).ok()?;
        let pairs = found
            .elements()
            .into_iter()
            .filter_map(|element| match element.offset() {
                Offset::Offset(offset) => {
                    let place = (element.topic().to_string(), element.partition());
                    Some((place, offset))
                }
                _ => None,
            });
        Some(pairs.collect())
    }

    /// Reads up to where the topics end now; says whether it came there.
    fn catch_up(&mut self) -> bool {
        let deadline = Instant::now() + REQUEST;
        let topics: Vec<_> = self.topics.written().cloned().collect();
        for topic in topics {
            for partition in 0..self.topics.partitions {
                let range = self.group.fetch_watermarks(&topic, partition, REQUEST);
                let Ok((_, end)) = range else { return false };
                let place = (topic.clone(), partition);
                while self.positions.get(&place).copied().unwrap_or(0) < end {
                    if Instant::now() > deadline {
                        return false;
                    }
                    self.read(Duration::from_millis(20));
                }
            }
        }
        true
    }

    /// Records without an outcome.
    pub(crate) fn open(&self) -> usize {
        let book = self.book.open();
        book.keys().filter(|place| !self.is_answered(place)).count()
    }

    fn is_answered(&self, place: &Place) -> bool {
        self.seen.get(place).is_some_and(|seen| seen.outcomes() > 0)
    }

    pub(crate) fn repeats(&self) -> usize {
        self.seen
            .values()
            .map(|seen| seen.outcomes().saturating_sub(1))
            .sum()
    }

    /// Records that were written to a retry topic.
    pub(crate) fn retried(&self) -> usize {
        self.seen.values().filter(|seen| seen.retried > 0).count()
    }

    pub(crate) fn dead(&self) -> usize {
        self.seen.values().filter(|seen| seen.dead > 0).count()
    }

    /// Whether everything is committed.
    pub(crate) fn is_committed(&mut self) -> bool {
        let Some(committed) = self.committed() else {
            return false;
        };
        self.topics.read().all(|(topic, partition)| {
            let range = self.group.fetch_watermarks(topic, partition, REQUEST);
            let committed = committed.get(&(topic.to_string(), partition));
            range.is_ok_and(|(_, end)| end == committed.copied().unwrap_or(0))
        })
    }

    /// I2, I3, I5 at the end.
    pub(crate) fn finish(&mut self) {
        self.check();
        self.find_places();
        let book = self.book.open().clone();
        let open = book.keys().filter(|place| !self.is_answered(place)).count();
        if open > 0 {
            self.violate(format!("I2: {open} records have no outcome"));
        }
        if !self.is_committed() {
            self.violate("I2: the committed offsets are not the ends".into());
        }
        let wrong: Vec<_> = self
            .seen
            .iter()
            .filter_map(|(place, seen)| self.judge(*place, seen, book.get(place)))
            .collect();
        wrong
            .into_iter()
            .take(5)
            .for_each(|text| self.violate(text));
    }

    /// Outcomes tell where the records are whose place is not known.
    fn find_places(&mut self) {
        let mut somewhere = std::mem::take(&mut *self.book.somewhere());
        let mut book = self.book.open();
        for (place, seen) in &self.seen {
            let same = |sent: &Sent| sent.value == seen.value;
            if !book.contains_key(place)
                && let Some(index) = somewhere.iter().position(same)
            {
                book.insert(*place, somewhere.swap_remove(index));
            }
        }
        drop(book);
        if !somewhere.is_empty() {
            self.violate(format!("I2: {} records have no outcome", somewhere.len()));
        }
    }

    fn judge(&self, place: Place, seen: &Seen, sent: Option<&Sent>) -> Option<String> {
        let Some(sent) = sent else {
            return Some(format!("I3: an outcome of {place:?}, which nobody sent"));
        };
        let right = match sent.becomes {
            Becomes::Result => seen.dead == 0,
            Becomes::DeadLetter => seen.results == 0,
            Becomes::Either => true,
        };
        if !right {
            let value = sent.value.as_deref().map(String::from_utf8_lossy);
            let value = value.map(|text| text.chars().take(60).collect::<String>());
            return Some(format!(
                "I5: {place:?} ({value:?}) has {} results and {} dead letters",
                seen.results, seen.dead
            ));
        }
        // Results of the suite's machine are their inputs, and so are all dead letters.
        let mut want = sent.value.clone();
        if !self.versions.is_empty() {
            let Some(version) = self.versions.get(&seen.definition) else {
                return Some(format!("I3: {place:?} ran on an unknown definition"));
            };
            if seen.results > 0 {
                want = want.map(|value| ran_on(&value, *version));
            }
        }
        let same = seen.value == want || sent.becomes == Becomes::Either;
        (!same).then(|| {
            format!(
                "I3: the outcome of {place:?} has another value, key {:?}",
                String::from_utf8_lossy(&sent.key)
            )
        })
    }
}

fn reader(client: &ClientConfig, topics: &Topics) -> BaseConsumer {
    let mut client = client.clone();
    client
        .set("group.id", "faults-reader")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .set("fetch.wait.max.ms", "50");
    let consumer: BaseConsumer = client.create().unwrap();
    let mut list = TopicPartitionList::new();
    for topic in topics.written() {
        for partition in 0..topics.partitions {
            list.add_partition_offset(topic, partition, Offset::Beginning)
                .unwrap();
        }
    }
    consumer.assign(&list).unwrap();
    consumer
}
