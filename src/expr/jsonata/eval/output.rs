//! The result leaves the evaluation: items become values of the arena.

use crate::value::Value;

use super::super::error::Failure;
use super::super::heap::Item;
use super::{Evaluated, Kind, Machine};

impl Machine<'_, '_> {
    pub(super) fn output(&mut self, item: Item) -> Result<Evaluated, Failure> {
        let item = self.context(item);
        match item {
            Item::Undefined | Item::Unbound => return Ok(Evaluated::Undefined),
            Item::Json(value) => return Ok(Evaluated::Value(value)),
            _ => {}
        }
        let Some(value) = self.value_of(item)? else {
            return Ok(Evaluated::Function);
        };
        Ok(Evaluated::Value(value))
    }

    /// None if there is a function in it.
    fn value_of(&mut self, item: Item) -> Result<Option<Value>, Failure> {
        self.step()?;
        Ok(Some(match item {
            Item::Json(value) => value,
            Item::Null | Item::Undefined | Item::Unbound | Item::TailCall => Value::NULL,
            Item::Bool(value) => Value::bool(value),
            Item::Int(value) => self.arena.integer(value),
            Item::Float(value) if value.is_finite() => self.arena.float(value),
            // AWS has names for what JSON numbers cannot be.
            Item::Float(value) if value.is_nan() => self.arena.string("NaN"),
            Item::Float(value) => {
                self.arena
                    .string(if value > 0.0 { "Infinity" } else { "-Infinity" })
            }
            Item::Text(text) if text.is_literal() => {
                self.arena.string(text.of_literals(&self.code.text))
            }
            Item::Text(text) => self.arena.string(self.heap.text(text)),
            Item::Tuple(_) => return self.value_of(self.context_of(item)),
            Item::Native(_) | Item::Function(_) => return Ok(None),
            Item::List(_) => return self.array_of(item),
            Item::Object(_) => return self.object_of(item),
        }))
    }

    fn array_of(&mut self, item: Item) -> Result<Option<Value>, Failure> {
        self.guard()?;
        let list = self.as_list(item)?;
        let len = self.heap.list_len(list);
        self.reserve(len * 8)?;
        let mut values = Vec::with_capacity(len);
        for index in 0..len {
            match self.value_of(self.heap.element(list, index))? {
                Some(value) => values.push(value),
                None => return Ok(None),
            }
        }
        Ok(Some(self.arena.array(&values)))
    }

    fn object_of(&mut self, item: Item) -> Result<Option<Value>, Failure> {
        self.guard()?;
        let base = self.stack.len();
        self.push_members(item)?;
        let mut members = Vec::with_capacity((self.stack.len() - base) / 2);
        for place in (base..self.stack.len()).step_by(2) {
            debug_assert_eq!(self.kind(self.stack[place]), Kind::String);
            let name = self.value_of(self.stack[place])?;
            let value = self.value_of(self.stack[place + 1])?;
            let (Some(name), Some(value)) = (name, value) else {
                return Ok(None);
            };
            members.push((name, value));
        }
        self.stack.truncate(base);
        Ok(Some(self.arena.object(&members)))
    }
}
