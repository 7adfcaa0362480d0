//! The built-in functions, one file per family. A family begins with its table: names, signatures, code.

mod array;
mod aws;
mod datetime;
mod encoding;
mod eval;
mod higher_order;
mod logic;
mod matching;
mod numeric;
mod object;
mod string;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::compile::Dialect;
use super::compile::signature::Signature;
use super::error::Failure;
use super::eval::Machine;
use super::heap::Item;

/// What a call of a built-in function yields.
pub(super) type Outcome = Result<Item, Failure>;

/// A built-in function.
pub(super) struct Native {
    pub(super) name: &'static str,
    /// What it takes and gives, as JSONata writes it.
    signature: &'static str,
    /// How many arguments a function that calls it gives at most.
    pub(super) arity: u8,
    /// It takes as many arguments as are given; others see at least four, the missing ones undefined.
    pub(super) variadic: bool,
    pub(super) eval: fn(&mut Machine<'_, '_>, &[Item]) -> Outcome,
}

/// A row of a family's table.
const fn native(
    name: &'static str,
    signature: &'static str,
    arity: u8,
    eval: fn(&mut Machine<'_, '_>, &[Item]) -> Outcome,
) -> Native {
    Native {
        name,
        signature,
        arity,
        variadic: false,
        eval,
    }
}

const FAMILIES: &[&[Native]] = &[
    string::STRING,
    matching::MATCHING,
    encoding::ENCODING,
    numeric::NUMERIC,
    logic::LOGIC,
    array::ARRAY,
    object::OBJECT,
    higher_order::HIGHER_ORDER,
    datetime::DATETIME,
    aws::AWS,
    eval::EVAL,
];

/// All families in one row, with their signatures read.
struct Table {
    natives: Vec<(&'static Native, Signature)>,
    places: HashMap<&'static str, u16>,
    transform: Signature,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let read = |text| {
        Signature::parse(text, 0)
            .expect("signatures of built-in functions are right: a test reads them all")
    };
    let natives: Vec<_> = FAMILIES
        .iter()
        .copied()
        .flatten()
        .map(|native| (native, read(native.signature)))
        .collect();
    let places = natives
        .iter()
        .enumerate()
        .map(|(place, (native, _))| (native.name, place as u16))
        .collect();
    Table {
        natives,
        places,
        transform: read("<(oa):o>"),
    }
});

/// The place of a function in the table, if the dialect has it.
pub(super) fn find(name: &str, dialect: Dialect) -> Option<u16> {
    let is_official = eval::EVAL.iter().any(|native| native.name == name);
    if is_official && dialect == Dialect::Aws {
        return None;
    }
    TABLE.places.get(name).copied()
}

pub(super) fn get(place: u16) -> &'static Native {
    TABLE.natives[place as usize].0
}

pub(super) fn signature(place: u16) -> &'static Signature {
    &TABLE.natives[place as usize].1
}

/// What the function that a transform is takes.
pub(super) fn transform_signature() -> &'static Signature {
    &TABLE.transform
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_signatures_are_read() {
        assert_eq!(TABLE.natives.len(), TABLE.places.len());
        for (native, signature) in &TABLE.natives {
            assert!(signature.params.len() <= 4, "{}", native.name);
        }
    }
}
