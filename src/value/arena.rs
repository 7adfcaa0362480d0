//! The memory of one execution.

use std::fmt;
use std::sync::Arc;

use super::node::{Built, Node, RESOLVED, Span};
use super::shape::{Outline, ShapedMembers};
use super::tokenizer::{PADDING, Scratch};
use super::{Constants, Kind, Value};

/// The memory of one execution: text, nodes and the lists that built containers point to.
///
/// Cleared and used again, never freed between executions; see [`Arena::reset`].
pub struct Arena {
    /// Everything that was read or written, in JSON spelling. What was parsed is followed by padding.
    pub(super) text: String,
    pub(super) nodes: Vec<Node>,
    /// Elements of built arrays; names and values, in turn, of built objects.
    pub(super) lists: Vec<Value>,
    /// Index of the first own node; those below are the parent's.
    pub(super) base: usize,
    /// Frozen while this child lives, or as long as this one lies on it.
    pub(super) parent: Option<Arc<Arena>>,
    /// Bytes that it lies on.
    pub(super) below_bytes: usize,
    /// None in the arena that is the constants.
    pub(super) constants: Option<Arc<Constants>>,
    /// Shapes: in the arena that is the constants alone.
    pub(super) outlines: Vec<Outline>,
    pub(super) scratch: Scratch,
}

/// Buffers that an outlier blew up beyond this many bytes are given back.
const KEPT_BYTES: usize = 1 << 20;

/// The text of one arena ends below this offset, so that a `u32` holds every place in it.
pub(super) const MAX_TEXT: usize = 1 << 30;

impl Arena {
    /// An empty arena that reads the constants of one plan.
    pub fn new(constants: Arc<Constants>) -> Arena {
        Arena {
            constants: Some(constants),
            ..Arena::rootless()
        }
    }

    /// The arena of constants in the making: constant handles point into itself.
    pub(super) fn rootless() -> Arena {
        Arena {
            text: String::new(),
            nodes: Vec::new(),
            lists: Vec::new(),
            base: 0,
            parent: None,
            below_bytes: 0,
            constants: None,
            outlines: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// Forgets everything and takes another plan's constants; keeps the buffers, unless an outlier made them large.
    pub fn reset(&mut self, constants: &Arc<Constants>) {
        match &self.constants {
            Some(own) if Arc::ptr_eq(own, constants) => {}
            _ => self.constants = Some(constants.clone()),
        }
        self.clear();
        self.base = 0;
        self.parent = None;
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.nodes.clear();
        self.lists.clear();
        self.below_bytes = 0;
        self.text.shrink_to(KEPT_BYTES);
        self.nodes.shrink_to(KEPT_BYTES / size_of::<Node>());
        self.lists.shrink_to(KEPT_BYTES / size_of::<Value>());
        self.scratch.shrink_to(KEPT_BYTES);
    }

    /// Forgets everything if an outlier made the buffers large, so that they are given back at once.
    pub fn trim(&mut self) {
        if self.bytes_kept() > KEPT_BYTES {
            self.clear();
        }
    }

    /// Bytes that its buffers take, used or not.
    pub fn bytes_kept(&self) -> usize {
        self.text.capacity()
            + self.nodes.capacity() * size_of::<Node>()
            + self.lists.capacity() * size_of::<Value>()
            + self.scratch.bytes_kept()
    }

    /// Gives back what is not used now, for a while in which nothing is written.
    pub fn compact(&mut self) {
        if is_loose(self.text.len(), self.text.capacity()) {
            let mut text = String::with_capacity(self.text.len());
            text.push_str(&self.text);
            self.text = text;
        }
        compact(&mut self.nodes);
        compact(&mut self.lists);
        self.scratch = Scratch::default();
        if let Some(below) = self.parent.as_mut().and_then(Arc::get_mut) {
            below.compact();
        }
    }

    /// Pads the text and gives back what is not used: for tables that will not grow any more.
    pub(super) fn shrink(&mut self) {
        self.text.push_str(PADDING);
        self.compact();
    }

    /// Bytes that the execution holds here and in what this lies on; a child does not count its parent's.
    pub fn bytes_used(&self) -> usize {
        self.text.len()
            + size_of_val(&self.nodes[..])
            + size_of_val(&self.lists[..])
            + self.below_bytes
    }

    /// The arena whose tables hold the node of `value`, and its place in the table.
    #[inline]
    pub(super) fn home(&self, value: Value) -> (&Arena, usize) {
        if value.is_constant() {
            let constants = self.constants.as_deref();
            return (
                constants.map_or(self, |constants| &constants.arena),
                value.index(),
            );
        }
        match value.index().checked_sub(self.base) {
            Some(place) => (self, place),
            // A part of an execution reads its item from the parent all the time.
            None => match self.parent.as_deref() {
                Some(parent) if value.index() >= parent.base => {
                    (parent, value.index() - parent.base)
                }
                _ => self.ancestor(value.index()),
            },
        }
    }

    #[inline(never)]
    fn ancestor(&self, index: usize) -> (&Arena, usize) {
        let mut arena = self;
        while index < arena.base {
            arena = arena
                .parent
                .as_deref()
                .expect("an arena with a base keeps its parent until it is adopted");
        }
        (arena, index - arena.base)
    }

    /// The node of a value that is no member's name, with the tables it refers to.
    #[inline]
    pub(super) fn node(&self, value: Value) -> (&Arena, &Node) {
        debug_assert!(!value.is_name());
        let (arena, place) = self.home(value);
        (arena, &arena.nodes[place])
    }

    /// What a handle says of an array or object, duplicates resolved; scalars have no elements or members.
    #[inline]
    pub(super) fn container(&self, value: Value) -> Container<'_> {
        if value.is_name() {
            return Container::None;
        }
        let (arena, place) = self.home(value);
        match &arena.nodes[place] {
            Node::Span(span) => match span.kind {
                Kind::Array => Container::Array { arena, place, span },
                Kind::Object if !span.is(RESOLVED) => Container::Object { arena, place, span },
                Kind::Object => match &arena.nodes[place + span.size as usize - 1] {
                    Node::Object(built) => Container::Members(arena.members_of(built)),
                    _ => unreachable!("a resolved object ends with the node that resolves it"),
                },
                _ => Container::None,
            },
            Node::Array(built) => Container::Elements(arena.elements_of(built)),
            Node::Object(built) => Container::Members(arena.members_of(built)),
            Node::Shaped(shaped) => Container::Shaped(arena.shaped_members(shaped)),
            Node::Patch(_) => Container::Patched,
        }
    }

    fn elements_of(&self, built: &Built) -> &[Value] {
        &self.lists[built.first as usize..][..built.count as usize]
    }

    fn members_of(&self, built: &Built) -> &[[Value; 2]] {
        self.lists[built.first as usize..][..2 * built.count as usize]
            .as_chunks()
            .0
    }

    /// What the tables hold now.
    pub fn mark(&self) -> Mark {
        Mark {
            next: Value::node(self.base + self.nodes.len()),
            n_nodes: self.nodes.len(),
            n_handles: self.lists.len(),
            n_bytes: self.text.len(),
        }
    }

    /// Forgets what was made since: handles of it mean nothing any more.
    pub fn rewind(&mut self, mark: Mark) {
        self.rewind_nodes(&mark);
        self.text.truncate(mark.n_bytes);
    }

    /// The same, but keeps the text.
    pub(super) fn rewind_nodes(&mut self, mark: &Mark) {
        self.nodes.truncate(mark.n_nodes);
        self.lists.truncate(mark.n_handles);
    }

    /// The handle of an own node.
    #[inline]
    pub(super) fn push(&mut self, node: Node) -> Value {
        let value = Value::node(self.base + self.nodes.len());
        self.nodes.push(node);
        value
    }
}

/// Copies the elements to where they just fit: an allocator that is asked to shrink may leave half of a buffer empty.
fn compact<T: Copy>(elements: &mut Vec<T>) {
    if is_loose(elements.len(), elements.capacity()) {
        let mut exact = Vec::with_capacity(elements.len());
        exact.extend_from_slice(elements);
        *elements = exact;
    }
}

/// More than an eighth of a buffer is empty: allocators have sizes about that far apart.
fn is_loose(len: usize, capacity: usize) -> bool {
    capacity - len > capacity / 8
}

/// A length of all tables: see [`Arena::mark`].
pub struct Mark {
    /// The handle of the node that comes next.
    pub(super) next: Value,
    n_nodes: usize,
    n_handles: usize,
    n_bytes: usize,
}

/// The forms a container has. Handles are as stored: see [`Value::sibling`].
pub(super) enum Container<'a> {
    /// Not a container.
    None,
    /// Parsed: the elements are the subtree behind `place`.
    Array {
        arena: &'a Arena,
        place: usize,
        span: &'a Span,
    },
    /// Parsed, no name twice: the values of the members are the subtree behind `place`.
    Object {
        arena: &'a Arena,
        place: usize,
        span: &'a Span,
    },
    /// An array that was built.
    Elements(&'a [Value]),
    /// An object that was built: names and values.
    Members(&'a [[Value; 2]]),
    /// An object that was built in a shape.
    Shaped(ShapedMembers<'a>),
    /// An object with members set.
    Patched,
}

impl fmt::Debug for Arena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena")
            .field("text_bytes", &self.text.len())
            .field("nodes", &self.nodes.len())
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}
