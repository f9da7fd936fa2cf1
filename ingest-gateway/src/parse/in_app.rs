//! Whether a frame is the application's own code: the server's verdict over the
//! client's.
//!
//! Clients know little: browsers call everything their own, Go knows nothing of its
//! module cache, Rust marks its panic machinery. So what is known for certain, by
//! path, module, function or image ([`rules`], a table), is corrected; anything else
//! stays as the client said, and is the application's own if it said nothing.
//! Where the verdict differs from the client's word, the word is kept beside it
//! ([`Frame::client_in_app`]), so that people can be told.
//!
//! One exception: installed packages ([`Verdict::Package`]) that a client tells apart
//! within one event, some its own and some not, were told apart by its configuration
//! (`in_app_include`; [`Family::can_select`] says of which languages): a company's own
//! package is installed like any other. That word stands. For a runtime's own code no
//! word counts.
//!
//! Invariant: a pure function of the event. Time is linear in the texts of the frames.

mod rules;

use std::{borrow::Cow, sync::LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, Match, MatchKind};
use event_model::{Event, event::Frame};

use rules::{Family, Part, Pattern, ROWS, Verdict};

/// Decides for all frames of an event. Before, `client_in_app` holds what the client
/// said; after, only what differs from the verdict.
pub(super) fn settle(event: &mut Event) {
    let family = Family::of(&event.platform);
    let verdicts: Vec<Option<Verdict>> = frames(event).map(|f| judge(f, family)).collect();
    let is_told_apart = |(frame, verdict): (&Frame, &Option<Verdict>)| {
        *verdict == Some(Verdict::Package) && frame.client_in_app == Some(false)
    };
    let selects = family.can_select() && frames(event).zip(&verdicts).any(is_told_apart);
    let exceptions = event.exceptions.iter_mut().map(|e| &mut e.frames);
    let threads = event.threads.iter_mut().map(|t| &mut t.frames);
    for (frame, verdict) in exceptions.chain(threads).flatten().zip(verdicts) {
        let told = frame.client_in_app;
        frame.in_app = match verdict {
            Some(Verdict::Runtime) => false,
            Some(Verdict::Package) => selects && told == Some(true),
            Some(Verdict::Own) => true,
            Some(Verdict::AsTold) | None => told.unwrap_or(true),
        };
        frame.client_in_app = told.filter(|told| *told != frame.in_app);
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
    !matches!(verdict, Some(Verdict::Runtime | Verdict::Package))
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
            if let Pattern::Contains(text) = row.pattern
                && let Some(text) = text.strip_prefix('/')
            {
                texts.push(text);
                patterns.push((number, Pattern::Starts(text)));
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
