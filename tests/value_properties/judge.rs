//! One text, held against serde_json and simd-json: are they at one about whether it is JSON and what it says?
//!
//! Shared by the tests and the fuzz target.

use std::collections::HashSet;
use std::fmt;

use expressd::value::{Arena, Constants, Kind, ParseLimits, Value};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Holds one text against both judges; gives whether it is JSON.
pub(crate) fn check(arena: &mut Arena, text: &[u8]) -> bool {
    let show = || String::from_utf8_lossy(text).into_owned();
    arena.reset(&Constants::empty());
    let ours = arena.parse(text, ParseLimits::default());
    let serde = serde_json::from_slice::<serde_json::Value>(text);
    let simd = simd_json::to_tape(&mut text.to_vec()).map(|_| ());

    if let (Err(error), Ok(())) = (&ours, &simd) {
        panic!("simd-json accepts, we say {error}: {}", show());
    }
    let consumed = arena.parse_consumed(text, ParseLimits::default());
    assert_eq!(
        consumed.as_ref().err(),
        ours.as_ref().err(),
        "both doors refuse alike: {}",
        show()
    );
    let in_two = arena.parse_in_two(
        text,
        ParseLimits::default(),
        &mut Arena::new(Constants::empty()),
        |first, second| {
            second.read();
            first.read();
        },
    );
    assert_eq!(
        in_two.map(|value| (arena.to_json(value), arena.measure(value))),
        ours.clone()
            .map(|value| (arena.to_json(value), arena.measure(value))),
        "read in two: {}",
        show()
    );
    match (ours, serde) {
        (Err(_), Err(_)) => false,
        (Ok(ours), Ok(serde)) => {
            check_same(arena, ours, &serde, text);
            check_equal(arena, ours, consumed.unwrap());
            let mut other = Arena::new(Constants::empty());
            other.unpack(arena.pack(), &Constants::empty());
            assert_eq!(read(&other, ours), serde, "packed: {}", show());
            true
        }
        (Ok(ours), Err(error)) => {
            // Half a surrogate pair is grammatical, but serde_json has no character for it.
            let reason = error.to_string();
            assert!(
                reason.contains("surrogate") || reason.contains("end of hex escape"),
                "{error}: {}",
                show()
            );
            assert!(!simd_refuses_more(&simd), "{simd:?}: {}", show());
            let printed = arena.to_json(ours);
            assert_eq!(
                arena
                    .parse(printed.as_bytes(), ParseLimits::default())
                    .map(|again| arena.to_json(again)),
                Ok(printed)
            );
            true
        }
        (Err(error), Ok(_)) => panic!("serde_json accepts, we say {error}: {}", show()),
    }
}

/// What both doors read is equal, but for digits of fractions that binary64 does not hold: those are compared as such.
fn check_equal(arena: &Arena, ours: Value, consumed: Value) {
    assert_eq!(arena.len(ours), arena.len(consumed));
    match arena.kind(ours) {
        Kind::Number => {
            let [ours, consumed] =
                [ours, consumed].map(|number| arena.as_number(number).unwrap().as_f64());
            assert_eq!(ours, consumed);
        }
        Kind::Array => arena
            .elements(ours)
            .zip(arena.elements(consumed))
            .for_each(|(a, b)| check_equal(arena, a, b)),
        Kind::Object => {
            for ((a_name, a), (b_name, b)) in arena.members(ours).zip(arena.members(consumed)) {
                assert!(arena.equal(a_name, b_name));
                check_equal(arena, a, b);
            }
        }
        _ => assert!(arena.equal(ours, consumed)),
    }
}

/// simd-json refuses numbers that fit no machine type and halves of surrogate pairs; anything else must be invalid.
fn simd_refuses_more(simd: &Result<(), simd_json::Error>) -> bool {
    use simd_json::ErrorType::{
        InvalidEscape, InvalidNumber, InvalidUnicodeCodepoint, InvalidUnicodeEscape,
    };
    let known = [
        InvalidNumber,
        InvalidUnicodeCodepoint,
        InvalidUnicodeEscape,
        InvalidEscape,
    ];
    simd.as_ref()
        .is_err_and(|error| !known.contains(error.error()))
}

fn check_same(arena: &mut Arena, ours: Value, serde: &serde_json::Value, text: &[u8]) {
    let show = String::from_utf8_lossy(text);
    assert_eq!(&read(arena, ours), serde, "{show}");

    let printed = arena.to_json(ours);
    let again: serde_json::Value = serde_json::from_str(&printed).unwrap();
    // As texts, so that the order of members counts.
    assert_eq!(again.to_string(), serde.to_string(), "{show}");
    assert_eq!(strip_space(&printed), printed, "{show}");
    assert!(
        serde_json::from_str::<Distinct>(&printed).is_ok(),
        "a name is printed twice: {printed}"
    );
    let measure = arena.measure(ours);
    assert!(
        measure.bytes >= printed.len() && measure.depth >= depth(serde),
        "{show}"
    );

    let reject = ParseLimits {
        reject_duplicate_keys: true,
        ..ParseLimits::default()
    };
    let distinct = serde_json::from_slice::<Distinct>(text).is_ok();
    assert_eq!(arena.parse(text, reject).is_ok(), distinct, "{show}");
    let twin = arena.parse(printed.as_bytes(), reject).unwrap();
    assert!(arena.equal(ours, twin) && arena.equal(twin, ours), "{show}");
}

/// The value as it shows itself through members, elements and scalars; each member also through a look-up.
fn read(arena: &Arena, value: Value) -> serde_json::Value {
    match arena.kind(value) {
        Kind::Null => serde_json::Value::Null,
        Kind::Bool => arena.as_bool(value).unwrap().into(),
        Kind::Number => serde_json::from_str(arena.as_number(value).unwrap().lexeme()).unwrap(),
        Kind::String => arena.as_str(value).unwrap().decode().into(),
        Kind::Array => {
            let elements: Vec<_> = arena
                .elements(value)
                .map(|element| read(arena, element))
                .collect();
            assert_eq!(elements.len(), arena.len(value));
            elements.into()
        }
        Kind::Object => {
            let mut members = serde_json::Map::new();
            for (name, member) in arena.members(value) {
                let name = arena.as_str(name).unwrap().decode();
                assert_eq!(arena.get_by_name(value, &name), Some(member));
                assert_eq!(members.insert(name.into_owned(), read(arena, member)), None);
            }
            assert_eq!(members.len(), arena.len(value));
            members.into()
        }
    }
}

fn depth(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        serde_json::Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// The text without what stands between tokens.
fn strip_space(text: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let keep = |c: &char| {
        if in_string {
            in_string = escaped || *c != '"';
            escaped = !escaped && *c == '\\';
            return true;
        }
        in_string = *c == '"';
        !c.is_whitespace()
    };
    text.chars().filter(keep).collect()
}

/// Reads any JSON in which no object has a name twice.
struct Distinct;

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Distinct)
    }
}

impl<'de> Visitor<'de> for Distinct {
    type Value = Distinct;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Distinct, E> {
        Ok(Distinct)
    }
    fn visit_unit<E>(self) -> Result<Distinct, E> {
        Ok(Distinct)
    }
    fn visit_str<E>(self, _: &str) -> Result<Distinct, E> {
        Ok(Distinct)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Distinct, E> {
        Ok(Distinct)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Distinct, E> {
        Ok(Distinct)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Distinct, E> {
        Ok(Distinct)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Distinct, A::Error> {
        while elements.next_element::<Distinct>()?.is_some() {}
        Ok(Distinct)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Distinct, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("a name occurs twice"));
            }
            // A number shows itself as a map of one member here, with its text as a string.
            members.next_value::<Distinct>()?;
        }
        Ok(Distinct)
    }
}
