//! The front door: authenticate, limit, parse, scrub, append, acknowledge.
//!
//! Owns: HTTP and gRPC ingestion, commands, sign-in, the first start; the only
//! writer of the logs. Must not know queries or grouping.
//!
//! The path of an event: route ([`path`] takes a prefix off) → key → body, capped
//! and decompressed ([`body`]) → parse and scrub, wanted? ([`event_intake`]) →
//! within the quota? (`limits`, asked of the key before the body, too) → duplicate?
//! ([`recent`]) → surplus of a spike? (`spikes`) → append → durable → answer. Every item gets one fate
//! ([`outcome`]), and the newest can be looked up (`arrivals`).
//!
//! A 2xx promises: the event is on disk (`fdatasync` done) and will be readable
//! after any crash. It does not promise that the event is in the read model yet.
//! A 503 promises nothing; the same id may be sent again and is stored once.
//!
//! Begin with [`gateway`], which puts three rooms together, each a struct with what it
//! needs: `ingest` (events on their way in), [`people`] (what people ask for) and
//! [`upkeep`] (what the gateway does by itself). Below them stand, and know none of them:
//!
//! - words: [`fate`], [`error`], [`others`] (what is asked of other roles), [`config`];
//! - who asks: `address`, `auth`, `password`;
//! - what became of items: `arrivals`, [`outcome`], [`telemetry`];
//! - of ingestion: [`path`], [`body`], `policy` (of a project), `limits` (how much and
//!   how often), [`recent`] (duplicates), `spikes` (whose surplus is only counted), `stock`
//!   (files);
//! - decisions: [`commands`], [`bootstrap`].

mod address;
mod arrivals;
mod auth;
pub mod body;
pub mod bootstrap;
pub mod commands;
pub mod config;
mod disk;
pub mod error;
pub mod fate;
pub mod gateway;
mod ingest;
mod limits;
pub mod others;
pub mod outcome;
mod password;
pub mod path;
pub mod people;
mod policy;
pub mod recent;
mod spikes;
mod stock;
pub mod telemetry;
pub mod upkeep;

pub use bootstrap::BootstrapReport;
pub use config::{Bootstrap, BootstrapOwner, GatewayConfig, GatewayLimits};
pub use gateway::{Gateway, StartError};
pub use password::PasswordHasher;
pub use people::sign_in::renew_sessions;
