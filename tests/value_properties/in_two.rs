//! Texts that are read in two pieces say the same as in one.

use std::cell::Cell;

use expressd::value::{Arena, Constants, ParseLimits, Value};

use crate::random::{Random, document, mutate};

/// An array of objects, somewhere in an object: what large events look like.
fn text(random: &mut Random) -> String {
    let mut text = String::from(r#"{"a":"},{","items":["#);
    for n in 0..4 + random.below(12) {
        if n > 0 {
            text.push_str(random.pick(&[",", ",", ",", " , ", ",\n"]));
        }
        match random.below(8) {
            0 => document(random, 2, &mut text),
            1 => text.push_str(r#"{"s":"},{\"},{"}"#),
            2 => text.push_str(r#"{"twice":1,"twice":[{"x":2},{"x":3}]}"#),
            _ => {
                text.push_str(r#"{"sku":"S-1","qty":7,"value":"#);
                document(random, 1, &mut text);
                text.push('}');
            }
        }
    }
    text.push_str(random.pick(&["]}", "],\"b\":[1,2]}", " ] , \"c\" : {} } "]));
    text
}

/// Every member is found by its name, whoever read it.
fn find_all(arena: &Arena, value: Value) {
    for (name, member) in arena.members(value) {
        let name = arena.as_str(name).unwrap().decode();
        let found = arena.get_by_name(value, &name).unwrap();
        assert_eq!(arena.to_json(found), arena.to_json(member), "{name}");
        find_all(arena, member);
    }
    for element in arena.elements(value) {
        find_all(arena, element);
    }
}

#[test]
fn what_two_readers_find_is_what_one_finds() {
    let mut random = Random::new(7);
    let mut arena = Arena::new(Constants::empty());
    let mut helper = Arena::new(Constants::empty());
    let joined = Cell::new(0);
    for turn in 0..20_000 {
        let mut text = text(&mut random).into_bytes();
        if turn % 3 == 0 {
            mutate(&mut random, &mut text);
        }
        arena.reset(&Constants::empty());
        // Values of an earlier text have their places already.
        arena.parse(b"[1,{}]", ParseLimits::default()).unwrap();
        let limits = ParseLimits {
            depth: 2 + random.below(8),
            reject_duplicate_keys: random.below(4) == 0,
        };
        let in_two = arena.parse_in_two(&text, limits, &mut helper, |first, second| {
            joined.set(joined.get() + 1);
            first.read();
            second.read();
        });
        if let (Ok(value), 0) = (&in_two, turn % 4) {
            find_all(&arena, *value);
        }
        let in_two = in_two.map(|value| (arena.to_json(value), arena.measure(value)));
        let in_one = arena.parse(&text, limits);
        let in_one = in_one.map(|value| (arena.to_json(value), arena.measure(value)));
        assert_eq!(in_two, in_one, "{}", String::from_utf8_lossy(&text));
    }
    assert!(joined.get() > 10_000, "only {} had a seam", joined.get());
}
