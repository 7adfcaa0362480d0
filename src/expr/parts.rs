//! Reading through an object that a template would build.
//!
//! Where a template's object is only read member by member, it need not be built: its members are kept side by side as
//! *parts*, and paths go straight to them. `read_through` prepares an expression for that and says whether it will do
//! without the object. Without parts in the scope a prepared expression reads the input as before.

use crate::value::{Measure, Value};

use super::intrinsic::Call;
use super::path::Path;
use super::{ChoiceRule, Expression, Template};

/// The members of an object that is not put together: see [`Template::eval_parts`].
#[derive(Debug)]
pub struct Parts {
    pub(super) values: Vec<Value>,
    /// Of the object without the members that may differ from item to item.
    pub(super) same: Measure,
}

impl Default for Parts {
    fn default() -> Parts {
        Parts {
            values: Vec::new(),
            same: Measure::NOTHING,
        }
    }
}

impl Parts {
    /// The members' values, in the order of [`Template::part_names`].
    #[inline]
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Forgets those of an item before.
    pub fn clear(&mut self) {
        self.values.clear();
    }

    /// Takes over those of another item.
    pub fn copy_from(&mut self, other: &Parts) {
        self.values.clone_from(&other.values);
        self.same = other.same;
    }
}

impl Path {
    /// `names` are the members' names, constants of the plan.
    pub(super) fn read_through(&mut self, names: &[Value]) -> bool {
        if !self.starts_at_input() {
            return true;
        }
        let part = self
            .first_name()
            .and_then(|name| names.iter().position(|part| *part == name));
        // An indefinite path may look at the whole input, inside a filter for instance.
        match part {
            Some(part) if self.is_definite() => {
                self.start_at_part(part);
                true
            }
            _ => false,
        }
    }
}

impl Expression {
    /// Prepares for parts with these names (constants of the plan); whether it then needs no more than them.
    pub fn read_through(&mut self, names: &[Value]) -> bool {
        match self {
            Expression::Path(path) => path.read_through(names),
            Expression::Call(call) => call.read_through(names),
            Expression::Query(_) => false,
        }
    }
}

impl Call {
    pub(super) fn read_through(&mut self, names: &[Value]) -> bool {
        all(self.arguments_mut(), |argument| {
            argument.read_through(names)
        })
    }
}

impl Template {
    /// Prepares for parts with these names (constants of the plan); whether it then needs no more than them.
    pub fn read_through(&mut self, names: &[Value]) -> bool {
        all(self.expressions_mut(), |expression| {
            expression.read_through(names)
        })
    }
}

impl ChoiceRule {
    /// Prepares for parts with these names (constants of the plan); whether it then needs no more than them.
    pub fn read_through(&mut self, names: &[Value]) -> bool {
        match self {
            ChoiceRule::And(rules) | ChoiceRule::Or(rules) => {
                all(rules, |rule| rule.read_through(names))
            }
            ChoiceRule::Not(rule) => rule.read_through(names),
            ChoiceRule::Query(_) => false,
            ChoiceRule::Always(_) => true,
            ChoiceRule::Test(test) => all(test.paths_mut(), |path| path.read_through(names)),
        }
    }
}

/// Whether all do; every one is prepared, also behind one that does not.
fn all<T>(things: impl IntoIterator<Item = T>, mut prepare: impl FnMut(T) -> bool) -> bool {
    let refusing = things
        .into_iter()
        .filter_map(|thing| (!prepare(thing)).then_some(()));
    refusing.count() == 0
}
