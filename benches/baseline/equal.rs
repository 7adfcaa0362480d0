//! Are two JSON texts the same value? Duplicate members are refused: ordinary comparisons let the last one win, and a
//! member printed twice would pass.

use simd_json::Node;
use simd_json::StaticNode;

/// Panics unless both texts are the same JSON value and name no member twice.
#[track_caller]
pub(crate) fn assert_same(a: &[u8], b: &[u8]) {
    let (mut left, mut right) = (a.to_vec(), b.to_vec());
    let left = simd_json::to_tape(&mut left).expect("the first text is JSON");
    let right = simd_json::to_tape(&mut right).expect("the second text is JSON");
    if let Err(difference) = same(&mut Cursor::new(&left.0), &mut Cursor::new(&right.0), "$") {
        panic!(
            "{difference}\n{}\n{}",
            String::from_utf8_lossy(a),
            String::from_utf8_lossy(b)
        );
    }
}

/// A place on a tape, moved past what is read.
#[derive(Clone)]
struct Cursor<'t> {
    nodes: &'t [Node<'t>],
}

impl<'t> Cursor<'t> {
    fn new(nodes: &'t [Node<'t>]) -> Cursor<'t> {
        Cursor { nodes }
    }

    fn next(&mut self) -> &'t Node<'t> {
        let (first, rest) = self.nodes.split_first().expect("the tape is complete");
        self.nodes = rest;
        first
    }

    fn skip(&mut self) {
        match self.next() {
            Node::Object { count, .. } | Node::Array { count, .. } => {
                self.nodes = &self.nodes[*count..]
            }
            Node::String(_) | Node::Static(_) => {}
        }
    }

    /// The members of an object of `len`, sorted by name.
    fn members(&mut self, len: usize, path: &str) -> Result<Vec<(&'t str, Cursor<'t>)>, String> {
        let mut members = Vec::with_capacity(len);
        for _ in 0..len {
            let Node::String(name) = self.next() else {
                unreachable!("a member begins with its name");
            };
            members.push((*name, self.clone()));
            self.skip();
        }
        members.sort_by_key(|(name, _)| *name);
        match members.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(format!("{path} has the member {} twice", pair[0].0)),
            None => Ok(members),
        }
    }
}

fn same(left: &mut Cursor<'_>, right: &mut Cursor<'_>, path: &str) -> Result<(), String> {
    match (left.next(), right.next()) {
        (Node::String(a), Node::String(b)) if a == b => Ok(()),
        (Node::Static(a), Node::Static(b)) if same_scalar(*a, *b) => Ok(()),
        (Node::Array { len, .. }, Node::Array { len: other, .. }) if len == other => {
            (0..*len).try_for_each(|index| same(left, right, &format!("{path}[{index}]")))
        }
        (Node::Object { len, .. }, Node::Object { len: other, .. }) => {
            let left = left.members(*len, path)?;
            let right = right.members(*other, path)?;
            if left.len() != right.len() {
                return Err(format!(
                    "{path} has {len} members on one side and {other} on the other"
                ));
            }
            left.into_iter()
                .zip(right)
                .try_for_each(|((name, mut a), (other, mut b))| {
                    if name != other {
                        return Err(format!(
                            "{path} has {name} on one side and {other} on the other"
                        ));
                    }
                    same(&mut a, &mut b, &format!("{path}.{name}"))
                })
        }
        (a, b) => Err(format!(
            "{path} is {a:?} on one side and {b:?} on the other"
        )),
    }
}

fn same_scalar(a: StaticNode, b: StaticNode) -> bool {
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a == b,
        (None, None) => a == b,
        _ => false,
    }
}

fn number(node: StaticNode) -> Option<f64> {
    match node {
        StaticNode::I64(n) => Some(n as f64),
        StaticNode::U64(n) => Some(n as f64),
        StaticNode::F64(n) => Some(n),
        StaticNode::Bool(_) | StaticNode::Null => None,
    }
}
