//! Our side, as a program like the hand-written ones.

use expressd::engine::InPlace;

use super::machine::{Machine, compile};
use crate::baseline::Program;

/// Runs a definition.
pub(crate) fn program(definition: &str) -> Program {
    let mut machine = Machine::new(compile(definition));
    Box::new(move |event, out| machine.run(event, &InPlace, out))
}
