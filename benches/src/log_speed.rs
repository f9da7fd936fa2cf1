//! The speed of `log-core` beside this machine's own limits and beside peers, all in one run.
//!
//! Owns: the workloads, the limits (raw `pwrite` + `fdatasync`, memory copy, CRC-32), the peers (feature `peers`), the
//! rounds that interleave them, and the report. Invariant: whatever is compared alternates within the same seconds on
//! the same file system, and what is reported is the ratio of each round, never a quotient of figures of two runs.
//!
//! Units: bytes, seconds, microseconds where a name says so; MB and GB are powers of ten, KiB and MiB of two.
//! Fails with the first error of any system: a figure of a run that went wrong is none.

pub mod append;
pub mod latency;
pub mod limits;
#[cfg(feature = "peers")]
pub mod peers;
pub mod plot;
pub mod read;
pub mod records;
pub mod recovery;
pub mod report;
pub mod rounds;
pub mod system;
