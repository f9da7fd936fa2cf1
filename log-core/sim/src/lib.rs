//! The log's proof by simulation: for `cargo test`, the fuzzers and `make soak`; nothing of it is in the server.
//!
//! Owns: a disk that loses power ([`disk`]), what is done to a log on it and what must hold afterwards ([`proof`]), and
//! what must hold of any bytes ([`fuzzing`]). Sees of log-core what everybody sees, and `log_core::inside`. Invariant: a
//! seed decides everything, so that what failed once fails again.
//!
//! log-core's own tests take the disk in by its path: they test parts that only exist within it.

pub mod disk;
pub mod fuzzing;
pub mod proof;
