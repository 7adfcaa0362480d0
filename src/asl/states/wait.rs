//! Wait: lets time pass.

use super::super::{Field, NullablePath};
use super::Transition;

/// A Wait state.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Wait {
    pub input_path: NullablePath,
    pub output_path: NullablePath,
    pub until: WaitUntil,
    pub transition: Transition,
}

/// How long a Wait waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitUntil {
    /// `Seconds`, 0 to 99,999,999.
    Seconds(Field<u64>),
    /// A reference path to a number of seconds.
    SecondsPath(Field<String>),
    /// A valid RFC 3339 timestamp.
    Timestamp(Field<String>),
    /// A reference path to a timestamp.
    TimestampPath(Field<String>),
}
