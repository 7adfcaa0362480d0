//! What the outside says: config files, and the definitions they name. Everything below `config` gets structs.

mod codes;
mod definition;
mod problem;

pub use definition::Definition;
pub use problem::Problem;
