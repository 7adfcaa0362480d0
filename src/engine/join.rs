//! Joins: a Parallel or Map whose children are under way.

use super::fiber::FiberId;
use crate::expr::Parts;
use crate::value::Value;

/// A place in the table of joins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct JoinId(u32);

/// The children of one Parallel or Map.
#[derive(Default)]
pub(super) struct Join {
    pub(super) parent: FiberId,
    /// One per child: a Map's item until its iteration starts, the output of a child that has ended.
    pub(super) values: Vec<Value>,
    /// A Parallel's branches all get this; a Map's `ItemSelector` reads it.
    pub(super) input: Value,
    /// Number of the first child: not 0 in a part of a join.
    pub(super) first: u32,
    /// The next child to start, counted from the first.
    pub(super) next: u32,
    /// Children under way.
    pub(super) running: u32,
    /// At most so many at a time.
    pub(super) limit: u32,
    /// Whether it waits on the stack for a turn to start children.
    pub(super) queued: bool,
    /// Whether every child runs to its end at once: see [`Scope::is_straight`](crate::plan::Scope::is_straight).
    pub(super) is_straight: bool,
    /// Whether the children are iterations of a Map.
    pub(super) is_map: bool,
    /// What the children's random numbers come from: a new one for every attempt.
    pub(super) seed: u64,
    /// Event that the children follow.
    pub(super) started_event: u64,
    /// What `ItemSelector` put together for the first item, member by member.
    pub(super) parts: Parts,
}

impl Join {
    pub(super) fn is_over(&self) -> bool {
        self.running == 0 && self.next as usize == self.values.len()
    }

    /// The number of the next child, which starts now, if one may.
    pub(super) fn start_next(&mut self) -> Option<u32> {
        if !self.has_room() {
            return None;
        }
        let index = self.first + self.next;
        self.next += 1;
        self.running += 1;
        Some(index)
    }

    /// Whether another child may start now.
    pub(super) fn has_room(&self) -> bool {
        (self.next as usize) < self.values.len() && self.running < self.limit
    }
}

/// The table of joins. Places are used again with their lists.
#[derive(Default)]
pub(super) struct Joins {
    places: Vec<Join>,
    free: Vec<JoinId>,
}

impl Joins {
    /// Places, and values in each, that stay from one execution to the next.
    const KEPT: usize = 64;
    const KEPT_VALUES: usize = 4096;

    pub(super) fn reset(&mut self) {
        if self.places.len() > Self::KEPT {
            self.places.truncate(Self::KEPT);
            self.places.shrink_to_fit();
        } else if self.free.len() == self.places.len() {
            return;
        }
        self.free.clear();
        self.free
            .extend((0..self.places.len() as u32).rev().map(JoinId));
    }

    /// Whether there is any.
    pub(super) fn are_used(&self) -> bool {
        self.free.len() < self.places.len()
    }

    /// A place for a new join: nothing but the buffer of its list is an earlier one's.
    pub(super) fn add(&mut self) -> JoinId {
        let id = self.free.pop().unwrap_or_else(|| {
            self.places.push(Join::default());
            JoinId(self.places.len() as u32 - 1)
        });
        let join = self.get_mut(id);
        let (mut values, mut parts) = (
            std::mem::take(&mut join.values),
            std::mem::take(&mut join.parts),
        );
        values.clear();
        parts.clear();
        *join = Join {
            values,
            parts,
            ..Join::default()
        };
        id
    }

    pub(super) fn remove(&mut self, id: JoinId) {
        let values = &mut self.get_mut(id).values;
        values.clear();
        values.shrink_to(Self::KEPT_VALUES);
        self.free.push(id);
    }

    pub(super) fn get(&self, id: JoinId) -> &Join {
        &self.places[id.0 as usize]
    }

    pub(super) fn get_mut(&mut self, id: JoinId) -> &mut Join {
        &mut self.places[id.0 as usize]
    }
}
