//! Sparse index of one segment: where to start looking for a sequence number.
//!
//! Invariant: entries grow in both fields; every entry names the offset of a valid record. Rebuilt from the
//! segment, never stored, never trusted.

/// One entry for at least this many bytes of segment.
pub(crate) const INDEX_STEP_BYTES: u64 = 4096;

/// Sequence numbers and offsets of about every 4 KiB of a segment: 16 bytes for each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    entries: Vec<(u64, u64)>,
}

impl Index {
    /// Notes that record `sequence` starts at `offset`, if that place is far enough from the last one.
    pub(crate) fn note(&mut self, sequence: u64, offset: u64) {
        if self
            .entries
            .last()
            .is_none_or(|&(_, last)| offset >= last + INDEX_STEP_BYTES)
        {
            self.entries.push((sequence, offset));
        }
    }

    /// Notes a record after a damaged range, where a reader must be able to start.
    pub(crate) fn note_always(&mut self, sequence: u64, offset: u64) {
        self.entries.push((sequence, offset));
    }

    /// Forgets record `end` and all after it: they were cut off.
    pub(crate) fn cut(&mut self, end: u64) {
        self.entries.retain(|&(sequence, _)| sequence < end);
    }

    /// The last noted place at or before `sequence`.
    pub(crate) fn floor(&self, sequence: u64) -> Option<(u64, u64)> {
        let after = self
            .entries
            .partition_point(|&(noted, _)| noted <= sequence);
        after.checked_sub(1).map(|at| self.entries[at])
    }
}
