//! Locks and atomics of what several threads share. A test compiles the same files with those of a scheduler that tries
//! every order.

pub(super) use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU64, AtomicUsize, Ordering};
pub(super) use std::sync::{Mutex, MutexGuard, PoisonError};
