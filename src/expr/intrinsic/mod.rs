//! The eighteen intrinsic functions.
