//! Tells people: transitions of issues become notifications, delivered with
//! retries, each step recorded through `CommandService`.
//!
//! Owns rules, limits, rendering, delivery. Invariant: a notification's id is a
//! hash of (transition, rule, channel), so that neither a restart nor a replay
//! sends one twice; `sending` is durable before the first byte leaves, and a
//! `sending` without an end is sent once more under the same Message-ID. Must not
//! know files or logs: it speaks gRPC only, in one process as between hosts.
//!
//! In reading order: [`config`], [`rule`] (which transitions matter, and the
//! notification's id), [`audience`] (who is told), [`ledger`] (what was already dealt with, and the limits), [`quota`]
//! (which quotas people are warned of), [`held`] (what waits for its time), [`mail`] (rendering and SMTP), [`deliver`] (retry and
//! back-off), [`run`] (connection), `session` (the loop), [`health`], [`metric`].

pub mod audience;
mod clock;
pub mod config;
pub mod deliver;
pub mod health;
pub mod held;
pub mod ledger;
pub mod mail;
pub mod metric;
pub mod quota;
pub mod rule;
pub mod run;
mod session;

pub use config::{AlerterConfig, RetryPolicy, SmtpConfig};
pub use health::AlerterHealth;
pub use run::{AlerterError, Peers, run};
