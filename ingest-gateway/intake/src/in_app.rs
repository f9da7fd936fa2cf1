//! Whether a frame is the application's own code: the server's verdict over the
//! client's.
//!
//! Clients know little: browsers call everything their own, Go knows nothing of its
//! module cache, Rust marks its panic machinery. So what is known for certain, by
//! path, module, function or image ([`rules`], a table), is corrected; anything else
//! stays as the client said, and is the application's own if it said nothing.
//! The client's word is kept beside the verdict ([`Frame::client_in_app`]), so that people
//! can be told where they differ, and the verdict can be found again.
//!
//! Three exceptions for what is installed like any package and yet the application's:
//! - Packages that a client tells apart within one event, some its own and some not,
//!   were told apart by its configuration (`in_app_include`; [`Family::can_select`] says
//!   of which languages): that word stands.
//! - A package of the release's name ("shop@1.2.3"), and the module cache's folder that
//!   Go's `main` is in, are the application ([`names`]).
//! - Where no frame of an event would be left as own, the client's word stands. A
//!   browser's client says "own" of everything: its word counts if it did not.
//!
//! For a runtime's own code no word counts.
//!
//! Invariant: a pure function of the event. Time is linear in the texts of the frames.

mod names;
mod rules;

use std::{borrow::Cow, sync::LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, Match, MatchKind};
use event_model::{Event, event::Frame};

use names::Names;
use rules::{Family, Part, Pattern, ROWS, Verdict};

/// Decides for all frames of an event, by what they are and what the client said of them.
pub(super) fn settle(event: &mut Event) {
    let family = Family::of_event(event, frames(event));
    let names = Names::of(event, frames(event));
    let judge = |frame: &Frame| {
        let verdict = judge(frame, family.of_frame(frame));
        match verdict {
            Some(Verdict::Package | Verdict::Elsewhere) if names.hold(frame) => Some(Verdict::Own),
            verdict => verdict,
        }
    };
    let verdicts: Vec<Option<Verdict>> = frames(event).map(judge).collect();
    let is_told_apart = |(frame, verdict): (&Frame, &Option<Verdict>)| {
        *verdict == Some(Verdict::Package) && frame.client_in_app == Some(false)
    };
    let selects = family.can_select() && frames(event).zip(&verdicts).any(is_told_apart);
    let is_browser = event.platform == "javascript";
    let decide = |frame: &Frame, verdict: &Option<Verdict>| match verdict {
        Some(Verdict::Runtime) => false,
        Some(Verdict::Package) => selects && frame.client_in_app == Some(true),
        Some(Verdict::Elsewhere) => !is_browser && frame.client_in_app == Some(true),
        Some(Verdict::Own) => true,
        Some(Verdict::AsTold) | None => frame.client_in_app.unwrap_or(true),
    };
    let judged = frames(event).zip(&verdicts);
    let mut own: Vec<bool> = judged.map(|(f, verdict)| decide(f, verdict)).collect();
    if !own.contains(&true) {
        let looks = !is_browser || frames(event).any(|f| f.client_in_app == Some(false));
        for ((own, frame), verdict) in own.iter_mut().zip(frames(event)).zip(&verdicts) {
            *own = frame.client_in_app == Some(true)
                && match verdict {
                    Some(Verdict::Package) => looks,
                    verdict => *verdict == Some(Verdict::Elsewhere),
                };
        }
    }
    let exceptions = event.exceptions.iter_mut().map(|e| &mut e.frames);
    let threads = event.threads.iter_mut().map(|t| &mut t.frames);
    for (frame, own) in exceptions.chain(threads).flatten().zip(own) {
        frame.in_app = own;
    }
}

fn frames(event: &Event) -> impl Iterator<Item = &Frame> {
    let exceptions = event.exceptions.iter().map(|e| &e.frames);
    exceptions
        .chain(event.threads.iter().map(|t| &t.frames))
        .flatten()
}

/// The verdict on a frame of an unknown platform about which no client said anything.
pub(super) fn guess(frame: &Frame) -> bool {
    let verdict = judge(frame, Family::Unknown);
    let is_others = matches!(
        verdict,
        Some(Verdict::Runtime | Verdict::Package | Verdict::Elsewhere)
    );
    !is_others
}

fn judge(frame: &Frame, family: Family) -> Option<Verdict> {
    first_row(frame, family).map(|row| ROWS[row].verdict)
}

/// The first row of the table that fits.
fn first_row(frame: &Frame, family: Family) -> Option<usize> {
    let path = if frame.abs_path.is_empty() {
        &frame.filename
    } else {
        &frame.abs_path
    };
    let module = frame.module.strip_prefix("Elixir.");
    let module = module.unwrap_or(&frame.module);
    let found = [
        FINDERS.path.first_row(&slashes(path), family),
        FINDERS.module.first_row(module, family),
        FINDERS.function.first_row(&frame.function, family),
        FINDERS.package.first_row(&slashes(&frame.package), family),
    ];
    found.into_iter().flatten().min()
}

fn slashes(path: &str) -> Cow<'_, str> {
    if path.contains('\\') {
        Cow::Owned(path.replace('\\', "/"))
    } else {
        Cow::Borrowed(path)
    }
}

/// The rows of the table by the part they look at.
struct Finders {
    path: Finder,
    module: Finder,
    function: Finder,
    package: Finder,
}

static FINDERS: LazyLock<Finders> = LazyLock::new(|| Finders {
    path: Finder::of(Part::Path),
    module: Finder::of(Part::Module),
    function: Finder::of(Part::Function),
    package: Finder::of(Part::Package),
});

/// All patterns of a part, looked for in one pass over the text.
struct Finder {
    automaton: AhoCorasick,
    /// What each of the automaton's patterns stands for: its row, and how it has to
    /// lie in the text.
    patterns: Vec<(usize, Pattern)>,
}

impl Finder {
    fn of(part: Part) -> Self {
        let mut texts = Vec::new();
        let mut patterns = Vec::new();
        for (number, row) in ROWS.iter().enumerate().filter(|(_, row)| row.part == part) {
            texts.push(row.pattern.text());
            patterns.push((number, row.pattern));
            // A folder may be the first of a relative path, with no slash before it.
            if let Some(pattern) = row.pattern.at_start() {
                texts.push(pattern.text());
                patterns.push((number, pattern));
            }
        }
        let automaton = AhoCorasickBuilder::new()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(matches!(part, Part::Path | Part::Package))
            .build(texts)
            .unwrap_or_else(|error| unreachable!("the table is small and constant: {error}"));
        Self {
            automaton,
            patterns,
        }
    }

    fn first_row(&self, text: &str, family: Family) -> Option<usize> {
        if text.is_empty() {
            return None;
        }
        let fits = |found: Match| {
            let (row, pattern) = self.patterns[found.pattern().as_usize()];
            let of_family = ROWS[row].families.is_empty() || ROWS[row].families.contains(&family);
            (of_family && pattern.fits(text, found.start(), found.end())).then_some(row)
        };
        let found = self.automaton.find_overlapping_iter(text);
        found.filter_map(fits).min()
    }
}

#[cfg(test)]
mod tests;
