//! SQL over a real log, real Parquet files and a real issue database.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a test that panics is a test that fails"
)]

#[path = "sql/flight.rs"]
mod flight;
#[path = "sql/golden.rs"]
mod golden;
#[path = "sql/random.rs"]
mod random;
#[path = "sql/refused.rs"]
mod refused;
#[path = "sql/seam.rs"]
mod seam;
#[path = "sql/security.rs"]
mod security;
#[path = "sql/world.rs"]
mod world;
