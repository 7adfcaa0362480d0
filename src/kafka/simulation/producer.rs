//! Producers and the topics they write to: acknowledgements late, lost, or never.

use std::collections::BTreeMap;

use rdkafka::types::RDKafkaErrorCode;

use super::{Answer, Event, MemberId, Time, World};

/// Bytes that the brokers take.
const LARGEST: usize = 2_000;

/// All producers of all members.
#[derive(Default)]
pub(crate) struct Producers {
    producers: Vec<Producer>,
    /// When the topics cannot be written to, and how that looks.
    outages: Vec<Outage>,
    /// Records whose delivery will never be known.
    pub(crate) purged: usize,
}

struct Producer {
    member: MemberId,
    next: u64,
    /// When the last record is written: they keep their order.
    last: Time,
    /// Not reported yet.
    open: BTreeMap<u64, Open>,
    reports: Vec<(Time, u64, Report)>,
    broken: bool,
    /// Its process died, and nothing more comes from it.
    cut: bool,
}

/// A record without a report.
struct Open {
    sent: Time,
    /// Whether it goes to the dead letters, and the partition it goes to.
    place: (bool, i32),
    /// The brokers refused what it was in a batch with.
    refused: bool,
}

/// What became of a record.
pub(crate) type Report = Result<(), RDKafkaErrorCode>;

/// A time without acknowledgements.
#[derive(Clone, Copy, Debug)]
struct Outage {
    from: Time,
    to: Time,
    kind: OutageKind,
}

/// What happens to records meanwhile.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OutageKind {
    /// They wait and are written afterwards.
    Late,
    /// They are not written, and the client says so after a while.
    TimedOut,
    /// They are not written: the topic is not there.
    Missing,
    /// They are written, and the client believes the contrary.
    Unacknowledged,
}

/// A record on its way.
#[derive(Debug)]
pub(super) struct Append {
    producer: usize,
    number: u64,
    /// Nothing of a dead member arrives that was not on the wire.
    on_the_wire: bool,
    answer: Answer,
}

impl Producer {
    /// What was sent at this moment is in one batch, which is refused.
    fn refuse_batch(&mut self, now: Time, place: (bool, i32)) {
        for (number, open) in &mut self.open {
            if open.sent == now && open.place == place {
                open.refused = true;
                let mut reports = self.reports.iter_mut();
                if let Some((_, _, report)) = reports.find(|(_, known, _)| known == number) {
                    *report = Err(RDKafkaErrorCode::MessageSizeTooLarge);
                }
            }
        }
    }
}

impl World {
    pub(crate) fn new_producer(&mut self, member: MemberId) -> usize {
        self.producers.producers.push(Producer {
            member,
            next: 0,
            last: 0,
            open: BTreeMap::new(),
            reports: Vec::new(),
            broken: false,
            cut: false,
        });
        self.producers.producers.len() - 1
    }

    /// The topics cannot be written to for so long.
    pub(crate) fn outage(&mut self, duration: Time, kind: OutageKind) {
        let (from, to) = (self.now, self.now + duration);
        self.note(format_args!("outage until {to}: {kind:?}"));
        self.producers.outages.push(Outage { from, to, kind });
    }

    /// Bytes that a topic takes, if the cluster says so.
    pub(crate) fn largest(&self, topic: &str) -> Option<usize> {
        let largest = if topic == "dead" { usize::MAX } else { LARGEST };
        (!self.trouble.secret_limits).then_some(largest)
    }

    /// Takes a record; gives its number.
    pub(crate) fn send(
        &mut self,
        producer: usize,
        answer: Answer,
    ) -> Result<u64, RDKafkaErrorCode> {
        let member = self.producers.producers[producer].member;
        if self.random.per_mille(self.trouble.full_queue) {
            return Err(RDKafkaErrorCode::QueueFull);
        }
        if !self.group.acts(member) {
            return Err(RDKafkaErrorCode::Fail);
        }
        let breaks = self.random.per_mille(self.trouble.broken_producer);
        let now = self.now;
        let outage = self
            .producers
            .outages
            .iter()
            .find(|o| (o.from..o.to).contains(&now))
            .copied();
        let (delay, report_delay) = (self.random.within(1, 8), self.random.within(1, 8));
        let on_the_wire = self.random.per_mille(500);
        let too_large = answer
            .value
            .as_ref()
            .is_some_and(|value| value.len() > LARGEST)
            && !answer.dead;
        let state = &mut self.producers.producers[producer];
        let number = state.next;
        state.next += 1;
        if state.broken {
            return Err(RDKafkaErrorCode::Fatal);
        }
        let place = (answer.dead, answer.partition);
        if too_large && !self.trouble.secret_limits {
            state.refuse_batch(now, place);
        }
        let open = Open {
            sent: now,
            place,
            refused: false,
        };
        state.open.insert(number, open);
        let mut time = state.last.max(now + delay);
        let mut report = Ok(());
        let mut is_written = true;
        match outage.map(|outage| (outage, outage.kind)) {
            _ if too_large => {
                (is_written, report) = (false, Err(RDKafkaErrorCode::MessageSizeTooLarge))
            }
            Some((outage, OutageKind::Late)) => time = time.max(outage.to),
            Some((_, OutageKind::TimedOut)) => {
                (is_written, report) = (false, Err(RDKafkaErrorCode::MessageTimedOut));
            }
            Some((_, OutageKind::Missing)) => {
                (is_written, report) = (false, Err(RDKafkaErrorCode::UnknownTopicOrPartition));
            }
            Some((_, OutageKind::Unacknowledged)) => {
                report = Err(RDKafkaErrorCode::MessageTimedOut)
            }
            None if breaks => {
                state.broken = true;
                is_written = on_the_wire;
                report = Err(RDKafkaErrorCode::Fatal);
            }
            None => {}
        }
        state.reports.push((time + report_delay, number, report));
        if is_written {
            state.last = time;
            self.at(
                time,
                Event::Append(Append {
                    producer,
                    number,
                    on_the_wire,
                    answer,
                }),
            );
        }
        Ok(number)
    }

    pub(super) fn append(&mut self, append: Append) {
        let state = &self.producers.producers[append.producer];
        if state
            .open
            .get(&append.number)
            .is_some_and(|open| open.refused)
        {
            return;
        }
        let member = state.member;
        if self.group.is_dead(member) {
            let producer = &mut self.producers.producers[append.producer];
            producer.cut |= !append.on_the_wire;
            if producer.cut {
                return;
            }
        }
        let answer = &append.answer;
        self.note(format_args!(
            "m{member} wrote {} of {}-{}",
            if answer.dead { "dead letter" } else { "result" },
            answer.partition,
            answer.offset
        ));
        self.written(&append.answer);
    }

    /// The reports that have come.
    pub(crate) fn reports(&mut self, producer: usize) -> Vec<(u64, Report)> {
        let now = self.now;
        let state = &mut self.producers.producers[producer];
        if self.group.is_dead(state.member) {
            return Vec::new();
        }
        let mut due = Vec::new();
        state.reports.retain(|(time, number, report)| {
            let is_due = *time <= now;
            if is_due {
                due.push((*number, *report));
            }
            !is_due
        });
        for (number, _) in &due {
            state.open.remove(number);
        }
        due
    }

    pub(crate) fn in_flight(&self, producer: usize) -> usize {
        self.producers.producers[producer].open.len()
    }

    pub(crate) fn is_broken(&self, producer: usize) -> bool {
        self.producers.producers[producer].broken
    }

    /// Everything that is open is reported as failed, written or not.
    pub(crate) fn purge(&mut self, producer: usize) {
        let now = self.now;
        for (time, _, report) in &mut self.producers.producers[producer].reports {
            if report.is_ok() {
                (*time, *report) = (now, Err(RDKafkaErrorCode::PurgeInflight));
                self.producers.purged += 1;
            }
        }
    }
}
