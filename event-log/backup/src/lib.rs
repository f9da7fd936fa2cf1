//! Backups: copies of what cannot be built again, to a folder or an S3-compatible store, and the way back.
//!
//! Owns: the form of a backup, what belongs into one, restoring. Must not know HTTP, grouping, how a projection is
//! computed, or the environment.
//!
//! A backup is a folder `{id}/` of the target with an object for each file that it brought and a `manifest`, written
//! last, that lists all files with their hashes: those it brought, and those that an earlier backup of the same target
//! has already. So each backup is complete by itself when it is restored, and an incremental one costs what is new.
//!
//! Invariants:
//! - A backup is of one moment, the position it names: both logs up to it, whatever is written, sealed or dropped
//!   meanwhile. What was acknowledged before it began is in it.
//! - Without its manifest a backup does not exist. The manifest is written when everything it names is durable.
//! - Nothing is put in place by a restore before every byte of it was checked.
//!
//! In reading order: [`manifest`] (the form; pure), [`key`] (encryption), `object` (a file as an object), `target`
//! (where objects are), `source` (what belongs into a backup), [`mod@create`], [`restore`], [`verify`], [`mod@prune`], [`error`].

pub mod create;
pub mod error;
pub mod key;
pub mod manifest;
mod object;
pub mod prune;
pub mod restore;
mod source;
mod target;
pub mod verify;

pub use create::{Created, create};
pub use error::BackupError;
pub use key::Key;
pub use manifest::{Header, Kind, Manifest};
pub use object_place::Place;
pub use prune::{Pruned, prune};
pub use restore::{Point, Restored, refuse_half_restored, restore};
pub use target::Target;
pub use verify::{Fault, Verified, verify};
