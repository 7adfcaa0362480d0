//! The values of an evaluation, and where those that are made live until it ends.
//!
//! What the expression only moves stays a handle into the execution's [`Arena`](crate::value::Arena). What it makes lies
//! in flat tables here, addressed by index: items are `Copy`, nothing is counted, nothing is dropped one by one, and an
//! endless chain of closures cannot overflow the stack. The tables are cleared, not freed, between evaluations.

use crate::value::Value;

use super::program::LayoutId;

/// A value of an evaluation.
// Two whole words: with a tag of one byte, copies are put together from pieces, and reading them back at once stalls.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u64)]
pub(super) enum Item {
    /// A slot that nothing was bound to.
    Unbound,
    /// JSONata's `undefined`.
    Undefined,
    Null,
    Bool(bool),
    /// A number that is an integer is this, as long as it fits.
    Int(i64),
    Float(f64),
    /// A value of the arena.
    Json(Value),
    Text(Text),
    List(ListId),
    Object(ObjectId),
    /// One of a path's tuples: its frame.
    Tuple(FrameId),
    /// A built-in function, by its place in the table.
    Native(u16),
    Function(FunctionId),
    /// A call in tail position that is still to be made.
    TailCall,
}

/// A text made by the evaluation, or the text of a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Text {
    start: u32,
    len: u32,
}

const LITERAL: u32 = 1 << 31;

impl Text {
    /// A piece of the program's literals.
    pub(super) fn literal(start: usize, len: usize) -> Text {
        Text {
            start: start as u32 | LITERAL,
            len: len as u32,
        }
    }

    pub(super) fn of_literals(self, literals: &str) -> &str {
        let start = (self.start & !LITERAL) as usize;
        &literals[start..start + self.len as usize]
    }

    pub(super) fn is_empty(self) -> bool {
        self.len == 0
    }

    /// Where a literal begins.
    pub(super) fn literal_start(self) -> u32 {
        self.start & !LITERAL
    }

    pub(super) fn is_literal(self) -> bool {
        self.start & LITERAL != 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListId(u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ObjectId(u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameId(pub(super) u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FunctionId(pub(super) u32);

/// An array or sequence.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    pub(super) elements: Elements,
    pub(super) kind: ListKind,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Elements {
    Items {
        start: u32,
        len: u32,
    },
    /// Consecutive integers, not yet written down.
    Range {
        first: i64,
        len: u32,
    },
}

/// What makes a list more than an array.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ListKind {
    /// The result of a path: one element stands for itself, none for nothing.
    pub(super) sequence: bool,
    /// As a sequence of one it stays an array.
    pub(super) keep_singleton: bool,
    /// Made by an array constructor in a path: not flattened into the path's result.
    pub(super) cons: bool,
    /// Wraps the input that is an array itself.
    pub(super) outer_wrapper: bool,
    /// Its elements are tuples.
    pub(super) tuples: bool,
}

impl ListKind {
    pub(super) const ARRAY: ListKind = ListKind {
        sequence: false,
        keep_singleton: false,
        cons: false,
        outer_wrapper: false,
        tuples: false,
    };
    pub(super) const SEQUENCE: ListKind = ListKind {
        sequence: true,
        ..ListKind::ARRAY
    };
    pub(super) const TUPLES: ListKind = ListKind {
        tuples: true,
        ..ListKind::SEQUENCE
    };
}

#[derive(Clone, Copy, Debug)]
struct Object {
    start: u32,
    len: u32,
}

/// The variables of one block, call or tuple.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) outer: FrameId,
    pub(super) layout: LayoutId,
    start: u32,
    len: u32,
}

/// A function that is not in the table of built-in ones.
#[derive(Clone, Copy, Debug)]
pub(super) enum Function {
    Lambda {
        lambda: u32,
        frame: FrameId,
        input: Item,
    },
    /// Some arguments are given; those that are [`Item::Unbound`] come with the call.
    Partial {
        function: Item,
        args: ListId,
    },
    /// First `first`, then `then` with its result.
    Chain {
        first: Item,
        then: Item,
    },
    Regex(u32),
    /// The `next` of a match: goes on searching in `text` from a byte offset.
    NextMatch {
        regex: u32,
        text: Item,
        from: u32,
    },
    /// A transform, by its node, in the frame where it stands.
    Transform {
        node: u32,
        frame: FrameId,
    },
}

/// The tables.
#[derive(Debug, Default)]
pub(super) struct Heap {
    text: String,
    items: Vec<Item>,
    lists: Vec<List>,
    objects: Vec<Object>,
    members: Vec<(Item, Item)>,
    frames: Vec<Frame>,
    slots: Vec<Item>,
    functions: Vec<Function>,
}

/// How full the tables are: what was made later can be forgotten together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    text: usize,
    items: usize,
    lists: usize,
    objects: usize,
    members: usize,
    frames: usize,
    slots: usize,
    functions: usize,
}

/// Tables that an outlier blew up beyond this many entries are given back.
const KEPT: usize = 1 << 14;

impl Heap {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.items.clear();
        self.lists.clear();
        self.objects.clear();
        self.members.clear();
        self.frames.clear();
        self.slots.clear();
        self.functions.clear();
        self.text.shrink_to(KEPT * 8);
        self.items.shrink_to(KEPT);
        self.lists.shrink_to(KEPT);
        self.objects.shrink_to(KEPT);
        self.members.shrink_to(KEPT);
        self.frames.shrink_to(KEPT);
        self.slots.shrink_to(KEPT);
        self.functions.shrink_to(KEPT);
    }

    /// Bytes that the evaluation holds here.
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
            + size_of_val(&self.items[..])
            + size_of_val(&self.lists[..])
            + size_of_val(&self.objects[..])
            + size_of_val(&self.members[..])
            + size_of_val(&self.frames[..])
            + size_of_val(&self.slots[..])
            + size_of_val(&self.functions[..])
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            text: self.text.len(),
            items: self.items.len(),
            lists: self.lists.len(),
            objects: self.objects.len(),
            members: self.members.len(),
            frames: self.frames.len(),
            slots: self.slots.len(),
            functions: self.functions.len(),
        }
    }

    /// Forgets everything made since the mark; nothing older may refer to it.
    pub(super) fn release(&mut self, mark: Mark) {
        self.text.truncate(mark.text);
        self.items.truncate(mark.items);
        self.lists.truncate(mark.lists);
        self.objects.truncate(mark.objects);
        self.members.truncate(mark.members);
        self.frames.truncate(mark.frames);
        self.slots.truncate(mark.slots);
        self.functions.truncate(mark.functions);
    }

    /// Whether a function was made before the mark.
    pub(super) fn is_older(&self, function: Item, mark: Mark) -> bool {
        match function {
            Item::Function(id) => (id.0 as usize) < mark.functions,
            _ => true,
        }
    }

    pub(super) fn push_text(&mut self, text: &str) -> Item {
        let start = self.text.len();
        self.text.push_str(text);
        self.text_since(start)
    }

    /// How much text there is: what is appended from now on becomes one by [`Heap::text_since`].
    pub(super) fn text_len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn append(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Appends a text that lies here already.
    pub(super) fn append_text(&mut self, text: Text) {
        let place = text.start as usize..(text.start + text.len) as usize;
        self.text.extend_from_within(place);
    }

    pub(super) fn text_since(&self, start: usize) -> Item {
        let end = self.text.len();
        assert!(
            end < LITERAL as usize,
            "the evaluation's memory is bounded far below 2 GiB"
        );
        Item::Text(Text {
            start: start as u32,
            len: (end - start) as u32,
        })
    }

    pub(super) fn text(&self, text: Text) -> &str {
        &self.text[text.start as usize..(text.start + text.len) as usize]
    }

    pub(super) fn push_list(&mut self, items: &[Item], kind: ListKind) -> ListId {
        self.push_list_from(items.iter().copied(), kind)
    }

    pub(super) fn push_list_from(
        &mut self,
        items: impl IntoIterator<Item = Item>,
        kind: ListKind,
    ) -> ListId {
        let start = self.items.len();
        self.items.extend(items);
        let elements = Elements::Items {
            start: start as u32,
            len: (self.items.len() - start) as u32,
        };
        self.push_elements(elements, kind)
    }

    /// A list that shares its elements with another, or a range.
    pub(super) fn push_elements(&mut self, elements: Elements, kind: ListKind) -> ListId {
        self.lists.push(List { elements, kind });
        ListId(self.lists.len() as u32 - 1)
    }

    pub(super) fn list(&self, id: ListId) -> List {
        self.lists[id.0 as usize]
    }

    pub(super) fn list_len(&self, id: ListId) -> usize {
        match self.list(id).elements {
            Elements::Items { len, .. } | Elements::Range { len, .. } => len as usize,
        }
    }

    pub(super) fn element(&self, id: ListId, index: usize) -> Item {
        match self.list(id).elements {
            Elements::Items { start, len } if index < len as usize => {
                self.items[start as usize + index]
            }
            Elements::Range { first, len } if index < len as usize => {
                Item::Int(first + index as i64)
            }
            _ => Item::Undefined,
        }
    }

    /// The elements where they are written down.
    pub(super) fn items(&self, id: ListId) -> Option<&[Item]> {
        match self.list(id).elements {
            Elements::Items { start, len } => {
                Some(&self.items[start as usize..(start + len) as usize])
            }
            Elements::Range { .. } => None,
        }
    }

    pub(super) fn push_object(&mut self, members: &[(Item, Item)]) -> ObjectId {
        let start = self.members.len();
        self.members.extend_from_slice(members);
        self.objects.push(Object {
            start: start as u32,
            len: members.len() as u32,
        });
        ObjectId(self.objects.len() as u32 - 1)
    }

    /// An object of names and values that stand side by side; members without a value are left out.
    pub(super) fn push_object_of(&mut self, names: &[Item], values: &[Item]) -> ObjectId {
        let start = self.members.len();
        let members = names.iter().copied().zip(values.iter().copied());
        self.members
            .extend(members.filter(|(_, value)| *value != Item::Undefined));
        self.objects.push(Object {
            start: start as u32,
            len: (self.members.len() - start) as u32,
        });
        ObjectId(self.objects.len() as u32 - 1)
    }

    /// Name and value of each member.
    pub(super) fn members(&self, id: ObjectId) -> &[(Item, Item)] {
        let object = self.objects[id.0 as usize];
        &self.members[object.start as usize..(object.start + object.len) as usize]
    }

    /// Changes an object in place: only what a transform has cloned is changed.
    pub(super) fn replace_members(&mut self, id: ObjectId, members: &[(Item, Item)]) {
        let object = self.objects[id.0 as usize];
        let fits = members.len() <= object.len as usize;
        let start = if fits {
            object.start as usize
        } else {
            self.members.len()
        };
        let end = start + members.len();
        self.members
            .resize(self.members.len().max(end), (Item::Unbound, Item::Unbound));
        self.members[start..end].copy_from_slice(members);
        self.objects[id.0 as usize] = Object {
            start: start as u32,
            len: members.len() as u32,
        };
    }

    pub(super) fn push_frame(
        &mut self,
        outer: FrameId,
        layout: LayoutId,
        n_slots: usize,
    ) -> FrameId {
        let start = self.slots.len();
        self.slots.resize(start + n_slots, Item::Unbound);
        self.frames.push(Frame {
            outer,
            layout,
            start: start as u32,
            len: n_slots as u32,
        });
        FrameId(self.frames.len() as u32 - 1)
    }

    /// A frame with the same bindings, which can then differ.
    pub(super) fn copy_frame(&mut self, id: FrameId) -> FrameId {
        let frame = self.frame(id);
        let start = self.slots.len();
        let slots = frame.start as usize..(frame.start + frame.len) as usize;
        self.slots.extend_from_within(slots);
        self.frames.push(Frame {
            start: start as u32,
            ..frame
        });
        FrameId(self.frames.len() as u32 - 1)
    }

    pub(super) fn frame(&self, id: FrameId) -> Frame {
        self.frames[id.0 as usize]
    }

    pub(super) fn slot(&self, id: FrameId, slot: u32) -> Item {
        self.slots[(self.frame(id).start + slot) as usize]
    }

    pub(super) fn bind(&mut self, id: FrameId, slot: u32, item: Item) {
        let place = (self.frame(id).start + slot) as usize;
        self.slots[place] = item;
    }

    pub(super) fn push_function(&mut self, function: Function) -> Item {
        self.functions.push(function);
        Item::Function(FunctionId(self.functions.len() as u32 - 1))
    }

    pub(super) fn function(&self, id: FunctionId) -> Function {
        self.functions[id.0 as usize]
    }
}
