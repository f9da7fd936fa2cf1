//! End-to-end tests: the built binary, official SDKs, a real SMTP server, a real
//! browser, DuckDB. `make test` installs what they need; a missing client is an
//! error, never a silent skip.
//!
//! Each test starts a server of its own on free ports with a temporary data
//! directory, so that tests run side by side.
#![allow(clippy::unwrap_used, missing_docs, clippy::print_stdout)]

#[path = "../../log-core/sim/examples/soak/image.rs"]
mod image;
#[path = "../../log-core/tests/crash/separate.rs"]
mod separate;
mod support;

mod admin_cli;
mod attacks;
mod backup;
mod browser;
mod clients;
mod cold;
mod export;
mod extras;
mod faults;
mod golden;
mod grpc;
mod health;
mod http;
mod ingestion;
mod kept;
mod limits;
mod mail;
mod old_events;
mod openapi;
mod own_client;
mod platforms;
mod regroup;
mod replay;
mod restore;
mod retention;
mod roles;
mod search;
mod secrets;
mod seed;
mod seeded;
mod spikes;
mod sql;
mod storage;
mod verify;
