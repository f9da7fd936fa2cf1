//! The log as its callers see it: through the public interface, on real files.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "it/basics.rs"]
mod basics;
#[path = "it/support.rs"]
mod support;
