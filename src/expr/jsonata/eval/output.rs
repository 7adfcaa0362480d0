//! The result leaves the evaluation: items become values of the arena.

use crate::value::Value;

use super::super::error::Failure;
use super::super::heap::{Item, Text};
use super::{Evaluated, Machine};

impl Machine<'_, '_> {
    pub(in super::super) fn output(&mut self, item: Item) -> Result<Evaluated, Failure> {
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
    pub(in super::super) fn value_of(&mut self, item: Item) -> Result<Option<Value>, Failure> {
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
            Item::Text(text) if text.is_literal() => self.literal(text),
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
        let base = self.values.len();
        for index in 0..len {
            let value = match self.value_of(self.heap.element(list, index)) {
                Ok(Some(value)) => value,
                other => {
                    self.values.truncate(base);
                    return other;
                }
            };
            self.values.push(value);
        }
        let array = self.arena.array(&self.values[base..]);
        self.values.truncate(base);
        Ok(Some(array))
    }

    /// A literal is a constant of the plan, where the plan knows it.
    fn literal(&mut self, text: Text) -> Value {
        match self.code.constant(text) {
            Some(constant) => constant,
            None => self.arena.string(text.of_literals(&self.code.text)),
        }
    }

    /// Names and values in turn on the stack of values.
    fn object_of(&mut self, item: Item) -> Result<Option<Value>, Failure> {
        self.guard()?;
        let base = self.stack.len();
        self.push_members(item)?;
        let first = self.values.len();
        for place in base..self.stack.len() {
            let value = match self.value_of(self.stack[place]) {
                Ok(Some(value)) => value,
                other => {
                    self.values.truncate(first);
                    return other;
                }
            };
            self.values.push(value);
        }
        self.stack.truncate(base);
        let members = self.values[first..].as_chunks().0.iter();
        let object = self
            .arena
            .object_from(members.map(|[name, value]| (*name, *value)));
        self.values.truncate(first);
        Ok(Some(object))
    }
}
