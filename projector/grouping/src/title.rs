//! How an issue is shown: title, culprit, type and value, taken from an event's
//! head.
//!
//! Title: "Type: first line of the value", and the next line if that one ends in a
//! colon. Of what an event is about ([`crate::chain`]) it is the main exception's; a group of several kinds of
//! errors names them: "ExceptionGroup: import failed (ValueError, KeyError)". A type
//! that says nothing is left out: of synthetic exceptions (but for a signal's name),
//! and of Go's errors that only wrap a text, where the nearest cause's is taken. A
//! message's title is its first line. Without words the title is the place.
//!
//! Culprit: "function (module or file)" of the newest in-app frame, of the shown
//! exception or else of its causes; without one the transaction, else the newest
//! frame. Names as people of the language write them ([`crate::names`]).
//!
//! Invariant: a pure function of the head.

use std::borrow::Cow;

use event_model::head::{ArchivedFrameHeadV1, ExceptionPart, WholeHead};

use crate::{
    Headline,
    chain::Subject,
    names::{self, place},
};

/// Longest title, characters.
pub(crate) const TITLE_CHARS_MAX: usize = 256;
/// Longest culprit, characters.
pub(crate) const CULPRIT_CHARS_MAX: usize = 200;
/// Longest type in a title, characters; leaves room for the value.
const TYPE_CHARS_MAX: usize = 128;
/// Most kinds of errors that the title of a group names.
const KINDS_MAX: usize = 3;
/// The title of an event that says nothing.
const NAMELESS: &str = "(no message)";

/// All of it.
pub(crate) fn headline(head: &WholeHead<'_>) -> Headline {
    let subject = Subject::of(head);
    let members = match &subject {
        Subject::Several { members, .. } => members.as_slice(),
        Subject::Chain(_) => &[],
    };
    Shown::of(head, &subject).headline(head, members)
}

/// What of a headline the stack says: the same for all events of one stack and platform
/// that are of the same [`crate::chain::Shape`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Which of the event's exceptions is shown; none for messages.
    exception: Option<usize>,
    /// Its type, as the title has it, or that of the nearest that says something.
    ty: String,
    frame: Option<Place>,
}

/// The frame to point at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// No longer than a title.
    name: String,
    in_app: bool,
}

impl Shown {
    /// Of an event that is about this.
    pub(crate) fn of(head: &WholeHead<'_>, subject: &Subject<'_>) -> Self {
        let platform: &str = &head.platform;
        let shown = subject.shown();
        let ty = match subject {
            // The nearest that says something.
            Subject::Chain(chain) if platform == "go" => {
                let mut types = chain.iter().rev().map(|e| shown_type(*e, platform));
                types.find(|ty| !ty.is_empty()).unwrap_or_default()
            }
            _ => shown.map_or_else(String::new, |e| shown_type(e, platform)),
        };
        let place = |frame: &ArchivedFrameHeadV1| Place {
            name: clip(&place(frame, platform), TITLE_CHARS_MAX).to_owned(),
            in_app: frame.in_app,
        };
        Self {
            exception: shown.and_then(|shown| head.exceptions().position(|e| e.is(shown))),
            ty,
            frame: subject.frame(head).map(place),
        }
    }

    /// The headline of an event of its kind; of a group's with its members.
    pub(crate) fn headline(&self, head: &WholeHead<'_>, members: &[ExceptionPart<'_>]) -> Headline {
        let platform: &str = &head.platform;
        let shown = self.exception.and_then(|at| head.exception(at));
        let value: &str = match shown {
            Some(exception) if !exception.value.is_empty() => exception.value,
            _ => &head.message,
        };
        let raw_type = shown.map_or("", ExceptionPart::ty);
        let line = first_line(value, raw_type, &self.ty);
        let line = if members.is_empty() {
            line
        } else {
            Cow::Owned(with_kinds(&line, members, platform))
        };
        let ty = clip(&self.ty, TYPE_CHARS_MAX);
        let value = clip(&line, TITLE_CHARS_MAX);
        let place = self.frame.as_ref().map_or("", |place| &place.name);
        Headline {
            title: join(ty, value, if place.is_empty() { NAMELESS } else { place }),
            culprit: clip(self.culprit(head), CULPRIT_CHARS_MAX).to_owned(),
            ty: ty.to_owned(),
            value: value.to_owned(),
        }
    }

    fn culprit<'a>(&'a self, head: &'a WholeHead<'a>) -> &'a str {
        match &self.frame {
            Some(place) if place.in_app || head.transaction.is_empty() => &place.name,
            _ => &head.transaction,
        }
    }

    /// The bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        let place = self.frame.as_ref().map_or(0, |place| place.name.len());
        size_of::<Self>() + self.ty.len() + place
    }
}

fn join(ty: &str, value: &str, nameless: &str) -> String {
    match (ty.is_empty(), value.is_empty()) {
        (false, false) => {
            let mut title = String::with_capacity(ty.len() + 2 + value.len());
            title.push_str(ty);
            title.push_str(": ");
            title.push_str(value);
            let kept = clip(&title, TITLE_CHARS_MAX).len();
            title.truncate(kept);
            title
        }
        (false, true) => ty.to_owned(),
        (true, false) => value.to_owned(),
        (true, true) => nameless.to_owned(),
    }
}

fn shown_type(exception: ExceptionPart<'_>, platform: &str) -> String {
    if exception.synthetic && !names::is_signal(&exception.ty) {
        return String::new();
    }
    names::ty(&exception.ty, platform).into_owned()
}

/// Most lines of a title: each but the last ends in a colon.
const LINES_MAX: usize = 3;

/// The first line with a word, without the type that some languages put before
/// ("Exception: …") or behind it ("… (RuntimeError)"); with what follows a colon at its
/// end.
fn first_line<'a>(value: &'a str, raw_type: &str, ty: &str) -> Cow<'a, str> {
    let lines = value.lines().map(str::trim);
    let mut lines = lines.filter(|line| !line.is_empty());
    let first = without_type(lines.next().unwrap_or_default(), raw_type, ty);
    let mut joined = Cow::Borrowed(first);
    for line in lines.take(LINES_MAX - 1) {
        if joined.is_empty() {
            joined = Cow::Borrowed(line);
        } else if joined.ends_with(':') {
            joined = Cow::Owned(format!("{joined} {line}"));
        } else {
            break;
        }
    }
    joined
}

fn without_type<'a>(line: &'a str, raw_type: &str, ty: &str) -> &'a str {
    let mut line = line;
    for ty in [raw_type, ty] {
        if ty.is_empty() {
            continue;
        }
        let before = line
            .strip_prefix(ty)
            .and_then(|rest| rest.strip_prefix(':'));
        let before = before.filter(|rest| rest.is_empty() || rest.starts_with(' '));
        line = before.unwrap_or(line).trim_start();
        let behind = line
            .strip_suffix(')')
            .and_then(|rest| rest.strip_suffix(ty));
        line = behind
            .and_then(|rest| rest.strip_suffix(" ("))
            .unwrap_or(line);
    }
    line
}

/// A group's text with the kinds of what it holds, in place of their number or texts,
/// which Python and .NET put there.
fn with_kinds(line: &str, members: &[ExceptionPart<'_>], platform: &str) -> String {
    let text = match line.rfind(" (") {
        Some(at) if line.ends_with("sub-exceptions)") || line.ends_with("sub-exception)") => {
            &line[..at]
        }
        _ => line,
    };
    let dotnet = "One or more errors occurred.";
    let text = if text.starts_with(dotnet) {
        dotnet
    } else {
        text
    };
    let mut kinds: Vec<String> = Vec::new();
    for member in members {
        let ty = shown_type(*member, platform);
        let kind = if ty.is_empty() {
            first_line(member.value, &member.ty, "").into_owned()
        } else {
            ty
        };
        if !kind.is_empty() && !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    let more = kinds.len().saturating_sub(KINDS_MAX);
    kinds.truncate(KINDS_MAX);
    let mut list = kinds.join(", ");
    if more > 0 {
        list = format!("{list} and {more} more");
    }
    match (text.is_empty(), list.is_empty()) {
        (true, _) => list,
        (false, true) => text.to_owned(),
        (false, false) => format!("{text} ({list})"),
    }
}

/// The beginning of a text, so many characters at most.
pub(crate) fn clip(text: &str, chars_max: usize) -> &str {
    // No text has more characters than bytes.
    if text.len() <= chars_max {
        return text;
    }
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests;
