//! Looking at items: what they are, their text, their elements and members, whatever they are made of.

use std::borrow::Cow;

use crate::value;
use crate::value::Key;

use super::super::error::Failure;
use super::super::heap::{FrameId, Item, ListId, ListKind};
use super::super::program::{Path, Read, Start, Variable};
use super::{Machine, Number};

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) enum Kind {
    Undefined,
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
    Function,
}

impl Machine<'_, '_> {
    pub(in super::super) fn kind(&self, item: Item) -> Kind {
        match item {
            Item::Unbound | Item::Undefined | Item::TailCall => Kind::Undefined,
            Item::Null => Kind::Null,
            Item::Bool(_) => Kind::Bool,
            Item::Int(_) | Item::Float(_) => Kind::Number,
            Item::Text(_) => Kind::String,
            Item::List(_) => Kind::Array,
            Item::Object(_) | Item::Tuple(_) => Kind::Object,
            Item::Native(_) | Item::Function(_) => Kind::Function,
            Item::Json(value) => match self.arena.kind(value) {
                value::Kind::Null => Kind::Null,
                value::Kind::Bool => Kind::Bool,
                value::Kind::Number => Kind::Number,
                value::Kind::String => Kind::String,
                value::Kind::Array => Kind::Array,
                value::Kind::Object => Kind::Object,
            },
        }
    }

    pub(in super::super) fn is_array(&self, item: Item) -> bool {
        match item {
            Item::List(_) => true,
            Item::Json(value) => self.arena.kind(value) == value::Kind::Array,
            _ => false,
        }
    }

    pub(in super::super) fn is_function(&self, item: Item) -> bool {
        matches!(item, Item::Native(_) | Item::Function(_))
    }

    pub(in super::super) fn is_sequence(&self, item: Item) -> bool {
        matches!(item, Item::List(list) if self.heap.list(list).kind.sequence)
    }

    pub(in super::super) fn number(&self, item: Item) -> Option<Number> {
        match item {
            Item::Int(value) => Some(Number::Int(value)),
            Item::Float(value) => Some(Number::Float(value)),
            Item::Json(value) => Number::of(self.arena, value),
            _ => None,
        }
    }

    /// A number to calculate with; infinity is an error and NaN is no number.
    pub(in super::super) fn finite(&self, item: Item) -> Result<Option<Number>, Failure> {
        match self.number(item) {
            Some(Number::Float(value)) if value.is_nan() => Ok(None),
            Some(Number::Float(value)) if value.is_infinite() => {
                Err(Failure::new("D1001").insert("value", "null"))
            }
            number => Ok(number),
        }
    }

    pub(in super::super) fn bool(&self, item: Item) -> Option<bool> {
        match item {
            Item::Bool(value) => Some(value),
            Item::Json(value) => self.arena.as_bool(value),
            _ => None,
        }
    }

    /// The characters of a string.
    pub(in super::super) fn str(&self, item: Item) -> Option<Cow<'_, str>> {
        match item {
            Item::Text(text) if text.is_literal() => {
                Some(Cow::Borrowed(text.of_literals(&self.code.text)))
            }
            Item::Text(text) => Some(Cow::Borrowed(self.heap.text(text))),
            Item::Json(value) => Some(self.arena.as_str(value)?.decode()),
            _ => None,
        }
    }

    /// The same as an owned text; empty for anything else.
    pub(in super::super) fn string(&self, item: Item) -> String {
        self.str(item).map(Cow::into_owned).unwrap_or_default()
    }

    pub(in super::super) fn text(&mut self, text: &str) -> Result<Item, Failure> {
        self.reserve(text.len())?;
        Ok(self.heap.push_text(text))
    }

    /// Elements of an array; 1 for anything else.
    pub(in super::super) fn len(&self, item: Item) -> usize {
        match item {
            Item::List(list) => self.heap.list_len(list),
            Item::Json(value) if self.is_array(item) => self.arena.len(value),
            _ => 1,
        }
    }

    /// The elements as a list whose elements can be had one by one; anything else as a list of itself.
    pub(in super::super) fn as_list(&mut self, item: Item) -> Result<ListId, Failure> {
        match item {
            Item::List(list) => Ok(list),
            Item::Json(value) if self.is_array(item) => {
                self.spend(self.arena.len(value) / 8)?;
                let elements = self.arena.elements(value).map(Item::Json);
                Ok(self.heap.push_list_from(elements, ListKind::ARRAY))
            }
            _ => Ok(self.heap.push_list(&[item], ListKind::SEQUENCE)),
        }
    }

    /// Pushes the elements of an array, or the item itself, on the stack.
    pub(in super::super) fn push_elements(&mut self, item: Item) -> Result<(), Failure> {
        let n = self.len(item);
        self.spend(n / 8)?;
        match item {
            Item::List(list) => match self.heap.items(list) {
                Some(items) => self.stack.extend_from_slice(items),
                None => {
                    self.reserve(n * 8)?;
                    self.stack
                        .extend((0..n).map(|index| self.heap.element(list, index)));
                }
            },
            Item::Json(value) if self.is_array(item) => self
                .stack
                .extend(self.arena.elements(value).map(Item::Json)),
            _ => self.stack.push(item),
        }
        Ok(())
    }

    /// Pushes name and value of each member of an object, in turn.
    pub(in super::super) fn push_members(&mut self, item: Item) -> Result<(), Failure> {
        match item {
            Item::Object(object) => {
                let members = self.heap.members(object);
                self.stack
                    .extend(members.iter().flat_map(|(name, value)| [*name, *value]));
            }
            Item::Json(value) => {
                let members = self.arena.members(value);
                self.stack.extend(
                    members.flat_map(|(name, value)| [Item::Json(name), Item::Json(value)]),
                );
            }
            _ => {}
        }
        Ok(())
    }

    /// Members of an object; 0 for anything else.
    pub(in super::super) fn n_members(&self, item: Item) -> usize {
        match item {
            Item::Object(object) => self.heap.members(object).len(),
            Item::Json(value) if self.arena.kind(value) == value::Kind::Object => {
                self.arena.len(value)
            }
            _ => 0,
        }
    }

    /// The member of an object.
    pub(in super::super) fn member(&self, object: Item, name: &str) -> Item {
        match object {
            Item::Object(object) => {
                let members = self.heap.members(object);
                let found = members.iter().find(|(known, _)| self.is_text(*known, name));
                found.map_or(Item::Undefined, |(_, value)| *value)
            }
            Item::Json(value) if self.arena.kind(value) == value::Kind::Object => self
                .arena
                .get_by_name(value, name)
                .map_or(Item::Undefined, Item::Json),
            _ => Item::Undefined,
        }
    }

    pub(in super::super) fn is_text(&self, item: Item, text: &str) -> bool {
        match item {
            Item::Json(value) => self
                .arena
                .as_str(value)
                .is_some_and(|known| known.eq_str(text)),
            _ => self.str(item).is_some_and(|known| known == text),
        }
    }

    /// The member of that name: of an object, or of all objects in an array.
    pub(in super::super) fn lookup(&mut self, input: Item, key: &Key) -> Result<Item, Failure> {
        match input {
            Item::Json(value) => match self.arena.member(value, key) {
                Some(found) => return Ok(found.map_or(Item::Undefined, Item::Json)),
                None if self.arena.kind(value) == value::Kind::Array => {}
                None => return Ok(Item::Undefined),
            },
            Item::List(_) => {}
            _ => return Ok(self.member(input, key.name())),
        }
        self.guard()?;
        let base = self.stack.len();
        let list = self.as_list(input)?;
        for index in 0..self.heap.list_len(list) {
            self.step()?;
            let found = self.lookup(self.heap.element(list, index), key)?;
            if found != Item::Undefined {
                self.push_elements(found)?;
            }
        }
        match self.stack.len() - base {
            0 => Ok(Item::Undefined),
            _ => self.list_from(base, ListKind::SEQUENCE),
        }
    }

    /// `$name.a.b`: straight through objects; the path is taken where an array is met.
    pub(super) fn read(
        &mut self,
        read: &Read,
        input: Item,
        frame: FrameId,
    ) -> Result<Item, Failure> {
        let mut keys = read.start.keys.as_slice();
        let mut at = match self.host_member(&read.start.root, read.start.keys.first()) {
            Some(found) => {
                keys = &keys[1..];
                found
            }
            None => self.variable(&read.start.root, frame),
        };
        for (place, key) in keys.iter().enumerate() {
            // The path's first step is the variable.
            let step = read.start.keys.len() - keys.len() + place + 1;
            at = match at {
                Item::Json(value) => match self.arena.member(value, key) {
                    Some(found) => found.map_or(Item::Undefined, Item::Json),
                    None if self.arena.kind(value) == value::Kind::Array => {
                        return self.rest_of_path(&read.path, step, at, frame);
                    }
                    None => return Ok(Item::Undefined),
                },
                Item::List(_) => return self.sequence_path(&read.path, input, frame),
                Item::Undefined => return Ok(at),
                _ => self.member(at, key.name()),
            };
        }
        match at {
            // Made by the expression: it may be a sequence, which a path takes apart.
            Item::List(_) if !read.start.keys.is_empty() => {
                self.sequence_path(&read.path, input, frame)
            }
            _ => Ok(at),
        }
    }

    /// The beginning of a path, walked through objects alone: none where there is anything else.
    pub(super) fn walk(&mut self, start: &Start, frame: FrameId) -> Option<Item> {
        let mut keys = start.keys.as_slice();
        let mut at = match self.host_member(&start.root, keys.first()) {
            Some(found) => {
                keys = &keys[1..];
                found
            }
            None => self.variable(&start.root, frame),
        };
        for key in keys {
            at = match at {
                Item::Undefined => break,
                Item::Json(value) => match self.arena.member(value, key) {
                    Some(found) => found.map_or(Item::Undefined, Item::Json),
                    None if self.arena.kind(value) == value::Kind::Array => return None,
                    None => Item::Undefined,
                },
                _ => return None,
            };
        }
        matches!(at, Item::Json(_) | Item::Undefined).then_some(at)
    }

    /// What a path that is one name finds in a context that is an object of the arena.
    #[inline]
    pub(super) fn named(&self, path: &Path, context: Item) -> Option<Item> {
        let (Some(key), Item::Json(value)) = (&path.name, context) else {
            return None;
        };
        let found = self.arena.member(value, key)?;
        Some(found.map_or(Item::Undefined, Item::Json))
    }

    /// What the host says of the first member without making the whole variable.
    fn host_member(&mut self, root: &Variable, key: Option<&Key>) -> Option<Item> {
        let global = root.global? as usize;
        let key = key?;
        if !root.locals.is_empty() || self.globals[global] != Item::Unbound {
            return None;
        }
        let name = &self.code.globals[global].name;
        let found = self.scope.bindings.member(self.arena, name, global, key)?;
        Some(found.map_or(Item::Undefined, Item::Json))
    }
}
