//! Which events are one issue, how an issue is called, and why.
//!
//! Owns: from an event's head to its fingerprint, the title and the culprit. Reads
//! nothing but the head. Must not know the log, the read model, files or clocks.
//!
//! Invariant: pure and total: any head has a group, and always the same one; time is
//! linear in the head.
//!
//! In reading order: [`grouper`] (the way in), [`explain`] (why), `chain` (what an event is
//! about), `fingerprint`, `parts` (its hash, with notes), `frames` (what of a stack counts), `names` (as people of a language write
//! them), `files`, `text` and `mask` (what of a text counts), `variables` (of a client's
//! fingerprint), [`rules`] (a project's own), `title`.

mod chain;
pub mod explain;
mod files;
mod fingerprint;
mod frames;
pub mod grouper;
#[cfg(test)]
#[path = "../../../tests/support/growth.rs"]
mod growth;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "../../../tests/support/heads.rs"]
mod heads;
mod mask;
mod names;
mod parts;
pub mod rules;
mod text;
mod title;
mod variables;

pub use explain::{Apart, Explanation};
pub use fingerprint::ALGORITHM_VERSION;
pub use grouper::{Group, Grouper, Headline};
pub use parts::Component;
pub use rules::{RuleError, Rules};
