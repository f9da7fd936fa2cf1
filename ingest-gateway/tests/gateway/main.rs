//! The gateway driven in process, through its router, over a real log in a
//! temporary folder.
#![allow(clippy::unwrap_used, missing_docs)]

mod access;
mod accounts;
mod apply;
mod arrivals;
mod auth;
mod bodies;
mod bootstrap;
mod commands;
mod duplicates;
mod ends;
mod fates;
mod grouping;
mod grpc;
mod items;
mod keys;
mod limits;
mod merge;
mod native;
mod otlp;
mod outcomes;
mod plans;
mod routes;
mod sentry;
mod settings;
mod sign_in;
mod spikes;
mod support;
