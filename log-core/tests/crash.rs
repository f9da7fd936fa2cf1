//! The log on real processes and real disks: killed, without power, full, read-only,
//! followed from other processes.
//!
//! Apart from the other tests, because these start processes: a new one has a copy of every descriptor until it becomes
//! another program, and would keep the lock of a log that another test has just closed.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

#[path = "../sim/examples/soak/crashes.rs"]
mod crashes;
#[path = "crash/cutoff.rs"]
mod cutoff;
#[path = "crash/disks.rs"]
mod disks;
#[path = "crash/follow.rs"]
mod follow;
#[path = "crash/power.rs"]
mod power;
#[path = "crash/separate.rs"]
mod separate;
#[allow(dead_code, reason = "shared with the other tests, which use all of it")]
#[path = "it/support.rs"]
mod support;

use crashes::image;
