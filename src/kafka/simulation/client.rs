//! What the members' clients see of the world: notices, answers, records.

use super::group::{CommitReply, CommitRequest, Notice, Position};
use super::{Event, Input, MemberId, Time, World};

impl World {
    /// What the main queue has.
    pub(crate) fn notice(&mut self, id: MemberId) -> Option<Notice> {
        let now = self.now;
        if !self.group.acts(id) {
            return None;
        }
        let member = self.group.member(id);
        if member.is_asked || member.notices.front().is_none_or(|(time, _)| *time > now) {
            return None;
        }
        let (_, notice) = member.notices.pop_front()?;
        let notice = match notice {
            Some(notice) => notice,
            None if member.lost => Notice::Revoke(member.positions.keys().copied().collect()),
            // What was given up meanwhile was all.
            None => return None,
        };
        member.is_asked = true;
        self.note(format_args!("m{id} hears {notice:?}"));
        Some(notice)
    }

    pub(crate) fn commit_reply(&mut self, id: MemberId) -> Option<CommitReply> {
        let now = self.now;
        let replies = &mut self.group.member(id).replies;
        replies.front().filter(|(time, _)| *time <= now)?;
        replies.pop_front().map(|(_, reply)| reply)
    }

    fn request_time(&mut self, id: MemberId) -> Time {
        let delay = self.random.within(1, 15);
        let now = self.now;
        let member = self.group.member(id);
        member.last_request = (member.last_request + 1).max(now + delay);
        member.last_request
    }

    pub(crate) fn commit(&mut self, id: MemberId, offsets: Vec<(i32, i64, String)>) {
        let time = self.request_time(id);
        let on_the_wire = self.random.per_mille(500);
        if !self.group.acts(id) {
            return;
        }
        let member = self.group.member(id);
        let (client, generation) = (member.client, member.generation);
        self.at(
            time,
            Event::Commit(CommitRequest {
                member: id,
                client,
                generation,
                offsets,
                on_the_wire,
            }),
        );
    }

    pub(crate) fn take_on(&mut self, id: MemberId, partitions: &[(i32, Option<i64>)]) {
        self.group.member(id).is_asked = false;
        for (partition, start) in partitions {
            let next = start.unwrap_or(0);
            self.note(format_args!("m{id} reads {partition} from {next}"));
            let position = Position {
                next,
                touched: false,
            };
            self.group.member(id).positions.insert(*partition, position);
        }
    }

    pub(crate) fn give_up(&mut self, id: MemberId, partitions: Vec<i32>) {
        self.group.member(id).is_asked = false;
        for partition in &partitions {
            self.group.member(id).positions.remove(partition);
        }
        let time = self.request_time(id);
        if self.group.acts(id) {
            let expelled = self.group.member(id).expelled;
            self.at(time, Event::GaveUp(id, expelled, partitions));
        }
    }

    pub(crate) fn leave_group(&mut self, id: MemberId) {
        let time = self.request_time(id);
        if self.group.acts(id) {
            self.at(time, Event::Left(id));
        }
    }

    pub(crate) fn is_lost(&self, id: MemberId) -> bool {
        self.group
            .members
            .get(&id)
            .is_some_and(|member| member.lost)
    }

    /// How far the client has read each partition, where it has.
    pub(crate) fn positions(&self, id: MemberId) -> Vec<(i32, i64)> {
        let Some(member) = self.group.members.get(&id) else {
            return Vec::new();
        };
        let touched = member
            .positions
            .iter()
            .filter(|(_, position)| position.touched);
        touched
            .map(|(partition, position)| (*partition, position.next))
            .collect()
    }

    /// Whether the partition's end is known to the client.
    pub(crate) fn has_fetched(&self, id: MemberId, partition: i32) -> bool {
        let position = self
            .group
            .members
            .get(&id)
            .and_then(|m| m.positions.get(&partition));
        position.is_some_and(|position| position.touched)
    }

    /// Up to `max` records of a partition; few or none at times.
    pub(crate) fn fetch(&mut self, id: MemberId, partition: i32, max: usize) -> Vec<(i64, Input)> {
        if !self.group.acts(id) {
            return Vec::new();
        }
        let few = self.random.per_mille(300);
        let max = match few {
            true => max.min(self.random.within(0, 4) as usize),
            false => max,
        };
        if self.group.member(id).is_deaf {
            return Vec::new();
        }
        let log = &self.input[partition as usize];
        let Some(position) = self
            .group
            .members
            .get_mut(&id)
            .and_then(|m| m.positions.get_mut(&partition))
        else {
            return Vec::new();
        };
        let mut found = Vec::new();
        position.touched = true;
        while found.len() < max && (position.next as usize) < log.len() {
            if let Some(input) = &log[position.next as usize] {
                found.push((position.next, input.clone()));
            }
            position.next += 1;
        }
        if let (Some((first, _)), Some((last, _))) = (found.first(), found.last()) {
            let (first, last) = (*first, *last);
            self.note(format_args!("m{id} takes {partition}-{first} to {last}"));
        }
        found
    }

    /// A record that slipped into the main queue before the partition's own was cut off.
    pub(crate) fn stray(&mut self, id: MemberId) -> Option<(i32, i64, Input)> {
        let mut fresh = self.group.members.get(&id)?.positions.iter();
        let partition = fresh
            .find(|(_, position)| !position.touched)
            .map(|(partition, _)| *partition)?;
        if !self.random.per_mille(self.trouble.strays) {
            return None;
        }
        let found = self.fetch(id, partition, 1);
        let (offset, input) = found.into_iter().next()?;
        self.note(format_args!(
            "m{id} gets {partition}-{offset} by the main queue"
        ));
        Some((partition, offset, input))
    }
}
