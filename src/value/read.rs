//! Reading values: kinds, scalars, elements and members.

use std::ops::Range;

use super::arena::Container;
use super::node::{ESCAPED, Node, Span};
use super::number::Short;
use super::patch::Overlay;
use super::shape::ShapedMembers;
use super::text::name_of;
use super::{Arena, JsonStr, Kind, Measure, Number, Value};

impl Arena {
    /// What the value is.
    #[inline]
    pub fn kind(&self, value: Value) -> Kind {
        if value.is_name() {
            return Kind::String;
        }
        match self.node(value).1 {
            Node::Span(span) => span.kind,
            Node::Array(_) => Kind::Array,
            Node::Object(_) | Node::Shaped(_) | Node::Patch(_) => Kind::Object,
        }
    }

    /// `true` or `false`.
    pub fn as_bool(&self, value: Value) -> Option<bool> {
        if value.is_name() {
            return None;
        }
        match self.node(value) {
            (arena, Node::Span(span)) if span.kind == Kind::Bool => {
                Some(arena.text.as_bytes()[span.start as usize] == b't')
            }
            _ => None,
        }
    }

    /// The number, as it is spelled.
    pub fn as_number(&self, value: Value) -> Option<Number<'_>> {
        let lexeme = self.text_of(value, Kind::Number)?;
        Some(Number { lexeme })
    }

    /// The nearest binary64 of a number; infinite beyond its range.
    #[inline]
    pub fn as_f64(&self, value: Value) -> Option<f64> {
        match self.as_short(value) {
            Some(short) => Some(short.nearest()),
            None => self.as_number(value).map(Number::as_f64),
        }
    }

    /// The number where it is an integer that fits, else the nearest binary64.
    #[inline]
    pub fn as_exact(&self, value: Value) -> Option<Result<i64, f64>> {
        match self.as_short(value) {
            Some(short) => Some(short.exact()),
            None => self.as_number(value).map(Number::as_exact),
        }
    }

    /// The number, if it is one and short.
    #[inline(always)]
    fn as_short(&self, value: Value) -> Option<Short> {
        let (arena, place) = self.home(value);
        match &arena.nodes[place] {
            Node::Span(span) if span.kind == Kind::Number && !value.is_name() => {
                Short::of(&arena.text.as_bytes()[span.start as usize..span.end as usize])
            }
            _ => None,
        }
    }

    /// The string, as it is spelled.
    pub fn as_str(&self, value: Value) -> Option<JsonStr<'_>> {
        let (arena, place) = self.home(value);
        match &arena.nodes[place] {
            Node::Span(span) if value.is_name() => Some(name_of(&arena.text, span)),
            Node::Span(span) if span.kind == Kind::String => Some(JsonStr {
                spelled: &arena.text[span.start as usize + 1..span.end as usize - 1],
                escaped: span.is(ESCAPED),
            }),
            _ => None,
        }
    }

    /// The text of a scalar, if it is of that kind.
    fn text_of(&self, value: Value, kind: Kind) -> Option<&str> {
        if value.is_name() {
            return None;
        }
        match self.node(value) {
            (arena, Node::Span(span)) if span.kind == kind => {
                Some(&arena.text[span.start as usize..span.end as usize])
            }
            _ => None,
        }
    }

    /// Elements of an array or distinct members of an object; 0 for a scalar.
    pub fn len(&self, value: Value) -> usize {
        match self.container(value) {
            Container::Array { span, .. } | Container::Object { span, .. } => span.count as usize,
            Container::Elements(elements) => elements.len(),
            Container::Members(members) => members.len(),
            Container::Shaped(members) => members.len(),
            Container::Patched => self.members(value).count(),
            Container::None => 0,
        }
    }

    /// An element of an array. Of a parsed array the elements in front are passed one by one: iterate over
    /// [`Arena::elements`] to visit all.
    pub fn index(&self, array: Value, index: usize) -> Option<Value> {
        self.elements(array).nth(index)
    }

    /// The elements of an array; none for anything else.
    pub fn elements(&self, array: Value) -> Elements<'_> {
        let places = match self.container(array) {
            Container::Array { arena, place, span } => Places::spans(arena, place, span),
            Container::Elements(elements) => Places::List(elements),
            _ => Places::List(&[]),
        };
        Elements { of: array, places }
    }

    /// Members in order of first insertion, duplicates resolved; none for anything but an object. The name is a string
    /// value that can be used as a key in [`Arena::object`].
    pub fn members(&self, object: Value) -> Members<'_> {
        let overlay = Overlay::of(self, object);
        let base = overlay.base;
        let places = match self.container(base) {
            Container::Object { arena, place, span } => {
                MemberPlaces::Stored(Places::spans(arena, place, span))
            }
            Container::Members(members) => MemberPlaces::Stored(Places::List(members)),
            Container::Shaped(members) => MemberPlaces::Shaped { members, next: 0 },
            _ => MemberPlaces::Stored(Places::List(&[])),
        };
        Members {
            reader: self,
            of: base,
            places,
            overlay,
        }
    }

    /// Bounds of the value's size, in constant time.
    pub fn measure(&self, value: Value) -> Measure {
        self.measure_in_line(value)
    }

    /// The same for the few places where a call would cost more than it does.
    #[inline(always)]
    pub fn measure_in_line(&self, value: Value) -> Measure {
        let (bytes, height) = self.bounds(value);
        Measure {
            bytes: bytes as usize,
            depth: height as usize,
        }
    }

    /// At least the bytes of the compact text, and at least the depth; both stop at the top of their type.
    #[inline(always)]
    pub(super) fn bounds(&self, value: Value) -> (u32, u16) {
        if value.is_name() {
            return self.bounds_of_name(value);
        }
        match self.node(value).1 {
            Node::Span(span) => (span.end - span.start, span.height),
            built => built.bounds_of_built(),
        }
    }

    #[cold]
    fn bounds_of_name(&self, name: Value) -> (u32, u16) {
        let len = self.as_str(name).map_or(0, |name| name.spelled.len() + 2);
        (len as u32, 0)
    }

    /// Where the value (or the member's name) stands in the text of this arena's first document; only for what was parsed.
    pub fn span(&self, value: Value) -> Option<Range<usize>> {
        let (arena, place) = self.home(value);
        match &arena.nodes[place] {
            Node::Span(span) if value.is_name() => {
                let start = span.key_start as usize;
                Some(start..start + name_of(&arena.text, span).spelled.len())
            }
            Node::Span(span) => Some(span.start as usize..span.end as usize),
            _ => None,
        }
    }
}

/// The elements of an array.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    of: Value,
    places: Places<'a, Value>,
}

/// The members of an object: name and value.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    reader: &'a Arena,
    of: Value,
    places: MemberPlaces<'a>,
    overlay: Overlay,
}

/// What comes next in an object.
#[derive(Clone, Debug)]
enum MemberPlaces<'a> {
    Stored(Places<'a, [Value; 2]>),
    Shaped {
        members: ShapedMembers<'a>,
        next: usize,
    },
}

impl MemberPlaces<'_> {
    #[inline]
    fn next(&mut self) -> Option<[Value; 2]> {
        match self {
            MemberPlaces::Stored(places) => places.next(|value| [value.name(), value]),
            MemberPlaces::Shaped { members, next } => {
                let member = members.get(*next)?;
                *next += 1;
                Some(member)
            }
        }
    }
}

/// What comes next in a container.
#[derive(Clone, Debug)]
enum Places<'a, T> {
    Spans {
        arena: &'a Arena,
        next: usize,
        left: usize,
    },
    List(&'a [T]),
}

impl<'a, T: Copy> Places<'a, T> {
    fn spans(arena: &'a Arena, place: usize, span: &Span) -> Places<'a, T> {
        Places::Spans {
            arena,
            next: place + 1,
            left: span.count as usize,
        }
    }

    /// The next entry as stored; `parsed` makes it of a child that was parsed.
    #[inline]
    fn next(&mut self, parsed: impl FnOnce(Value) -> T) -> Option<T> {
        match self {
            Places::Spans { arena, next, left } => {
                *left = left.checked_sub(1)?;
                let place = *next;
                let Node::Span(child) = &arena.nodes[place] else {
                    unreachable!("parsed containers hold parsed children")
                };
                *next += child.size as usize;
                Some(parsed(Value::node(arena.base + place)))
            }
            Places::List(entries) => {
                let (first, rest) = entries.split_first()?;
                *entries = rest;
                Some(*first)
            }
        }
    }
}

impl Iterator for Elements<'_> {
    type Item = Value;

    #[inline]
    fn next(&mut self) -> Option<Value> {
        let element = self.places.next(|element| element)?;
        Some(self.of.sibling(element))
    }

    fn nth(&mut self, n: usize) -> Option<Value> {
        if let Places::List(elements) = &mut self.places {
            *elements = elements.get(n..).unwrap_or(&[]);
            return self.next();
        }
        for _ in 0..n {
            self.next()?;
        }
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match &self.places {
            Places::Spans { left, .. } => *left,
            Places::List(elements) => elements.len(),
        };
        (left, Some(left))
    }
}

impl ExactSizeIterator for Elements<'_> {}

impl Iterator for Members<'_> {
    type Item = (Value, Value);

    #[inline]
    fn next(&mut self) -> Option<(Value, Value)> {
        let Some([name, value]) = self.places.next() else {
            return self.overlay.next_added();
        };
        let (name, value) = (self.of.sibling(name), self.of.sibling(value));
        Some((
            name,
            self.overlay.replacement(self.reader, name).unwrap_or(value),
        ))
    }
}
