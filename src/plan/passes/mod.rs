//! Optimisations: each leaves a plan that gives the same answers, and is one file.

mod choice_table;
mod plain;
mod read_through;
mod straight;

use super::{Scope, State};

/// Which optimisations run: all of them, unless plans with and without them are to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Passes {
    pub read_through: bool,
    pub choice_table: bool,
    pub straight: bool,
    pub plain: bool,
}

impl Passes {
    /// Every one.
    pub const ALL: Passes = Passes {
        read_through: true,
        choice_table: true,
        straight: true,
        plain: true,
    };

    /// None.
    pub const NONE: Passes = Passes {
        read_through: false,
        choice_table: false,
        straight: false,
        plain: false,
    };

    /// Runs those that are wanted; gives their names and the states that each changed, where it changed any.
    pub(super) fn run(
        self,
        states: &mut [State],
        scopes: &mut [Scope],
    ) -> Vec<(&'static str, Vec<String>)> {
        let mut changed = Vec::new();
        if self.read_through {
            changed.push(("read through", read_through::run(states, scopes)));
        }
        if self.choice_table {
            changed.push(("choice table", choice_table::run(states)));
        }
        if self.straight {
            changed.push(("straight", straight::run(states, scopes)));
        }
        if self.plain {
            changed.push(("plain", plain::run(states, scopes)));
        }
        changed.retain(|(_, states)| !states.is_empty());
        changed
    }
}
