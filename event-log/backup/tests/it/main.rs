//! Backups of real logs from outside: what comes back is what was there, and what is damaged is named.
#![allow(clippy::unwrap_used)]

mod faults;
mod model;
mod prune;
#[allow(dead_code, unreachable_pub)]
#[path = "../../../tests/it/sample.rs"]
mod sample;
mod site;
mod ways;
