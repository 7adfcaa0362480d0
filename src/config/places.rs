//! Where in a YAML or JSON text a JSON pointer leads, for problems that are found after parsing.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use crate::diagnostic::Position;

/// The positions of everything in a document.
#[derive(Debug)]
pub(super) struct Places(Spanned<Node>);

#[derive(Debug)]
enum Node {
    Map(Vec<(Spanned<String>, Places)>),
    Sequence(Vec<Places>),
    Scalar,
}

impl Places {
    /// Reads a text that was parsed before; nothing is found in a text that is not YAML.
    pub(super) fn read(text: &str) -> Option<Places> {
        serde_saphyr::from_str(text).ok()
    }

    /// The position of the longest part of `pointer` that exists: a member's name, an element.
    pub(super) fn find(&self, pointer: &str) -> Option<Position> {
        let mut found = None;
        let mut places = self;
        for name in pointer.split('/').skip(1) {
            let (position, inner) = match &places.0.value {
                Node::Map(members) => {
                    let (key, inner) = members.iter().find(|(key, _)| key.value == name)?;
                    (position(key), inner)
                }
                Node::Sequence(elements) => {
                    let inner = elements.get(name.parse::<usize>().ok()?)?;
                    (position(&inner.0), inner)
                }
                Node::Scalar => return found,
            };
            found = Some(position);
            places = inner;
        }
        found
    }
}

fn position<T>(spanned: &Spanned<T>) -> Position {
    let location = spanned.referenced;
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    Position {
        line: number(location.line()),
        column: number(location.column()),
    }
}

impl<'de> Deserialize<'de> for Places {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Places, D::Error> {
        Spanned::deserialize(deserializer).map(Places)
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        struct Nodes;

        impl<'de> Visitor<'de> for Nodes {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Node::Map(members))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = seq.next_element()? {
                    elements.push(element);
                }
                Ok(Node::Sequence(elements))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
                Ok(Node::Scalar)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
                Ok(Node::Scalar)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
                Ok(Node::Scalar)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
                Ok(Node::Scalar)
            }

            fn visit_str<E>(self, _: &str) -> Result<Node, E> {
                Ok(Node::Scalar)
            }

            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Scalar)
            }

            fn visit_none<E>(self) -> Result<Node, E> {
                Ok(Node::Scalar)
            }

            fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Node, D::Error> {
                IgnoredAny::deserialize(inner).map(|_| Node::Scalar)
            }
        }

        deserializer.deserialize_any(Nodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pointer: &str, want: Option<(usize, usize)>) {
        let text = "a:\n  b: 1\n  list:\n    - x: y\n    - 2\nc: [true, null]\n";
        let found = Places::read(text).unwrap().find(pointer);
        let want = want.map(|(line, column)| Position { line, column });
        assert_eq!(found, want, "{pointer}");
    }

    #[test]
    fn pointers_lead_to_names_and_elements() {
        check("/a", Some((1, 1)));
        check("/a/b", Some((2, 3)));
        check("/a/list/1", Some((5, 7)));
        check("/a/list/0/x", Some((4, 7)));
        check("/c/0", Some((6, 5)));
        check("/a/missing", None);
        check("", None);
    }
}
