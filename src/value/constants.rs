//! Values that belong to a plan: never copied into an execution.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::{Arena, Key, ParseError, ParseLimits, Value};

/// The frozen constants of a plan, shared by all its executions.
#[derive(Debug)]
pub struct Constants {
    pub(super) arena: Arena,
}

impl Constants {
    /// Only the fixed values.
    pub fn empty() -> Arc<Constants> {
        static EMPTY: OnceLock<Arc<Constants>> = OnceLock::new();
        EMPTY
            .get_or_init(|| ConstantsBuilder::new().finish())
            .clone()
    }
}

/// Collects the constants of a plan while it is compiled.
#[derive(Debug)]
pub struct ConstantsBuilder {
    /// Its own constants: a handle with and one without the bit for constants mean the same here.
    arena: Arena,
    strings: HashMap<Box<str>, Value>,
}

/// The text of the values that stand first in every table, in the order of their handles; the small integers follow.
const FIXED: [(&str, Value); 6] = [
    ("null", Value::NULL),
    ("true", Value::TRUE),
    ("false", Value::FALSE),
    ("{}", Value::EMPTY_OBJECT),
    ("[]", Value::EMPTY_ARRAY),
    ("\"\"", Value::EMPTY_STRING),
];

impl ConstantsBuilder {
    /// Only the fixed values so far.
    #[allow(clippy::new_without_default)]
    pub fn new() -> ConstantsBuilder {
        let mut builder = ConstantsBuilder {
            arena: Arena::rootless(),
            strings: HashMap::new(),
        };
        for (text, value) in FIXED {
            let parsed = builder.parse(text.as_bytes());
            assert_eq!(parsed, Ok(value), "the fixed constants have fixed places");
        }
        for small in 0..i64::from(Value::SMALL_INTEGERS) {
            let value = builder.arena.integer(small).as_constant();
            assert_eq!(
                Some(value),
                Value::small_integer(small),
                "so have small integers"
            );
        }
        builder
    }

    /// A string constant; equal names share one. The handle can be used as a member name.
    ///
    /// Its text stands between a comma and a colon: as a name it is printed together with them.
    pub fn string(&mut self, text: &str) -> Value {
        if let Some(&value) = self.strings.get(text) {
            return value;
        }
        self.arena.text.push(',');
        let value = self.arena.string(text).as_constant();
        self.arena.text.push(':');
        self.strings.insert(text.into(), value);
        value
    }

    /// A member name to look up and to build with.
    pub fn key(&mut self, name: &str) -> Key {
        let value = self.string(name);
        Key::with_value(name, Some(value))
    }

    /// A constant from its JSON text.
    pub fn parse(&mut self, text: &[u8]) -> Result<Value, ParseError> {
        Ok(self
            .arena
            .parse(text, ParseLimits::default())?
            .as_constant())
    }

    /// Copies a value out of a definition's arena, spelling kept.
    pub fn copy_from(&mut self, other: &Arena, value: Value) -> Value {
        self.arena.copy_from(other, value).as_constant()
    }

    /// Values can be built here exactly as in an execution, for instance to fold a constant expression.
    pub fn arena(&mut self) -> &mut Arena {
        &mut self.arena
    }

    /// Turns a value built in [`ConstantsBuilder::arena`] into a constant.
    pub fn freeze(&mut self, value: Value) -> Value {
        value.as_constant()
    }

    /// The constants, never to change again.
    pub fn finish(mut self) -> Arc<Constants> {
        self.arena.shrink();
        Arc::new(Constants { arena: self.arena })
    }
}
