//! Which events are one issue, how an issue is called, and why.
//!
//! Owns: from an event's head to its fingerprint, the title and the culprit. Reads
//! nothing but the head. Must not know the log, the read model, files or clocks.
//!
//! Invariant: pure and total: any head has a group, and always the same one; time is
//! linear in the head.
//!
//! In reading order: [`grouper`] (the way in), `algorithm` (its versions), [`explain`] (why), `chain` (what an event is
//! about), `fingerprint`, `parts` (its hash, with notes), `marks` (words in texts), `recent` (what was read of names lately), `frames` (what of a stack counts), `names` (as people of a language write
//! them), `files`, `text` and `mask` (what of a text counts), `variables` (of a client's
//! fingerprint), [`rules`] (a project's own), `kept`
//! (each project's, as the control state has them), `title`, [`memo`] (what was made of a
//! stack is not made again), [`similar`] (which are alike), [`regroup`] (what becomes of issues when events are grouped otherwise).

mod algorithm;
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
mod kept;
mod marks;
mod mask;
pub mod memo;
mod names;
mod parts;
mod recent;
pub mod regroup;
pub mod rules;
pub mod similar;
mod text;
mod title;
mod variables;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use explain::{Apart, Explanation};
pub use grouper::{Group, Grouper, Headline, Placed};
pub use kept::{Fault, Groupers};
pub use memo::{Lookups, Memo};
pub use parts::Component;
pub use rules::{Matched, RuleError, Rules};
pub use similar::{Likeness, Profile};
