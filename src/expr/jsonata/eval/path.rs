//! Paths: each step is evaluated for every item of the sequence that the step before has left.

use super::super::error::Failure;
use super::super::heap::{FrameId, Item, ListKind};
use super::super::program::{Expr, ExprId, Node, Path, Stage};
use super::Machine;

/// What a step leaves: a sequence that is not written down while it has at most one item.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sequence {
    Empty,
    /// A sequence of one.
    One(Item),
    /// An array or a sequence.
    Many(Item),
}

impl Sequence {
    /// The items that a value stands for.
    pub(super) fn of(machine: &Machine<'_, '_>, item: Item) -> Sequence {
        match machine.is_array(item) {
            true => Sequence::Many(item),
            false => Sequence::One(item),
        }
    }

    pub(super) fn len(self, machine: &Machine<'_, '_>) -> usize {
        match self {
            Sequence::Empty => 0,
            Sequence::One(_) => 1,
            Sequence::Many(item) => machine.len(item),
        }
    }

    /// The value it stands for, not yet settled.
    pub(super) fn into_item(self, machine: &mut Machine<'_, '_>) -> Item {
        match self {
            Sequence::Empty => Item::List(machine.heap.push_list(&[], ListKind::SEQUENCE)),
            Sequence::One(item) => Item::List(machine.heap.push_list(&[item], ListKind::SEQUENCE)),
            Sequence::Many(item) => item,
        }
    }
}

impl Machine<'_, '_> {
    pub(super) fn path(
        &mut self,
        node: &Node,
        path: &Path,
        input: Item,
        frame: FrameId,
    ) -> Result<Item, Failure> {
        if path.tuples.is_some() {
            return self.tuple_path(node, path, input, frame);
        }
        let sequence = self.steps(path, path.steps.len(), input, frame)?;
        let result = self.finish_path(node, path, sequence);
        match &node.group {
            Some(group) => self.group(group, result, frame, None),
            None => Ok(result),
        }
    }

    /// A path of variable and names only.
    pub(super) fn sequence_path(
        &mut self,
        path: &Path,
        input: Item,
        frame: FrameId,
    ) -> Result<Item, Failure> {
        match self.steps(path, path.steps.len(), input, frame)? {
            Sequence::Empty => Ok(Item::Undefined),
            Sequence::One(item) | Sequence::Many(item) => Ok(item),
        }
    }

    /// The steps of a path of names from `place` on, over what those before it have found.
    pub(super) fn rest_of_path(
        &mut self,
        path: &Path,
        place: usize,
        found: Item,
        frame: FrameId,
    ) -> Result<Item, Failure> {
        let sequence = Sequence::of(self, found);
        match self.steps_from(path, place..path.steps.len(), sequence, frame)? {
            Sequence::Empty => Ok(Item::Undefined),
            Sequence::One(item) | Sequence::Many(item) => Ok(item),
        }
    }

    /// Takes the first `n_steps` steps.
    pub(super) fn steps(
        &mut self,
        path: &Path,
        n_steps: usize,
        input: Item,
        frame: FrameId,
    ) -> Result<Sequence, Failure> {
        let code = self.code;
        if let Some(start) = &path.start
            && n_steps > start.keys.len()
            && let Some(found) = self.walk(start, frame)
        {
            let taken = start.keys.len();
            self.spend(taken)?;
            let stages = &code[path.steps[taken]].stages;
            let sequence = match found {
                Item::Undefined if stages.is_empty() => return Ok(Sequence::Empty),
                _ => Sequence::of(self, found),
            };
            let sequence = self.stages(stages, sequence, frame)?;
            let is_last = taken + 1 == path.steps.len();
            return match sequence.len(self) {
                // An empty array stands for nothing in between.
                0 if !is_last => Ok(Sequence::Empty),
                _ => self.steps_from(path, taken + 1..n_steps, sequence, frame),
            };
        }
        let absolute = matches!(
            code[path.steps[0]].expr,
            Expr::Variable(_) | Expr::Root | Expr::Context
        );
        let sequence = match absolute {
            true => Sequence::One(input),
            false => Sequence::of(self, input),
        };
        self.steps_from(path, 0..n_steps, sequence, frame)
    }

    fn steps_from(
        &mut self,
        path: &Path,
        places: std::ops::Range<usize>,
        mut sequence: Sequence,
        frame: FrameId,
    ) -> Result<Sequence, Failure> {
        let code = self.code;
        for place in places {
            let step = &path.steps[place];
            let node = &code[*step];
            let is_last = place + 1 == path.steps.len();
            sequence = if place == 0 && node.cons_array {
                // Built once, not for every item.
                let input = sequence.into_item(self);
                match self.eval(*step, input, frame)? {
                    Item::Undefined => Sequence::Empty,
                    item => Sequence::of(self, item),
                }
            } else if let Expr::Sort(terms) = &node.expr {
                let sorted = self.order_by(node, terms, sequence, frame, None)?;
                self.stages(&node.stages, sorted, frame)?
            } else {
                self.path_step(*step, node, sequence, frame, is_last)?
            };
            if sequence.len(self) == 0 {
                break;
            }
        }
        Ok(sequence)
    }

    fn stages(
        &mut self,
        stages: &[Stage],
        mut sequence: Sequence,
        frame: FrameId,
    ) -> Result<Sequence, Failure> {
        for stage in stages {
            if let Stage::Filter(filter) = stage {
                sequence = self.filter_sequence(*filter, sequence, frame)?;
            }
        }
        Ok(sequence)
    }

    fn path_step(
        &mut self,
        id: ExprId,
        node: &Node,
        input: Sequence,
        frame: FrameId,
        is_last: bool,
    ) -> Result<Sequence, Failure> {
        let item = match input {
            Sequence::Empty => return Ok(Sequence::Empty),
            Sequence::One(item) => item,
            Sequence::Many(items) => return self.step_each(id, node, items, frame, is_last),
        };
        let result = self.step_one(id, node, item, frame)?;
        Ok(match result {
            Sequence::Many(item) if is_last && !self.is_sequence(item) => result,
            Sequence::Many(item) if !self.is_cons(item) => {
                let base = self.stack.len();
                self.push_elements(item)?;
                self.collected(base)?
            }
            Sequence::Many(item) => Sequence::One(item),
            _ => result,
        })
    }

    fn step_each(
        &mut self,
        id: ExprId,
        node: &Node,
        items: Item,
        frame: FrameId,
        is_last: bool,
    ) -> Result<Sequence, Failure> {
        let base = self.stack.len();
        let list = self.as_list(items)?;
        let mut n_results = 0;
        let mut only = Sequence::Empty;
        for index in 0..self.heap.list_len(list) {
            let item = self.heap.element(list, index);
            let result = self.step_one(id, node, item, frame)?;
            match result {
                // A filter that leaves nothing has a result all the same: an empty one.
                Sequence::Empty if node.stages.is_empty() => continue,
                Sequence::Empty => {}
                Sequence::One(item) => self.stack.push(item),
                Sequence::Many(item) if self.is_cons(item) => self.stack.push(item),
                Sequence::Many(item) => self.push_elements(item)?,
            }
            n_results += 1;
            only = result;
        }
        if let (true, 1, Sequence::Many(item)) = (is_last, n_results, only)
            && !self.is_sequence(item)
        {
            self.stack.truncate(base);
            return Ok(Sequence::Many(item));
        }
        self.collected(base)
    }

    /// The results of a step for one item.
    fn step_one(
        &mut self,
        id: ExprId,
        node: &Node,
        item: Item,
        frame: FrameId,
    ) -> Result<Sequence, Failure> {
        let result = match &node.expr {
            Expr::Name(key) if node.plain && !node.keep_array => {
                self.step()?;
                match self.lookup(item, key)? {
                    Item::List(list) => self.settle(list, false),
                    found => found,
                }
            }
            _ => self.eval(id, item, frame)?,
        };
        if node.stages.is_empty() {
            return Ok(match result {
                Item::Undefined => Sequence::Empty,
                _ => Sequence::of(self, result),
            });
        }
        let sequence = Sequence::of(self, result);
        self.stages(&node.stages, sequence, frame)
    }

    fn is_cons(&self, item: Item) -> bool {
        matches!(item, Item::List(list) if self.heap.list(list).kind.cons)
    }

    /// The sequence of what was pushed since the stack stood at `base`.
    pub(super) fn collected(&mut self, base: usize) -> Result<Sequence, Failure> {
        match self.stack[base..] {
            [] => Ok(Sequence::Empty),
            [item] => {
                self.stack.truncate(base);
                Ok(Sequence::One(item))
            }
            _ => Ok(Sequence::Many(self.list_from(base, ListKind::SEQUENCE)?)),
        }
    }

    /// The result of a path, not yet settled.
    pub(super) fn finish_path(&mut self, node: &Node, path: &Path, sequence: Sequence) -> Item {
        if !path.keep_singleton {
            return match sequence {
                Sequence::Empty => Item::Undefined,
                Sequence::One(item) if !node.keep_array && node.group.is_none() => item,
                _ => sequence.into_item(self),
            };
        }
        let kept = ListKind {
            keep_singleton: true,
            ..ListKind::SEQUENCE
        };
        match sequence {
            Sequence::Empty => Item::Undefined,
            Sequence::One(item) => Item::List(self.heap.push_list(&[item], kept)),
            Sequence::Many(item) => match item {
                Item::List(list) => {
                    let of = self.heap.list(list);
                    match (of.kind.cons, of.kind.sequence) {
                        (true, false) => Item::List(self.heap.push_list(&[item], kept)),
                        (_, true) => Item::List(self.heap.push_elements(of.elements, kept)),
                        _ => item,
                    }
                }
                _ => item,
            },
        }
    }

    /// `*`: the values of all members, arrays flattened.
    pub(super) fn wildcard(&mut self, input: Item) -> Result<Item, Failure> {
        let input = self.context(input);
        let base = self.stack.len();
        let values_from = self.stack.len();
        if self.is_array(input) {
            self.push_elements(input)?;
        } else {
            self.push_members(input)?;
            // Names and values in turn: keep the values.
            let n = (self.stack.len() - values_from) / 2;
            for index in 0..n {
                self.stack[values_from + index] = self.stack[values_from + 2 * index + 1];
            }
            self.stack.truncate(values_from + n);
        }
        let values: Vec<Item> = self.stack.drain(base..).collect();
        let mut kind = ListKind::SEQUENCE;
        for value in values {
            match self.is_array(value) {
                true => {
                    self.push_flat(value)?;
                    // Appending an array makes an array.
                    kind = ListKind::ARRAY;
                }
                false => self.stack.push(value),
            }
        }
        self.list_from(base, kind)
    }

    /// Pushes all that is in an array, however deeply nested.
    fn push_flat(&mut self, item: Item) -> Result<(), Failure> {
        self.step()?;
        if !self.is_array(item) {
            self.stack.push(item);
            return Ok(());
        }
        self.guard()?;
        let list = self.as_list(item)?;
        for index in 0..self.heap.list_len(list) {
            self.push_flat(self.heap.element(list, index))?;
        }
        Ok(())
    }

    /// `**`: the input, and all that is in it.
    pub(super) fn descendants(&mut self, input: Item) -> Result<Item, Failure> {
        if input == Item::Undefined {
            return Ok(input);
        }
        let base = self.stack.len();
        self.push_descendants(input)?;
        self.list_from(base, ListKind::SEQUENCE)
    }

    fn push_descendants(&mut self, item: Item) -> Result<(), Failure> {
        self.step()?;
        self.guard()?;
        if self.is_array(item) {
            let list = self.as_list(item)?;
            for index in 0..self.heap.list_len(list) {
                self.push_descendants(self.heap.element(list, index))?;
            }
            return Ok(());
        }
        self.stack.push(item);
        let base = self.stack.len();
        self.push_members(item)?;
        let values: Vec<Item> = self.stack.drain(base..).skip(1).step_by(2).collect();
        for value in values {
            self.push_descendants(value)?;
        }
        Ok(())
    }
}
