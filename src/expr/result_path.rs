//! `ResultPath`: where a result goes in the raw input.

use crate::error_name;
use crate::value::Arena;
use crate::value::ConstantsBuilder;
use crate::value::Key;
use crate::value::Kind;
use crate::value::Value;

use super::path::step::Step;
use super::{ExprError, ReferencePath, SyntaxError};

/// A Reference Path to write at.
#[derive(Debug)]
pub struct ResultPath {
    text: Box<str>,
    places: Box<[Place]>,
}

#[derive(Debug)]
enum Place {
    /// The name is a constant of the plan.
    Member(Key),
    Element(i32),
}

impl ResultPath {
    /// Refuses what a `ResultPath` may not be: an indefinite path, `$$…`, `$name…`.
    pub fn check(text: &str) -> Result<(), SyntaxError> {
        ResultPath::reference(text).map(drop)
    }

    fn reference(text: &str) -> Result<ReferencePath, SyntaxError> {
        let path = ReferencePath::parse(text)?;
        if path.reads_context() || path.variable().is_some() {
            return Err(SyntaxError::new(0, "a ResultPath begins with '$.' or '$['"));
        }
        Ok(path)
    }

    /// Compiles; the names of members become constants of the plan.
    pub fn compile(
        text: &str,
        constants: &mut ConstantsBuilder,
    ) -> Result<ResultPath, SyntaxError> {
        let path = ResultPath::reference(text)?;
        let mut places = Vec::new();
        for step in path.steps() {
            places.push(match step {
                Step::Name(key) => Place::Member(constants.key(key.name())),
                Step::Index(index) => Place::Element(*index),
                _ => unreachable!("a Reference Path has names and indexes only"),
            });
        }
        Ok(ResultPath {
            text: text.into(),
            places: places.into(),
        })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is `$`: the result replaces the input.
    pub fn is_identity(&self) -> bool {
        self.places.is_empty()
    }

    /// `input` with `result` at this path. Missing objects are made, arrays only changed in range.
    #[inline]
    pub fn write(
        &self,
        input: Value,
        result: Value,
        arena: &mut Arena,
    ) -> Result<Value, ExprError> {
        // Most have one name, which is put into an object.
        if let [Place::Member(key)] = &*self.places
            && let Some(object) = arena.with_key(input, key, result)
        {
            return Ok(object);
        }
        self.write_at(0, Some(input), result, arena)
            .ok_or_else(|| self.mismatch(input, arena))
    }

    /// The value that stands at the places from `at` on after writing; none where the input has something else there.
    ///
    /// The recursion is over the steps of the path, of which there are few.
    fn write_at(
        &self,
        at: usize,
        old: Option<Value>,
        result: Value,
        arena: &mut Arena,
    ) -> Option<Value> {
        let Some(place) = self.places.get(at) else {
            return Some(result);
        };
        match place {
            Place::Member(key) => {
                let base = old.unwrap_or(Value::EMPTY_OBJECT);
                if arena.kind(base) != Kind::Object {
                    return None;
                }
                // What the result replaces need not be known.
                let is_last = at + 1 == self.places.len();
                let member = match is_last {
                    true => None,
                    false => arena.get(base, key),
                };
                let member = self.write_at(at + 1, member, result, arena)?;
                arena.with_key(base, key, member)
            }
            Place::Element(index) => {
                let array = old.filter(|old| arena.kind(*old) == Kind::Array)?;
                let index = match usize::try_from(*index) {
                    Ok(index) => index,
                    Err(_) => arena
                        .len(array)
                        .checked_sub(index.unsigned_abs() as usize)?,
                };
                let element = arena.index(array, index)?;
                let element = self.write_at(at + 1, Some(element), result, arena)?;
                Some(arena.with_element(array, index, element))
            }
        }
    }

    #[cold]
    fn mismatch(&self, input: Value, arena: &Arena) -> ExprError {
        ExprError {
            error: error_name::RESULT_PATH_MATCH_FAILURE,
            reason: format!(
                "Unable to apply ReferencePath {} to input {}",
                self.text,
                arena.to_plain_json(input)
            ),
            location: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::testing::with;

    /// Input and `"R"` written at the path.
    fn write(path: &str, input: &str) -> Result<String, ExprError> {
        with(
            input,
            |constants| ResultPath::compile(path, constants).expect("the path compiles"),
            |path, scope, arena, _| {
                let result = arena.string("R");
                let written = path.write(scope.input, result, arena)?;
                Ok(arena.to_json(written))
            },
        )
    }

    #[test]
    fn puts_the_result_into_the_input() {
        let cases = [
            ("$", "[1]", r#""R""#),
            ("$.a", "{}", r#"{"a":"R"}"#),
            ("$.a", r#"{"a":1,"b":2}"#, r#"{"a":"R","b":2}"#),
            ("$.b", r#"{"a":1}"#, r#"{"a":1,"b":"R"}"#),
            ("$.a.b.c", "{}", r#"{"a":{"b":{"c":"R"}}}"#),
            (
                "$.a.b",
                r#"{"a":{"x":1},"z":0}"#,
                r#"{"a":{"x":1,"b":"R"},"z":0}"#,
            ),
            ("$['a.b']['ü']", "{}", r#"{"a.b":{"ü":"R"}}"#),
            ("$.a", r#"{"a":null}"#, r#"{"a":"R"}"#),
            ("$.l[0]", r#"{"l":[1,2]}"#, r#"{"l":["R",2]}"#),
            (
                "$.l[-1].x",
                r#"{"l":[1,{"y":2}]}"#,
                r#"{"l":[1,{"y":2,"x":"R"}]}"#,
            ),
        ];
        for (path, input, want) in cases {
            assert_eq!(write(path, input).as_deref(), Ok(want), "{path} {input}");
        }
    }

    #[test]
    fn what_is_in_the_way_is_a_mismatch() {
        let cases = [
            ("$.a", "3"),
            ("$.a", "null"),
            ("$.a", r#""foo""#),
            ("$.a", "[]"),
            ("$.a.b", r#"{"a":"text"}"#),
            ("$.a.b", r#"{"a":null}"#),
            ("$.l[2]", r#"{"l":[1,2]}"#),
            ("$.l[-3]", r#"{"l":[1,2]}"#),
            ("$.l[0]", "{}"),
            ("$.l[0]", r#"{"l":{}}"#),
        ];
        for (path, input) in cases {
            let error = write(path, input).expect_err(path);
            assert_eq!(
                error.error, "States.ResultPathMatchFailure",
                "{path} {input}"
            );
        }
    }

    #[test]
    fn refuses_what_names_no_place_of_the_input() {
        for path in [
            "$$.x",
            "$x",
            "$.*",
            "$.a[1:]",
            "$..a",
            "$.a[?(@.b)]",
            "a",
            "",
        ] {
            assert!(ResultPath::check(path).is_err(), "{path}");
        }
    }
}
