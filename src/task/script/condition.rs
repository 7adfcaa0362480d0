//! Conditions of a script: a place in the task's input and the value it must have.

use serde_json::Value as Json;

use crate::value::Arena;
use crate::value::Kind;
use crate::value::Value;

/// `$.order.items[0]` has this value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    steps: Vec<Step>,
    want: Json,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
}

impl Condition {
    /// `path` is `$` followed by `.name`, `['name']` and `[index]`.
    pub(super) fn new(path: &str, want: Json) -> Result<Condition, String> {
        let steps = steps(path).ok_or_else(|| {
            format!("\"{path}\" is not a path such as $.order.kind or $.items[0]['unit price']")
        })?;
        Ok(Condition { steps, want })
    }

    pub(super) fn holds(&self, arena: &Arena, input: Value) -> bool {
        let found = self.steps.iter().try_fold(input, |value, step| match step {
            Step::Member(name) if arena.kind(value) == Kind::Object => {
                arena.get_by_name(value, name)
            }
            Step::Element(index) if arena.kind(value) == Kind::Array => arena.index(value, *index),
            _ => None,
        });
        found.is_some_and(|value| equal(arena, value, &self.want))
    }
}

fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, after) = if let Some(quoted) = rest.strip_prefix("['") {
            let (name, after) = quoted.split_once("']")?;
            (Step::Member(name.to_string()), after)
        } else if let Some(index) = rest.strip_prefix('[') {
            let (index, after) = index.split_once(']')?;
            (Step::Element(index.parse().ok()?), after)
        } else {
            let name = rest.strip_prefix('.')?;
            let (name, after) = name.split_at(name.find(['.', '[']).unwrap_or(name.len()));
            if name.is_empty() || name.contains(['*', '?', '@']) {
                return None;
            }
            (Step::Member(name.to_string()), after)
        };
        steps.push(step);
        rest = after;
    }
    Some(steps)
}

/// Numbers by value, objects whatever the order of members. As deep as `want`, whose parser bounds its depth.
fn equal(arena: &Arena, value: Value, want: &Json) -> bool {
    match want {
        Json::Null => arena.kind(value) == Kind::Null,
        Json::Bool(want) => arena.as_bool(value) == Some(*want),
        Json::String(want) => arena.as_str(value).is_some_and(|text| text.eq_str(want)),
        Json::Number(want) => {
            arena
                .as_number(value)
                .is_some_and(|number| match (number.as_i64(), want.as_i64()) {
                    (Some(number), Some(want)) => number == want,
                    _ => want.as_f64() == Some(number.as_f64()),
                })
        }
        Json::Array(want) => {
            arena.kind(value) == Kind::Array
                && arena.len(value) == want.len()
                && (arena.elements(value).zip(want)).all(|(value, want)| equal(arena, value, want))
        }
        Json::Object(want) => {
            arena.kind(value) == Kind::Object
                && arena.len(value) == want.len()
                && want.iter().all(|(name, want)| {
                    let member = arena.get_by_name(value, name);
                    member.is_some_and(|member| equal(arena, member, want))
                })
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::value::Constants;
    use crate::value::ParseLimits;

    use super::*;

    #[track_caller]
    fn check(path: &str, want: Json, input: &str, holds: bool) {
        let limits = ParseLimits {
            depth: 10,
            reject_duplicate_keys: false,
        };
        let mut arena = Arena::new(Constants::empty());
        let input = arena.parse(input.as_bytes(), limits).unwrap();
        let condition = Condition::new(path, want).unwrap();
        assert_eq!(condition.holds(&arena, input), holds, "{path}");
    }

    #[test]
    fn a_place_in_the_input_must_have_the_value() {
        let input = r#"{"a": {"b c": [1, 2.50]}, "s": "x\u0041", "n": null, "t": true}"#;
        let json = |text: &str| serde_json::from_str(text).unwrap();
        check("$.a['b c'][1]", json("2.5"), input, true);
        check("$.a['b c'][0]", json("1.0"), input, true);
        check("$.a['b c'][2]", json("1"), input, false);
        check("$.a", json(r#"{"b c": [1, 2.5]}"#), input, true);
        check("$.a", json(r#"{"b c": [1, 2.5], "d": 1}"#), input, false);
        check("$.s", json("\"xA\""), input, true);
        check("$.s.length", json("2"), input, false);
        check("$.n", json("null"), input, true);
        check("$.missing", json("null"), input, false);
        check("$.t", json("true"), input, true);
    }

    #[test]
    fn paths_that_name_more_than_one_place_are_refused() {
        for path in [
            "a.b", "$.", "$..a", "$.a[*]", "$.*", "$.a[", "$.a[-1]", "$x",
        ] {
            assert!(Condition::new(path, Json::Null).is_err(), "{path}");
        }
    }
}
