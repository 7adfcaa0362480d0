//! Properties of values, held against judges that share no code with them: serde_json, simd-json, and plain models.
//!
//! Everything is drawn from fixed seeds: a failure shows itself again in the next run.
#![allow(clippy::unwrap_used)] // A test may panic.

mod agreement;
mod in_two;
mod judge;
mod model;
mod random;
