//! A durable, segmented, memory-mapped, append-only log of byte records.
//!
//! Owns: putting records on disk in order, and handing them back without copying. One writer process, any number of
//! reader threads and processes. Must not know: events, protobuf, HTTP, async runtimes.
//!
//! Invariant: a record whose [`Ticket`] is complete is on disk (`fdatasync` done) and is found by every later open;
//! readers see such records only; no sequence number is ever used for two acknowledged records.
//!
//! "Memory-mapped" means: reads are slices of a read-only mapping. Writes are `pwritev` and `fdatasync`.
//!
//! In reading order: [`mod@format`] (bytes) · `manifest`, `list`, `scan`, `classify`, `recover`, `open` (what is found)
//! · `log`, `queue`, `writer`, `next`, `ballast`, `commit`, [`publish`] (the way in) · `store`, `segment`, `mmap`,
//! `index`, `read`, `follow` (the way out) · `chain`, `sealed`, `maintain`, `scrub`, `background` (complete segments:
//! vouched for, compressed, dropped, looked after) · `cursor`, [`retention`] · `stat`, `verify`, `repair` · `copy`, `adopt` (a log
//! copied away and brought back) · `io`, `lock`, `sync`
//! (what the system gives). The disk that loses power, what holds on it and of any bytes is a crate of its own, `sim`,
//! which sees `inside`.

// By this name the simulated disk knows the crate, also when the tests below take it in.
#[cfg(test)]
extern crate self as log_core;

mod adopt;
mod background;
mod ballast;
mod chain;
mod classify;
mod commit;
mod copy;
mod cursor;
mod error;
mod fixed;
mod follow;
pub mod format;
mod index;
#[doc(hidden)]
pub mod inside;
mod io;
mod list;
mod lock;
mod log;
mod maintain;
mod manifest;
mod mmap;
mod next;
mod open;
pub mod publish;
mod queue;
mod read;
mod recover;
mod repair;
pub mod retention;
mod scan;
mod scrub;
mod sealed;
mod segment;
#[cfg(test)]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "all of it is used by the crate it is of"
)]
#[path = "../sim/src"]
mod sim {
    mod disk;
    pub(crate) use disk::*;
}
mod stat;
mod store;
mod sync;
mod verify;
mod writer;

pub use adopt::{AdoptError, Placed, adopt, cut};
pub use background::Maintenance;
pub use commit::Ticket;
pub use copy::SegmentCopy;
pub use cursor::{Cursor, CursorInfo};
pub use error::{
    AppendError, CommitError, CursorError, Fault, MaintainError, ManifestError, ManifestProblem,
    OpenError, PageError, ReadError, SealedError,
};
pub use io::{LogFile, LogIo, Open, RealDisk};
pub use log::{Config, Log, Sealing, Stepper};
pub use maintain::{Dropped, Redaction};
pub use mmap::{Mapping, install_sigbus_handler};
pub use queue::{Preface, Record};
pub use read::{Entry, Iter, Reader};
pub use recover::{Recovery, TornTail};
pub use repair::{Finding, FindingKind, Repair, RepairError, RepairMode, repair};
pub use retention::{Plan, Retention};
pub use scan::Damage;
pub use scrub::{Scrubbed, Scrubbing};
pub use sealed::{BlockFault, TableFault, WalkFault};
pub use segment::SegmentInfo;
pub use stat::{SegmentStat, Stat, stat};
pub use verify::{SegmentVerdict, Verification, VerifiedSegment, verify};
pub use writer::WriterState;
