//! Whether the disk has room for more: what is taken in stops before the floor
//! (`log.free_bytes_min`) is reached, and goes on by itself once there is room.
//!
//! Invariant: what is taken in between two looks at the file system counts against what
//! the last look found, in full, so that no storm passes the floor while nobody looks.
//! Reads, sign-in, commands and tallies are not asked here: the floor is their reserve.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use event_log::{Floor, LogReader};

use crate::{
    error::{ApiError, ErrorCode},
    fate::DropReason,
    telemetry,
};

/// How long clients are asked to wait: room is made by people, or by retention's rounds.
const RETRY_AFTER_S: u64 = 30;

/// The disk of the logs, as ingestion sees it.
#[derive(Debug)]
pub(crate) struct DiskRoom {
    reader: LogReader,
    floor: Floor,
    /// What may still be taken in, bytes; below zero as little as at it.
    spare_bytes: AtomicI64,
    /// Whether the last look found none.
    is_full: AtomicBool,
    /// What the last look would shed, bytes.
    shed_bytes: AtomicU64,
}

impl DiskRoom {
    /// Looks for the first time: not on a worker.
    pub(crate) fn new(reader: LogReader, floor: Floor) -> Self {
        let this = Self {
            reader,
            floor,
            spare_bytes: AtomicI64::new(i64::MAX),
            is_full: false.into(),
            shed_bytes: AtomicU64::new(0),
        };
        this.look();
        this
    }

    /// What is to stay free, and what gives way for it.
    pub(crate) fn floor(&self) -> &Floor {
        &self.floor
    }

    /// Asks the file system, and says when what it answers changes the answer to clients.
    /// Blocks for as long as the file system does; what is to be shed, bytes.
    pub(crate) fn look(&self) -> u64 {
        let room = match self.reader.room(&self.floor) {
            Ok(room) => room,
            Err(error) => {
                // What was found last holds, less what came since.
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "the disk cannot be asked for its free space");
                return 0;
            }
        };
        telemetry::disk(&room);
        let spare = i64::try_from(room.spare_bytes()).unwrap_or(i64::MAX);
        let (free, kept) = (room.disk.free_bytes, room.kept_bytes());
        self.spare_bytes.store(spare, Ordering::Release);
        let is_full = spare <= 0;
        if self.is_full.swap(is_full, Ordering::AcqRel) != is_full {
            if is_full {
                tracing::error!(
                    free_bytes = free,
                    kept_bytes = kept,
                    "the disk is nearly full (log.free_bytes_min): events are refused until there is room, reads \
                     and commands go on"
                );
            } else {
                tracing::info!(
                    free_bytes = free,
                    "there is room again: events are taken in"
                );
            }
        }
        let shed = if self.floor.shed.is_empty() {
            0
        } else {
            room.shed_bytes()
        };
        self.shed_bytes.store(shed, Ordering::Release);
        shed
    }

    /// Whether something is to be shed.
    pub(crate) fn is_short(&self) -> bool {
        self.shed_bytes.load(Ordering::Acquire) > 0
    }

    /// Refuses where nothing has room.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        if self.spare_bytes.load(Ordering::Acquire) > 0 {
            return Ok(());
        }
        // How much there is is nobody's business who may not even have a key.
        let message =
            "the disk of the server is nearly full: nothing more is taken in until there is room";
        let refusal = ApiError::new(ErrorCode::Overloaded, message).retry_after(RETRY_AFTER_S);
        Err(refusal.counted_as(DropReason::DiskFull))
    }

    /// Takes room for so much, or refuses it.
    pub(crate) fn take(&self, bytes: usize) -> Result<(), ApiError> {
        self.check()?;
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.spare_bytes.fetch_sub(bytes, Ordering::AcqRel);
        Ok(())
    }
}
