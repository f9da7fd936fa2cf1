//! The whole server under load, beside this machine's limits, in one run.
//!
//! Owns what `bin/server_speed` prints: servers as processes of their own ([`process`]),
//! what happened second by second ([`timeline`]), the cases and their order ([`cases`]),
//! the table ([`report`]) and the plots ([`plot`]). Invariant: everything is seen from
//! outside, through HTTP, `/metrics` and `/proc`; nothing is asked of the server that its
//! users could not ask. Units are in the names.

pub mod cases;
pub mod plot;
pub mod process;
pub mod report;
pub mod timeline;
