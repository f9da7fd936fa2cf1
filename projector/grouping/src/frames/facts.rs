//! What is asked of every frame, answered once: the same frames come again and again, in
//! one stack and from event to event, and to read a name costs more than to compare it.
//!
//! Invariant: [`of`] is a pure function of the frame's names and address and of the
//! platform. What a thread remembers is compared whole, so that a hash that two frames
//! share costs time and changes nothing. Memory is bounded: [`SLOTS`] frames a thread, of
//! [`TEXT_BYTES_MAX`] bytes each at most.

use std::cell::RefCell;

use event_model::head::ArchivedFrameHeadV1;
use xxhash_rust::xxh3::xxh3_64;

use super::{hash, is_main, machinery::is_machinery};
use crate::names;

/// Frames that a thread remembers; a power of two.
const SLOTS: usize = 4096;
/// Longer names are read each time.
const TEXT_BYTES_MAX: usize = 512;
/// Mixes the hashes of a frame's texts: an odd number without a pattern.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// What of a frame counts, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "answers to separate questions"
)]
pub(crate) struct Facts {
    /// It starts programs and threads, raises errors, or reports them.
    pub(crate) is_machinery: bool,
    /// It says more than that something broke in a file.
    pub(crate) says: bool,
    /// A native program begins with it.
    pub(super) is_main: bool,
    /// A function without a name of its own.
    pub(super) is_closure: bool,
    /// Of what counts of it.
    pub(super) hash: u64,
}

/// The facts of a frame.
pub(crate) fn of(frame: &ArchivedFrameHeadV1, platform: &str) -> Facts {
    let texts = [
        platform,
        frame.function.as_str(),
        frame.module.as_str(),
        frame.filename.as_str(),
        frame.package.as_str(),
    ];
    if texts.iter().map(|text| text.len()).sum::<usize>() > TEXT_BYTES_MAX {
        return judge(frame, platform);
    }
    let address = frame.address.to_native();
    let print = texts.iter().fold(address, |print, text| {
        (print.rotate_left(23) ^ xxh3_64(text.as_bytes())).wrapping_mul(MIX)
    });
    KNOWN.with_borrow_mut(|slots| {
        if slots.is_empty() {
            slots.resize_with(SLOTS, || None);
        }
        // The high bits are mixed best.
        let slot = &mut slots[(print >> 32) as usize % SLOTS];
        if let Some(known) = slot
            && known.is_of(texts, address)
        {
            return known.facts;
        }
        let facts = judge(frame, platform);
        *slot = Some(Known::of(texts, address, facts));
        facts
    })
}

fn judge(frame: &ArchivedFrameHeadV1, platform: &str) -> Facts {
    let key = names::key(frame, platform);
    Facts {
        is_machinery: is_machinery(frame, platform),
        says: key.says(),
        is_main: is_main(frame, platform),
        is_closure: names::is_closure(&frame.function),
        hash: hash(&key.place, &key.function, key.address),
    }
}

thread_local! {
    static KNOWN: RefCell<Vec<Option<Known>>> = const { RefCell::new(Vec::new()) };
}

/// A frame that was judged.
struct Known {
    /// One after the other.
    texts: Box<str>,
    /// Where each of them ends.
    ends: [usize; 5],
    address: u64,
    facts: Facts,
}

impl Known {
    fn of(texts: [&str; 5], address: u64, facts: Facts) -> Self {
        let mut ends = [0; 5];
        let mut end = 0;
        for (at, text) in ends.iter_mut().zip(texts) {
            end += text.len();
            *at = end;
        }
        Self {
            texts: texts.concat().into(),
            ends,
            address,
            facts,
        }
    }

    fn is_of(&self, texts: [&str; 5], address: u64) -> bool {
        let mut from = 0;
        self.address == address
            && self.ends.iter().zip(texts).all(|(end, text)| {
                let known = &self.texts.as_bytes()[from..*end];
                from = *end;
                known == text.as_bytes()
            })
    }
}

#[cfg(test)]
mod tests {
    use event_model::head::{ArchivedFrameHeadV1, FrameHeadV1};
    use proptest::prelude::*;

    use super::{KNOWN, SLOTS, TEXT_BYTES_MAX, judge, of};

    /// Asks of a frame as it is stored.
    fn with_frame<T>(frame: &FrameHeadV1, ask: impl FnOnce(&ArchivedFrameHeadV1) -> T) -> T {
        let bytes = rkyv::to_bytes::<rkyv::rancor::Error>(frame).expect("a frame is archived");
        let archived = rkyv::access::<ArchivedFrameHeadV1, rkyv::rancor::Error>(&bytes);
        ask(archived.expect("just archived"))
    }

    /// Few letters, so that the same texts come again, whole and cut elsewhere.
    fn frames() -> impl Strategy<Value = FrameHeadV1> {
        let text = || "[a.<]{0,3}|main|run|std::panicking::begin_panic|cart\\.py";
        (text(), text(), text(), text(), 0..3_u64).prop_map(
            |(function, module, filename, package, address)| FrameHeadV1 {
                function,
                module,
                filename,
                package,
                address,
                lineno: 0,
                colno: 0,
                debug_id: 0,
                in_app: true,
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_remembered_is_what_is_judged(
            frames in prop::collection::vec((frames(), prop::sample::select(&["rust", "python", "javascript", "rus"][..])), 1..40)
        ) {
            for (frame, platform) in frames.iter().chain(&frames) {
                with_frame(frame, |frame| {
                    prop_assert_eq!(of(frame, platform), judge(frame, platform));
                    Ok(())
                })?;
            }
        }
    }

    #[test]
    fn frames_that_differ_in_one_part_alone_are_told_apart() {
        let parts =
            |function: &str, module: &str, filename: &str, package: &str, address| FrameHeadV1 {
                function: function.to_owned(),
                module: module.to_owned(),
                filename: filename.to_owned(),
                package: package.to_owned(),
                lineno: 0,
                colno: 0,
                address,
                debug_id: 0,
                in_app: true,
            };
        for frame in [
            parts("ab", "c", "d", "e", 1),
            parts("a", "bc", "d", "e", 1),
            parts("a", "b", "cd", "e", 1),
            parts("a", "b", "c", "de", 1),
            parts("", "", "", "abcde", 1),
            parts("", "", "", "abcde", 2),
        ] {
            for platform in ["native", "python", "nativea"] {
                with_frame(&frame, |frame| {
                    assert_eq!(of(frame, platform), judge(frame, platform));
                });
            }
        }
    }

    #[test]
    fn what_a_thread_remembers_is_bounded() {
        let frame = |at: usize, bytes: usize| FrameHeadV1 {
            function: format!("{at:0>bytes$}"),
            module: String::new(),
            filename: String::new(),
            package: String::new(),
            lineno: 0,
            colno: 0,
            address: 0,
            debug_id: 0,
            in_app: true,
        };
        for at in 0..3 * SLOTS {
            with_frame(&frame(at, 8), |frame| of(frame, "python"));
        }
        with_frame(&frame(0, TEXT_BYTES_MAX + 1), |frame| of(frame, "python"));
        KNOWN.with_borrow(|slots| {
            assert_eq!(slots.len(), SLOTS);
            let known = slots.iter().flatten();
            assert!(
                known
                    .clone()
                    .all(|known| known.texts.len() <= TEXT_BYTES_MAX)
            );
            assert!(known.count() > SLOTS / 2, "slots are used evenly");
        });
    }
}
