//! What is asked of every frame, answered once ([`crate::recent`]).
//!
//! Invariant: [`of`] is a pure function of the frame's names and address, of the platform
//! and of the version of the algorithm.

use std::cell::RefCell;

use event_model::head::ArchivedFrameHeadV1;

use super::{
    hash, is_main,
    machinery::{is_extension, is_machinery},
};
use crate::{Algorithm, names, recent::Recent};

thread_local! {
    /// By version: a project's own is the only one that most processes are asked for.
    static KNOWN: RefCell<[Recent<Facts, 5>; Algorithm::ALL.len()]> =
        const { RefCell::new([const { Recent::new() }; Algorithm::ALL.len()]) };
}

/// What of a frame counts, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "answers to separate questions"
)]
pub(crate) struct Facts {
    /// It starts programs and threads, raises errors, or reports them.
    pub(crate) is_machinery: bool,
    /// It is of a browser's extension.
    pub(super) is_extension: bool,
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
#[inline]
pub(crate) fn of(frame: &ArchivedFrameHeadV1, platform: &str, algorithm: Algorithm) -> Facts {
    let texts = [
        platform,
        frame.function.as_str(),
        frame.module.as_str(),
        frame.filename.as_str(),
        frame.package.as_str(),
    ];
    let make = || judge(frame, platform, algorithm);
    KNOWN.with_borrow_mut(|known| {
        known[algorithm.index()].get(texts, frame.address.to_native(), make)
    })
}

fn judge(frame: &ArchivedFrameHeadV1, platform: &str, algorithm: Algorithm) -> Facts {
    let key = names::key(frame, platform, algorithm);
    Facts {
        is_machinery: is_machinery(frame, platform),
        is_extension: is_extension(&frame.filename),
        says: key.says(),
        is_main: is_main(frame, platform),
        is_closure: names::is_closure(&frame.function),
        hash: hash(&key.place, &key.function, key.address),
    }
}

#[cfg(test)]
mod tests {
    use event_model::head::{ArchivedFrameHeadV1, FrameHeadV1};
    use proptest::prelude::*;

    use super::{judge, of};
    use crate::Algorithm;

    /// Asks of a frame as it is stored.
    fn with_frame<T>(frame: &FrameHeadV1, ask: impl FnOnce(&ArchivedFrameHeadV1) -> T) -> T {
        let bytes = rkyv::to_bytes::<rkyv::rancor::Error>(frame).expect("a frame is archived");
        let archived = rkyv::access::<ArchivedFrameHeadV1, rkyv::rancor::Error>(&bytes);
        ask(archived.expect("just archived"))
    }

    /// Few letters, so that the same texts come again, whole and cut elsewhere.
    fn frames() -> impl Strategy<Value = FrameHeadV1> {
        let text = || "[a.<]{0,3}|main|run|std::panicking::begin_panic|cart\\.py|XModule";
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
            frames in prop::collection::vec((frames(), prop::sample::select(&["rust", "python", "javascript", "rus", "csharp"][..])), 1..40)
        ) {
            for (frame, platform) in frames.iter().chain(&frames) {
                with_frame(frame, |frame| {
                    for version in Algorithm::ALL {
                        let told = of(frame, platform, version);
                        prop_assert_eq!(told, judge(frame, platform, version));
                    }
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
                    let newest = Algorithm::NEWEST;
                    assert_eq!(of(frame, platform, newest), judge(frame, platform, newest));
                });
            }
        }
    }
}
