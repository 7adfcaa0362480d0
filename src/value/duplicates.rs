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
    if all_differ(text, place, count, nodes, &mut scratch.table) {
        return None;
    }
    let names = &mut scratch.names;

    // Sorted by name, so that no choice of names makes this slow. Each entry becomes (first, last) of its name.
    names.clear();
    names.extend(members(nodes, place, count).map(|member| (member, member)));
    let compare = |a: u32, b: u32| {
        let [a, b] = [a, b].map(|member| name_of(text, span(nodes, member as usize)));
        a.compare(b)
    };
    names.sort_unstable_by(|a, b| compare(a.0, b.0).then(a.cmp(b)));
    let mut repeated = None;
    names.dedup_by(|next, kept| {
        let same = compare(next.0, kept.0).is_eq();
        if same {
            repeated = Some(span(nodes, next.0 as usize).key_start as usize);
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

/// Whether a table of hashes shows at once that no name is repeated. Says no when names are escaped, or so alike that the
/// table fills up badly: then sorting decides.
fn all_differ(text: &str, place: usize, count: u32, nodes: &[Node], table: &mut Vec<u32>) -> bool {
    const FREE: u32 = 0;
    let n_slots = (2 * count as usize).next_power_of_two();
    table.clear();
    table.resize(n_slots, FREE);
    let mut n_steps = 8 * count;
    members(nodes, place, count).all(|member| {
        let name = name_of(text, span(nodes, member as usize));
        if name.escaped {
            return false;
        }
        let mut slot = hash(name.spelled.as_bytes()) as usize;
        loop {
            match &mut table[slot & (n_slots - 1)] {
                free @ &mut FREE => {
                    *free = member;
                    return true;
                }
                &mut other
                    if name_of(text, span(nodes, other as usize)).spelled == name.spelled =>
                {
                    return false;
                }
                _ => slot += 1,
            }
            n_steps -= 1;
            if n_steps == 0 {
                return false;
            }
        }
    })
}

fn hash(name: &[u8]) -> u64 {
    let (words, rest) = name.as_chunks();
    let rest = rest
        .iter()
        .fold(0, |word, &byte| word << 8 | u64::from(byte));
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let mixed = words
        .chain([rest, name.len() as u64])
        .fold(0, |hash: u64, word| {
            (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
    mixed >> 20
}

/// Places of the members of a parsed object.
fn members(nodes: &[Node], place: usize, count: u32) -> impl Iterator<Item = u32> + '_ {
    let mut next = place + 1;
    (0..count).map(move |_| {
        let member = next;
        next += span(nodes, member).size as usize;
        member as u32
    })
}

fn span(nodes: &[Node], place: usize) -> &super::node::Span {
    match &nodes[place] {
        Node::Span(span) => span,
        _ => unreachable!("a parsed object holds parsed members"),
    }
}
