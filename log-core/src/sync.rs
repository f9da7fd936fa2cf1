//! The synchronisation types of what is model-checked: the standard library's, or loom's under `cfg(loom)`.
//!
//! Owns nothing. `publish` and `commit` take their types from here, so that the very code that runs is the code whose
//! interleavings loom goes through. Everything else uses the standard library's types, also under loom.

#[cfg(not(loom))]
pub(crate) use std::sync::{
    Arc, Condvar, Mutex, MutexGuard,
    atomic::{AtomicU32, AtomicU64, Ordering, fence},
};

#[cfg(loom)]
pub(crate) use loom::sync::{
    Arc, Condvar, Mutex, MutexGuard,
    atomic::{AtomicU32, AtomicU64, Ordering, fence},
};
