//! The coordinator of the one group: who is a member, who reads what, what is committed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rdkafka::types::RDKafkaErrorCode;

use super::{Event, MemberId, Time, World};

/// Without a word from a member for so long, it is out.
const SESSION: Time = 600;
/// How often the coordinator looks around.
const LOOK: Time = 20;

/// The group as the coordinator sees it, and the members' clients.
pub(crate) struct Group {
    generation: u32,
    pub(super) members: BTreeMap<MemberId, Member>,
    /// Who is to read a partition.
    owners: BTreeMap<i32, MemberId>,
    target: BTreeMap<i32, MemberId>,
    /// With what was said beside.
    committed: BTreeMap<i32, (i64, String)>,
    partitions: usize,
    /// Something changed: a rebalance is to come.
    wanted: bool,
    /// Partitions are being given back.
    revoking: bool,
}

/// One client.
#[derive(Default)]
pub(super) struct Member {
    is_in: bool,
    /// How often it was thrown out.
    pub(super) expelled: u32,
    pub(super) dead: bool,
    /// Dies after so many more requests to its client.
    doom: Option<u32>,
    pub(super) lost: bool,
    pub(super) generation: u32,
    /// Next offset to hand out, of partitions that the client reads.
    pub(super) positions: BTreeMap<i32, Position>,
    asked_back: BTreeSet<i32>,
    /// Without a notice: everything is lost.
    pub(super) notices: VecDeque<(Time, Option<Notice>)>,
    /// The last notice is not answered yet; there is no other before it is.
    pub(super) is_asked: bool,
    pub(super) replies: VecDeque<(Time, CommitReply)>,
    /// Requests keep their order.
    pub(super) last_request: Time,
    frozen: Option<(Time, Time)>,
    /// Counts its clients.
    pub(super) client: u32,
    /// The client gets no records any more.
    pub(super) is_deaf: bool,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Position {
    pub(super) next: i64,
    pub(super) touched: bool,
}

/// What the main queue brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    Assign(Vec<i32>),
    Revoke(Vec<i32>),
}

/// The answer to a commit.
#[derive(Clone, Debug)]
pub(crate) struct CommitReply {
    pub(crate) error: Option<RDKafkaErrorCode>,
    pub(crate) offsets: Vec<(i32, i64, String)>,
}

#[derive(Debug)]
pub(super) struct CommitRequest {
    pub(super) member: MemberId,
    pub(super) client: u32,
    pub(super) generation: u32,
    pub(super) offsets: Vec<(i32, i64, String)>,
    /// Dead members' requests arrive when they were on the wire.
    pub(super) on_the_wire: bool,
}

impl Group {
    pub(super) fn new(partitions: usize) -> Group {
        Group {
            generation: 0,
            members: BTreeMap::new(),
            owners: BTreeMap::new(),
            target: BTreeMap::new(),
            committed: BTreeMap::new(),
            partitions,
            wanted: false,
            revoking: false,
        }
    }

    pub(crate) fn is_dead(&self, member: MemberId) -> bool {
        self.members.get(&member).is_some_and(|member| member.dead)
    }

    /// The member asks something of its client: says whether it still lives to see it done.
    pub(super) fn acts(&mut self, member: MemberId) -> bool {
        let Some(member) = self.members.get_mut(&member) else {
            return true;
        };
        member.dead |= member.doom == Some(0);
        member.doom = member.doom.map(|doom| doom.saturating_sub(1));
        !member.dead
    }

    /// When a frozen member wakes.
    pub(super) fn thaws(&self, member: MemberId) -> Option<Time> {
        self.members.get(&member)?.frozen.map(|(_, until)| until)
    }

    pub(crate) fn committed(&self, partition: i32) -> Option<&(i64, String)> {
        self.committed.get(&partition)
    }

    /// Whether partitions are on their way from one member to another.
    pub(crate) fn is_settled(&self) -> bool {
        !self.wanted && !self.revoking && self.owners.len() == self.partitions
    }

    pub(super) fn member(&mut self, member: MemberId) -> &mut Member {
        self.members
            .get_mut(&member)
            .expect("a member joins before it asks")
    }
}

/// Fate's side.
impl World {
    pub(crate) fn join(&mut self, member: MemberId) {
        self.note(format_args!("m{member} joins"));
        self.group.members.insert(
            member,
            Member {
                is_in: true,
                ..Member::default()
            },
        );
        self.group.wanted = true;
    }

    /// After so many more requests to its client nothing that the member does is seen.
    pub(crate) fn kill(&mut self, member: MemberId, after: u32) {
        self.note(format_args!("m{member} is killed after {after} requests"));
        if let Some(member) = self.group.members.get_mut(&member) {
            (member.doom, member.dead) = (Some(after), after == 0);
        }
    }

    /// The member does nothing for a while; the coordinator hears nothing of it.
    pub(crate) fn freeze(&mut self, member: MemberId, duration: Time) {
        let now = self.now;
        self.note(format_args!("m{member} is frozen for {duration}"));
        if let Some(member) = self.group.members.get_mut(&member) {
            member.frozen = Some((now, now + duration));
        }
    }

    /// From now on the member's client gets no records, until it is made anew.
    pub(crate) fn deafen(&mut self, member: MemberId) {
        if let Some(known) = self.group.members.get_mut(&member).filter(|m| !m.is_deaf) {
            known.is_deaf = true;
            self.deafened += 1;
            self.note(format_args!("m{member} is deaf"));
        }
    }

    /// The member leaves, and joins at once with another client.
    pub(crate) fn renew(&mut self, member: MemberId) {
        self.note(format_args!("m{member} has a new client"));
        if !self.group.acts(member) {
            return;
        }
        let known = self.group.member(member);
        if !known.is_deaf {
            self.violate(format!("m{member} had no need of a new client"));
        }
        let group = &mut self.group;
        let known = group.member(member);
        *known = Member {
            is_in: true,
            expelled: known.expelled + 1,
            client: known.client + 1,
            doom: known.doom,
            last_request: known.last_request,
            frozen: known.frozen,
            ..Member::default()
        };
        group.owners.retain(|_, owner| *owner != member);
        group.wanted = true;
    }

    /// A rebalance without a reason.
    pub(crate) fn stir(&mut self) {
        self.note(format_args!("the group is stirred"));
        self.group.wanted = true;
        // Another order of members gives another assignment.
        self.group.target.clear();
    }

    pub(super) fn coordinate(&mut self) {
        let next = self.now + LOOK;
        self.at(next, Event::Coordinate);
        self.expire();
        let group = &mut self.group;
        let mut present = group.members.values().filter(|m| m.is_in);
        let quiet = present.all(|m| m.asked_back.is_empty() && m.notices.is_empty() && !m.is_asked);
        if group.revoking && group.members.values().all(|m| m.asked_back.is_empty()) {
            self.hand_out();
        } else if group.wanted && !group.revoking && quiet {
            self.ask_back();
        }
    }

    fn expire(&mut self) {
        let now = self.now;
        let mut out = Vec::new();
        for (id, member) in &mut self.group.members {
            let Member { dead, frozen, .. } = *member;
            let silent = frozen.filter(|(since, _)| now > since + SESSION).is_some();
            if frozen.is_some_and(|(_, until)| until <= now) {
                member.frozen = None;
            }
            if member.is_in && (dead || silent) {
                // The group's clients notice a crash as late as a pause; that it is at once here only makes more happen.
                out.push(*id);
            }
        }
        for id in out {
            self.note(format_args!("m{id} is out"));
            let group = &mut self.group;
            let member = group.member(id);
            member.frozen = member.frozen.filter(|(_, until)| *until > now);
            member.is_in = false;
            member.expelled += 1;
            member.lost = true;
            member.asked_back.clear();
            member.notices.clear();
            member.notices.push_back((now, None));
            group.owners.retain(|_, owner| *owner != id);
            group.wanted = true;
            group.generation += 1;
            let generation = group.generation;
            // Those that stay have joined again by the time they hear of anything.
            group
                .members
                .values_mut()
                .filter(|m| m.is_in)
                .for_each(|m| m.generation = generation);
        }
    }

    fn ask_back(&mut self) {
        let mut members: Vec<_> = self
            .group
            .members
            .iter()
            .filter(|(_, m)| m.is_in)
            .map(|(id, _)| *id)
            .collect();
        self.group.wanted = false;
        if members.is_empty() {
            return;
        }
        for index in (1..members.len()).rev() {
            members.swap(index, self.random.within(0, index as u64 + 1) as usize);
        }
        let partitions = 0..self.group.partitions as i32;
        self.group.target = partitions
            .map(|p| (p, members[p as usize % members.len()]))
            .collect();
        let target = format!("{:?}", self.group.target);
        self.note(format_args!("target {target}"));
        let eager = self.trouble.eager;
        for id in members {
            let group = &self.group;
            let given: Vec<_> = group
                .owners
                .iter()
                .filter(|(p, owner)| **owner == id && (eager || group.target[p] != id))
                .map(|(p, _)| *p)
                .collect();
            let due = self.now + self.random.within(0, 20);
            let tell = !given.is_empty() || self.random.per_mille(100);
            let member = self.group.member(id);
            member.asked_back = given.iter().copied().collect();
            if tell {
                member.notices.push_back((due, Some(Notice::Revoke(given))));
            }
        }
        self.group.revoking = true;
    }

    fn hand_out(&mut self) {
        let group = &mut self.group;
        group.revoking = false;
        group.generation += 1;
        let generation = group.generation;
        self.note(format_args!("generation {generation}"));
        let members: Vec<_> = self
            .group
            .members
            .iter()
            .filter(|(_, m)| m.is_in)
            .map(|(id, _)| *id)
            .collect();
        for id in members {
            let due = self.now + self.random.within(0, 20);
            let tell = self.random.per_mille(100);
            let group = &mut self.group;
            let free: Vec<_> = group
                .target
                .iter()
                .filter(|(p, owner)| **owner == id && !group.owners.contains_key(p))
                .map(|(p, _)| *p)
                .collect();
            group.owners.extend(free.iter().map(|p| (*p, id)));
            let member = group.member(id);
            member.generation = generation;
            if tell || !free.is_empty() {
                member.notices.push_back((due, Some(Notice::Assign(free))));
            }
        }
        // Some of the target may have gone meanwhile.
        self.group.wanted |= self.group.owners.len() < self.group.partitions;
    }

    pub(super) fn gave_up(&mut self, id: MemberId, expelled: u32, partitions: &[i32]) {
        self.note(format_args!("m{id} gave up {partitions:?}"));
        let group = &mut self.group;
        for partition in partitions {
            // What it was assigned since is not meant.
            let is_meant = group.member(id).expelled == expelled;
            if is_meant && group.owners.get(partition) == Some(&id) {
                group.owners.remove(partition);
            }
            group.member(id).asked_back.remove(partition);
        }
        let member = group.member(id);
        if !member.is_in && member.lost && !member.dead && member.positions.is_empty() {
            member.lost = false;
            member.is_in = true;
            group.wanted = true;
        }
    }

    pub(super) fn left(&mut self, id: MemberId) {
        self.note(format_args!("m{id} left"));
        let group = &mut self.group;
        group.owners.retain(|_, owner| *owner != id);
        group.members.remove(&id);
        group.wanted = true;
    }

    pub(super) fn commit_arrives(&mut self, request: CommitRequest) {
        let CommitRequest {
            member: id,
            client,
            generation,
            offsets,
            on_the_wire,
        } = request;
        let fate = match self.random.per_mille(self.trouble.commits) {
            true => self.random.within(1, 4),
            false => 0,
        };
        let delay = self.random.within(1, 15);
        let now = self.now;
        let group = &self.group;
        let Some(member) = group.members.get(&id) else {
            return;
        };
        // Nobody waits for the answer.
        if member.dead && !on_the_wire || member.client != client {
            return;
        }
        let error = if !member.is_in {
            Some(RDKafkaErrorCode::UnknownMemberId)
        } else if generation != group.generation {
            Some(RDKafkaErrorCode::IllegalGeneration)
        } else if fate == 1 {
            Some(RDKafkaErrorCode::NotCoordinator)
        } else if fate == 2 && group.revoking {
            Some(RDKafkaErrorCode::RebalanceInProgress)
        } else {
            None
        };
        let positions: Vec<_> = offsets.iter().map(|(p, offset, _)| (*p, *offset)).collect();
        self.note(format_args!("m{id} commits {positions:?}: {error:?}"));
        if error.is_none() {
            for (partition, offset, metadata) in &offsets {
                if self.group.owners.get(partition) != Some(&id) {
                    self.violate(format!(
                        "I8: m{id} committed partition {partition}, which is not its own"
                    ));
                }
                let committed = (*offset, metadata.clone());
                let before = self.group.committed.insert(*partition, committed);
                self.check_commit(*partition, before.map(|(offset, _)| offset), *offset);
            }
        }
        // The answer may be lost although the commit is not.
        let (error, delay) = match (error, fate) {
            (None, 3) => (Some(RDKafkaErrorCode::RequestTimedOut), 500),
            (error, _) => (error, delay),
        };
        let reply = CommitReply { error, offsets };
        self.group
            .member(id)
            .replies
            .push_back((now + delay, reply));
    }
}
