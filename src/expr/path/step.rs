//! The steps of a compiled path, and how error texts spell them.

use std::fmt;

use crate::value::Key;

use super::filter::Filter;

/// One step of a path.
#[derive(Debug)]
pub(in crate::expr) enum Step {
    /// `.name`, `['name']`
    Name(Key),
    /// `[0]`, `[-1]`
    Index(i32),
    /// `['a','b']`: a projection at the end of a path, one after the other elsewhere.
    Names(Box<[Key]>),
    /// `[0,2]`
    Indexes(Box<[i32]>),
    /// `[1:3]`, `[1:]`, `[:3]`
    Slice {
        /// Before the colon.
        from: Option<i32>,
        /// After the colon, exclusive.
        to: Option<i32>,
    },
    /// `.*`, `[*]`
    Wildcard,
    /// `..`: the step behind it is tried on the value and on all values below.
    Descend,
    /// `[?(…)]`
    Filter(Box<Filter>),
}

impl Step {
    /// Whether the step names at most one value, so that a path of such steps finds one value or fails.
    pub(in crate::expr) fn is_definite(&self, last: bool) -> bool {
        match self {
            Step::Name(_) | Step::Index(_) => true,
            Step::Names(_) => last,
            _ => false,
        }
    }
}

/// Jayway's normalised spelling: `['name']`, `[0]`, `[?]`.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Name(key) => write!(f, "['{}']", key.name()),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Names(keys) => {
                f.write_str("[")?;
                for (n, key) in keys.iter().enumerate() {
                    let separator = if n == 0 { "" } else { "," };
                    write!(f, "{separator}'{}'", key.name())?;
                }
                f.write_str("]")
            }
            Step::Indexes(indexes) => {
                f.write_str("[")?;
                for (n, index) in indexes.iter().enumerate() {
                    let separator = if n == 0 { "" } else { "," };
                    write!(f, "{separator}{index}")?;
                }
                f.write_str("]")
            }
            Step::Slice { from, to } => {
                f.write_str("[")?;
                if let Some(from) = from {
                    write!(f, "{from}")?;
                }
                f.write_str(":")?;
                if let Some(to) = to {
                    write!(f, "{to}")?;
                }
                f.write_str("]")
            }
            Step::Wildcard => f.write_str("[*]"),
            Step::Descend => f.write_str(".."),
            Step::Filter(_) => f.write_str("[?]"),
        }
    }
}
