//! The one thread that owns the consumer: polls the main queue, sweeps the partitions' queues, commits.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use tokio::time::Instant;
use tracing::{debug, error, warn};

use crate::kafka::{ConsumerFailure, OwnedRecord, consumer_failure};
use crate::mutants::{self, Mutant};
use crate::runtime::pause;
use crate::source::{
    Control, Deadlines, Intake, MemoryBudget, Partition, SourceEnd, SourceError, Wiring,
};
use crate::telemetry::PipelineMetrics;

use super::POLL_INTERVAL;
use super::assigned::{Assigned, BATCH_RECORDS};
use super::client::Client;
use super::commit::{Commits, offsets, position};
use super::config::KafkaSourceConfig;
use super::context::Notice;

/// Waits between sweeps that found nothing: at first, and at most.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);
const LONGEST_WAIT: Duration = Duration::from_millis(5);
/// For the client to follow the group into another generation, and between two looks whether it has.
const FOLLOW: Duration = Duration::from_secs(3);
const RETRY_WAIT: Duration = Duration::from_millis(20);
/// Events of the main queue before the partitions get their turn.
const MAIN_QUEUE_EVENTS: usize = 100;
/// How often lag and windows are measured.
const MEASURE_INTERVAL: Duration = Duration::from_secs(1);
/// For the client to leave the group.
const CLOSE: Duration = Duration::from_millis(1_500);
/// For the last commit, where the deadline is over.
const LAST_COMMIT: Duration = Duration::from_secs(2);

/// Everything the consumer thread owns.
pub(super) struct Consumer {
    pub(super) config: KafkaSourceConfig,
    pub(super) client: Box<dyn Client>,
    pub(super) assigned: Vec<Assigned>,
    pub(super) budget: Arc<MemoryBudget>,
    pub(super) metrics: Arc<PipelineMetrics>,
    pub(super) control: Arc<Control>,
    pub(super) deadlines: Deadlines,
    /// Names this start of the process to those that come after it.
    pub(super) start: u64,
    intake: Intake,
    commits: Commits,
    next_measure: Instant,
    /// Sweeps so far: each begins with another partition.
    sweeps: usize,
    /// The partition whose end is asked for.
    asked: Option<Arc<Partition>>,
    /// Where the client was stuck when it was started again last.
    stuck_at: Option<(String, i32, i64)>,
    fatal: Option<SourceError>,
}

impl Consumer {
    pub(super) fn new(
        config: KafkaSourceConfig,
        client: Box<dyn Client>,
        wiring: Wiring,
    ) -> Consumer {
        let Wiring {
            budget,
            metrics,
            control,
            deadlines,
            intake,
        } = wiring;
        Consumer {
            commits: Commits::new(config.commit.interval.0),
            config,
            client,
            assigned: Vec::new(),
            budget,
            metrics,
            control,
            deadlines,
            start: RandomState::new().hash_one("start"),
            intake,
            next_measure: Instant::now(),
            sweeps: 0,
            asked: None,
            stuck_at: None,
            fatal: None,
        }
    }

    /// Runs until it is stopped or cannot go on.
    pub(super) fn run(mut self) -> SourceEnd {
        let mut wait = SHORTEST_WAIT;
        while !self.control.is_stopping() && self.fatal.is_none() && !self.is_at_end() {
            self.poll(wait);
            let taken = self.sweep();
            self.measure(taken == 0);
            wait = match taken {
                0 => (wait * 2).clamp(SHORTEST_WAIT, LONGEST_WAIT),
                _ => Duration::ZERO,
            };
        }
        let halted = self.control.halted().map(SourceError::Halted);
        let fatal = self.fatal.take().or(halted);
        let left = self.shut_down();
        match fatal {
            Some(error) => SourceEnd::Failed(error),
            None if left > 0 => SourceEnd::Cut(left),
            None => SourceEnd::Drained,
        }
    }

    /// Serves the main queue, after a wait. This is what keeps the membership.
    pub(super) fn poll(&mut self, wait: Duration) {
        if !wait.is_zero() {
            // Not the client's own wait: for the last millisecond before its timeout it spins.
            pause(wait.min(POLL_INTERVAL));
        }
        for _ in 0..MAIN_QUEUE_EVENTS {
            match self.client.poll() {
                Some(Ok(record)) => self.take_stray(record),
                Some(Err(error)) => self.note_error(&error),
                None if !self.serve_notices() => return,
                None => {}
            }
        }
    }

    /// Handles what the client called back with; says whether there was anything.
    fn serve_notices(&mut self) -> bool {
        let notices = self.client.notices();
        let mut any = !notices.is_empty();
        for notice in notices {
            match notice {
                Notice::Assign(partitions) => self.assign(&partitions),
                Notice::Revoke(partitions) => self.revoke(&partitions),
            }
        }
        while let Some(answer) = self.client.commit_answer() {
            any = true;
            self.commits
                .answered(&answer, &mut self.assigned, &self.metrics);
        }
        any
    }

    /// A record that came by the main queue is a record like any other.
    fn take_stray(&mut self, record: OwnedRecord) {
        if mutants::is(Mutant::DropStrays) {
            return;
        }
        let borrowed = record.as_record();
        let mut assigned = self.assigned.iter_mut();
        match assigned.find(|assigned| assigned.is(borrowed.topic, borrowed.partition)) {
            // In front of everything that its queue will bring.
            Some(assigned) => assigned.hold(record),
            None => debug!(
                topic = borrowed.topic,
                partition = borrowed.partition,
                "record of a partition that is not ours"
            ),
        }
    }

    fn note_error(&mut self, error: &KafkaError) {
        let failure = match error {
            KafkaError::MessageConsumptionFatal(_) => ConsumerFailure::Fatal,
            error => error
                .rdkafka_error_code()
                .map_or(ConsumerFailure::Passing, consumer_failure),
        };
        match failure {
            ConsumerFailure::Passing => warn!(%error, "consumer error, the client recovers"),
            ConsumerFailure::Fatal => self.fail(error.to_string()),
        }
    }

    /// Nothing but an operator helps.
    pub(super) fn fail(&mut self, reason: String) {
        error!(reason, "consumer cannot go on");
        self.control.halt(reason.clone());
        self.fatal.get_or_insert(SourceError::Kafka(reason));
    }

    /// Takes in what the partitions' queues have; gives the number of records.
    pub(super) fn sweep(&mut self) -> usize {
        let (mut taken, mut urgent) = (0, false);
        let mut errors = Vec::new();
        let mut ahead = self.may_be_taken();
        // Where not all have their turn, it is not always the same ones that do.
        self.sweeps = self.sweeps.wrapping_add(1);
        let first = self.sweeps % self.assigned.len().max(1);
        let (behind, before) = self.assigned.split_at_mut(first);
        for assigned in before.iter_mut().chain(behind) {
            let swept = assigned.sweep(&self.budget, ahead, &mut self.intake);
            taken += swept.records;
            ahead = ahead.saturating_sub(swept.records);
            urgent |= swept.commit_is_urgent;
            if let Some(code) = swept.error {
                errors.push((Arc::clone(&assigned.partition), code));
            }
        }
        for (partition, code) in errors {
            self.note_partition_error(&partition, code);
        }
        if self.commits.is_due(urgent) {
            self.commit();
        }
        taken
    }

    /// How many records there may be taken in, as far as it is about what workers and sink have in their hands: more of it
    /// makes nothing faster, but every record older and colder. A few at a time are not worth the while.
    fn may_be_taken(&self) -> usize {
        let partitions = self.assigned.iter();
        let running: usize = partitions
            .map(|assigned| assigned.partition.window().running())
            .sum();
        let computed = running.saturating_sub(self.control.suspended());
        let free = self.config.ahead.max(1).saturating_sub(computed);
        match free < BATCH_RECORDS && computed > 0 {
            true => 0,
            false => free,
        }
    }

    fn note_partition_error(&mut self, partition: &Partition, code: RDKafkaErrorCode) {
        let (topic, number) = (&**partition.topic(), partition.number());
        match code {
            RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange => {
                self.out_of_range(topic, number);
            }
            code if consumer_failure(code) == ConsumerFailure::Fatal => {
                self.fail(format!("{topic} [{number}]: {code}"));
            }
            error => {
                warn!(%error, topic, partition = number, "fetch error, the client recovers");
            }
        }
    }

    pub(super) fn commits_due(&self) -> bool {
        self.commits.is_due(false)
    }

    /// Sends the watermarks that have moved.
    pub(super) fn commit(&mut self) {
        let moved: Vec<_> = self
            .assigned
            .iter_mut()
            .filter_map(|assigned| {
                let (watermark, metadata) = assigned.commit()?;
                Some((Arc::clone(&assigned.partition), watermark, metadata))
            })
            .collect();
        let sent = !moved.is_empty() && self.send_commit(&moved);
        self.commits.looked(sent);
    }

    fn send_commit(&self, moved: &[(Arc<Partition>, i64, String)]) -> bool {
        let watermarks = moved
            .iter()
            .map(|(partition, watermark, metadata)| (&**partition, *watermark, &**metadata));
        match offsets(watermarks).map(|offsets| self.client.commit(&offsets)) {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => warn!(%error, "commit failed, will retry"),
            Err(error) => warn!(%error, "commit failed, will retry"),
        }
        self.metrics.commit(false);
        false
    }

    /// Commits what can be committed and waits for the answer until `deadline`. Says whether everything is committed.
    pub(super) fn commit_until(&mut self, deadline: Instant) -> bool {
        // The answer to a commit of an earlier generation says nothing about this one.
        while self.commits.in_flight() && Instant::now() < deadline {
            self.poll(SHORTEST_WAIT);
        }
        self.commits.forget_fencing();
        let mut behind_since = None;
        loop {
            let in_flight = self.commits.in_flight();
            let left = self
                .assigned
                .iter()
                .any(|assigned| assigned.to_commit().is_some());
            if !left && !in_flight {
                return true;
            }
            let mut wait = SHORTEST_WAIT;
            if self.commits.is_behind() {
                // A rebalance was completed while the commit was on its way. A client that does not follow has lost its
                // partitions without a word.
                let since = *behind_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= FOLLOW || self.client.assignment_lost() {
                    return false;
                }
                wait = RETRY_WAIT;
            }
            if self.commits.is_fenced() || Instant::now() >= deadline {
                return false;
            }
            if !in_flight {
                self.commit();
            }
            self.poll(wait);
        }
    }

    fn measure(&mut self, found_nothing: bool) {
        self.control.set_idle(found_nothing && self.is_idle());
        if Instant::now() >= self.next_measure {
            self.next_measure = Instant::now() + MEASURE_INTERVAL;
            self.pass_control_records();
            let now = Timestamp::now().as_millisecond();
            self.assigned
                .iter_mut()
                .for_each(|assigned| assigned.measure(now));
            self.watch();
        }
    }

    /// Looks for a client that is stuck: asks one leader at a time, the one of the most suspicious partition first.
    fn watch(&mut self) {
        if let Some(asked) = &self.asked {
            let Some(end) = self.client.end_answer() else {
                return;
            };
            let is_asked = |a: &&mut Assigned| Arc::ptr_eq(&a.partition, asked);
            let read = self.client.positions().ok();
            if let Some(assigned) = self.assigned.iter_mut().find(is_asked) {
                let (topic, number) = (asked.topic().to_string(), asked.number());
                let read = read.as_ref().and_then(|list| {
                    let element = list.find_partition(&topic, number)?;
                    position(element.offset())
                });
                // The client is behind control records, of which no record tells.
                let taken = asked.window().position().max(read.unwrap_or(0));
                if assigned.watch.answered(end.is_some_and(|end| end > taken)) {
                    self.asked = None;
                    return self.stuck(topic, number, taken, end);
                }
            }
            self.asked = None;
        }
        let urgent = |a: &&Assigned| a.watch.urgency();
        let quiet = self.assigned.iter().filter(|a| urgent(a).is_some());
        if let Some(assigned) = quiet.max_by_key(urgent) {
            let partition = Arc::clone(&assigned.partition);
            self.client.ask_end(partition.topic(), partition.number());
            self.asked = Some(partition);
        }
    }

    /// The leader has had records for us for a minute, and the client does not get them.
    fn stuck(&mut self, topic: String, number: i32, taken: i64, end: Option<i64>) {
        let place = (topic, number, taken);
        let again = self.stuck_at.as_ref() == Some(&place);
        let (topic, partition) = (&*place.0, number);
        if again || mutants::is(Mutant::LeaveStuck) {
            warn!(
                topic,
                partition,
                position = taken,
                end,
                "nothing comes, and starting the client again has not helped"
            );
            return;
        }
        error!(
            topic,
            partition,
            position = taken,
            end,
            "the client is stuck: nothing came for a minute; starting it again"
        );
        self.stuck_at = Some(place);
        self.metrics.client_restart();
        self.restart();
    }

    /// Gives up all partitions in order and joins the group again with another client.
    fn restart(&mut self) {
        let all = self.partitions();
        let deadline = Instant::now() + self.config.rebalance.drain.0;
        self.drain(&all, deadline, true);
        self.say_farewell(&all);
        if !self.commit_until(deadline) {
            warn!("the last commit before the client is started again was not answered");
        }
        // Those as well that came meanwhile.
        for assigned in self.assigned.drain(..) {
            assigned.partition.cancel();
            assigned.partition.close();
        }
        self.commits = Commits::new(self.config.commit.interval.0);
        match self.client.renew(CLOSE) {
            Ok(true) => {}
            Ok(false) => warn!("the old client did not close in time"),
            Err(error) => self.fail(format!("the client cannot be started again: {error}")),
        }
    }

    fn partitions(&self) -> Vec<Arc<Partition>> {
        let assigned = self.assigned.iter();
        assigned
            .map(|assigned| Arc::clone(&assigned.partition))
            .collect()
    }

    fn is_idle(&self) -> bool {
        self.control.is_ready()
            && self
                .assigned
                .iter()
                .all(|assigned| assigned.is_idle() == Some(true))
    }

    /// Whether what there was is done, for a source that ends there.
    fn is_at_end(&self) -> bool {
        self.control.is_until_idle()
            && (self.control.is_idle()
                || self.control.halted().is_some()
                    && self
                        .assigned
                        .iter()
                        .all(|assigned| assigned.is_stuck() || assigned.is_idle() == Some(true)))
    }

    /// Where nothing is under way the client's own position counts: it is behind control records and compacted offsets,
    /// of which no record tells.
    fn pass_control_records(&self) {
        if self
            .assigned
            .iter()
            .all(|assigned| assigned.is_idle().is_some())
        {
            return;
        }
        let Ok(positions) = self.client.positions() else {
            return;
        };
        for assigned in &self.assigned {
            let partition = &assigned.partition;
            let found = positions.find_partition(partition.topic(), partition.number());
            if let Some(position) = found.and_then(|found| position(found.offset())) {
                assigned.advance(position);
            }
        }
    }

    /// Drains, commits, leaves the group. Gives the number of records that are left for the next start.
    fn shut_down(mut self) -> usize {
        let all = self.partitions();
        let deadline = Instant::now() + self.deadlines.drain;
        let cut = self.drain(&all, deadline, true);
        self.say_farewell(&all);
        if mutants::is(Mutant::NoLastCommit) {
            debug!("left out");
        } else if !self.commit_until(deadline.max(Instant::now() + LAST_COMMIT)) {
            warn!("the last commit was not answered");
        }
        // Without a cut those are records that never started, as if they had not been read.
        let left = all
            .iter()
            .filter(|_| cut)
            .map(|partition| partition.window().len())
            .sum();
        all.iter().for_each(|partition| partition.close());
        self.close();
        left
    }

    /// Leaves the group.
    fn close(self) {
        let Consumer {
            client, assigned, ..
        } = self;
        client.closing();
        drop(assigned);
        if !client.close(CLOSE) {
            warn!("consumer did not close in time");
        }
    }
}
