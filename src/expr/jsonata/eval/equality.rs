//! Deep equality: numbers by value, objects whatever the order of their members.

use super::super::error::Failure;
use super::super::heap::Item;
use super::{Kind, Machine};

impl Machine<'_, '_> {
    pub(in super::super) fn equal(&mut self, a: Item, b: Item) -> Result<bool, Failure> {
        if let (Item::Json(a), Item::Json(b)) = (a, b) {
            return Ok(a == b || self.arena.equal(a, b));
        }
        let kind = self.kind(a);
        if kind != self.kind(b) {
            return Ok(false);
        }
        Ok(match kind {
            Kind::Undefined | Kind::Null => true,
            Kind::Bool => self.bool(a) == self.bool(b),
            Kind::Number => self.order(a, b).is_some_and(std::cmp::Ordering::is_eq),
            Kind::String => self.equal_texts(a, b),
            Kind::Function => a == b,
            Kind::Array => return self.equal_arrays(a, b),
            Kind::Object => return self.equal_objects(a, b),
        })
    }

    fn equal_texts(&self, a: Item, b: Item) -> bool {
        match (a, b) {
            (Item::Json(value), made) | (made, Item::Json(value)) => {
                let made = self.str(made);
                let known = self.arena.as_str(value);
                matches!((known, made), (Some(known), Some(made)) if known.eq_str(&made))
            }
            _ => self.str(a) == self.str(b),
        }
    }

    fn equal_arrays(&mut self, a: Item, b: Item) -> Result<bool, Failure> {
        if a == b {
            return Ok(true);
        }
        if self.len(a) != self.len(b) {
            return Ok(false);
        }
        self.guard()?;
        let (a, b) = (self.as_list(a)?, self.as_list(b)?);
        for index in 0..self.heap.list_len(a) {
            self.step()?;
            if !self.equal(self.heap.element(a, index), self.heap.element(b, index))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn equal_objects(&mut self, a: Item, b: Item) -> Result<bool, Failure> {
        if a == b {
            return Ok(true);
        }
        if self.n_members(a) != self.n_members(b) {
            return Ok(false);
        }
        self.guard()?;
        let base = self.stack.len();
        self.push_members(a)?;
        let mut equal = true;
        for place in (base..self.stack.len()).step_by(2) {
            self.step()?;
            let name = self.string(self.stack[place]);
            let other = self.member(b, &name);
            if other == Item::Undefined || !self.equal(self.stack[place + 1], other)? {
                equal = false;
                break;
            }
        }
        self.stack.truncate(base);
        Ok(equal)
    }
}
