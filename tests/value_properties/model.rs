//! Random building, patching, forking and adopting, mirrored in plain trees.

use std::sync::Arc;

use expressd::value::{Arena, Constants, ConstantsBuilder, ParseLimits, Value};
use serde_json::Value as Tree;

use crate::random::{Random, document};

/// Values and the trees they must read as.
type Pool = Vec<(Value, Tree)>;

const NAMES: &[&str] = &[
    "a",
    "b",
    "id",
    "",
    "é\n",
    "a rather long name",
    "k1",
    "k2",
    "k3",
    "k4",
    "k5",
    "k6",
];

#[test]
fn whatever_is_built_reads_as_its_model() {
    for seed in 0..100 {
        let mut random = Random::new(seed);
        let (constants, mut pool) = constants(&mut random);
        let mut arena = Arena::new(constants);
        grow(&mut arena, &mut pool, &mut random, 60);
        for turn in 0..2 {
            arena = branch(arena, &mut pool, &mut random, turn);
        }
        check_all(&arena, &pool);

        let mut other = Arena::new(Constants::empty());
        for (value, tree) in &pool {
            let copy = other.copy_from(&arena, *value);
            assert_eq!(canonical(&other, copy), tree.to_string());
        }
    }
}

/// A plan's constants, parsed and built, as first values of the pool.
fn constants(random: &mut Random) -> (Arc<Constants>, Pool) {
    let mut builder = ConstantsBuilder::new();
    let mut pool: Pool = vec![
        (Value::EMPTY_OBJECT, serde_json::json!({})),
        (Value::NULL, Tree::Null),
    ];
    pool.push((builder.string("a\"b"), "a\"b".into()));
    let text = text(random);
    pool.push((builder.parse(text.as_bytes()).unwrap(), tree(&text)));
    grow(builder.arena(), &mut pool, random, 10);
    let pool = pool
        .into_iter()
        .map(|(value, tree)| (builder.freeze(value), tree))
        .collect();
    (builder.finish(), pool)
}

/// Forks children that grow values of their own, and adopts a value of each; children of children now and then.
fn branch(parent: Arena, pool: &mut Pool, random: &mut Random, depth: usize) -> Arena {
    let parent = Arc::new(parent);
    let mut adopted = Vec::new();
    for _ in 0..1 + random.below(3) {
        let mut child = Arena::fork(&parent);
        let mut child_pool = pool.clone();
        grow(&mut child, &mut child_pool, random, 15);
        if depth > 0 {
            child = branch(child, &mut child_pool, random, depth - 1);
        }
        check_all(&child, &child_pool);
        child.release_parent();
        let from = random.below(child_pool.len());
        adopted.push((child, child_pool.split_off(from)));
    }
    let mut parent = Arc::try_unwrap(parent).unwrap();
    for (child, mut values) in adopted {
        let (value, tree) = values.swap_remove(0);
        pool.push((parent.adopt(&child, value), tree));
    }
    grow(&mut parent, pool, random, 15);
    parent
}

fn grow(arena: &mut Arena, pool: &mut Pool, random: &mut Random, steps: usize) {
    for _ in 0..steps {
        let (value, tree) = pool[random.below(pool.len())].clone();
        let (other, other_tree) = pool[random.below(pool.len())].clone();
        let name = *random.pick::<&str>(&NAMES.iter().collect::<Vec<_>>());
        let entry = match (random.below(9), &tree) {
            (0, _) => {
                let text = text(random);
                (
                    arena
                        .parse(text.as_bytes(), ParseLimits::default())
                        .unwrap(),
                    self::tree(&text),
                )
            }
            (1, _) => (arena.integer(random.next() as i64), Tree::Null),
            (2, _) => (
                arena.array(&[value, other]),
                Tree::Array(vec![tree, other_tree]),
            ),
            (3, _) => {
                let (a, b) = (arena.string(name), arena.string("other"));
                let tree = Tree::Object(
                    [(name.into(), tree), ("other".into(), other_tree)]
                        .into_iter()
                        .collect(),
                );
                (arena.object(&[(a, value), (b, other)]), tree)
            }
            (_, Tree::Object(members)) => {
                let key = arena.string(name);
                let mut members = members.clone();
                members.insert(name.into(), other_tree);
                (arena.with(value, key, other), Tree::Object(members))
            }
            (4, Tree::Array(elements)) if !elements.is_empty() => {
                let index = random.below(elements.len());
                let mut elements = elements.clone();
                elements[index] = other_tree;
                (
                    arena.with_element(value, index, other),
                    Tree::Array(elements),
                )
            }
            (_, Tree::Array(elements)) if !elements.is_empty() => {
                let index = random.below(elements.len());
                (arena.index(value, index).unwrap(), elements[index].clone())
            }
            _ => continue,
        };
        // An integer's tree is its own text; all others were made above.
        let entry = match entry {
            (value, Tree::Null) => (value, self::tree(&arena.to_json(value))),
            entry => entry,
        };
        // Sharing makes trees grow exponentially: only small ones go back into the pool.
        if entry.1.to_string().len() < 2_000 {
            pool.push(entry);
        }
    }
}

fn check_all(arena: &Arena, pool: &Pool) {
    for (value, tree) in pool {
        assert_eq!(canonical(arena, *value), tree.to_string());
        let measure = arena.measure(*value);
        assert!(measure.bytes >= arena.to_json(*value).len());
        if let Tree::Object(members) = tree {
            assert_eq!(arena.len(*value), members.len());
            let names: Vec<_> = arena
                .members(*value)
                .map(|(name, _)| arena.as_str(name).unwrap().decode())
                .collect();
            assert!(names.iter().eq(members.keys()), "{names:?}");
            for name in NAMES {
                let found = arena
                    .get_by_name(*value, name)
                    .map(|found| canonical(arena, found));
                assert_eq!(found, members.get(*name).map(Tree::to_string));
            }
        }
    }
}

/// What is printed, with strings spelled as serde_json spells them. A name that is printed twice would make it longer
/// than its tree, which `measure` and `len` are checked against.
fn canonical(arena: &Arena, value: Value) -> String {
    let printed = arena.to_json(value);
    let tree = tree(&printed);
    assert_eq!(
        printed.matches(':').count(),
        tree.to_string().matches(':').count()
    );
    tree.to_string()
}

fn tree(text: &str) -> Tree {
    serde_json::from_str(text).unwrap()
}

/// A valid document that serde_json reads, too.
fn text(random: &mut Random) -> String {
    loop {
        let mut text = String::new();
        document(random, 3, &mut text);
        if text.len() < 500 && serde_json::from_str::<Tree>(&text).is_ok() {
            return text;
        }
    }
}

#[test]
fn deep_values_are_walked_within_a_small_stack() {
    let walk = || {
        let mut arena = Arena::new(Constants::empty());
        let name = arena.string("deep");
        let [a, b] = [0, 1].map(|_| {
            (0..600).fold(Value::EMPTY_OBJECT, |inner, _| {
                let list = arena.array(&[inner]);
                arena.with(Value::EMPTY_OBJECT, name, list)
            })
        });
        assert!(arena.measure(a).depth > 1_200);
        assert!(arena.equal(a, b));
        let copy = Arena::new(Constants::empty()).copy_from(&arena, a);
        let _ = copy;
        assert_eq!(arena.to_json(a).len(), 600 * r#"{"deep":[]}"#.len() + 2);
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    thread.spawn(walk).unwrap().join().unwrap();
}
