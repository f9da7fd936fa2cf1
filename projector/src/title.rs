//! How an issue is shown: title, culprit, type and value, taken from an event's
//! head.
//!
//! Title: "Type: first line of the value". Of what an event is about
//! ([`crate::chain`]) it is the newest exception's; a group of several kinds of
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

use event_model::{
    Level,
    head::{ArchivedExceptionHeadV1, ArchivedHead},
};
use read_model::issues::batch::Face;

use crate::{
    chain::Subject,
    names::{self, place},
};

/// Longest title, characters.
pub const TITLE_CHARS_MAX: usize = 256;
/// Longest culprit, characters.
pub const CULPRIT_CHARS_MAX: usize = 200;
/// Longest type in a title, characters; leaves room for the value.
const TYPE_CHARS_MAX: usize = 128;
/// Most kinds of errors that the title of a group names.
const KINDS_MAX: usize = 3;
/// The title of an event that says nothing.
const NAMELESS: &str = "(no message)";

/// All of it.
pub fn face(head: &ArchivedHead) -> Face {
    let subject = Subject::of(head);
    let (ty, value) = words(head, &subject);
    Face {
        title: join(&ty, &value, || nameless(head, &subject)),
        culprit: culprit_of(head, &subject),
        ty,
        value,
        level: Level::from_number(head.level),
        platform: head.platform.as_str().to_owned(),
        handled: head.handled,
    }
}

/// The title.
pub fn title(head: &ArchivedHead) -> String {
    face(head).title
}

/// The culprit; empty if nothing tells.
pub fn culprit(head: &ArchivedHead) -> String {
    culprit_of(head, &Subject::of(head))
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
        Subject::Several { members, .. } => with_kinds(line, members, platform),
        Subject::Chain(_) => line.to_owned(),
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

/// The first line with a word, without the type that some languages put before
/// ("Exception: …") or behind it ("… (RuntimeError)").
fn first_line<'a>(value: &'a str, raw_type: &str, ty: &str) -> &'a str {
    let lines = value.lines().map(str::trim);
    let line = lines.into_iter().find(|line| !line.is_empty());
    let mut line = line.unwrap_or_default();
    for ty in [raw_type, ty] {
        if ty.is_empty() {
            continue;
        }
        let before = line
            .strip_prefix(ty)
            .and_then(|rest| rest.strip_prefix(": "));
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
            first_line(&member.value, &member.ty, "").to_owned()
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

fn clip(text: &str, chars_max: usize) -> &str {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use event_model::head::{ExceptionHeadV1, Head};

    use super::{CULPRIT_CHARS_MAX, TITLE_CHARS_MAX, culprit, face, title};
    use crate::testing::{error, exception, head, message, stored};

    #[test]
    fn titles_and_culprits() {
        let mut synthetic = error("javascript", "Error", "", &["onClick @ app.js"]);
        synthetic.exceptions[0].synthetic = true;
        let route = |head: Head| Head {
            transaction: "GET /users".into(),
            ..head
        };
        let samples = [
            error(
                "python",
                "KeyError",
                "'user'\nmore",
                &["main in app", "get in app.cache", "!pop in lib"],
            ),
            error("javascript", "", "Script error.", &[]),
            error(
                "javascript",
                "TypeError",
                "x is undefined",
                &[
                    "? @ https://a.example/main.js",
                    "render @ https://a.example/app.js",
                ],
            ),
            error("go", "*errors.errorString", "", &["Serve in acme/api"]),
            error(
                "rust",
                "panic",
                "boom",
                &["app::run", "core::panicking::panic", "rust_begin_unwind"],
            ),
            synthetic,
            error(
                "native",
                "SIGSEGV",
                "Segfault",
                &["main", "shop::Cart::add(int)"],
            ),
            error(
                "ruby",
                "RuntimeError",
                "no stock (RuntimeError)",
                &["block in add @ cart.rb"],
            ),
            error("dart", "_Exception", "Exception: no stock", &[]),
            route(error("node", "Error", "x", &["!read in node:fs"])),
            route(error("node", "Error", "x", &["read in api"])),
            message("\n  first line\nsecond"),
            head(),
        ];
        let lines: Vec<String> = samples
            .iter()
            .map(|head| {
                let stored = stored(head);
                format!("{} | {}", title(stored.head()), culprit(stored.head()))
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    /// A group and its members: id, parent's id, type, and whether it is a group.
    fn tree(platform: &str, value: &str, entries: &[(i32, i32, &str, bool)]) -> Head {
        let mut head = error(platform, "", "", &[]);
        head.exceptions.clear();
        for (id, parent_id, ty, is_exception_group) in entries {
            head.exceptions.push(ExceptionHeadV1 {
                exception_id: *id,
                parent_id: *parent_id,
                is_exception_group: *is_exception_group,
                ..exception(ty, if *id == 0 { value } else { "v" }, &["!run in lib"])
            });
        }
        head
    }

    #[track_caller]
    fn check(head: &Head, expected: &str) {
        let stored = stored(head);
        let face = face(stored.head());
        assert_eq!(format!("{} | {}", face.title, face.culprit), expected);
    }

    #[test]
    fn a_group_is_named_after_what_it_holds() {
        let group = |members: &[&'static str]| {
            let mut entries: Vec<(i32, i32, &str, bool)> = Vec::new();
            entries.extend((1..).zip(members).map(|(id, ty)| (id, 0, *ty, false)));
            entries.push((0, -1, "ExceptionGroup", true));
            tree("python", "import failed (9 sub-exceptions)", &entries)
        };
        check(&group(&["KeyError"]), "KeyError: v | run (lib)");
        check(&group(&["KeyError", "KeyError"]), "KeyError: v | run (lib)");
        check(
            &group(&["KeyError", "ValueError", "KeyError"]),
            "ExceptionGroup: import failed (KeyError, ValueError) | run (lib)",
        );
        check(
            &group(&["A", "B", "C", "D", "E"]),
            "ExceptionGroup: import failed (A, B, C and 2 more) | run (lib)",
        );
        let empty = tree(
            "node",
            "All promises were rejected",
            &[(0, -1, "AggregateError", true)],
        );
        check(
            &empty,
            "AggregateError: All promises were rejected | run (lib)",
        );
        let dotnet = [
            (1, 0, "System.IO.IOException", false),
            (2, 0, "Acme.CartException", false),
            (0, -1, "System.AggregateException", true),
        ];
        check(
            &tree("csharp", "One or more errors occurred. (v) (v)", &dotnet),
            "System.AggregateException: One or more errors occurred. \
             (System.IO.IOException, Acme.CartException) | run (lib)",
        );
    }

    #[test]
    fn a_culprit_is_own_code_of_a_cause_rather_than_a_library() {
        let mut head = error(
            "java",
            "ServletException",
            "x",
            &["!service in javax.servlet"],
        );
        let cause = exception(
            "CartException",
            "y",
            &["add in com.acme.Cart", "!get in java.util"],
        );
        head.exceptions.insert(0, cause);
        check(&head, "ServletException: x | add (com.acme.Cart)");
    }

    #[test]
    fn errors_that_only_wrap_have_the_type_of_what_they_wrap() {
        let mut head = error(
            "go",
            "*fmt.wrapError",
            "pay: cart is empty",
            &["Pay in main"],
        );
        let cause = exception("*main.CartError", "cart is empty", &[]);
        head.exceptions.insert(0, cause);
        check(&head, "main.CartError: pay: cart is empty | Pay (main)");
        let plain = error("go", "*errors.errorString", "no stock", &["Pay in main"]);
        check(&plain, "no stock | Pay (main)");
    }

    #[test]
    fn the_type_of_a_synthetic_exception_counts_only_for_signals() {
        let synthetic = |ty: &str, value: &str| {
            let mut head = error("native", ty, value, &["shop::pay::h0123456789abcdef"]);
            head.exceptions[0].synthetic = true;
            head
        };
        check(&synthetic("Error", "told"), "told | shop::pay");
        check(&synthetic("Error", ""), "shop::pay | shop::pay");
        check(
            &synthetic("EXC_BAD_ACCESS", ""),
            "EXC_BAD_ACCESS | shop::pay",
        );
    }

    #[test]
    fn long_ones_are_cut_at_a_character() {
        let head = error("python", &"é".repeat(500), &"ü".repeat(500), &[]);
        let face = face(stored(&head).head());
        assert_eq!(face.title.chars().count(), TITLE_CHARS_MAX);
        assert!(face.title.contains("é: ü"), "{}", face.title);
        let deep = format!("f in {}", "m".repeat(500));
        let head = error("python", "E", "", &[&deep]);
        let culprit = culprit(stored(&head).head());
        assert_eq!(culprit.chars().count(), CULPRIT_CHARS_MAX);
    }
}
