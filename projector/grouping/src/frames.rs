//! What of a stack trace counts for grouping.
//!
//! Of a frame: what it is called ([`crate::names`]) and, unless the name says it, in
//! which module or file it stands ([`crate::files`]). Of native code without symbols:
//! the image and the address within it. Never line or column. Machinery
//! ([`machinery`]) is passed over; repetitions by recursion count once.

use event_model::head::ArchivedFrameHeadV1;
use xxhash_rust::xxh3::xxh3_64;

use crate::{Algorithm, names, parts::Component, rules::Stack};

mod facts;
pub(crate) mod machinery;

use facts::Facts;
use machinery::{is_extension, is_machinery};

/// Room for what counts of a usual call, bytes.
const KEY_BYTES_USUAL: usize = 128;
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
        stacks: impl DoubleEndedIterator<Item = Stack<'a>> + Clone,
        platform: &str,
    ) -> Option<Self> {
        type Place<'a> = (Stack<'a>, (usize, &'a ArchivedFrameHeadV1));
        let frames = stacks.flat_map(|stack| stack.places().map(move |place| (stack, place)));
        // What is machinery is costly to tell, and is asked last.
        let says = |(stack, (at, frame)): &Place<'a>| {
            let told = stack.mark(*at).group;
            told.unwrap_or_else(|| !facts::of(frame, platform, stack.algorithm).is_machinery)
        };
        let is_told = |(stack, (at, frame)): &Place<'a>| {
            let is_own = stack.in_app(*at) && !is_extension(&frame.filename);
            stack.mark(*at).group == Some(true) || is_own
        };
        let mut own = frames.clone().filter(is_told).filter(says);
        if own.next().is_some() {
            let newest = frames.rev().find(says);
            let is_foreign = newest.is_some_and(|(_, (_, frame))| is_extension(&frame.filename));
            return Some(if is_foreign {
                Self::Extension
            } else {
                Self::InApp
            });
        }
        let mut frames = frames.filter(|(_, (_, frame))| !machinery::is_plumbing(frame, platform));
        frames.any(|frame| says(&frame)).then_some(Self::All)
    }

    /// Whether a frame counts.
    pub(crate) fn counts(
        self,
        stack: Stack<'_>,
        at: usize,
        frame: &ArchivedFrameHeadV1,
        platform: &str,
    ) -> bool {
        self.facts(stack, at, frame, platform).is_some()
    }

    /// What is to know of a frame, if it counts.
    #[inline]
    fn facts(
        self,
        stack: Stack<'_>,
        at: usize,
        frame: &ArchivedFrameHeadV1,
        platform: &str,
    ) -> Option<Facts> {
        if stack.marks.is_some()
            && let Some(told) = stack.mark(at).group
        {
            return told.then(|| facts::of(frame, platform, stack.algorithm));
        }
        // To know a frame costs more than to know whose it is.
        let (in_app, is_all) = (stack.in_app(at), self == Self::All);
        if (self == Self::InApp && !in_app) || (is_all && machinery::is_plumbing(frame, platform)) {
            return None;
        }
        let facts = facts::of(frame, platform, stack.algorithm);
        let counts = match self {
            // The application's own code; a browser's extension is nobody's.
            Self::InApp => in_app && !facts.is_extension,
            Self::Extension => in_app || facts.is_extension,
            Self::All => true,
        };
        (counts && !facts.is_machinery).then_some(facts)
    }
}

/// What counts of a stack.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// A hash of each frame, oldest call first.
    pub(crate) hashes: Vec<u64>,
    /// Where in the stack they are; empty if nobody wanted to know.
    places: Vec<usize>,
    /// Frames that say where it broke: a named function, or an address.
    pub(crate) named: usize,
    /// There is no more than the program's `main`.
    is_main_alone: bool,
    /// The newest is a function without a name of its own.
    pub(crate) is_closure: bool,
}

/// What counts of a stack; with its places if somebody wants to know them.
pub(crate) fn counted(
    stack: Stack<'_>,
    platform: &str,
    scope: Scope,
    with_places: bool,
) -> Counted {
    let mut counted = Counted {
        hashes: Vec::with_capacity(stack.frames.len()),
        ..Counted::default()
    };
    let with_places = with_places || stack.marks.is_some();
    for (place, frame) in stack.places() {
        let Some(facts) = scope.facts(stack, place, frame, platform) else {
            continue;
        };
        // What a script begins with has no name, or is not shown, by engine.
        let is_script = matches!(platform, "javascript" | "node");
        if is_script && counted.named == 0 && facts.says {
            counted.clear();
        }
        // Where the program began says nothing of what it did: threads begin elsewhere.
        if counted.is_main_alone {
            counted.clear();
        }
        counted.is_main_alone = facts.is_main && counted.named == 0;
        counted.named += usize::from(facts.says);
        counted.is_closure = facts.is_closure;
        counted.hashes.push(facts.hash);
        if with_places {
            counted.places.push(place);
        }
        drop_cycle(&mut counted.hashes);
        counted.places.truncate(counted.hashes.len());
    }
    if stack.marks.is_some() {
        counted.keep_what_rules_allow(stack, platform);
    }
    counted
}

impl Counted {
    /// Applies what rules say of a stack as a whole: sentinels, prefixes, numbers of frames.
    fn keep_what_rules_allow(&mut self, stack: Stack<'_>, platform: &str) {
        let mark = |place: &usize| stack.mark(*place);
        let sentinel = self
            .places
            .iter()
            .rposition(|place| mark(place).is_sentinel);
        let mut from = sentinel.unwrap_or(0);
        let prefixes = self.places.iter().rev();
        let prefixes = prefixes.take_while(|place| mark(place).is_prefix).count();
        if prefixes > 0 {
            // With the first that is none.
            from = from.max(self.places.len().saturating_sub(prefixes + 1));
        }
        let marks = stack.marks;
        let count = |of: Option<u32>| of.and_then(|count| usize::try_from(count).ok());
        if let Some(most) = count(marks.and_then(|marks| marks.frames_max)) {
            from = from.max(self.places.len().saturating_sub(most));
        }
        let kept = self.places.len() - from;
        if count(marks.and_then(|marks| marks.frames_min)).is_some_and(|least| kept < least) {
            from = self.places.len();
        }
        self.hashes.drain(..from);
        self.places.drain(..from);
        let says =
            |place: &&usize| facts::of(&stack.frames[**place], platform, stack.algorithm).says;
        self.named = self.places.iter().filter(says).count();
    }

    fn clear(&mut self) {
        self.hashes.clear();
        self.places.clear();
    }
}

/// All frames of a stack, each with whether it counts and why.
pub(crate) fn explained(
    stack: Stack<'_>,
    counted: &Counted,
    scope: Option<Scope>,
    platform: &str,
) -> Vec<Component> {
    let mut places = counted.places.iter().peekable();
    let mut explain = |(place, frame): (usize, &ArchivedFrameHeadV1)| {
        let counts = places.next_if(|next| **next == place).is_some();
        let raw = names::raw_place(frame);
        let key = names::key(frame, platform, stack.algorithm);
        let line = stack.mark(place).line;
        let by_scope = scope.is_some_and(|scope| scope.counts(stack, place, frame, platform));
        if line > 0 && (counts || !by_scope) {
            let component = Component::frame(&key, raw, format!("the rule on line {line}"));
            let why = component.why.clone();
            return if counts {
                component
            } else {
                component.left_out(why)
            };
        }
        if counts {
            let why = match scope {
                Some(Scope::All) => "no frame is the application's own: all count",
                Some(Scope::Extension) => "a browser's extension is what broke",
                _ => "the application's own",
            };
            return Component::frame(&key, raw, why);
        }
        let why = if is_machinery(frame, platform) {
            "machinery: starts programs and threads, raises errors, or reports them"
        } else if is_extension(&frame.filename) {
            "a browser's extension"
        } else if by_scope && stack.marks.is_some() {
            "a repetition, or a rule's number of frames, prefix or sentinel"
        } else if by_scope {
            "a repetition, or what the stack begins with before a named function"
        } else if scope == Some(Scope::All) {
            "others' code that only leads to what runs"
        } else {
            "not the application's own"
        };
        Component::frame(&key, raw, "").left_out(why)
    };
    let all = stack.places();
    all.map(|(at, frame)| explain((at, frame)).at(Some(at)))
        .collect()
}

/// The function that a native program begins with.
fn is_main(frame: &ArchivedFrameHeadV1, platform: &str) -> bool {
    let is_native = matches!(
        platform,
        "native" | "c" | "cpp" | "cocoa" | "swift" | "objc"
    );
    is_native && frame.function == "main"
}

/// Whether a frame is machinery, in all versions of the algorithm.
fn starts_or_reports(frame: &ArchivedFrameHeadV1, platform: &str) -> bool {
    facts::of(frame, platform, Algorithm::NEWEST).is_machinery
}

/// The application's own frames, newest first.
pub(crate) fn own<'a>(
    frames: &'a [ArchivedFrameHeadV1],
    platform: &str,
) -> impl Iterator<Item = &'a ArchivedFrameHeadV1> {
    let own =
        move |frame: &&ArchivedFrameHeadV1| frame.in_app && !starts_or_reports(frame, platform);
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
        .or_else(|| newest_first().find(|f| !starts_or_reports(f, platform)))
        .or_else(|| frames.last())
}

/// What counts of a call, as a number.
pub(crate) fn hash(place: &str, function: &str, address: u64) -> u64 {
    let parts = [
        place.as_bytes(),
        &[0],
        function.as_bytes(),
        &address.to_le_bytes(),
    ];
    let len = parts.iter().map(|part| part.len()).sum();
    let (mut usual, mut long) = ([0; KEY_BYTES_USUAL], Vec::new());
    let bytes = if len <= KEY_BYTES_USUAL {
        &mut usual[..len]
    } else {
        long.resize(len, 0);
        long.as_mut_slice()
    };
    let mut rest = &mut *bytes;
    for part in parts {
        let (start, behind) = rest.split_at_mut(part.len());
        start.copy_from_slice(part);
        rest = behind;
    }
    xxh3_64(bytes)
}

/// Cuts the newest frames off if they repeat those before them.
fn drop_cycle(hashes: &mut Vec<u64>) {
    let len = hashes.len();
    for period in 1..=CYCLE_MAX.min(len / 2) {
        // Almost always the newest differ, and nothing else need be looked at.
        if hashes[len - 1] != hashes[len - 1 - period] {
            continue;
        }
        if hashes[len - period..] == hashes[len - 2 * period..len - period] {
            hashes.truncate(len - period);
            return;
        }
    }
}
