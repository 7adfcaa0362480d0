//! What the outside says: config files, and the definitions they name. Everything below `config` gets structs.

mod codes;
mod definition;
mod env;
mod file;
mod keys;
mod load;
mod places;
mod problem;
mod read;
mod redact;
mod tasks;

pub use definition::Definition;
pub use file::{File, MemoryConfig, PipelineFile, ShutdownConfig};
pub use load::{Config, Pipeline};
pub use problem::Problem;
pub use tasks::{BindingConfig, MockConfig};
