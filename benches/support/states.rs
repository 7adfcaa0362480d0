//! What JSONata expressions of a state read: `$states`.

use expressd::expr::jsonata::Bindings;
use expressd::value::{Arena, Key, Value};

/// `$states.input` is this value.
pub(crate) struct States(pub(crate) Value);

impl Bindings for States {
    fn variable(&self, arena: &mut Arena, name: &str, _place: usize) -> Option<Value> {
        (name == "states").then(|| {
            let input = arena.string("input");
            arena.object(&[(input, self.0)])
        })
    }

    fn member(
        &self,
        _arena: &mut Arena,
        name: &str,
        _place: usize,
        key: &Key,
    ) -> Option<Option<Value>> {
        (name == "states").then(|| (key.name() == "input").then_some(self.0))
    }
}
