//! Deep equality.

use super::number::Number;
use super::{Arena, Kind, Value};
use std::cmp::Ordering;

/// Up to this many members, each is looked up in the other object; beyond, both are sorted by name.
const FEW: usize = 32;

impl Arena {
    /// Deep equality: numbers by value, strings by characters, objects whatever the order of members.
    ///
    /// Recurses once per level that both values have in common; callers bound the depth of what they build.
    pub fn equal(&self, a: Value, b: Value) -> bool {
        if a == b {
            return true;
        }
        match (self.kind(a), self.kind(b)) {
            (Kind::Null, Kind::Null) => true,
            (Kind::Bool, Kind::Bool) => self.as_bool(a) == self.as_bool(b),
            (Kind::String, Kind::String) => self.same_string(a, b),
            (Kind::Number, Kind::Number) => {
                let order = |a: Number<'_>, b| a.compare(b) == Ordering::Equal;
                matches!((self.as_number(a), self.as_number(b)), (Some(a), Some(b)) if order(a, b))
            }
            (Kind::Array, Kind::Array) => self.equal_arrays(a, b),
            (Kind::Object, Kind::Object) => self.equal_objects(a, b),
            _ => false,
        }
    }

    #[inline(never)]
    fn equal_arrays(&self, a: Value, b: Value) -> bool {
        self.len(a) == self.len(b)
            && self
                .elements(a)
                .zip(self.elements(b))
                .all(|(a, b)| self.equal(a, b))
    }

    #[inline(never)]
    fn equal_objects(&self, a: Value, b: Value) -> bool {
        let len = self.len(a);
        if len != self.len(b) {
            return false;
        }
        if len > FEW {
            return self.equal_wide(a, b);
        }
        self.members(a).all(|(name, value)| {
            let other = self.get_by_string(b, name);
            other.is_some_and(|other| self.equal(value, other))
        })
    }

    #[cold]
    fn equal_wide(&self, a: Value, b: Value) -> bool {
        let sorted = |object: Value| {
            let mut members: Vec<_> = self
                .members(object)
                .filter_map(|(name, value)| Some((self.as_str(name)?, value)))
                .collect();
            members.sort_unstable_by(|(a, _), (b, _)| a.compare(*b));
            members
        };
        let (a, b) = (sorted(a), sorted(b));
        a.iter()
            .zip(&b)
            .all(|((a_name, a), (b_name, b))| a_name.compare(*b_name).is_eq() && self.equal(*a, *b))
    }
}
