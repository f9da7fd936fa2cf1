//! gRPC, gRPC-Web and REST reads over the read model; live streams; the web UI's
//! files.
//!
//! Owns: what the outside sees of the read model. Invariant: it never writes; every
//! answer is of one moment of the issue database, and every read is asked by a `Viewer`,
//! of whose projects alone it answers. Must not know how the read model is computed, nor
//! how events come in.
//!
//! The path of a read: [`engine::QueryEngine::router`] → `grpc` or `rest`
//! authenticate and parse → the functions of `issues`, `similar`, `events`, `export`, `grouping`,
//! `stats`, `health`, `storage`, `retention`, `projects`, `usage`, `live` wait for `after_position`, read on a blocking thread (`core`)
//! what the caller sees (`view`) of what `watch` has open, and answer messages of `errata.v1` → `rest/json` or tonic
//! put them on the wire. What is read otherwise, in a crate above this one, comes in by [`reads`].

pub mod config;
pub mod engine;
pub mod files;
pub mod reads;

mod auth;
mod convert;
mod core;
mod cursor;
mod detail;
mod error;
mod events;
mod export;
mod grouping;
mod grpc;
mod health;
mod issues;
mod live;
mod notes;
mod past;
mod projects;
mod rest;
mod retention;
mod search;
mod similar;
mod span;
mod stats;
mod storage;
mod time;
mod usage;
mod view;
mod watch;

pub use config::{QueryConfig, ReadLimits};
pub use engine::{Lag, QueryEngine, StartError};
pub use past::{PastError, PastIssues};
pub use reads::Reads;
