//! The process: everything is built from a config, runs, and ends in order.

mod exit;

pub use exit::Exit;
