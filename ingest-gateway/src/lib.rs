//! The front door: authenticate, limit, parse, scrub, append, acknowledge.
//!
//! Owns: HTTP and gRPC ingestion, commands, sign-in, the first start; the only
//! writer of the logs. Must not know queries or grouping.
//!
//! The path of an event: route ([`path`] takes a prefix off) → key → body, capped
//! and decompressed ([`body`]) → parse and scrub, wanted? ([`event_intake`]) →
//! duplicate? ([`recent`]) → append → durable → answer. Every item gets one fate
//! ([`outcome`]), and the newest can be looked up (`arrivals`).
//!
//! A 2xx promises: the event is on disk (`fdatasync` done) and will be readable
//! after any crash. It does not promise that the event is in the read model yet.
//! A 503 promises nothing; the same id may be sent again and is stored once.
//!
//! In reading order: [`config`], `clock`, [`error`], [`fate`], [`outcome`], `arrivals`, `auth`, [`telemetry`],
//! [`body`], [`path`], `policy` (of a project), `ingest` (native,
//! Sentry, OpenTelemetry, gRPC), [`commands`], [`people`], [`bootstrap`],
//! [`upkeep`], [`gateway`].

mod arrivals;
mod auth;
pub mod body;
pub mod bootstrap;
mod clock;
pub mod commands;
pub mod config;
pub mod error;
pub mod fate;
pub mod gateway;
mod ingest;
pub mod others;
pub mod outcome;
mod password;
pub mod path;
pub mod people;
mod policy;
pub mod recent;
mod shared;
mod stock;
pub mod telemetry;
pub mod upkeep;

pub use bootstrap::BootstrapReport;
pub use config::{Bootstrap, BootstrapOwner, GatewayConfig, GatewayLimits};
pub use gateway::{Gateway, StartError};
pub use password::PasswordHasher;
pub use people::sign_in::renew_sessions;
