//! The two logs from outside: order, crashes, bodies, the fold, blobs, the dump.
#![allow(clippy::unwrap_used)]

mod blobs;
mod bodies;
mod commands;
mod control;
mod dump;
mod follow;
mod model;
mod retention;
mod sample;
mod sampled;
mod stacks;
mod stream;
mod sweep;
