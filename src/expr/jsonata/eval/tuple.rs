//! Paths whose steps bind variables (`@$x`, `#$i`) or are looked back to (`%`): streams of tuples.
//!
//! A tuple is a frame: slot 0 is its context, the others are what the steps have bound. So what a step, a predicate, an
//! order or a grouping sees of the bindings is seen through ordinary variables.

use super::super::error::Failure;
use super::super::heap::{FrameId, Item, ListId, ListKind};
use super::super::program::{Expr, ExprId, LayoutId, Node, Path, Stage};
use super::Machine;
use super::path::Sequence;

/// The slot of a tuple's context.
pub(super) const CONTEXT: u32 = 0;

impl Machine<'_, '_> {
    pub(super) fn tuple_path(
        &mut self,
        node: &Node,
        path: &Path,
        input: Item,
        frame: FrameId,
    ) -> Result<Item, Failure> {
        let code = self.code;
        let Some((first_tuple, layout)) = path.tuples else {
            unreachable!("the caller has looked")
        };
        // An array constructor at the beginning makes what its tuples are made of.
        let constructs = first_tuple == 0 && code[path.steps[0]].cons_array;
        let plain = if constructs { 1 } else { first_tuple };
        let sequence = match plain {
            0 if matches!(
                code[path.steps[0]].expr,
                Expr::Variable(_) | Expr::Root | Expr::Context
            ) =>
            {
                Sequence::One(input)
            }
            0 => Sequence::of(self, input),
            _ => self.steps(path, plain, input, frame)?,
        };
        if plain > 0 && sequence.len(self) == 0 {
            let result = self.finish_path(node, path, sequence);
            return match &node.group {
                Some(group) => self.group(group, result, frame, Some(layout)),
                None => Ok(result),
            };
        }
        let mut tuples = None;
        for step in &path.steps[plain..] {
            let known = match (tuples, &code[*step].expr) {
                (None, Expr::Sort(_)) => None,
                (None, _) => Some(self.first_tuples(sequence, frame, layout)?),
                (known, _) => known,
            };
            tuples = Some(self.tuple_step(*step, known, sequence, frame, layout)?);
        }
        let tuples = match tuples {
            Some(tuples) => tuples,
            None => self.first_tuples(sequence, frame, layout)?,
        };
        if let Some(group) = &node.group {
            return self.group(group, Item::List(tuples), frame, Some(layout));
        }
        if node.tuple {
            return Ok(Item::List(tuples));
        }
        let base = self.stack.len();
        for index in 0..self.heap.list_len(tuples) {
            let context = self.context_of(self.heap.element(tuples, index));
            self.stack.push(context);
        }
        let sequence = Sequence::Many(self.list_from(base, ListKind::SEQUENCE)?);
        Ok(self.finish_path(node, path, sequence))
    }

    /// The context of a tuple.
    pub(super) fn context_of(&self, tuple: Item) -> Item {
        match tuple {
            Item::Tuple(frame) => self.heap.slot(frame, CONTEXT),
            other => other,
        }
    }

    fn tuple_of(&mut self, context: Item, outer: FrameId, layout: LayoutId) -> FrameId {
        let tuple = self.new_frame(outer, layout);
        self.heap.bind(tuple, CONTEXT, context);
        tuple
    }

    fn first_tuples(
        &mut self,
        sequence: Sequence,
        outer: FrameId,
        layout: LayoutId,
    ) -> Result<ListId, Failure> {
        let items = sequence.into_item(self);
        let items = self.as_list(items)?;
        let base = self.stack.len();
        for index in 0..self.heap.list_len(items) {
            self.step()?;
            let tuple = self.tuple_of(self.heap.element(items, index), outer, layout);
            self.stack.push(Item::Tuple(tuple));
        }
        self.tuples_from(base)
    }

    fn tuples_from(&mut self, base: usize) -> Result<ListId, Failure> {
        let list = self.heap.push_list(&self.stack[base..], ListKind::TUPLES);
        self.stack.truncate(base);
        Ok(list)
    }

    fn tuple_step(
        &mut self,
        id: ExprId,
        tuples: Option<ListId>,
        input: Sequence,
        outer: FrameId,
        layout: LayoutId,
    ) -> Result<ListId, Failure> {
        let code = self.code;
        let node = &code[id];
        let result = match (&node.expr, tuples) {
            (Expr::Sort(terms), Some(tuples)) => {
                let tuples = Sequence::Many(Item::List(tuples));
                let sorted = self
                    .order_by(node, terms, tuples, outer, Some(layout))?
                    .into_item(self);
                let sorted = self.as_list(sorted)?;
                let elements = self.heap.list(sorted).elements;
                self.heap.push_elements(elements, ListKind::TUPLES)
            }
            (Expr::Sort(terms), None) => {
                let sorted = self.order_by(node, terms, input, outer, None)?;
                let tuples = self.first_tuples(sorted, outer, layout)?;
                if let Some(label) = node.index {
                    self.number_tuples(tuples, label.slot);
                }
                tuples
            }
            (_, Some(tuples)) => self.tuple_step_each(id, node, tuples)?,
            (_, None) => unreachable!("only a sort comes before there are tuples"),
        };
        self.tuple_stages(&node.stages, result)
    }

    fn tuple_step_each(
        &mut self,
        id: ExprId,
        node: &Node,
        tuples: ListId,
    ) -> Result<ListId, Failure> {
        let base = self.stack.len();
        for index in 0..self.heap.list_len(tuples) {
            let Item::Tuple(tuple) = self.heap.element(tuples, index) else {
                continue;
            };
            let context = self.heap.slot(tuple, CONTEXT);
            let result = self.eval(id, context, tuple)?;
            if result == Item::Undefined {
                continue;
            }
            let carries_tuples =
                matches!(result, Item::List(list) if self.heap.list(list).kind.tuples);
            let results = self.as_list(result)?;
            for place in 0..self.heap.list_len(results) {
                self.step()?;
                let next = self.heap.copy_frame(tuple);
                match self.heap.element(results, place) {
                    Item::Tuple(inner) if carries_tuples => self.take_over(inner, next),
                    item => {
                        if let Some(focus) = node.focus {
                            self.heap.bind(next, focus.slot, item);
                        } else {
                            self.heap.bind(next, CONTEXT, item);
                        }
                        if let Some(index) = node.index {
                            self.heap.bind(next, index.slot, Item::Int(place as i64));
                        }
                        if let Some(ancestor) = node.ancestor {
                            self.heap.bind(next, ancestor.slot, context);
                        }
                    }
                }
                self.stack.push(Item::Tuple(next));
            }
        }
        self.tuples_from(base)
    }

    /// Takes over what a tuple of a path inside of this one has bound.
    fn take_over(&mut self, inner: FrameId, into: FrameId) {
        let code = self.code;
        let from = &code.layouts[self.heap.frame(inner).layout.0 as usize];
        let to = &code.layouts[self.heap.frame(into).layout.0 as usize];
        for (slot, name) in from.iter().enumerate() {
            let item = self.heap.slot(inner, slot as u32);
            let place = to.iter().position(|known| known == name);
            if let (Some(place), true) = (place, item != Item::Unbound) {
                self.heap.bind(into, place as u32, item);
            }
        }
    }

    fn number_tuples(&mut self, tuples: ListId, slot: u32) {
        for index in 0..self.heap.list_len(tuples) {
            if let Item::Tuple(tuple) = self.heap.element(tuples, index) {
                self.heap.bind(tuple, slot, Item::Int(index as i64));
            }
        }
    }

    fn tuple_stages(&mut self, stages: &[Stage], mut tuples: ListId) -> Result<ListId, Failure> {
        for stage in stages {
            match stage {
                Stage::Index(label) => self.number_tuples(tuples, label.slot),
                Stage::Filter(filter) => tuples = self.filter_tuples(*filter, tuples, None)?,
            }
        }
        Ok(tuples)
    }

    /// Predicates of a step see the variables of its tuples; one behind a block whose tuples are only handed on sees those
    /// of the `frame` around it.
    pub(super) fn filter_tuples(
        &mut self,
        predicate: ExprId,
        tuples: ListId,
        frame: Option<FrameId>,
    ) -> Result<ListId, Failure> {
        let code = self.code;
        let node = &code[predicate];
        let len = self.heap.list_len(tuples);
        let literal = match (node.plain, &node.expr) {
            (true, Expr::Literal(literal)) if self.number(*literal).is_some() => Some(*literal),
            _ => None,
        };
        let base = self.stack.len();
        for index in 0..len {
            let item = self.heap.element(tuples, index);
            let Item::Tuple(tuple) = item else { continue };
            let chosen = match literal {
                Some(literal) => literal,
                None => self.eval(
                    predicate,
                    self.heap.slot(tuple, CONTEXT),
                    frame.unwrap_or(tuple),
                )?,
            };
            self.choose(chosen, item, index, len)?;
        }
        self.tuples_from(base)
    }
}
