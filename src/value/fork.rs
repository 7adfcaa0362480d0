//! Values of one arena in another: copies, and children that work on a part of an execution on another worker.

use std::sync::Arc;

use super::arena::Container;
use super::node::{Built, Node};
use super::{Arena, ParseLimits, Value};

impl Arena {
    /// A child that reads `parent` (frozen meanwhile) and continues its index space.
    pub fn fork(parent: &Arc<Arena>) -> Arena {
        let mut child = Arena::rootless();
        child.continue_from(parent, 0);
        child
    }

    /// Makes this arena a child of `parent`, whatever it was before; keeps the buffers. `skipped` places of the index
    /// space are left to children that come before it.
    pub fn continue_from(&mut self, parent: &Arc<Arena>, skipped: usize) {
        self.clear();
        self.constants = parent.constants.clone();
        self.base = parent.end() + skipped;
        self.parent = Some(parent.clone());
    }

    /// Places that are left in the index space.
    pub fn room(&self) -> usize {
        Value::MAX_INDEX.saturating_sub(self.end())
    }

    /// A value takes at least so many bytes of what is measured.
    pub const LEAST_BYTES_PER_VALUE: usize = size_of::<Node>();

    /// The first place of the index space behind its own.
    pub fn end(&self) -> usize {
        self.base + self.nodes.len()
    }

    /// An empty arena with the same constants, from this place of the index space on.
    pub fn layer(&self, base: usize) -> Arena {
        Arena {
            constants: self.constants.clone(),
            base,
            ..Arena::rootless()
        }
    }

    /// Nodes of its own.
    pub fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Puts this arena, which has let go of its parent, on top of `below`: a sibling that comes before it, or the parent.
    /// Values of both keep their handles, and nothing is copied.
    pub fn lay_on(&mut self, below: Arena) {
        self.below_bytes = below.bytes_used();
        self.parent = Some(Arc::new(below));
    }

    /// Gives what it lies on.
    pub fn lift_off(&mut self) -> Option<Arena> {
        self.below_bytes = 0;
        self.parent.take().and_then(Arc::into_inner)
    }

    /// Lets go of the parent, so that it can be unfrozen and adopt. Until then nothing can be read here.
    pub fn release_parent(&mut self) {
        self.parent = None;
    }

    /// Takes a child's tables in and gives the value as this arena knows it. `self` is the child's parent, unchanged
    /// since the fork except for earlier adoptions.
    pub fn adopt(&mut self, child: &Arena, value: Value) -> Value {
        if value.is_constant() || value.index() < child.base {
            return value;
        }
        let moves = Moves {
            from: child.base,
            nodes: self.end().wrapping_sub(child.base),
            lists: self.lists.len() as u32,
            text: self.text.len() as u32,
        };
        self.text.push_str(&child.text);
        let n_lists = self.lists.len();
        self.lists.extend_from_slice(&child.lists);
        for handle in &mut self.lists[n_lists..] {
            *handle = moves.value(*handle);
        }
        let n_nodes = self.nodes.len();
        self.nodes.extend_from_slice(&child.nodes);
        for node in &mut self.nodes[n_nodes..] {
            moves.adjust(node);
        }
        assert!(
            self.text.len() < super::arena::MAX_TEXT,
            "children share the parent's bound on text"
        );
        moves.value(value)
    }

    /// The elements of arrays that were built, one array behind the other.
    pub fn concat(&mut self, arrays: &[Value]) -> Value {
        let mut elements = std::mem::take(&mut self.scratch.elements);
        elements.clear();
        let (mut bytes, mut height) = (2_u32, 1);
        for &array in arrays {
            match self.container(array) {
                Container::Elements(built) if !array.is_constant() => {
                    elements.extend_from_slice(built);
                }
                _ => elements.extend(self.elements(array)),
            }
            // Each counts its brackets.
            let (own_bytes, own_height) = self.bounds(array);
            bytes = bytes.saturating_add(own_bytes);
            height = height.max(own_height);
        }
        let first = self.lists.len();
        self.lists.extend_from_slice(&elements);
        let list = Built {
            first: first as u32,
            count: elements.len() as u32,
            bytes,
            height,
        };
        self.scratch.elements = elements;
        self.push(Node::Array(list))
    }

    /// Copies a value of another arena into this one, spelling kept.
    pub fn copy_from(&mut self, other: &Arena, value: Value) -> Value {
        let mut printed = std::mem::take(&mut self.scratch.printed);
        printed.clear();
        other.print(value, &mut printed);
        let unlimited = ParseLimits {
            depth: usize::MAX,
            reject_duplicate_keys: false,
        };
        let copy = self.parse_within(&printed, unlimited);
        self.scratch.printed = printed;
        copy.expect("what is printed is JSON of less than 1 GiB")
    }
}

/// How far a child's tables move when they are appended to the parent's.
struct Moves {
    /// Index of the child's first node.
    from: usize,
    nodes: usize,
    lists: u32,
    text: u32,
}

impl Moves {
    #[inline]
    fn value(&self, value: Value) -> Value {
        match value.is_constant() || value.index() < self.from {
            true => value,
            false => value.moved(self.nodes),
        }
    }

    #[inline]
    fn adjust(&self, node: &mut Node) {
        match node {
            Node::Span(span) => *span = span.moved(self.text),
            Node::Array(built) | Node::Object(built) => built.first += self.lists,
            Node::Shaped(shaped) => shaped.first += self.lists,
            Node::Patch(patch) => {
                patch.base = self.value(patch.base);
                patch.key = self.value(patch.key);
                patch.value = self.value(patch.value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Constants;
    use super::*;

    fn arena() -> Arena {
        Arena::new(Constants::empty())
    }

    fn parse(arena: &mut Arena, text: &str) -> Value {
        arena
            .parse(text.as_bytes(), ParseLimits::default())
            .unwrap()
    }

    #[test]
    fn children_continue_their_parents_values() {
        let mut parent = arena();
        let event = parse(&mut parent, r#"{"items":[{"n":1},{"n": 2}],"x":"y"}"#);
        let parent = Arc::new(parent);
        let mut children: Vec<_> = (0..2).map(|_| Arena::fork(&parent)).collect();
        let results: Vec<_> = children
            .iter_mut()
            .enumerate()
            .map(|(turn, child)| {
                let reply = parse(child, r#"{"a": "\n", "b":1,"b":2}"#);
                let items = child.get_by_name(event, "items").unwrap();
                let item = child.index(items, turn).unwrap();
                let child_arc = Arc::new(std::mem::replace(child, arena()));
                let mut grandchild = Arena::fork(&child_arc);
                let name = grandchild.string("deep");
                let deep = grandchild.with(reply, name, event);
                let list = grandchild.array(&[deep, item]);
                grandchild.release_parent();
                *child = Arc::try_unwrap(child_arc).unwrap();
                child.adopt(&grandchild, list)
            })
            .collect();
        children.iter_mut().for_each(Arena::release_parent);
        let mut parent = Arc::try_unwrap(parent).unwrap();
        let results: Vec<_> = children
            .iter()
            .zip(results)
            .map(|(child, result)| parent.adopt(child, result))
            .collect();
        let all = parent.array(&results);
        assert_eq!(
            parent.to_json(all),
            r#"[[{"a":"\n","b":2,"deep":{"items":[{"n":1},{"n":2}],"x":"y"}},{"n":1}],[{"a":"\n","b":2,"deep":{"items":[{"n":1},{"n":2}],"x":"y"}},{"n":2}]]"#
        );

        let mut other = arena();
        let copy = other.copy_from(&parent, all);
        assert_eq!(other.to_json(copy), parent.to_json(all));
        assert_eq!(parent.adopt(&children[0], event), event);
    }

    #[test]
    fn arenas_travel_between_threads() {
        fn check<T: Send + Sync + 'static>() {}
        check::<Arena>();
        check::<Arc<Constants>>();
    }
}
