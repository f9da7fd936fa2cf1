//! The log as its callers see it: through the public interface, on real files.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "it/basics.rs"]
mod basics;
#[path = "it/copies.rs"]
mod copies;
#[path = "it/cursors.rs"]
mod cursors;
#[path = "it/damage.rs"]
mod damage;
#[path = "it/format_doc.rs"]
mod format_doc;
#[path = "it/golden.rs"]
mod golden;
#[path = "it/maintenance.rs"]
mod maintenance;
#[path = "it/model.rs"]
mod model;
#[path = "it/preface.rs"]
mod preface;
#[path = "it/publish.rs"]
mod publish;
#[path = "it/sigbus.rs"]
mod sigbus;
#[path = "it/support.rs"]
mod support;
#[path = "it/threads.rs"]
mod threads;
