//! Object constructors and groupings: `{key: value}` for one context or for each item of a sequence.

use std::collections::HashMap;

use super::super::error::Failure;
use super::super::heap::{FrameId, Item, ListKind};
use super::super::program::{LayoutId, Pairs};
use super::tuple::CONTEXT;
use super::{Kind, Machine};

/// The items that yield one key.
struct Group {
    key: Item,
    /// Which of the pairs made the key.
    pair: usize,
    items: Vec<Item>,
}

impl Machine<'_, '_> {
    /// `layout` is that of the tuples where the input is a stream of them.
    pub(super) fn group(
        &mut self,
        pairs: &Pairs,
        input: Item,
        frame: FrameId,
        layout: Option<LayoutId>,
    ) -> Result<Item, Failure> {
        if let Some(layout) = layout
            && (input == Item::Undefined || self.len(input) == 0)
        {
            // Keys and values look for the variables of a tuple, though there is none.
            let tuple = self.new_frame(frame, layout);
            self.heap.bind(tuple, CONTEXT, Item::Undefined);
            return self.construct(pairs, Item::Undefined, tuple);
        }
        let is_many = self.is_array(input) && self.len(input) != 1;
        if layout.is_none() && !(is_many && self.len(input) > 0) {
            let input = match (self.is_array(input), self.len(input)) {
                (true, 0) => Item::Undefined,
                (true, _) => {
                    let list = self.as_list(input)?;
                    self.heap.element(list, 0)
                }
                _ => input,
            };
            return self.construct(pairs, input, frame);
        }
        let groups = self.groups(pairs, input, frame, layout.is_some())?;
        let mut members = Vec::with_capacity(groups.len());
        for group in &groups {
            let (_, value) = pairs.pairs[group.pair];
            let value = match layout {
                Some(layout) => {
                    let tuple = self.reduced(&group.items, frame, layout)?;
                    self.eval(value, self.heap.slot(tuple, CONTEXT), tuple)?
                }
                None => {
                    let data = self.appended(&group.items)?;
                    self.eval(value, data, frame)?
                }
            };
            if value != Item::Undefined {
                members.push((group.key, value));
            }
        }
        self.reserve(members.len() * 8)?;
        Ok(Item::Object(self.heap.push_object(&members)))
    }

    /// The constructor for one context: first all keys, then the values.
    fn construct(&mut self, pairs: &Pairs, input: Item, frame: FrameId) -> Result<Item, Failure> {
        let base = self.stack.len();
        if let Some(keys) = &pairs.literal_keys {
            for (_, value) in &pairs.pairs {
                let value = self.eval(*value, input, frame)?;
                self.stack.push(value);
            }
            let object = self.heap.push_object_of(keys, &self.stack[base..]);
            self.stack.truncate(base);
            return Ok(Item::Object(object));
        }
        for (pair, (key, _)) in pairs.pairs.iter().enumerate() {
            let key = self.eval(*key, input, frame)?;
            self.check_key(pairs, key)?;
            let taken = key != Item::Undefined
                && (0..pair).any(|other| self.same_text(self.stack[base + other], key));
            if taken {
                return Err(self.key_is_taken(pairs, key));
            }
            self.stack.push(key);
        }
        for (pair, (_, value)) in pairs.pairs.iter().enumerate() {
            let value = match self.stack[base + pair] {
                Item::Undefined => Item::Undefined,
                _ => self.eval(*value, input, frame)?,
            };
            self.stack.push(value);
        }
        let n_pairs = pairs.pairs.len();
        let (keys, values) = self.stack[base..].split_at(n_pairs);
        let object = self.heap.push_object_of(keys, values);
        self.stack.truncate(base);
        Ok(Item::Object(object))
    }

    fn same_text(&self, a: Item, b: Item) -> bool {
        match (self.str(a), self.str(b)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        }
    }

    fn check_key(&self, pairs: &Pairs, key: Item) -> Result<(), Failure> {
        match self.kind(key) {
            Kind::String | Kind::Undefined => Ok(()),
            _ => {
                let failure = Failure::new("T1003").insert("value", self.shown(key));
                Err(failure.at(pairs.position as usize))
            }
        }
    }

    fn key_is_taken(&self, pairs: &Pairs, key: Item) -> Failure {
        let failure = Failure::new("D1009").insert("value", self.shown(key));
        failure.at(pairs.position as usize)
    }

    fn groups(
        &mut self,
        pairs: &Pairs,
        input: Item,
        frame: FrameId,
        by_tuple: bool,
    ) -> Result<Vec<Group>, Failure> {
        let mut groups: Vec<Group> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let items = self.as_list(input)?;
        let len = self.heap.list_len(items);
        for index in 0..len.max(1) {
            let item = self.heap.element(items, index);
            let (context, frame) = match item {
                Item::Tuple(tuple) if by_tuple => (self.heap.slot(tuple, CONTEXT), tuple),
                _ => (self.context_of(item), frame),
            };
            for (pair, (key, _)) in pairs.pairs.iter().enumerate() {
                let key = self.eval(*key, context, frame)?;
                self.check_key(pairs, key)?;
                if key == Item::Undefined {
                    continue;
                }
                match places.get(&*self.string(key)) {
                    Some(place) if groups[*place].pair != pair => {
                        return Err(self.key_is_taken(pairs, key));
                    }
                    Some(place) => groups[*place].items.push(item),
                    None => {
                        self.reserve(64)?;
                        places.insert(self.string(key), groups.len());
                        groups.push(Group {
                            key,
                            pair,
                            items: vec![item],
                        });
                    }
                }
            }
        }
        Ok(groups)
    }

    /// The items of a group as the context of its value: one as it is, several as an array with arrays taken apart.
    fn appended(&mut self, items: &[Item]) -> Result<Item, Failure> {
        if let [item] = items {
            return Ok(*item);
        }
        let base = self.stack.len();
        for item in items {
            if *item != Item::Undefined {
                self.push_elements(*item)?;
            }
        }
        match self.stack[base..] {
            [] => Ok(Item::Undefined),
            _ => self.list_from(base, ListKind::ARRAY),
        }
    }

    /// One tuple of several: each variable has all their values.
    fn reduced(
        &mut self,
        tuples: &[Item],
        outer: FrameId,
        layout: LayoutId,
    ) -> Result<FrameId, Failure> {
        let reduced = self.new_frame(outer, layout);
        let n_slots = self.code.layouts[layout.0 as usize].len() as u32;
        for slot in 0..n_slots {
            let values = tuples.iter().map(|tuple| match tuple {
                Item::Tuple(tuple) => self.heap.slot(*tuple, slot),
                _ => Item::Unbound,
            });
            let values: Vec<Item> = values.filter(|value| *value != Item::Unbound).collect();
            if !values.is_empty() {
                let value = self.appended(&values)?;
                self.heap.bind(reduced, slot, value);
            }
        }
        Ok(reduced)
    }
}
