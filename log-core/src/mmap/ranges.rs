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
/// Number of another writer's publication page, which is no segment.
pub(super) const PAGE: u64 = u64::MAX;
/// The publication page of a writer of this process.
pub(super) const OWN_PAGE: u64 = u64::MAX - 1;
/// The same once memory of its own has taken the file's place.
pub(super) const CUT_OFF: u64 = u64::MAX - 2;

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

/// The mapping of an address.
pub(super) struct Found {
    slot: &'static Slot,
    pub(super) start: usize,
    pub(super) segment: u64,
    /// Of the address, from the start.
    pub(super) offset: usize,
}

impl Found {
    /// Says that the file's bytes are there no more.
    pub(super) fn cut_off(&self) {
        self.slot.segment.store(CUT_OFF, Ordering::Release);
    }
}

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

    /// What is mapped at `address`.
    pub(super) fn find(&'static self, address: usize) -> Option<Found> {
        self.slots.iter().find_map(|slot| {
            let start = slot.start.load(Ordering::Acquire);
            let inside =
                start > TAKEN && (start..slot.end.load(Ordering::Relaxed)).contains(&address);
            inside.then(|| Found {
                slot,
                start,
                segment: slot.segment.load(Ordering::Relaxed),
                offset: address - start,
            })
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

    /// Whether the file's bytes are there no more.
    pub(super) fn is_cut_off(&self) -> bool {
        self.slot
            .is_some_and(|slot| slot.segment.load(Ordering::Acquire) == CUT_OFF)
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
        let find = |address| {
            TABLE
                .find(address)
                .map(|found| (found.segment, found.offset))
        };
        let found = |number: usize| find(range(number).start + 5);
        assert_eq!(found(17), Some((17, 5)));
        assert_eq!(find(range(17).end), None);
        assert_eq!(found(SLOTS), None, "no room for it");
        listed[17].name(99);
        assert_eq!(found(17), Some((99, 5)));
        assert!(!listed[17].is_cut_off());
        TABLE.find(range(17).start).expect("listed").cut_off();
        assert!(listed[17].is_cut_off() && !listed[18].is_cut_off());
        drop(listed.remove(17));
        assert_eq!(found(17), None);
        let late = TABLE.list(&range(SLOTS), 7);
        assert_eq!(found(SLOTS), Some((7, 5)));
        drop(late);
    }
}
