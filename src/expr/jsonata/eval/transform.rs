//! `|pattern|update, delete|`: a copy of the input in which what the pattern finds is changed.

use super::super::error::Failure;
use super::super::heap::{FrameId, Item, ListKind, ObjectId};
use super::super::program::{Expr, ExprId, Transform};
use super::{Kind, Machine};

impl Machine<'_, '_> {
    pub(super) fn transform(
        &mut self,
        node: u32,
        frame: FrameId,
        object: Item,
    ) -> Result<Item, Failure> {
        let code = self.code;
        let node = &code[ExprId(node)];
        let Expr::Transform(transform) = &node.expr else {
            unreachable!("made for this node")
        };
        if object == Item::Undefined {
            return Ok(object);
        }
        let clone = self.variable(&transform.clone, frame);
        if !self.is_function(clone) {
            return Err(Failure::new("T2013").at(node.position as usize));
        }
        let result = self.apply(clone, &[object])?;
        let matches = self.eval(transform.pattern, result, frame)?;
        if matches == Item::Undefined {
            return Ok(result);
        }
        let matches = self.as_list(matches)?;
        for index in 0..self.heap.list_len(matches) {
            let found = self.heap.element(matches, index);
            self.change(transform, found, frame)?;
        }
        Ok(result)
    }

    /// Updates and deletes members of one thing that the pattern has found, in place.
    fn change(
        &mut self,
        transform: &Transform,
        found: Item,
        frame: FrameId,
    ) -> Result<(), Failure> {
        let update = self.eval(transform.update, found, frame)?;
        match self.kind(update) {
            Kind::Undefined => {}
            Kind::Object => {
                let base = self.stack.len();
                self.push_members(update)?;
                for place in (base..self.stack.len()).step_by(2) {
                    if let Item::Object(object) = found {
                        self.set_member(object, self.stack[place], self.stack[place + 1])?;
                    }
                }
                self.stack.truncate(base);
            }
            _ => {
                let position = self.code[transform.update].position as usize;
                return Err(Failure::new("T2011")
                    .insert("value", self.shown(update))
                    .at(position));
            }
        }
        let Some(delete) = transform.delete else {
            return Ok(());
        };
        let names = self.eval(delete, found, frame)?;
        if names == Item::Undefined {
            return Ok(());
        }
        let list = self.as_list(names)?;
        let n_names = self.heap.list_len(list);
        for index in 0..n_names {
            if self.kind(self.heap.element(list, index)) != Kind::String {
                let position = self.code[delete].position as usize;
                return Err(Failure::new("T2012")
                    .insert("value", self.shown(names))
                    .at(position));
            }
        }
        for index in 0..n_names {
            let name = self.string(self.heap.element(list, index));
            if let Item::Object(object) = found {
                let members = self.heap.members(object).iter().copied();
                let kept: Vec<(Item, Item)> = members
                    .filter(|(known, _)| !self.is_text(*known, &name))
                    .collect();
                self.spend(kept.len())?;
                self.n_changes += 1;
                self.heap.replace_members(object, &kept);
            }
        }
        Ok(())
    }

    fn set_member(&mut self, object: ObjectId, name: Item, value: Item) -> Result<(), Failure> {
        let text = self.string(name);
        let mut members = self.heap.members(object).to_vec();
        self.spend(members.len())?;
        match members
            .iter()
            .position(|(known, _)| self.is_text(*known, &text))
        {
            Some(place) => members[place].1 = value,
            None => members.push((name, value)),
        }
        self.n_changes += 1;
        self.heap.replace_members(object, &members);
        Ok(())
    }

    /// A deep copy whose objects can be changed; functions become empty texts, as they would in JSON.
    pub(in super::super) fn deep_copy(&mut self, item: Item) -> Result<Item, Failure> {
        self.step()?;
        match self.kind(item) {
            Kind::Array => {
                self.guard()?;
                let list = self.as_list(item)?;
                let base = self.stack.len();
                for index in 0..self.heap.list_len(list) {
                    let copy = self.deep_copy(self.heap.element(list, index))?;
                    self.stack.push(copy);
                }
                self.list_from(base, ListKind::ARRAY)
            }
            Kind::Object => {
                self.guard()?;
                let base = self.stack.len();
                self.push_members(item)?;
                for place in (base..self.stack.len()).step_by(2) {
                    self.stack[place + 1] = self.deep_copy(self.stack[place + 1])?;
                }
                let members: Vec<(Item, Item)> = self.stack[base..]
                    .as_chunks()
                    .0
                    .iter()
                    .map(|[name, value]| (*name, *value))
                    .collect();
                self.stack.truncate(base);
                Ok(Item::Object(self.heap.push_object(&members)))
            }
            Kind::Function => self.text(""),
            _ => Ok(item),
        }
    }
}
