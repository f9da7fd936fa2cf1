//! Which addresses belong to which mapped file: a table that a signal handler can read.
//!
//! Invariant: a slot whose start is an address describes a mapping that lives. No lock, no allocation: whoever is
//! interrupted in the middle of a change leaves nothing that a reader could wait for. A full table costs only the
//! names of further mappings.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Mappings that can be named at once: 128 MiB segments of half a TiB.
const SLOTS: usize = 4096;
/// Start of a slot that nobody has.
const FREE: usize = 0;
/// Start of a slot that is being filled: no mapping begins here.
const TAKEN: usize = 1;
/// Number of the publication page, which is no segment.
pub(super) const PAGE: u64 = u64::MAX;

#[derive(Debug)]
struct Slot {
    start: AtomicUsize,
    end: AtomicUsize,
    segment: AtomicU64,
}

/// See the module.
pub(super) struct Table {
    slots: [Slot; SLOTS],
    /// Where to look for a free slot first, so that a long table is not walked each time.
    hint: AtomicUsize,
}

/// All mappings of the process.
pub(super) static TABLE: Table = Table::new();

/// A range in the table, for as long as it lives; to be dropped before the range is unmapped.
#[derive(Debug)]
pub(super) struct Listed {
    slot: Option<&'static Slot>,
}

impl Table {
    #[allow(clippy::large_stack_arrays, reason = "made at compile time")]
    const fn new() -> Self {
        Self {
            slots: [const {
                Slot {
                    start: AtomicUsize::new(FREE),
                    end: AtomicUsize::new(0),
                    segment: AtomicU64::new(0),
                }
            }; SLOTS],
            hint: AtomicUsize::new(0),
        }
    }

    /// Lists `range` as bytes of segment `segment`, 0 when its number is not known yet.
    pub(super) fn list(&'static self, range: &Range<usize>, segment: u64) -> Listed {
        let first = self.hint.load(Ordering::Relaxed);
        for at in (first..SLOTS).chain(0..first) {
            let slot = &self.slots[at];
            let taken =
                slot.start
                    .compare_exchange(FREE, TAKEN, Ordering::Acquire, Ordering::Relaxed);
            if taken.is_ok() {
                slot.end.store(range.end, Ordering::Relaxed);
                slot.segment.store(segment, Ordering::Relaxed);
                // Release: who finds the start finds the rest.
                slot.start.store(range.start, Ordering::Release);
                self.hint.store((at + 1) % SLOTS, Ordering::Relaxed);
                return Listed { slot: Some(slot) };
            }
        }
        Listed { slot: None }
    }

    /// The segment that is mapped at `address`, and the offset of that byte in it.
    pub(super) fn find(&self, address: usize) -> Option<(u64, usize)> {
        self.slots.iter().find_map(|slot| {
            let start = slot.start.load(Ordering::Acquire);
            let inside =
                start > TAKEN && (start..slot.end.load(Ordering::Relaxed)).contains(&address);
            inside.then(|| (slot.segment.load(Ordering::Relaxed), address - start))
        })
    }
}

impl Listed {
    /// Says the number of the segment.
    pub(super) fn name(&self, segment: u64) {
        if let Some(slot) = self.slot {
            slot.segment.store(segment, Ordering::Relaxed);
        }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            slot.start.store(FREE, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_found_while_it_lives_and_a_full_table_is_no_error() {
        static TABLE: Table = Table::new();
        let range = |number: usize| (number + 1) * 4096..(number + 1) * 4096 + 4000;
        let mut listed: Vec<Listed> = (0..=SLOTS)
            .map(|number| TABLE.list(&range(number), number as u64))
            .collect();
        let found = |number: usize| TABLE.find(range(number).start + 5);
        assert_eq!(found(17), Some((17, 5)));
        assert_eq!(TABLE.find(range(17).end), None);
        assert_eq!(found(SLOTS), None, "no room for it");
        listed[17].name(99);
        assert_eq!(found(17), Some((99, 5)));
        drop(listed.remove(17));
        assert_eq!(found(17), None);
        let late = TABLE.list(&range(SLOTS), 7);
        assert_eq!(found(SLOTS), Some((7, 5)));
        drop(late);
    }
}
