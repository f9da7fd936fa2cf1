//! What of a stack trace counts for grouping.
//!
//! Of a frame: what it is called ([`crate::names`]) and, unless the name says it, in
//! which module or file it stands ([`crate::files`]). Of native code without symbols:
//! the image and the address within it. Never line or column. Machinery
//! ([`machinery`]) is passed over; repetitions by recursion count once.

use event_model::head::ArchivedFrameHeadV1;
use xxhash_rust::xxh3::Xxh3;

use crate::names;

pub(crate) mod machinery;

use machinery::{is_extension, is_machinery};

/// Longest cycle of calls that is recognised as recursion, frames.
const CYCLE_MAX: usize = 8;

/// Which frames of a chain count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The application's own.
    InApp,
    /// A browser's extension's, too: it is what broke.
    Extension,
    /// All: there are none of the application's own.
    All,
}

impl Scope {
    /// The scope of a chain of stacks; none if no frame counts at all.
    pub(crate) fn of<'a>(
        stacks: impl Iterator<Item = &'a [ArchivedFrameHeadV1]>,
        platform: &str,
    ) -> Option<Self> {
        let mut scope = None;
        let mut newest = "";
        for frame in stacks.flatten() {
            if is_machinery(frame, platform) {
                continue;
            }
            newest = &frame.filename;
            if is_own(frame) {
                scope = Some(Self::InApp);
            }
            if scope == Some(Self::InApp) {
                continue;
            }
            if !machinery::is_plumbing(frame, platform) {
                scope = Some(Self::All);
            }
        }
        match scope {
            Some(Self::InApp) if is_extension(newest) => Some(Self::Extension),
            scope => scope,
        }
    }

    /// Whether a frame counts.
    pub(crate) fn counts(self, frame: &ArchivedFrameHeadV1, platform: &str) -> bool {
        if is_machinery(frame, platform) {
            return false;
        }
        match self {
            Self::InApp => is_own(frame),
            Self::Extension => frame.in_app || is_extension(&frame.filename),
            Self::All => !machinery::is_plumbing(frame, platform),
        }
    }
}

/// The application's own code; a browser's extension is nobody's.
fn is_own(frame: &ArchivedFrameHeadV1) -> bool {
    frame.in_app && !is_extension(&frame.filename)
}

/// What counts of a stack.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// A hash of each frame, oldest call first.
    pub(crate) hashes: Vec<u64>,
    /// Frames that say where it broke: a named function, or an address.
    pub(crate) named: usize,
    /// There is no more than the program's `main`.
    is_main_alone: bool,
    /// The newest is a function without a name of its own.
    pub(crate) is_closure: bool,
}

/// What counts of a stack.
pub(crate) fn counted(frames: &[ArchivedFrameHeadV1], platform: &str, scope: Scope) -> Counted {
    let mut counted = Counted {
        hashes: Vec::with_capacity(frames.len()),
        ..Counted::default()
    };
    for frame in frames {
        if !scope.counts(frame, platform) {
            continue;
        }
        let key = names::key(frame, platform);
        // What a script begins with has no name, or is not shown, by engine.
        let is_script = matches!(platform, "javascript" | "node");
        if is_script && counted.named == 0 && key.says() {
            counted.hashes.clear();
        }
        // Where the program began says nothing of what it did: threads begin elsewhere.
        if counted.is_main_alone {
            counted.hashes.clear();
        }
        counted.is_main_alone = is_main(frame, platform) && counted.named == 0;
        counted.named += usize::from(key.says());
        counted.is_closure = names::is_closure(&frame.function);
        counted.hashes.push(hash(&key));
        drop_cycle(&mut counted.hashes);
    }
    counted
}

/// The function that a native program begins with.
fn is_main(frame: &ArchivedFrameHeadV1, platform: &str) -> bool {
    let is_native = matches!(
        platform,
        "native" | "c" | "cpp" | "cocoa" | "swift" | "objc"
    );
    is_native && frame.function == "main"
}

/// The application's own frames, newest first.
pub(crate) fn own<'a>(
    frames: &'a [ArchivedFrameHeadV1],
    platform: &str,
) -> impl Iterator<Item = &'a ArchivedFrameHeadV1> {
    let own = move |frame: &&ArchivedFrameHeadV1| frame.in_app && !is_machinery(frame, platform);
    frames.iter().rev().filter(own)
}

/// The newest frame of the application's own.
pub(crate) fn newest_own<'a>(
    frames: &'a [ArchivedFrameHeadV1],
    platform: &str,
) -> Option<&'a ArchivedFrameHeadV1> {
    own(frames, platform).next()
}

/// The frame that broke: the newest of the application's own, else the newest that
/// is no machinery, else the newest.
pub(crate) fn newest<'a>(
    frames: &'a [ArchivedFrameHeadV1],
    platform: &str,
) -> Option<&'a ArchivedFrameHeadV1> {
    let newest_first = || frames.iter().rev();
    newest_own(frames, platform)
        .or_else(|| newest_first().find(|f| !is_machinery(f, platform)))
        .or_else(|| frames.last())
}

fn hash(key: &names::Key<'_>) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(key.place.as_bytes());
    hash.update(b"\0");
    hash.update(key.function.as_bytes());
    hash.update(&key.address.to_le_bytes());
    hash.digest()
}

/// Cuts the newest frames off if they repeat those before them.
fn drop_cycle(hashes: &mut Vec<u64>) {
    let len = hashes.len();
    for period in 1..=CYCLE_MAX.min(len / 2) {
        if hashes[len - period..] == hashes[len - 2 * period..len - period] {
            hashes.truncate(len - period);
            return;
        }
    }
}
