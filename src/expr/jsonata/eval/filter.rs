//! Predicates: `[2]` chooses by position, `[-1]` from the end, `[price > 10]` by what is true of an item.

use super::super::error::Failure;
use super::super::heap::{FrameId, Item};
use super::super::program::{Expr, ExprId};
use super::path::Sequence;
use super::{Kind, Machine};

impl Machine<'_, '_> {
    pub(super) fn filter(
        &mut self,
        predicate: ExprId,
        input: Item,
        frame: FrameId,
    ) -> Result<Sequence, Failure> {
        let sequence = Sequence::of(self, input);
        self.filter_sequence(predicate, sequence, frame)
    }

    pub(super) fn filter_sequence(
        &mut self,
        predicate: ExprId,
        input: Sequence,
        frame: FrameId,
    ) -> Result<Sequence, Failure> {
        if let Sequence::Many(Item::List(list)) = input
            && self.heap.list(list).kind.tuples
        {
            let tuples = self.filter_tuples(predicate, list, Some(frame))?;
            return Ok(Sequence::Many(Item::List(tuples)));
        }
        let code = self.code;
        let node = &code[predicate];
        if let (true, Expr::Literal(literal)) = (node.plain, &node.expr)
            && let Some(number) = self.number(*literal)
        {
            return Ok(self.at(input, number.floor()));
        }
        let items = match input {
            Sequence::Empty => return Ok(Sequence::Empty),
            Sequence::One(item) => {
                let base = self.stack.len();
                let chosen = self.eval(predicate, item, frame)?;
                self.choose(chosen, item, 0, 1)?;
                return self.collected(base);
            }
            Sequence::Many(items) => self.as_list(items)?,
        };
        let base = self.stack.len();
        let len = self.heap.list_len(items);
        for index in 0..len {
            let item = self.heap.element(items, index);
            let chosen = self.eval(predicate, item, frame)?;
            self.choose(chosen, item, index, len)?;
        }
        self.collected(base)
    }

    /// The item at a position, from the end if it is negative.
    fn at(&mut self, input: Sequence, index: i64) -> Sequence {
        let len = input.len(self) as i64;
        let index = if index < 0 { len + index } else { index };
        if !(0..len).contains(&index) {
            return Sequence::Empty;
        }
        let item = match input {
            Sequence::Many(Item::List(list)) => self.heap.element(list, index as usize),
            Sequence::Many(Item::Json(value)) => self
                .arena
                .index(value, index as usize)
                .map_or(Item::Undefined, Item::Json),
            Sequence::Many(item) | Sequence::One(item) => item,
            Sequence::Empty => Item::Undefined,
        };
        match item {
            Item::Undefined => Sequence::Empty,
            _ => Sequence::of(self, item),
        }
    }

    /// Pushes the item as often as the value of its predicate says so: once for true, once for each time that a number
    /// in it is the item's position.
    pub(super) fn choose(
        &mut self,
        chosen: Item,
        item: Item,
        index: usize,
        len: usize,
    ) -> Result<(), Failure> {
        if let Item::Bool(holds) = chosen {
            self.stack.extend(holds.then_some(item));
            return Ok(());
        }
        if let Some(number) = self.finite(chosen)? {
            if is_position(number.floor(), index, len) {
                self.stack.push(item);
            }
            return Ok(());
        }
        if self.kind(chosen) == Kind::Array {
            let positions = self.as_list(chosen)?;
            let n_positions = self.heap.list_len(positions);
            self.spend(n_positions)?;
            let mut hits = 0;
            let mut all_numbers = true;
            for place in 0..n_positions {
                match self.finite(self.heap.element(positions, place))? {
                    Some(number) => hits += usize::from(is_position(number.floor(), index, len)),
                    None => {
                        all_numbers = false;
                        break;
                    }
                }
            }
            if all_numbers {
                self.stack.extend(std::iter::repeat_n(item, hits));
                return Ok(());
            }
        }
        if self.truth(chosen)? {
            self.stack.push(item);
        }
        Ok(())
    }
}

fn is_position(position: i64, index: usize, len: usize) -> bool {
    let position = if position < 0 {
        len as i64 + position
    } else {
        position
    };
    position == index as i64
}
