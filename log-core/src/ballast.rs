//! A small file that keeps room on a full disk, for what must go on when the log cannot: manifests, cursors, the
//! removal of what is no longer retained.
//!
//! Held while there is room, let go when the next segment found none, and taken again when one did. Its content
//! means nothing. Every failure is ignored: without it the log only has less to spare.

use std::path::PathBuf;
use std::sync::Arc;

use crate::io::{LogIo, Open, remove_if_there};

const NAME: &str = "ballast";
/// Room for a few hundred block-sized writes; never more than a segment, whose lack it is there for.
const BYTES_MAX: u64 = 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Ballast {
    io: Arc<dyn LogIo>,
    path: PathBuf,
    bytes: u64,
    held: bool,
}

impl Ballast {
    pub(crate) fn new(io: &Arc<dyn LogIo>, dir: &std::path::Path, segment_bytes: u64) -> Self {
        Self {
            io: Arc::clone(io),
            path: dir.join(NAME),
            bytes: BYTES_MAX.min(segment_bytes),
            held: false,
        }
    }

    /// Takes the room, if it is not held.
    pub(crate) fn hold(&mut self) {
        if self.held {
            return;
        }
        let file = self.io.open(&self.path, Open::OpenOrCreate);
        self.held = file.and_then(|file| file.reserve(0, self.bytes)).is_ok();
        if !self.held {
            // Part of it would be held for nothing.
            self.release();
        }
    }

    /// Gives the room to whoever needs it now.
    pub(crate) fn release(&mut self) {
        self.held = false;
        let _ = remove_if_there(self.io.as_ref(), &self.path);
    }
}
