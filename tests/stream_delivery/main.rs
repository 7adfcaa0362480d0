//! What becomes of records beyond the plain way: order, failure, retries. On the embedded broker.
#![allow(clippy::unwrap_used)]

#[path = "../pipeline_bed/mod.rs"]
mod pipeline_bed;

mod dead_letters;
mod order;
mod quarantine;
mod retry;
