//! Where in a YAML, JSON or TOML text a JSON pointer leads, for problems that are found after parsing.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Lines, Position};

/// The positions of everything in a document.
#[derive(Debug)]
pub(super) struct Places {
    position: Position,
    pub(super) node: Node,
}

/// What stands there.
#[derive(Debug)]
pub(super) enum Node {
    Map(Vec<Member>),
    Sequence(Vec<Places>),
    Scalar,
}

/// A member of a map.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    /// Of its name.
    pub(super) position: Position,
    pub(super) value: Places,
}

impl Places {
    /// Reads a text that may have been parsed before; nothing is found in one that is not of its format.
    pub(super) fn read(text: &str, toml: bool) -> Option<Places> {
        if !toml {
            return serde_saphyr::from_str(text).ok();
        }
        let lines = Lines::new(text);
        Some(Places {
            position: lines.position(0),
            node: table(DeTable::parse(text).ok()?.get_ref(), &lines),
        })
    }

    /// Whether the document has this member.
    pub(super) fn has(&self, name: &str) -> bool {
        match &self.node {
            Node::Map(members) => members.iter().any(|member| member.name == name),
            _ => false,
        }
    }

    /// The position of the longest part of `pointer` that exists: a member's name, an element.
    pub(super) fn find(&self, pointer: &str) -> Option<Position> {
        let mut found = None;
        let mut places = self;
        for name in pointer.split('/').skip(1) {
            let next = match &places.node {
                Node::Map(members) => members
                    .iter()
                    .find(|member| member.name == name)
                    .map(|member| (member.position, &member.value)),
                Node::Sequence(elements) => {
                    let index = name.parse::<usize>().ok();
                    let element = index.and_then(|index| elements.get(index));
                    element.map(|element| (element.position, element))
                }
                Node::Scalar => None,
            };
            let Some((position, inner)) = next else { break };
            found = Some(position);
            places = inner;
        }
        found
    }
}

fn table(table: &DeTable<'_>, lines: &Lines<'_>) -> Node {
    let member = |(name, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| Member {
        name: AsRef::<str>::as_ref(name.get_ref()).to_string(),
        position: lines.position(name.span().start),
        value: value_places(value, lines),
    };
    Node::Map(table.iter().map(member).collect())
}

/// As deep as the parser lets tables and arrays nest.
fn value_places(value: &toml::Spanned<DeValue<'_>>, lines: &Lines<'_>) -> Places {
    Places {
        position: lines.position(value.span().start),
        node: match value.get_ref() {
            DeValue::Table(members) => table(members, lines),
            DeValue::Array(elements) => {
                let elements = elements.iter().map(|element| value_places(element, lines));
                Node::Sequence(elements.collect())
            }
            _ => Node::Scalar,
        },
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
        let spanned = Spanned::<Node>::deserialize(deserializer)?;
        Ok(Places {
            position: position(&spanned),
            node: spanned.value,
        })
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
                while let Some((name, value)) = map.next_entry::<Spanned<String>, _>()? {
                    members.push(Member {
                        position: position(&name),
                        name: name.value,
                        value,
                    });
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
    fn check(text: &str, toml: bool, wanted: &[(&str, Option<(usize, usize)>)]) {
        let places = Places::read(text, toml).unwrap();
        for (pointer, want) in wanted {
            let want = want.map(|(line, column)| Position { line, column });
            assert_eq!(places.find(pointer), want, "{pointer}");
        }
    }

    #[test]
    fn pointers_lead_to_names_and_elements() {
        check(
            "a:\n  b: 1\n  list:\n    - x: y\n    - 2\nc: [true, null]\n",
            false,
            &[
                ("/a", Some((1, 1))),
                ("/a/b", Some((2, 3))),
                ("/a/list/1", Some((5, 7))),
                ("/a/list/0/x", Some((4, 7))),
                ("/c/0", Some((6, 5))),
                ("/a/missing", Some((1, 1))),
                ("/missing", None),
                ("", None),
            ],
        );
    }

    #[test]
    fn toml_has_places_too() {
        check(
            "[a]\nb = 1\nlist = [{ x = \"y\" }, 2]\n\n[a.c.d]\ne.f = 1\n",
            true,
            &[
                ("/a/b", Some((2, 1))),
                ("/a/list/1", Some((3, 22))),
                ("/a/list/0/x", Some((3, 11))),
                ("/a/c/d/e/f", Some((6, 3))),
                ("/a/c/d/missing", Some((5, 6))),
            ],
        );
    }
}
