//! The real binary between two topics of a broker: restarts, poison, rebalances. Nothing is lost, what is done twice is
//! counted, and the committed offset ends where the topic ends.

#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, clippy::print_stdout)] // A test panics, and says what it counted.

#[path = "../common/mod.rs"]
mod common;

mod admin;
mod bed;
mod group;
mod poison;
mod restarts;
mod secure;
