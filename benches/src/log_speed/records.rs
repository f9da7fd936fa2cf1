//! The records that are appended: text of real events, cut or repeated to an exact size.
//!
//! `log-core` does not look at payloads, but sealing compresses them: so they are what a tracker stores, and no two of
//! a set are alike.

use bytes::Bytes;

use crate::payload::{Size, event_json};

/// Different records of a set: enough that none is still in the CPU's nearest cache when its turn comes again.
const VARIANTS: usize = 512;

/// A set of records of one size.
#[derive(Clone)]
pub struct Records {
    records: Vec<Bytes>,
    /// Bytes of each.
    pub bytes: usize,
}

impl Records {
    /// Records of exactly `bytes` bytes each.
    pub fn new(bytes: usize) -> Self {
        let size = if bytes > 8192 {
            Size::Large
        } else {
            Size::Small
        };
        let records = (0..VARIANTS)
            .map(|n| {
                let text = event_json(size, n);
                // From different places of the text, so that short records differ too.
                let start = n * 7 % text.len();
                text.bytes().cycle().skip(start).take(bytes).collect()
            })
            .collect();
        Self { records, bytes }
    }

    /// Record `n` of an endless sequence. Cheap: it is shared, not copied.
    pub fn get(&self, n: usize) -> Bytes {
        self.records[n % self.records.len()].clone()
    }
}

/// A size as people write it: `256 B`, `3.4 KB`, `1 MiB`.
pub fn size_label(bytes: usize) -> String {
    const KIB: usize = 1024;
    const MIB: usize = 1024 * 1024;
    match bytes {
        _ if bytes >= MIB && bytes.is_multiple_of(MIB) => format!("{} MiB", bytes / MIB),
        _ if bytes >= KIB && bytes.is_multiple_of(KIB) => format!("{} KiB", bytes / KIB),
        _ if bytes >= 1000 => format!("{:.1} KB", bytes as f64 / 1000.0),
        _ => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_the_size_asked_for_and_differ() {
        for bytes in [256, 3400, 19_500] {
            let records = Records::new(bytes);
            let (first, second) = (records.get(0), records.get(1));
            assert_eq!((first.len(), second.len()), (bytes, bytes));
            assert_ne!(first, second);
            assert_eq!(records.get(VARIANTS), first);
        }
    }

    #[test]
    fn sizes_are_written_as_people_write_them() {
        for (bytes, label) in [
            (256, "256 B"),
            (3400, "3.4 KB"),
            (19_500, "19.5 KB"),
            (65_536, "64 KiB"),
            (1_048_576, "1 MiB"),
        ] {
            assert_eq!(size_label(bytes), label);
        }
    }
}
