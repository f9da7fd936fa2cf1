//! SQL over what is stored: the events of log and Parquet files as one table, and the tables
//! of the issue database. For users it is [docs/sql.md](../../../docs/sql.md).
//!
//! Owns: DataFusion, which compiles here and nowhere else, and the bounds of a query.
//! Invariant: **nothing is written, and no row of a project out of the caller's sight reaches
//! a plan**: each table filters by itself, below whatever a query says. A query is bounded in
//! text, depth, memory, time, rows and number, and ends when nobody waits for it.
//! Must not know how the read model is computed.
//!
//! The path of a query: `rest` or `flight` lets the caller in → [`engine`] waits for a turn →
//! `check` reads the text and refuses what is not a read → `tables` are made of one moment
//! (`moment`: which files, and from where on the log) → DataFusion plans and runs on threads
//! of its own, within `memory` and `functions` → `answer` writes JSON, CSV or Arrow, batch by
//! batch → `fault` says what went wrong, and where in the text.

mod answer;
mod check;
pub mod cold;
pub mod engine;
mod fault;
mod flight;
mod functions;
mod grouped;
mod memory;
mod moment;
mod rest;
mod tables;

pub use engine::{SqlConfig, SqlEngine, StartError};
