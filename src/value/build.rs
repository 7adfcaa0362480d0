//! Building values. Nothing here checks the limits of an execution: its memory is measured between states.

use super::arena::MAX_TEXT;
use super::node::{Built, ESCAPED, Node, Span};
use super::text::escape;
use super::{Arena, Kind, Value, number};

impl Arena {
    /// A string from its decoded characters.
    pub fn string(&mut self, text: &str) -> Value {
        let start = self.text.len();
        self.text.push('"');
        let escaped = escape(text, &mut self.text);
        self.text.push('"');
        self.push_scalar(Kind::String, if escaped { ESCAPED } else { 0 }, start)
    }

    /// An integer.
    pub fn integer(&mut self, value: i64) -> Value {
        if let Some(constant) = Value::small_integer(value)
            && self.constants.is_some()
        {
            return constant;
        }
        let start = self.text.len();
        self.text.push_str(itoa::Buffer::new().format(value));
        self.push_scalar(Kind::Number, 0, start)
    }

    /// A finite number by the printing policy: an integer where it is one, else the shortest text that reads back the same.
    pub fn float(&mut self, value: f64) -> Value {
        let start = self.text.len();
        number::spell(value, &mut self.text);
        self.push_scalar(Kind::Number, 0, start)
    }

    /// An array of values of this arena.
    pub fn array(&mut self, elements: &[Value]) -> Value {
        let first = self.lists.len();
        self.lists.extend_from_slice(elements);
        self.push_array(first)
    }

    /// The same from an iterator: for elements that stand in no slice yet.
    pub fn array_from(&mut self, elements: impl IntoIterator<Item = Value>) -> Value {
        let first = self.lists.len();
        self.lists.extend(elements);
        self.push_array(first)
    }

    /// An object from (name, value) pairs; the names are string values and distinct.
    pub fn object(&mut self, members: &[(Value, Value)]) -> Value {
        let first = self.lists.len();
        self.lists.reserve(2 * members.len());
        for &(name, value) in members {
            self.lists.extend_from_slice(&[name, value]);
        }
        self.push_object(first)
    }

    /// The same from names and values in turn.
    pub fn object_in_turn(&mut self, members: &[Value]) -> Value {
        let first = self.lists.len();
        self.lists.extend_from_slice(members);
        self.push_object(first)
    }

    /// The same when the caller has measured the names before: `names_bytes` is the sum of their [`Arena::measure`].
    pub fn object_measured(&mut self, members: &[Value], names_bytes: usize) -> Value {
        let first = self.lists.len();
        self.lists.extend_from_slice(members);
        // The brackets, and a colon and a comma for each member.
        let mut bytes = 2_usize.saturating_add(names_bytes) + members.len();
        let mut height: u16 = 0;
        for [_, value] in members.as_chunks().0 {
            let (value_bytes, value_height) = self.bounds(*value);
            bytes = bytes.saturating_add(value_bytes as usize);
            height = height.max(value_height);
        }
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.push(Node::Object(list(first, members.len() / 2, bytes, height)))
    }

    /// The same from an iterator.
    pub fn object_from(&mut self, members: impl IntoIterator<Item = (Value, Value)>) -> Value {
        let first = self.lists.len();
        self.lists
            .extend(members.into_iter().flat_map(|(name, value)| [name, value]));
        self.push_object(first)
    }

    /// An object of the names and values that stand at the end of the lists.
    fn push_object(&mut self, first: usize) -> Value {
        let count = (self.lists.len() - first) / 2;
        let built = self.built(first, count);
        self.push(Node::Object(built))
    }

    /// `base` with the element at `index` replaced; `index` is in range.
    pub fn with_element(&mut self, base: Value, index: usize, value: Value) -> Value {
        let mut elements = std::mem::take(&mut self.scratch.elements);
        elements.clear();
        elements.extend(self.elements(base));
        elements[index] = value;
        let array = self.array(&elements);
        self.scratch.elements = elements;
        array
    }

    fn push_array(&mut self, first: usize) -> Value {
        let built = self.built(first, self.lists.len() - first);
        self.push(Node::Array(built))
    }

    /// A list whose handles begin at `first` and end with the table. Commas and colons are counted with the handles:
    /// as many as there are, one less than that or one bracket more.
    fn built(&self, first: usize, count: usize) -> Built {
        let mut bytes: u32 = 2;
        let mut height: u16 = 0;
        for &value in &self.lists[first..] {
            let (value_bytes, value_height) = self.bounds(value);
            bytes = bytes.saturating_add(value_bytes).saturating_add(1);
            height = height.max(value_height);
        }
        list(first, count, bytes, height)
    }

    /// A scalar whose text begins at `start` and ends where the text ends now.
    pub(super) fn push_scalar(&mut self, kind: Kind, flags: u8, start: usize) -> Value {
        let end = self.text.len();
        assert!(
            end < MAX_TEXT,
            "an execution makes less than 1 GiB of text: its memory is measured between states"
        );
        self.push(Node::Span(Span {
            start: start as u32,
            end: end as u32,
            key_start: 0,
            size: 1,
            count: 0,
            key_len: 0,
            height: 0,
            depth: 0,
            kind,
            flags,
        }))
    }
}

/// A list over what is at most `height` deep.
fn list(first: usize, count: usize, bytes: u32, height: u16) -> Built {
    Built {
        first: list_place(first),
        count: count as u32,
        bytes,
        height: height.saturating_add(1),
    }
}

/// A place in the table of lists, as nodes keep it.
pub(super) fn list_place(place: usize) -> u32 {
    u32::try_from(place)
        .expect("an execution holds fewer than 2^32 handles: its memory is measured")
}
