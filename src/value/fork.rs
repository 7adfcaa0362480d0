//! Values of one arena in another: copies, and children that work on a part of an execution on another worker.

use std::sync::Arc;

use super::node::Node;
use super::{Arena, ParseLimits, Value};

impl Arena {
    /// A child that reads `parent` (frozen meanwhile) and continues its index space.
    pub fn fork(parent: &Arc<Arena>) -> Arena {
        let mut child = Arena::rootless();
        child.continue_from(parent);
        child
    }

    /// Makes this arena a child of `parent`, whatever it was before; keeps the buffers.
    pub fn continue_from(&mut self, parent: &Arc<Arena>) {
        self.clear();
        self.constants = parent.constants.clone();
        self.base = parent.base + parent.nodes.len();
        self.parent = Some(parent.clone());
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
            nodes: self.base + self.nodes.len() - child.base,
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
            Node::Span(span) => {
                span.start += self.text;
                span.end += self.text;
                span.key_start += self.text;
            }
            Node::Array(built) | Node::Object(built) => built.first += self.lists,
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
