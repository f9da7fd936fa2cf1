//! How an issue is shown: title, culprit, type and value, taken from an event's
//! head.
//!
//! Title: "Type: first line of the value"; for a synthetic exception, whose type
//! means nothing, the value or the function; for a message its first line.
//! Culprit: "function (module or file)" of the newest in-app frame, else the
//! transaction, else the newest frame. Invariant: a pure function of the head.

use event_model::{
    Level,
    head::{ArchivedExceptionHeadV1, ArchivedFrameHeadV1, ArchivedHead},
};
use read_model::issues::batch::Face;

use crate::grouping::frames;

/// Longest title, characters.
pub const TITLE_CHARS_MAX: usize = 256;
/// Longest culprit, characters.
pub const CULPRIT_CHARS_MAX: usize = 200;
/// Longest type in a title, characters; leaves room for the value.
const TYPE_CHARS_MAX: usize = 128;
/// The title of an event that says nothing.
const NAMELESS: &str = "(no message)";

/// All of it.
pub fn face(head: &ArchivedHead) -> Face {
    let exception = head.exceptions.last();
    Face {
        title: title(head),
        culprit: culprit(head),
        ty: clip(exception.map_or("", shown_type), TYPE_CHARS_MAX).to_owned(),
        value: clip(value_line(head), TITLE_CHARS_MAX).to_owned(),
        level: Level::from_number(head.level),
        platform: head.platform.as_str().to_owned(),
        handled: head.handled,
    }
}

/// The title.
pub fn title(head: &ArchivedHead) -> String {
    let value = value_line(head);
    let ty = clip(
        head.exceptions.last().map_or("", shown_type),
        TYPE_CHARS_MAX,
    );
    let title = match (ty.is_empty(), value.is_empty()) {
        (false, false) => format!("{ty}: {value}"),
        (false, true) => ty.to_owned(),
        (true, false) => value.to_owned(),
        (true, true) => nameless(head),
    };
    clip(&title, TITLE_CHARS_MAX).to_owned()
}

/// The culprit; empty if nothing tells.
pub fn culprit(head: &ArchivedHead) -> String {
    let frame = stack(head).and_then(|stack| frames::newest(stack, &head.platform));
    let text = match frame {
        Some(frame) if frame.in_app || head.transaction.is_empty() => place(frame),
        _ => head.transaction.as_str().to_owned(),
    };
    clip(&text, CULPRIT_CHARS_MAX).to_owned()
}

fn shown_type(exception: &ArchivedExceptionHeadV1) -> &str {
    if exception.synthetic {
        ""
    } else {
        exception.ty.trim()
    }
}

/// The newest exception's value, else the message: its first line with a word.
fn value_line(head: &ArchivedHead) -> &str {
    let value: &str = match head.exceptions.last() {
        Some(exception) if !exception.value.is_empty() => &exception.value,
        _ => &head.message,
    };
    value
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default()
}

fn nameless(head: &ArchivedHead) -> String {
    let frame = stack(head).and_then(|stack| frames::newest(stack, &head.platform));
    frame
        .map(place)
        .filter(|place| !place.is_empty())
        .unwrap_or_else(|| NAMELESS.to_owned())
}

/// The stack to point into: of the newest exception that has one, else a thread's.
fn stack(head: &ArchivedHead) -> Option<&[ArchivedFrameHeadV1]> {
    let stacks = head.exceptions.iter().rev().map(|e| e.frames.as_slice());
    stacks
        .chain([head.thread_frames.as_slice()])
        .find(|frames| !frames.is_empty())
}

fn place(frame: &ArchivedFrameHeadV1) -> String {
    let function: &str = &frame.function;
    let place: &str = if frame.module.is_empty() {
        &frame.filename
    } else {
        &frame.module
    };
    match (function.is_empty(), place.is_empty()) {
        (false, false) => format!("{function} ({place})"),
        (false, true) => function.to_owned(),
        (true, _) => place.to_owned(),
    }
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
    use event_model::head::Head;

    use super::{CULPRIT_CHARS_MAX, TITLE_CHARS_MAX, culprit, face, title};
    use crate::testing::{error, head, message, stored};

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
