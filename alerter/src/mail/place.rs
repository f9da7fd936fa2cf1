//! Where an error broke, in a few lines of text, so that nobody need sign in to see it.

use proto::v1::{EventDetail, FrameDetail};

/// Calls that are named.
const FRAMES_MAX: usize = 3;
/// Longest line, characters: mails are read on phones.
const LINE_CHARS_MAX: usize = 160;

/// The newest own calls, newest first, each with its line of code; of an event without own
/// calls the newest of any; of one without a stack none.
pub fn place(event: EventDetail) -> Vec<String> {
    // The last exception is the one that is shown.
    let exceptions = event.exceptions.into_iter().rev();
    let of_exceptions = exceptions.map(|exception| exception.frames);
    let threads = event.threads.into_iter();
    let of_threads = threads.filter(|t| t.crashed || t.current).map(|t| t.frames);
    let Some(frames) = of_exceptions
        .chain(of_threads)
        .find(|frames| !frames.is_empty())
    else {
        return Vec::new();
    };
    let has_own = frames.iter().any(|frame| frame.in_app);
    let newest = frames.iter().rev();
    newest
        .filter(|frame| frame.in_app || !has_own)
        .take(FRAMES_MAX)
        .flat_map(lines)
        .collect()
}

fn lines(frame: &FrameDetail) -> Vec<String> {
    let function = match frame.function.as_str() {
        "" => "?",
        name => name,
    };
    let file = [
        &frame.filename,
        &frame.module,
        &frame.package,
        &frame.abs_path,
    ]
    .into_iter()
    .find(|name| !name.is_empty());
    let call = match (file, frame.lineno) {
        (None, _) => function.to_owned(),
        (Some(file), 0) => format!("{function} ({file})"),
        (Some(file), line) => format!("{function} ({file}:{line})"),
    };
    let mut lines = vec![cut(&call)];
    let code = frame.context_line.trim();
    if !code.is_empty() {
        lines.push(format!("    {}", cut(code)));
    }
    lines
}

fn cut(line: &str) -> String {
    if line.chars().count() <= LINE_CHARS_MAX {
        return line.to_owned();
    }
    let kept: String = line.chars().take(LINE_CHARS_MAX - 1).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use proto::v1::{ExceptionDetail, ThreadDetail};

    use super::*;

    fn frame(function: &str, in_app: bool, code: &str) -> FrameDetail {
        FrameDetail {
            function: function.to_owned(),
            filename: format!("{function}.py"),
            lineno: 3,
            in_app,
            context_line: code.to_owned(),
            ..FrameDetail::default()
        }
    }

    #[test]
    fn the_newest_own_calls_are_named() {
        let own = |n| frame(&format!("own{n}"), true, "  total = price * n");
        let library = || frame("library", false, "");
        let exception = |frames| ExceptionDetail {
            frames,
            ..ExceptionDetail::default()
        };
        let thread = |crashed, frames| ThreadDetail {
            crashed,
            frames,
            ..ThreadDetail::default()
        };
        let code = "    total = price * n";
        let cases: [(&str, EventDetail, &[&str]); 4] = [
            (
                "own calls, and of those three",
                EventDetail {
                    exceptions: vec![
                        exception(vec![own(9)]),
                        exception(vec![own(1), own(2), own(3), own(4), library()]),
                    ],
                    ..EventDetail::default()
                },
                &[
                    "own4 (own4.py:3)",
                    code,
                    "own3 (own3.py:3)",
                    code,
                    "own2 (own2.py:3)",
                    code,
                ],
            ),
            (
                "no own calls",
                EventDetail {
                    exceptions: vec![exception(vec![library()])],
                    ..EventDetail::default()
                },
                &["library (library.py:3)"],
            ),
            (
                "a stack of the crashed thread",
                EventDetail {
                    exceptions: vec![exception(vec![])],
                    threads: vec![thread(false, vec![own(1)]), thread(true, vec![own(2)])],
                    ..EventDetail::default()
                },
                &["own2 (own2.py:3)", code],
            ),
            ("nothing", EventDetail::default(), &[]),
        ];
        for (what, event, expected) in cases {
            assert_eq!(place(event), expected, "{what}");
        }
    }

    #[test]
    fn a_minified_line_is_cut() {
        let lines = lines(&frame("f", true, &"x".repeat(30_000)));
        assert_eq!(lines[1].trim_start().chars().count(), LINE_CHARS_MAX);
    }
}
