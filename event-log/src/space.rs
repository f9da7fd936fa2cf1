//! Room on the disk that holds the logs: how much is to stay free, what is still going to be
//! written, and what gives way when room gets short.
//!
//! Nothing here acts: the gateway refuses events and sheds by it, the projector makes the
//! checkpoint that shedding waits for. Invariant: what is refused is refused while the
//! floor is still free; what projections have yet to write of what was taken in comes on
//! top of it, up to as much again.
//!
//! Units: bytes. Fails with [`io::Error`] if the file system cannot be asked.

use std::{io, path::Path};

use crate::{error::OpenError, reader::LogReader};

/// What stays free if nothing else is configured: room for merges of search indices,
/// checkpoints of the issues and the commands of months, on any disk.
pub const FREE_BYTES_MIN: u64 = 2 << 30;
/// … but no more than this share of the disk, so that a small one is of use, too.
pub const FREE_SHARE_MAX: u64 = 20;

/// This share of the floor is kept beside it for what comes and goes: the journal of the
/// issues, index segments that are being merged.
const WORKING_SHARE: u64 = 16;
/// Cursors of those that write something for every event that they read. What the issues
/// write is small, and the checkpoint's cursor stands still by design.
const WRITING: [&str; 2] = ["search", "cold"];

/// A file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Its size.
    pub total_bytes: u64,
    /// What is left of it for this user.
    pub free_bytes: u64,
}

impl Disk {
    /// The one that holds `path`.
    pub fn of(path: &Path) -> io::Result<Self> {
        let found = rustix::fs::statvfs(path)?;
        Ok(Self {
            total_bytes: found.f_blocks.saturating_mul(found.f_frsize),
            free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
        })
    }
}

/// What gives way when room gets short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    /// Parquet files of the oldest days.
    Cold,
    /// The oldest attachments and minidumps.
    Blobs,
    /// The oldest segments of the events log.
    Events,
}

/// What is to stay free, and what gives way for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Floor {
    /// What stays free; none: [`FREE_BYTES_MIN`] or [`FREE_SHARE_MAX`], whichever is less.
    pub free_bytes_min: Option<u64>,
    /// What gives way before events are refused, in this order; nothing if it is empty.
    pub shed: Vec<Tier>,
}

impl Floor {
    /// What stays free of a disk of this size.
    pub fn bytes(&self, total_bytes: u64) -> u64 {
        let usual = FREE_BYTES_MIN.min(total_bytes / FREE_SHARE_MAX);
        self.free_bytes_min.unwrap_or(usual)
    }
}

/// A disk, and how much of it may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// The disk.
    pub disk: Disk,
    /// What stays free of it.
    pub floor_bytes: u64,
    /// What is yet to be written of what was taken in, and worked with: at most the floor once more, for a
    /// read model that is built anew must not keep events out.
    pub owed_bytes: u64,
}

impl Room {
    /// Of a disk, with so much in the log that was not read by all.
    pub fn new(disk: Disk, floor: &Floor, unread_bytes: u64) -> Self {
        let floor_bytes = floor.bytes(disk.total_bytes);
        let working = floor_bytes / WORKING_SHARE;
        Self {
            disk,
            floor_bytes,
            owed_bytes: unread_bytes.saturating_add(working).min(floor_bytes),
        }
    }

    /// What has to be free for anything to be taken in.
    pub fn kept_bytes(&self) -> u64 {
        self.floor_bytes.saturating_add(self.owed_bytes)
    }

    /// What may be taken in.
    pub fn spare_bytes(&self) -> u64 {
        self.disk.free_bytes.saturating_sub(self.kept_bytes())
    }

    /// What is to be shed: nothing until less than a quarter of the floor is left to spare,
    /// then until half of it is.
    pub fn shed_bytes(&self) -> u64 {
        if self.spare_bytes() >= self.floor_bytes / 4 {
            return 0;
        }
        let wanted = self.kept_bytes().saturating_add(self.floor_bytes / 2);
        wanted.saturating_sub(self.disk.free_bytes)
    }
}

impl LogReader {
    /// How much room there is on the disk of the logs.
    pub fn room(&self, floor: &Floor) -> Result<Room, OpenError> {
        let disk = Disk::of(&self.0.dir).map_err(|source| OpenError::Space {
            dir: self.0.dir.clone(),
            source,
        })?;
        Ok(Room::new(disk, floor, self.unread_bytes(&WRITING)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;

    #[test]
    fn the_floor_is_what_was_set_or_the_smaller_of_two_usual_ones() {
        for (set, total_bytes, expected) in [
            (None, 1000 * GIB, 2 * GIB),
            (None, 40 * GIB, 2 * GIB),
            (None, 10 * GIB, GIB / 2),
            (Some(1), 10 * GIB, 1),
            (Some(3 * GIB), 10 * GIB, 3 * GIB),
        ] {
            let floor = Floor {
                free_bytes_min: set,
                shed: Vec::new(),
            };
            assert_eq!(
                floor.bytes(total_bytes),
                expected,
                "{set:?} of {total_bytes}"
            );
        }
    }

    #[test]
    fn what_is_owed_is_kept_beside_the_floor_and_shedding_begins_before_it() {
        let floor = Floor {
            free_bytes_min: Some(64 * MIB),
            shed: Vec::new(),
        };
        // MiB: free, unread → spare, shed.
        for (free, unread, spare, shed) in [
            (300, 0, 232, 0),
            (84, 0, 16, 0),
            (83, 0, 15, 17),
            (64, 0, 0, 36),
            (10, 0, 0, 90),
            (300, 36, 196, 0),
            (104, 36, 0, 32),
            // Owed at most as much as the floor.
            (300, 5_000, 172, 0),
            (128, 5_000, 0, 32),
        ] {
            let disk = Disk {
                total_bytes: 1_000 * MIB,
                free_bytes: free * MIB,
            };
            let room = Room::new(disk, &floor, unread * MIB);
            let found = (room.spare_bytes() / MIB, room.shed_bytes() / MIB);
            assert_eq!(found, (spare, shed), "{free} free, {unread} unread");
        }
    }
}
