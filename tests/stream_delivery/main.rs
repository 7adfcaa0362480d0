//! What becomes of records beyond the plain way: order, failure, retries. On the embedded broker.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

#[path = "../pipeline_bed/mod.rs"]
mod pipeline_bed;

mod dead_letters;
mod order;
mod quarantine;
mod reload;
mod retry;

#[allow(dead_code)] // Others use the rest of it.
#[path = "../common/daemon.rs"]
mod daemon;
mod start;
