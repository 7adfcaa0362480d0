//! What is not as expected, place by place.

use std::fmt;

use serde_json::Value;

/// Characters shown of one side.
const SHOWN: usize = 300;

/// Places of one value that are told; the rest is counted.
const PLACES: usize = 20;

/// Something that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is: `output /order/total`, `entered`.
    pub place: String,
    /// What the case says.
    pub want: String,
    /// What came.
    pub got: String,
}

impl Difference {
    pub(super) fn new(place: &str, want: impl fmt::Display, got: impl fmt::Display) -> Difference {
        Difference {
            place: place.to_string(),
            want: shorten(want.to_string()),
            got: shorten(got.to_string()),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { place, want, got } = self;
        write!(f, "{place}\n  want {want}\n  got  {got}")
    }
}

/// The places, as JSON pointers behind `what`, where two values differ. Members may stand in any order.
pub(super) fn between(what: &str, want: &Value, got: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    collect(what, "", Some(want), Some(got), &mut found);
    let n_more = found.len().saturating_sub(PLACES);
    found.truncate(PLACES);
    if n_more > 0 {
        let place = format!("{what}, {n_more} more places");
        found.push(Difference::new(&place, "the same", "something else"));
    }
    found
}

/// As deep as the values, whose parsers bound them.
fn collect(
    what: &str,
    pointer: &str,
    want: Option<&Value>,
    got: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    match (want, got) {
        (Some(Value::Object(want)), Some(Value::Object(got))) => {
            let unexpected = got.keys().filter(|name| !want.contains_key(*name));
            for name in want.keys().chain(unexpected) {
                let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                collect(what, &pointer, want.get(name), got.get(name), found);
            }
        }
        (Some(Value::Array(want)), Some(Value::Array(got))) => {
            for index in 0..want.len().max(got.len()) {
                let pointer = format!("{pointer}/{index}");
                collect(what, &pointer, want.get(index), got.get(index), found);
            }
        }
        _ if want == got => {}
        _ => {
            let shown =
                |value: Option<&Value>| value.map_or("nothing".to_string(), Value::to_string);
            let place = format!("{what} {pointer}");
            found.push(Difference::new(place.trim_end(), shown(want), shown(got)));
        }
    }
}

fn shorten(text: String) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text,
        Some((end, _)) => format!("{} … ({} bytes)", &text[..end], text.len()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(want: Value, got: Value, lines: &[&str]) {
        let found = between("output", &want, &got);
        let found: Vec<_> = found.iter().map(Difference::to_string).collect();
        assert_eq!(found, lines);
    }

    #[test]
    fn the_same_members_in_another_order_are_no_difference() {
        check(json!({"a": 1, "b": [2]}), json!({"b": [2], "a": 1}), &[]);
    }

    #[test]
    fn each_place_is_told_with_both_sides() {
        check(
            json!({"a": {"b/c": 1}, "gone": null, "list": [1, 2]}),
            json!({"a": {"b/c": "1"}, "list": [1, 3, 4], "new": true}),
            &[
                "output /a/b~1c\n  want 1\n  got  \"1\"",
                "output /gone\n  want null\n  got  nothing",
                "output /list/1\n  want 2\n  got  3",
                "output /list/2\n  want nothing\n  got  4",
                "output /new\n  want nothing\n  got  true",
            ],
        );
        check(json!(1), json!([1]), &["output\n  want 1\n  got  [1]"]);
    }

    #[test]
    fn many_and_long_differences_are_cut() {
        let want: Vec<_> = (0..100).collect();
        let found = between("output", &json!(want), &json!(vec!["x".repeat(1000); 100]));
        assert_eq!(found.len(), PLACES + 1);
        assert_eq!(found[PLACES].place, "output, 80 more places");
        assert!(found[0].got.ends_with("… (1002 bytes)"), "{}", found[0].got);
    }
}
