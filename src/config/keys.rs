//! Keys that no config has: all of them at once, where the parser stops at the first thing that is wrong.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::places::{Node, Places};
use crate::diagnostic::{Position, did_you_mean};

/// A key that is not known where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown {
    pub(super) pointer: String,
    pub(super) position: Position,
    pub(super) name: String,
    /// What was probably meant, or what there is.
    pub(super) help: String,
}

/// All unknown keys of a document, by the JSON Schema of what it should be.
pub(super) fn unknown(schema: &Json, places: &Places) -> Vec<Unknown> {
    let mut found = Vec::new();
    Walk { root: schema }.look(&[schema], places, "", &mut found);
    found
}

struct Walk<'a> {
    root: &'a Json,
}

/// What may stand in a map.
#[derive(Default)]
struct Keys<'a> {
    /// By name; with several ways to write the map, one may have several meanings.
    known: BTreeMap<&'a str, Vec<&'a Json>>,
    /// What all other names mean, where there may be others.
    others: Vec<&'a Json>,
}

impl<'a> Walk<'a> {
    /// As deep as the document nests, which its parser bounds.
    fn look(&self, schemas: &[&'a Json], places: &Places, at: &str, found: &mut Vec<Unknown>) {
        match &places.node {
            Node::Scalar => {}
            Node::Sequence(elements) => {
                let mut items = Vec::new();
                self.each(schemas, &mut |schema| items.extend(schema.get("items")));
                for (index, element) in elements.iter().enumerate() {
                    self.look(&items, element, &format!("{at}/{index}"), found);
                }
            }
            Node::Map(members) => {
                let keys = self.keys(schemas);
                for member in members {
                    let name = member.name.as_str();
                    let pointer = format!("{at}/{name}");
                    match keys.known.get(name) {
                        Some(schemas) => self.look(schemas, &member.value, &pointer, found),
                        None if keys.known.is_empty() || !keys.others.is_empty() => {
                            self.look(&keys.others, &member.value, &pointer, found);
                        }
                        None => found.push(Unknown {
                            pointer,
                            position: member.position,
                            name: name.to_string(),
                            help: keys.help(name),
                        }),
                    }
                }
            }
        }
    }

    fn keys(&self, schemas: &[&'a Json]) -> Keys<'a> {
        let mut keys = Keys::default();
        self.each(schemas, &mut |schema| {
            for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
                keys.known.entry(name).or_default().push(inner);
            }
            let others = schema.get("additionalProperties");
            keys.others
                .extend(others.filter(|others| others.is_object()));
        });
        keys
    }

    /// Shows each way to write a value to `look`.
    fn each(&self, schemas: &[&'a Json], look: &mut impl FnMut(&'a Json)) {
        for schema in schemas {
            if let Some(target) = schema["$ref"].as_str() {
                let target = self.root.pointer(target.trim_start_matches('#'));
                target.iter().for_each(|target| self.each(&[target], look));
            }
            for part in ["anyOf", "oneOf", "allOf"] {
                for inner in schema[part].as_array().into_iter().flatten() {
                    self.each(&[inner], look);
                }
            }
            look(schema);
        }
    }
}

impl Keys<'_> {
    fn help(&self, name: &str) -> String {
        let known = || self.known.keys().copied();
        let all = || format!("keys here: {}", known().collect::<Vec<_>>().join(", "));
        did_you_mean(name, known()).unwrap_or_else(all)
    }
}
