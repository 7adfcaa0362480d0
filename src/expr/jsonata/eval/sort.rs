//! Sorting: `^(<a, >b)` by terms, and the merge sort that `$sort` shares with it.

use std::cmp::Ordering;

use super::super::error::Failure;
use super::super::heap::{FrameId, Item, ListId, ListKind};
use super::super::program::{LayoutId, Node, Term};
use super::path::Sequence;
use super::tuple::CONTEXT;
use super::{Kind, Machine, Number};

/// An item with the values of the terms, as far as they were needed.
struct Sorted {
    item: Item,
    /// The first term decides most.
    first: Option<Item>,
    more: Vec<Item>,
}

impl Machine<'_, '_> {
    /// `layout` is that of the tuples where the input is a stream of them.
    pub(super) fn order_by(
        &mut self,
        node: &Node,
        terms: &[Term],
        input: Sequence,
        frame: FrameId,
        layout: Option<LayoutId>,
    ) -> Result<Sequence, Failure> {
        let Sequence::Many(items) = input else {
            return Ok(input);
        };
        let list = self.as_list(items)?;
        let len = self.heap.list_len(list);
        if len <= 1 {
            return Ok(input);
        }
        self.reserve(len * 8)?;
        if let ([term], None) = (terms, layout)
            && let Some(sorted) = self.order_by_numbers(term, list, frame)?
        {
            return Ok(sorted);
        }
        let mut sorted = Vec::with_capacity(len);
        for index in 0..len {
            sorted.push(Sorted {
                item: self.heap.element(list, index),
                first: None,
                more: Vec::new(),
            });
        }
        merge_sort(self, &mut sorted, &mut |machine, a, b| {
            machine.comes_after(node, terms, a, b, frame, layout.is_some())
        })?;
        let items = sorted.iter().map(|sorted| sorted.item);
        let list = self.heap.push_list_from(items, ListKind::ARRAY);
        Ok(Sequence::Many(Item::List(list)))
    }

    /// The same by one term that is a number at hand for every item, which most are: none where there is more to it.
    fn order_by_numbers(
        &mut self,
        term: &Term,
        list: ListId,
        frame: FrameId,
    ) -> Result<Option<Sequence>, Failure> {
        let len = self.heap.list_len(list);
        self.spend(len)?;
        let mut sorted = Vec::with_capacity(len);
        for index in 0..len {
            let item = self.heap.element(list, index);
            let key = self.at_hand(term.by, item, frame);
            match key.and_then(|key| self.number(key)?.exact()) {
                Some(key) => sorted.push((key, item)),
                None => return Ok(None),
            }
        }
        // Stable, as the merge sort is: with numbers in order the two agree.
        match term.descending {
            true => sorted.sort_by(|(a, _), (b, _)| b.total_cmp(a)),
            false => sorted.sort_by(|(a, _), (b, _)| a.total_cmp(b)),
        }
        let items = sorted.iter().map(|(_, item)| *item);
        let list = self.heap.push_list_from(items, ListKind::ARRAY);
        Ok(Some(Sequence::Many(Item::List(list))))
    }

    fn comes_after(
        &mut self,
        node: &Node,
        terms: &[Term],
        a: &mut Sorted,
        b: &mut Sorted,
        frame: FrameId,
        by_tuple: bool,
    ) -> Result<bool, Failure> {
        for (place, term) in terms.iter().enumerate() {
            let left = self.key(a, place, term, frame, by_tuple)?;
            let right = self.key(b, place, term, frame, by_tuple)?;
            // What has no key comes last, whatever the direction.
            match (left, right) {
                (Item::Undefined, Item::Undefined) => continue,
                (Item::Undefined, _) => return Ok(true),
                (_, Item::Undefined) => return Ok(false),
                _ => {}
            }
            let order = self.order_of_keys(left, right);
            let order = order.map_err(|failure| failure.at(node.position as usize))?;
            match if term.descending {
                order.reverse()
            } else {
                order
            } {
                Ordering::Equal => {}
                order => return Ok(order == Ordering::Greater),
            }
        }
        Ok(false)
    }

    fn key(
        &mut self,
        sorted: &mut Sorted,
        place: usize,
        term: &Term,
        frame: FrameId,
        by_tuple: bool,
    ) -> Result<Item, Failure> {
        let known = match place {
            0 => sorted.first,
            _ => sorted.more.get(place - 1).copied(),
        };
        if let Some(key) = known {
            return Ok(key);
        }
        let key = match sorted.item {
            Item::Tuple(tuple) if by_tuple => {
                self.eval(term.by, self.heap.slot(tuple, CONTEXT), tuple)?
            }
            item => self.eval(term.by, item, frame)?,
        };
        // It is compared more than once, and a number is read each time.
        let key = self.number(key).map_or(key, Number::item);
        match place {
            0 => sorted.first = Some(key),
            _ => sorted.more.push(key),
        }
        Ok(key)
    }

    fn order_of_keys(&self, left: Item, right: Item) -> Result<Ordering, Failure> {
        let is_key = |item| matches!(self.kind(item), Kind::String | Kind::Number);
        if !is_key(left) || !is_key(right) {
            let value = if is_key(left) { right } else { left };
            return Err(Failure::new("T2008").insert("value", self.shown(value)));
        }
        match self.order(left, right) {
            Some(order) => Ok(order),
            None => Err(Failure::new("T2007")
                .insert("value", self.shown(left))
                .insert("value2", self.shown(right))),
        }
    }

    /// Sorts items by a function that says whether the first comes after the second.
    pub(in super::super) fn sort_items(
        &mut self,
        items: &mut [Item],
        after: &mut dyn FnMut(&mut Self, Item, Item) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        merge_sort(self, items, &mut |machine, a, b| after(machine, *a, *b))
    }
}

/// So many items are sorted without asking for memory.
const FEW: usize = 16;

/// Merges halves, the first half one item shorter: with an inconsistent order the result is the reference's all the same.
fn merge_sort<M, T>(
    machine: &mut M,
    items: &mut [T],
    after: &mut dyn FnMut(&mut M, &mut T, &mut T) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let len = items.len();
    let (mut few, mut many) = ([0; 2 * FEW], Vec::new());
    let places = match few.get_mut(..2 * len) {
        Some(few) => few,
        None => {
            many.resize(2 * len, 0);
            &mut many[..]
        }
    };
    let (order, buffer) = places.split_at_mut(len);
    for (place, order) in order.iter_mut().enumerate() {
        *order = place;
    }
    sort_part(machine, items, order, buffer, after)?;
    // `order` says which item comes to each place; carried out by swapping along its cycles.
    for place in 0..order.len() {
        let mut from = order[place];
        while from < place {
            from = order[from];
        }
        items.swap(place, from);
    }
    Ok(())
}

fn sort_part<M, T>(
    machine: &mut M,
    items: &mut [T],
    order: &mut [usize],
    buffer: &mut [usize],
    after: &mut dyn FnMut(&mut M, &mut T, &mut T) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    if order.len() <= 1 {
        return Ok(());
    }
    let (left, right) = order.split_at_mut(order.len() / 2);
    sort_part(machine, items, left, buffer, after)?;
    sort_part(machine, items, right, buffer, after)?;
    let (mut l, mut r) = (0, 0);
    while l < left.len() && r < right.len() {
        let [a, b] = items
            .get_disjoint_mut([left[l], right[r]])
            .expect("the halves hold different places");
        let next = &mut buffer[l + r];
        if after(machine, a, b)? {
            *next = right[r];
            r += 1;
        } else {
            *next = left[l];
            l += 1;
        }
    }
    let len = left.len() + right.len();
    let rest = &mut buffer[l + r..len];
    let (rest_of_left, rest_of_right) = rest.split_at_mut(left.len() - l);
    rest_of_left.copy_from_slice(&left[l..]);
    rest_of_right.copy_from_slice(&right[r..]);
    order.copy_from_slice(&buffer[..len]);
    Ok(())
}
