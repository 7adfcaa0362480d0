//! Following the steps of a path.
//!
//! A definite path is a tight loop. An indefinite one gathers its hits: steps are recursion (there are at most 128),
//! descending into the document is not.

use crate::value::Arena;
use crate::value::Kind;
use crate::value::Value;

use super::step::Step;
use super::{NotFound, Why};
use crate::expr::Scratch;

/// Values that one evaluation may look at: `$..*..*` on a large document would never end otherwise.
const MAX_VISITS: usize = 1_000_000;

/// Elements that are gone through without counting visits.
const MANY: usize = 10_000;

/// What names alone find in each element of an array that names alone lead to; none where anything is unusual.
pub(super) fn of_each(
    steps: &[Step],
    wildcard: usize,
    root: Value,
    arena: &mut Arena,
    scratch: &mut Scratch,
) -> Option<Value> {
    let array = follow(&steps[..wildcard], root, arena)?;
    if arena.kind(array) != Kind::Array || arena.len(array) > MANY {
        return None;
    }
    let start = scratch.values.len();
    for element in arena.elements(array) {
        scratch
            .values
            .extend(follow(&steps[wildcard + 1..], element, arena));
    }
    let found = arena.array(&scratch.values[start..]);
    scratch.values.truncate(start);
    Some(found)
}

/// The value that names lead to.
fn follow(names: &[Step], value: Value, arena: &Arena) -> Option<Value> {
    names.iter().try_fold(value, |value, step| match step {
        Step::Name(key) => arena.get(value, key),
        _ => None,
    })
}

/// One evaluation of a path, filters included.
pub(super) struct Select<'a> {
    /// `$` inside filters.
    pub(super) root: Value,
    pub(super) arena: &'a mut Arena,
    scratch: &'a mut Scratch,
    visits: usize,
}

impl<'a> Select<'a> {
    pub(super) fn new(root: Value, arena: &'a mut Arena, scratch: &'a mut Scratch) -> Select<'a> {
        Select {
            root,
            arena,
            scratch,
            visits: 0,
        }
    }

    /// Follows `steps` from `start`; an indefinite path gives an array.
    pub(super) fn select(
        &mut self,
        steps: &[Step],
        definite: bool,
        start: Value,
    ) -> Result<Value, NotFound> {
        let (hits, pending) = (self.scratch.values.len(), self.scratch.pending.len());
        let walked = self.walk(steps, 0, start, true);
        self.scratch.pending.truncate(pending);
        let found = match walked {
            Ok(()) if definite => match self.scratch.values.get(hits) {
                Some(found) => Ok(*found),
                None => Err(NotFound::new(steps.len() - 1, Why::NoResult, start)),
            },
            Ok(()) => Ok(self.arena.array(&self.scratch.values[hits..])),
            // Recorded: an indefinite path finds nothing where a parent is missing.
            Err(missing) if !definite && missing.why.is_absence() => Ok(Value::EMPTY_ARRAY),
            Err(missing) => Err(missing),
        };
        self.scratch.values.truncate(hits);
        found
    }

    /// Follows the steps from `at` on. `definite` says that nothing before branched: only then is absence an error.
    fn walk(
        &mut self,
        steps: &[Step],
        at: usize,
        value: Value,
        definite: bool,
    ) -> Result<(), NotFound> {
        self.visits += 1;
        if self.visits > MAX_VISITS {
            return Err(NotFound::new(at, Why::TooMany, value));
        }
        let Some(step) = steps.get(at) else {
            self.scratch.values.push(value);
            return Ok(());
        };
        let next = at + 1;
        match step {
            Step::Name(key) => match self.arena.get(value, key) {
                Some(member) => self.walk(steps, next, member, definite),
                None if definite => Err(missing_name(self.arena, value, at, steps.len())),
                None => Ok(()),
            },
            Step::Names(keys) if next == steps.len() => {
                if self.arena.kind(value) == Kind::Object {
                    let projection = project(keys, value, self.arena, self.scratch);
                    self.scratch.values.push(projection);
                    Ok(())
                } else if definite {
                    Err(NotFound::new(at, Why::NotAnObject, value))
                } else {
                    Ok(())
                }
            }
            Step::Names(keys) => {
                if definite && self.arena.kind(value) != Kind::Object {
                    return Err(NotFound::new(at, Why::NotAnObject, value));
                }
                for key in keys {
                    if let Some(member) = self.arena.get(value, key) {
                        self.walk(steps, next, member, false)?;
                    }
                }
                Ok(())
            }
            Step::Index(_) | Step::Indexes(_) | Step::Slice { .. } => {
                if self.arena.kind(value) != Kind::Array {
                    return match definite {
                        true => Err(not_an_array(self.arena, value, at)),
                        false => Ok(()),
                    };
                }
                self.indexes(steps, at, value, definite)
            }
            Step::Wildcard => self.each(value, |run, child| run.walk(steps, next, child, false)),
            Step::Descend => self.descend(steps, next, value),
            Step::Filter(filter) => match self.arena.kind(value) {
                Kind::Array => self.each(value, |run, child| {
                    if filter.accepts(child, run)? {
                        run.walk(steps, next, child, false)?;
                    }
                    Ok(())
                }),
                Kind::Object if filter.accepts(value, self)? => {
                    self.walk(steps, next, value, false)
                }
                Kind::Object => Ok(()),
                _ if definite => Err(NotFound::new(at, Why::Primitive, value)),
                _ => Ok(()),
            },
        }
    }

    /// `[n]`, `[n,m]` and slices, on an array.
    fn indexes(
        &mut self,
        steps: &[Step],
        at: usize,
        array: Value,
        definite: bool,
    ) -> Result<(), NotFound> {
        let len = i64::try_from(self.arena.len(array)).unwrap_or(i64::MAX);
        let visit = |run: &mut Self, index: i64, definite: bool| {
            let Some(place) = resolve(index, len) else {
                return Ok(());
            };
            match run.arena.index(array, place) {
                Some(element) => run.walk(steps, at + 1, element, definite),
                None => Ok(()),
            }
        };
        match &steps[at] {
            Step::Index(index) => visit(self, i64::from(*index), definite),
            Step::Indexes(indexes) => indexes
                .iter()
                .try_for_each(|index| visit(self, i64::from(*index), false)),
            Step::Slice { from, to } => {
                let (from, to) = slice(*from, *to, len);
                if from >= 0 {
                    return self.range(steps, at, array, from, to);
                }
                (from..to).try_for_each(|index| visit(self, index, false))
            }
            _ => Ok(()),
        }
    }

    /// The elements from `from` up to `to`, passed over once.
    fn range(
        &mut self,
        steps: &[Step],
        at: usize,
        array: Value,
        from: i64,
        to: i64,
    ) -> Result<(), NotFound> {
        let mut place = 0;
        self.each(array, |run, element| {
            let wanted = (from..to).contains(&place);
            place += 1;
            match wanted {
                true => run.walk(steps, at + 1, element, false),
                false => Ok(()),
            }
        })
    }

    /// Calls `visit` for the elements of an array or the members of an object.
    fn each(
        &mut self,
        value: Value,
        mut visit: impl FnMut(&mut Self, Value) -> Result<(), NotFound>,
    ) -> Result<(), NotFound> {
        let start = self.push_children(value);
        let end = self.scratch.pending.len();
        for place in start..end {
            let child = self.scratch.pending[place];
            visit(self, child)?;
        }
        self.scratch.pending.truncate(start);
        Ok(())
    }

    /// Puts the children on the stack; returns where they begin.
    fn push_children(&mut self, value: Value) -> usize {
        let start = self.scratch.pending.len();
        match self.arena.kind(value) {
            Kind::Array => self.scratch.pending.extend(self.arena.elements(value)),
            Kind::Object => {
                let members = self.arena.members(value);
                self.scratch
                    .pending
                    .extend(members.map(|(_, member)| member));
            }
            _ => {}
        }
        start
    }

    /// `..`: tries the step at `at` on the value and on everything below, parents first.
    fn descend(&mut self, steps: &[Step], at: usize, value: Value) -> Result<(), NotFound> {
        let bottom = self.scratch.pending.len();
        self.scratch.pending.push(value);
        while self.scratch.pending.len() > bottom {
            let Some(node) = self.scratch.pending.pop() else {
                break;
            };
            if self.applies(&steps[at], node)? {
                self.walk(steps, at, node, false)?;
            }
            let children = self.push_children(node);
            self.scratch.pending[children..].reverse();
        }
        Ok(())
    }

    /// Jayway hands an array to a filter below `..` only if the filter accepts the array itself: its elements are
    /// visited one by one anyway.
    fn applies(&mut self, step: &Step, node: Value) -> Result<bool, NotFound> {
        match (self.arena.kind(node), step) {
            (Kind::Array, Step::Filter(filter)) => filter.accepts(node, self),
            (Kind::Array | Kind::Object, _) => Ok(true),
            _ => Ok(false),
        }
    }
}

/// Follows a definite path.
#[inline]
pub(super) fn definite(
    steps: &[Step],
    start: Value,
    arena: &mut Arena,
    scratch: &mut Scratch,
) -> Result<Value, NotFound> {
    let mut value = start;
    for (at, step) in steps.iter().enumerate() {
        value = match step {
            Step::Name(key) => match arena.get(value, key) {
                Some(member) => member,
                None => return Err(missing_name(arena, value, at, steps.len())),
            },
            Step::Index(index) => element(arena, value, *index, at)?,
            Step::Names(keys) if arena.kind(value) == Kind::Object => {
                project(keys, value, arena, scratch)
            }
            _ => return Err(NotFound::new(at, Why::NotAnObject, value)),
        };
    }
    Ok(value)
}

fn element(arena: &Arena, array: Value, index: i32, at: usize) -> Result<Value, NotFound> {
    let found = match usize::try_from(index) {
        Ok(index) => arena.index(array, index),
        Err(_) => {
            let len = i64::try_from(arena.len(array)).unwrap_or(i64::MAX);
            resolve(i64::from(index), len).and_then(|place| arena.index(array, place))
        }
    };
    found.ok_or_else(|| match arena.kind(array) {
        Kind::Array => NotFound::new(at, Why::NoResult, array),
        _ => not_an_array(arena, array, at),
    })
}

/// The place of a possibly negative index.
fn resolve(index: i64, len: i64) -> Option<usize> {
    let place = if index < 0 { len + index } else { index };
    usize::try_from(place).ok().filter(|_| place < len)
}

/// The bounds that Jayway loops over: negative ones count from the end only where one bound is open, else each index does.
fn slice(from: Option<i32>, to: Option<i32>, len: i64) -> (i64, i64) {
    let (from, to) = (from.map(i64::from), to.map(i64::from));
    match (from, to) {
        (Some(from), Some(to)) => (from.max(-len), to.min(len)),
        (Some(from), None) => (if from < 0 { (len + from).max(0) } else { from }, len),
        (None, Some(to)) => (0, if to < 0 { len + to } else { to.min(len) }),
        (None, None) => (0, len),
    }
}

/// An object of the members that are there.
fn project(
    keys: &[crate::value::Key],
    object: Value,
    arena: &mut Arena,
    scratch: &mut Scratch,
) -> Value {
    let start = scratch.members.len();
    for key in keys {
        let repeated = || {
            let taken = &scratch.members[start..];
            let named = |name: Value| arena.as_str(name).is_some_and(|n| n.eq_str(key.name()));
            taken.iter().any(|(name, _)| named(*name))
        };
        if let Some(member) = arena.get(object, key)
            && !repeated()
        {
            let name = arena.string(key.name());
            scratch.members.push((name, member));
        }
    }
    let projection = arena.object(&scratch.members[start..]);
    scratch.members.truncate(start);
    projection
}

#[cold]
fn missing_name(arena: &Arena, value: Value, at: usize, steps: usize) -> NotFound {
    let why = match arena.kind(value) {
        Kind::Object if at + 1 == steps => Why::NoResult,
        Kind::Object => Why::MissingProperty,
        _ => Why::NotAnObject,
    };
    NotFound::new(at, why, value)
}

#[cold]
fn not_an_array(arena: &Arena, value: Value, at: usize) -> NotFound {
    let why = match arena.kind(value) {
        Kind::Null => Why::IsNull,
        _ => Why::NotAnArray,
    };
    NotFound::new(at, why, value)
}
