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

use event_model::head::{ArchivedExceptionHeadV1, ArchivedHead};

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
pub(crate) fn headline(head: &ArchivedHead) -> Headline {
    let subject = Subject::of(head);
    let (ty, value) = words(head, &subject);
    Headline {
        title: join(&ty, &value, || nameless(head, &subject)),
        culprit: culprit_of(head, &subject),
        ty,
        value,
    }
}

fn culprit_of(head: &ArchivedHead, subject: &Subject<'_>) -> String {
    let text = match subject.frame(head) {
        Some(frame) if frame.in_app || head.transaction.is_empty() => place(frame, &head.platform),
        _ => head.transaction.as_str().to_owned(),
    };
    clip(&text, CULPRIT_CHARS_MAX).to_owned()
}

fn join(ty: &str, value: &str, nameless: impl FnOnce() -> String) -> String {
    let title = match (ty.is_empty(), value.is_empty()) {
        (false, false) => format!("{ty}: {value}"),
        (false, true) => ty.to_owned(),
        (true, false) => value.to_owned(),
        (true, true) => nameless(),
    };
    clip(&title, TITLE_CHARS_MAX).to_owned()
}

/// Type and value of the shown exception, as the title has them.
fn words(head: &ArchivedHead, subject: &Subject<'_>) -> (String, String) {
    let platform: &str = &head.platform;
    let ty = match subject {
        // The nearest that says something.
        Subject::Chain(chain) if platform == "go" => {
            let mut types = chain.iter().rev().map(|e| shown_type(e, platform));
            types.find(|ty| !ty.is_empty()).unwrap_or_default()
        }
        _ => subject
            .shown()
            .map_or_else(String::new, |e| shown_type(e, platform)),
    };
    let shown = subject.shown();
    let raw_type = shown.map_or("", |e| e.ty.as_str());
    let value: &str = match shown {
        Some(exception) if !exception.value.is_empty() => &exception.value,
        _ => &head.message,
    };
    let line = first_line(value, raw_type, &ty);
    let value = match subject {
        Subject::Several { members, .. } => with_kinds(&line, members, platform),
        Subject::Chain(_) => line.into_owned(),
    };
    let ty = clip(&ty, TYPE_CHARS_MAX).to_owned();
    (ty, clip(&value, TITLE_CHARS_MAX).to_owned())
}

fn shown_type(exception: &ArchivedExceptionHeadV1, platform: &str) -> String {
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
fn with_kinds(line: &str, members: &[&ArchivedExceptionHeadV1], platform: &str) -> String {
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
        let ty = shown_type(member, platform);
        let kind = if ty.is_empty() {
            first_line(&member.value, &member.ty, "").into_owned()
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

fn nameless(head: &ArchivedHead, subject: &Subject<'_>) -> String {
    subject
        .frame(head)
        .map(|frame| place(frame, &head.platform))
        .filter(|place| !place.is_empty())
        .unwrap_or_else(|| NAMELESS.to_owned())
}

pub(crate) fn clip(text: &str, chars_max: usize) -> &str {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests;
