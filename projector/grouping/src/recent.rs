//! What was made of texts lately, by a thread: the same names come again and again, in one
//! stack and from event to event, and to read one costs more than to compare it.
//!
//! Invariant: a value is handed out only for the texts and the number it was made of, which
//! are compared whole: a hash that two share costs time and changes nothing. Memory is
//! bounded: [`SLOTS`] values, of [`TEXT_BYTES_MAX`] bytes of texts each at most.

/// Values that are remembered; a power of two.
pub(crate) const SLOTS: usize = 4096;
/// What is made of longer texts is made each time, bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 512;
/// Mixes what is hashed: an odd number without a pattern.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// Values by `N` texts and a number.
pub(crate) struct Recent<V, const N: usize> {
    /// Empty until the first is put in.
    slots: Vec<Option<Known<V, N>>>,
}

/// A value and what it was made of.
struct Known<V, const N: usize> {
    /// One after the other.
    texts: String,
    /// Where each of them ends: in two bytes, that a value and its key share a cache line.
    ends: [u16; N],
    number: u64,
    value: V,
}

impl<V: Clone, const N: usize> Recent<V, N> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new() }
    }

    /// What was made of these, or is made now.
    #[inline]
    pub(crate) fn get(&mut self, texts: [&str; N], number: u64, make: impl FnOnce() -> V) -> V {
        if texts.iter().map(|text| text.len()).sum::<usize>() > TEXT_BYTES_MAX {
            return make();
        }
        if self.slots.is_empty() {
            self.slots.resize_with(SLOTS, || None);
        }
        let print = texts.iter().fold(number, |print, text| mixed(print, text));
        let slot = &mut self.slots[print as usize % SLOTS];
        if let Some(known) = slot
            && known.is_of(texts, number)
        {
            return known.value.clone();
        }
        let value = make();
        Known::put(slot, texts, number, value.clone());
        value
    }

    /// The bytes of texts of each value.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> impl Iterator<Item = usize> {
        let known = self.slots.iter().flatten();
        known.map(|known| known.texts.capacity())
    }
}

/// A hash with a text more: fast for texts as short as these, and good enough to find a slot.
#[inline]
fn mixed(print: u64, text: &str) -> u64 {
    let with = |print: u64, piece: u64| {
        // Two numbers of 64 bits: nothing is lost, and nothing need be checked.
        let wide = u128::from(print ^ piece ^ MIX).wrapping_mul(u128::from(MIX));
        (wide as u64) ^ (wide >> u64::BITS) as u64
    };
    let bytes = text.as_bytes();
    let half = |bytes: [u8; 4]| u64::from(u32::from_le_bytes(bytes));
    // With its length: "a", "bc" and "ab", "c" are two.
    let print = print ^ (bytes.len() as u64).rotate_right(8);
    if let Some(last) = bytes.last_chunk::<8>() {
        // The last piece may hold bytes of the one before it, too.
        let pieces = bytes.as_chunks::<8>().0.iter().chain([last]);
        return pieces.fold(print, |print, piece| {
            with(print, u64::from_le_bytes(*piece))
        });
    }
    let piece = match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) => half(*first) | half(*last) << 32,
        _ => bytes
            .iter()
            .fold(0, |piece, byte| piece << 8 | u64::from(*byte)),
    };
    with(print, piece)
}

impl<V, const N: usize> Known<V, N> {
    /// In the room of what stood there.
    fn put(slot: &mut Option<Self>, texts: [&str; N], number: u64, value: V) {
        let before = slot.take();
        let mut kept = before.map_or_else(String::new, |known| known.texts);
        kept.clear();
        kept.reserve_exact(texts.iter().map(|text| text.len()).sum());
        let mut ends = [0; N];
        for (end, text) in ends.iter_mut().zip(texts) {
            kept.push_str(text);
            *end = kept.len() as u16;
        }
        *slot = Some(Self {
            texts: kept,
            ends,
            number,
            value,
        });
    }

    #[inline]
    fn is_of(&self, texts: [&str; N], number: u64) -> bool {
        let mut from = 0;
        self.number == number
            && self.ends.iter().zip(texts).all(|(end, text)| {
                let end = usize::from(*end);
                let known = &self.texts.as_bytes()[from..end];
                from = end;
                // Many are empty, and cost no call to compare.
                known.len() == text.len() && (text.is_empty() || known == text.as_bytes())
            })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Known, Recent, SLOTS, TEXT_BYTES_MAX};

    proptest! {
        /// Few letters, so that the same texts come again, whole and cut elsewhere.
        #[test]
        fn what_is_remembered_is_what_is_made(
            asked in prop::collection::vec((["[ab]{0,2}", "[ab]{0,9}", "[ab]{0,20}"], 0..3_u64), 1..40),
        ) {
            let mut recent = Recent::new();
            for (texts, number) in asked.iter().chain(&asked) {
                let made = (texts.clone(), *number);
                let [a, b, c] = texts;
                let told = recent.get([a, b, c], *number, || made.clone());
                prop_assert_eq!(told, made);
            }
        }
    }

    #[test]
    fn what_comes_again_is_not_made_again() {
        let mut recent: Recent<u32, 2> = Recent::new();
        assert_eq!(recent.get(["a", "b"], 0, || 1), 1);
        assert_eq!(recent.get(["a", "b"], 0, || 2), 1);
        let others = [(["ab", ""], 0), (["", "ab"], 0), (["a", "b"], 1)];
        for (at, (texts, number)) in (3..).zip(others) {
            assert_eq!(recent.get(texts, number, || at), at);
        }
        let long = "x".repeat(TEXT_BYTES_MAX + 1);
        for value in [7, 8] {
            assert_eq!(recent.get([&long, ""], 0, || value), value);
        }
    }

    /// As if all had one hash.
    #[test]
    fn what_shares_a_slot_is_told_apart() {
        let asked = [
            (["ab", "c"], 1),
            (["a", "bc"], 1),
            (["abc", ""], 1),
            (["ab", "d"], 1),
            (["ab", "c"], 2),
        ];
        for (texts, number) in asked {
            let mut slot = None;
            Known::put(&mut slot, texts, number, ());
            for (others, other) in asked {
                let is_same = (texts, number) == (others, other);
                let found = slot
                    .as_ref()
                    .is_some_and(|known| known.is_of(others, other));
                assert_eq!(found, is_same, "{texts:?}, {others:?}");
            }
        }
    }

    #[test]
    fn memory_is_bounded_and_slots_are_used_evenly() {
        let mut recent = Recent::new();
        for at in 0..3 * SLOTS {
            recent.get([&format!("{at:0>8}")], 0, || at);
        }
        for bytes in 0..=TEXT_BYTES_MAX + 1 {
            recent.get([&"x".repeat(bytes)], 0, || bytes);
        }
        assert_eq!(recent.slots.len(), SLOTS);
        assert!(recent.bytes().all(|bytes| bytes <= TEXT_BYTES_MAX));
        assert!(recent.bytes().count() > SLOTS * 4 / 5);
    }
}
