//! Objects of one shape: what a template builds has the same names, and the same text around its values, every time.
//!
//! Such an object keeps only the values that differ. Its text is the shape's with theirs put in between.

use super::build::list_place;
use super::node::Node;
use super::{Arena, ConstantsBuilder, Value};

/// What objects have in common that one template builds; a constant of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape(u32);

/// What a [`Shape`] stands for.
#[derive(Debug)]
pub(super) struct Outline {
    /// Names, which are constants and distinct, and where their values are.
    members: Box<[(Value, Slot)]>,
    /// Where the text before, between and behind the values that are given stands among the constants'.
    pieces: Box<[(u32, u32)]>,
    /// Bytes of all pieces.
    bytes: u32,
    /// Of the values that are constants.
    height: u16,
}

/// Where a member's value is.
#[derive(Clone, Copy, Debug)]
enum Slot {
    Constant(Value),
    /// A place among the values that are given.
    Given(u32),
}

/// An object that was built in a shape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shaped {
    pub(super) shape: Shape,
    /// Place of the first value that was given, in the table of lists.
    pub(super) first: u32,
    /// At least the bytes of the compact text.
    pub(super) bytes: u32,
    pub(super) height: u16,
}

/// The same with the tables it refers to.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShapedMembers<'a> {
    constants: &'a Arena,
    outline: &'a Outline,
    given: &'a [Value],
}

impl ConstantsBuilder {
    /// The shape of objects with these members. Names are distinct string constants; a member without a value gets one
    /// for each object.
    pub fn shape(&mut self, members: &[(Value, Option<Value>)]) -> Shape {
        let arena = self.arena();
        let (mut slots, mut pieces) = (Vec::new(), Vec::new());
        let (mut bytes, mut height) = (0, 0);
        let mut printed = vec![b'{'];
        let mut end_piece = |printed: &mut Vec<u8>, arena: &mut Arena| {
            let start = arena.text.len() as u32;
            let text = str::from_utf8(printed).expect("what is printed is UTF-8");
            arena.text.push_str(text);
            bytes += printed.len() as u32;
            pieces.push((start, start + printed.len() as u32));
            printed.clear();
        };
        let mut n_given = 0;
        for (place, &(name, value)) in members.iter().enumerate() {
            if place > 0 {
                printed.push(b',');
            }
            arena.print(name, &mut printed);
            printed.push(b':');
            slots.push((
                name,
                match value {
                    Some(value) => {
                        arena.print(value, &mut printed);
                        height = height.max(arena.bounds(value).1);
                        Slot::Constant(value)
                    }
                    None => {
                        end_piece(&mut printed, arena);
                        n_given += 1;
                        Slot::Given(n_given - 1)
                    }
                },
            ));
        }
        printed.push(b'}');
        end_piece(&mut printed, arena);
        let shape = Shape(arena.outlines.len() as u32);
        arena.outlines.push(Outline {
            members: slots.into(),
            pieces: pieces.into(),
            bytes,
            height,
        });
        shape
    }
}

impl Arena {
    /// An object of a shape: a value for each member that has none in the shape, in order.
    #[inline]
    pub fn shaped(&mut self, shape: Shape, given: &[Value]) -> Value {
        let first = self.lists.len();
        self.lists.extend_from_slice(given);
        let (_, outline) = self.outline(shape);
        debug_assert_eq!(outline.pieces.len(), given.len() + 1);
        let (mut bytes, mut height) = (outline.bytes, outline.height);
        for &value in given {
            let (value_bytes, value_height) = self.bounds(value);
            bytes = bytes.saturating_add(value_bytes);
            height = height.max(value_height);
        }
        self.push(Node::Shaped(Shaped {
            shape,
            first: list_place(first),
            bytes,
            height: height.saturating_add(1),
        }))
    }

    /// A shape, and the constants that its text is among.
    #[inline]
    fn outline(&self, shape: Shape) -> (&Arena, &Outline) {
        let constants = match &self.constants {
            Some(constants) => &constants.arena,
            None => self,
        };
        (constants, &constants.outlines[shape.0 as usize])
    }

    #[inline]
    pub(super) fn shaped_members(&self, object: &Shaped) -> ShapedMembers<'_> {
        let (constants, outline) = self.outline(object.shape);
        let n_given = outline.pieces.len() - 1;
        ShapedMembers {
            constants,
            outline,
            given: &self.lists[object.first as usize..][..n_given],
        }
    }
}

impl<'a> ShapedMembers<'a> {
    pub(super) fn len(&self) -> usize {
        self.outline.members.len()
    }

    /// Name and value of a member, as they are stored.
    pub(super) fn get(&self, place: usize) -> Option<[Value; 2]> {
        let (name, slot) = self.outline.members.get(place)?;
        Some([*name, self.value(*slot)])
    }

    /// The value, as it is stored, of the first member with such a name.
    #[inline]
    pub(super) fn find(&self, mut is_it: impl FnMut(Value) -> bool) -> Option<Value> {
        let mut members = self.outline.members.iter();
        let (_, slot) = members.find(|(name, _)| is_it(*name))?;
        Some(self.value(*slot))
    }

    #[inline]
    fn value(&self, slot: Slot) -> Value {
        match slot {
            Slot::Constant(value) => value,
            Slot::Given(place) => self.given[place as usize],
        }
    }

    /// The values that were given, as they are stored.
    #[inline]
    pub(super) fn given(&self) -> &'a [Value] {
        self.given
    }

    /// Where the text before, between and behind them stands, and the text that this is in.
    #[inline]
    pub(super) fn pieces(&self) -> (&'a [u8], &'a [(u32, u32)]) {
        (self.constants.text.as_bytes(), &self.outline.pieces)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{Key, ParseLimits};
    use super::*;

    /// `{"id": …, "kind": {"a":[1]}, "q\"": …}` around two values.
    fn shape(constants: &mut ConstantsBuilder) -> (Shape, [Key; 3]) {
        let keys = ["id", "kind", "q\""].map(|name| constants.key(name));
        let kind = constants.parse(br#"{"a":[1]}"#).unwrap();
        let values = [None, Some(kind), None];
        let members = keys.iter().zip(values);
        let members = members.map(|(key, value)| (key.value().unwrap(), value));
        (constants.shape(&members.collect::<Vec<_>>()), keys)
    }

    fn build(arena: &mut Arena, shape: Shape, given: [&str; 2]) -> Value {
        let given = given.map(|text| {
            arena
                .parse(text.as_bytes(), ParseLimits::default())
                .unwrap()
        });
        arena.shaped(shape, &given)
    }

    #[test]
    fn objects_of_a_shape_are_like_any_other() {
        let mut constants = ConstantsBuilder::new();
        let (shape, keys) = shape(&mut constants);
        let mut arena = Arena::new(constants.finish());
        let text = r#"{"id":"x","kind":{"a":[1]},"q\"":[[2]]}"#;
        let object = build(&mut arena, shape, [r#""x""#, "[[2]]"]);
        let parsed = arena
            .parse(text.as_bytes(), ParseLimits::default())
            .unwrap();

        assert_eq!(arena.to_json(object), text);
        assert_eq!(arena.len(object), 3);
        assert!(arena.equal(object, parsed) && arena.equal(parsed, object));
        assert_eq!(arena.measure(object).bytes, text.len());
        assert_eq!(arena.measure(object).depth, 3);
        for key in keys {
            let by_key = arena.get(object, &key).unwrap();
            let by_name = arena.get_by_name(object, key.name()).unwrap();
            assert_eq!(by_key, by_name);
            assert!(arena.equal(by_key, arena.get(parsed, &key).unwrap()));
        }
        assert_eq!(arena.get_by_name(object, "none"), None);

        let members: Vec<_> = arena.members(object).collect();
        let copy = arena.object(&members);
        assert_eq!(arena.to_json(copy), text);
        let name = members[1].0;
        let patched = arena.with(object, name, Value::TRUE);
        assert_eq!(
            arena.to_json(patched),
            r#"{"id":"x","kind":true,"q\"":[[2]]}"#
        );
    }

    #[test]
    fn they_are_adopted_and_can_be_constants() {
        let mut constants = ConstantsBuilder::new();
        let (shape, _) = shape(&mut constants);
        let frozen = build(constants.arena(), shape, ["1", "2"]);
        let frozen = constants.freeze(frozen);
        let mut parent = Arena::new(constants.finish());
        build(&mut parent, shape, ["3", "4"]);
        let parent = Arc::new(parent);
        let mut child = Arena::fork(&parent);
        let inner = build(&mut child, shape, ["5", "6"]);
        let object = child.shaped(shape, &[inner, frozen]);
        child.release_parent();
        let mut parent = Arc::into_inner(parent).unwrap();
        let adopted = parent.adopt(&child, object);
        assert_eq!(
            parent.to_json(adopted),
            r#"{"id":{"id":5,"kind":{"a":[1]},"q\"":6},"kind":{"a":[1]},"q\"":{"id":1,"kind":{"a":[1]},"q\"":2}}"#
        );
    }

    #[test]
    fn a_shape_may_have_nothing_that_differs() {
        let mut constants = ConstantsBuilder::new();
        let empty = constants.shape(&[]);
        let name = constants.string("a");
        let constant = constants.shape(&[(name, Some(Value::NULL))]);
        let mut arena = Arena::new(constants.finish());
        for (shape, text) in [(empty, "{}"), (constant, r#"{"a":null}"#)] {
            let object = arena.shaped(shape, &[]);
            assert_eq!(arena.to_json(object), text);
            assert_eq!(arena.measure(object).depth, 1);
        }
    }
}
