//! Objects in which a name occurs twice: the last value wins, in the first one's place.

use super::Value;
use super::node::{Built, Node};
use super::text::name_of;
use super::tokenizer::Tables;

/// Compares the names of an object that ends at `end`. If one is repeated, appends a node that is the object without
/// repetitions, and gives the offset of a repeated name.
pub(super) fn resolve(
    text: &str,
    place: usize,
    count: u32,
    end: usize,
    tables: &mut Tables<'_>,
) -> Option<usize> {
    let Tables {
        nodes,
        lists,
        base,
        scratch,
    } = tables;
    let names = &mut scratch.names;

    // Sorted by name, so that no choice of names makes this slow. Each entry becomes (first, last) of its name.
    names.clear();
    let mut member = place + 1;
    for _ in 0..count {
        names.push((member as u32, member as u32));
        member += span(nodes, member).size as usize;
    }
    names.sort_unstable_by(|a, b| {
        let by_name = name_of(text, span(nodes, a.0 as usize))
            .compare(name_of(text, span(nodes, b.0 as usize)));
        by_name.then(a.cmp(b))
    });
    let mut repeated = None;
    names.dedup_by(|next, kept| {
        let last = span(nodes, next.0 as usize);
        let same = name_of(text, last)
            .compare(name_of(text, span(nodes, kept.0 as usize)))
            .is_eq();
        if same {
            repeated = Some(last.key_start as usize);
            kept.1 = next.1;
        }
        same
    });
    repeated?;

    names.sort_unstable();
    let object = span(nodes, place);
    let node = Node::Object(Built {
        first: lists.len() as u32,
        count: names.len() as u32,
        bytes: end as u32 - object.start,
        height: 0,
    });
    for &(first, last) in names.iter() {
        lists.push(Value::node(*base + first as usize).name());
        lists.push(Value::node(*base + last as usize));
    }
    nodes.push(node);
    repeated
}

fn span(nodes: &[Node], place: usize) -> &super::node::Span {
    match &nodes[place] {
        Node::Span(span) => span,
        _ => unreachable!("a parsed object holds parsed members"),
    }
}
