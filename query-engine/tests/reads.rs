//! Reads from outside: the router over a real log and a read model filled by hand.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "reads/access.rs"]
mod access;
#[path = "reads/events.rs"]
mod events;
#[path = "reads/figures.rs"]
mod figures;
#[path = "reads/fixture.rs"]
mod fixture;
#[path = "reads/grouping.rs"]
mod grouping;
#[path = "reads/grpc.rs"]
mod grpc;
#[path = "reads/live.rs"]
mod live;
#[path = "reads/merged.rs"]
mod merged;
#[path = "reads/notes.rs"]
mod notes;
#[path = "reads/preview.rs"]
mod preview;
#[path = "reads/rest.rs"]
mod rest;
#[path = "reads/routes.rs"]
mod routes;
#[path = "reads/rules.rs"]
mod rules;
#[path = "reads/search.rs"]
mod search;
#[path = "reads/similar.rs"]
mod similar;
#[path = "reads/stats.rs"]
mod stats;
#[path = "reads/ui.rs"]
mod ui;
#[path = "reads/usage.rs"]
mod usage;
