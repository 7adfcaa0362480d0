//! expressd runs AWS Step Functions Express workflows on your own machines, one execution per Kafka event.
//!
//! A machine definition is parsed and checked ([`asl`]), compiled once into an immutable plan ([`plan`]), and executed
//! many times ([`engine`]). Everything around that is plumbing: it brings an event to the engine, does its waiting for
//! it, and takes the outcome away before the offset is committed.
//!
//! The modules below stand in layer order. A module imports only from those above it; `tests/layering.rs` checks it.

pub mod value;

pub mod diagnostic;
pub mod error_name;

pub mod expr;

pub mod asl;

pub mod plan;

pub mod engine;

pub mod test_state;

#[cfg(feature = "cases")]
pub mod cases;

#[cfg(feature = "daemon")]
pub mod mutants;
#[cfg(feature = "daemon")]
pub mod units;

#[cfg(feature = "daemon")]
pub mod telemetry;

#[cfg(feature = "daemon")]
pub mod kafka;

#[cfg(feature = "daemon")]
pub mod task;

#[cfg(feature = "daemon")]
pub mod runtime;

#[cfg(feature = "daemon")]
pub mod sink;
#[cfg(feature = "daemon")]
pub mod source;

#[cfg(feature = "daemon")]
pub mod pipeline;

#[cfg(feature = "daemon")]
pub mod admin;
#[cfg(feature = "daemon")]
pub mod bench;
#[cfg(feature = "daemon")]
pub mod demo;

#[cfg(feature = "daemon")]
pub mod config;

#[cfg(feature = "daemon")]
pub mod daemon;

#[cfg(feature = "daemon")]
pub mod cli;
