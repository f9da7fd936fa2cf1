//! The stored form, the fold, credentials and ids from outside.
#![allow(clippy::unwrap_used)]

mod access;
mod control;
mod credential;
mod damage;
mod golden;
mod head;
mod ids;
mod notes;
mod numbers;
mod regroup;
mod sample;
mod triage;
