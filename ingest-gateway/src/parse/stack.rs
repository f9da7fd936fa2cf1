//! Stack traces as text → frames, oldest call first: V8, Firefox and Safari
//! JavaScript, Python tracebacks. Anything else gives no frames, and the caller
//! keeps the text.

use event_model::event::Frame;

use super::in_app;

/// Most lines read; a stack of more is cut here, its middle later.
const LINES_MAX: usize = 10_000;
/// Longest line read, bytes.
const LINE_BYTES_MAX: usize = 4 << 10;

/// The frames; empty if the text is of no form known.
pub(super) fn frames(text: &str) -> Vec<Frame> {
    let mut frames = if text.contains("  File \"") {
        python(text)
    } else {
        javascript(text)
    };
    for frame in &mut frames {
        path_of(&frame.abs_path).clone_into(&mut frame.filename);
        frame.in_app = in_app::guess(frame);
    }
    frames
}

/// The path of a URL; any other path as it is.
pub(super) fn path_of(abs_path: &str) -> &str {
    match abs_path.split_once("://") {
        Some((_, rest)) => match rest.find('/') {
            Some(at) => rest[at..].split(['?', '#']).next().unwrap_or_default(),
            None => abs_path,
        },
        None => abs_path,
    }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    let short = |line: &&str| line.len() <= LINE_BYTES_MAX;
    text.lines().take(LINES_MAX).filter(short)
}

/// Newest call first in the text.
fn javascript(text: &str) -> Vec<Frame> {
    let mut frames: Vec<Frame> = lines(text)
        .filter_map(|line| {
            let line = line.trim();
            match line.strip_prefix("at ") {
                Some(call) => v8(call),
                None => gecko(line),
            }
        })
        .collect();
    frames.reverse();
    frames
}

/// `function (place)` or `place`, after "at ".
fn v8(call: &str) -> Option<Frame> {
    let call = call.trim();
    let call = call.strip_prefix("async ").unwrap_or(call);
    let (function, place) = match call.strip_suffix(')').and_then(|rest| {
        // "eval (eval at f (file:1:2), <anonymous>:1:1)": the first bracket.
        rest.find(" (").map(|at| (&rest[..at], &rest[at + 2..]))
    }) {
        Some((function, place)) => (function, place),
        None => ("", call),
    };
    // "Object.pay [as run]"
    let function = function.split(" [as ").next().unwrap_or_default();
    let place = match place.strip_prefix("eval at ") {
        // The outermost file that holds the eval.
        Some(inner) => inner.rsplit('(').next()?.split(')').next()?,
        None => place,
    };
    let (path, lineno, colno) = split_place(place);
    let known =
        lineno > 0 || matches!(place, "native" | "<anonymous>") || place.starts_with("index ");
    known.then(|| frame(function, path, lineno, colno))
}

/// `function@place`, Firefox and Safari.
fn gecko(line: &str) -> Option<Frame> {
    if line == "[native code]" {
        return Some(frame("", line, 0, 0));
    }
    let (function, place) = line.split_once('@').unwrap_or(("", line));
    // "file.js line 3 > eval:1:1": the file that holds the eval.
    let place = place.split(" line ").next().unwrap_or_default();
    let (path, lineno, colno) = split_place(place);
    let native = place == "[native code]";
    let no_prose = !function.contains(' ') || function.ends_with(" code");
    let is_place = native || (lineno > 0 && path.contains(['/', '.', ':']) && !path.contains(' '));
    (no_prose && is_place).then(|| frame(function, path, lineno, colno))
}

fn frame(function: &str, path: &str, lineno: u32, colno: u32) -> Frame {
    let path = path.strip_prefix("file://").unwrap_or(path);
    Frame {
        function: if function.is_empty() { "?" } else { function }.to_owned(),
        abs_path: path.to_owned(),
        lineno,
        colno,
        ..Frame::default()
    }
}

/// `path:line:column` or `path:line`.
fn split_place(place: &str) -> (&str, u32, u32) {
    let number = |text: &str| text.parse::<u32>().ok();
    let Some((rest, last)) = place.rsplit_once(':') else {
        return (place, 0, 0);
    };
    let Some(last) = number(last) else {
        return (place, 0, 0);
    };
    match rest.rsplit_once(':') {
        Some((path, line)) => match number(line) {
            Some(line) => (path, line, last),
            None => (rest, last, 0),
        },
        None => (rest, last, 0),
    }
}

/// Oldest call first in the text. Of a chain of tracebacks the last one is the
/// error's own.
fn python(text: &str) -> Vec<Frame> {
    let own = text.rfind("Traceback (most recent call last)");
    let text = own.map_or(text, |at| &text[at..]);
    let mut frames: Vec<Frame> = Vec::new();
    let mut source_expected = false;
    for line in lines(text) {
        let trimmed = line.trim_start();
        if let Some(frame) = python_frame(trimmed) {
            frames.push(frame);
            source_expected = true;
            continue;
        }
        let indented = line.len() - trimmed.len() >= 4;
        let marker = trimmed.trim_matches(['^', '~', ' ', '.']).is_empty();
        if source_expected
            && indented
            && !marker
            && let Some(frame) = frames.last_mut()
        {
            frame.context_line = Some(trimmed.to_owned());
        }
        source_expected = false;
    }
    frames
}

/// `File "path", line 3, in function`.
fn python_frame(line: &str) -> Option<Frame> {
    let rest = line.strip_prefix("File \"")?;
    let (path, rest) = rest.split_once("\", line ")?;
    let (lineno, function) = rest.split_once(", in ").unwrap_or((rest, ""));
    Some(Frame {
        function: function.trim().to_owned(),
        abs_path: path.to_owned(),
        lineno: lineno.trim().parse().ok()?,
        ..Frame::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str, u32, u32, bool)]) {
        let read = frames(text);
        let found: Vec<_> = read
            .iter()
            .map(|f| {
                (
                    f.function.as_str(),
                    f.abs_path.as_str(),
                    f.lineno,
                    f.colno,
                    f.in_app,
                )
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn v8_stacks_are_read() {
        check(
            "TypeError: x: at home\n    at pay (/srv/shop.js:3:15)\n    at async Object.run [as go] (file:///srv/app.mjs:7:1)\n    \
             at new Cart (https://shop.example/a.js?v=1:2:3)\n    at /srv/node_modules/x/i.js:1:2\n    at Array.map (<anonymous>)\n    \
             at eval (eval at f (https://shop.example/e.js:9:8), <anonymous>:1:1)\n    at node:internal/main:1:2",
            &[
                ("?", "node:internal/main", 1, 2, false),
                ("eval", "https://shop.example/e.js", 9, 8, true),
                ("Array.map", "<anonymous>", 0, 0, false),
                ("?", "/srv/node_modules/x/i.js", 1, 2, false),
                ("new Cart", "https://shop.example/a.js?v=1", 2, 3, true),
                ("Object.run", "/srv/app.mjs", 7, 1, true),
                ("pay", "/srv/shop.js", 3, 15, true),
            ],
        );
    }

    #[test]
    fn firefox_and_safari_stacks_are_read() {
        check(
            "pay@https://shop.example/a.js:3:15\n@https://shop.example/a.js:9:1\nasync*run@https://shop.example/a.js:1:2\n",
            &[
                ("async*run", "https://shop.example/a.js", 1, 2, true),
                ("?", "https://shop.example/a.js", 9, 1, true),
                ("pay", "https://shop.example/a.js", 3, 15, true),
            ],
        );
        check(
            "pay@https://shop.example/a.js:3:15\n[native code]\nmap@[native code]\nglobal code@https://shop.example/a.js:9:1",
            &[
                ("global code", "https://shop.example/a.js", 9, 1, true),
                ("map", "[native code]", 0, 0, false),
                ("?", "[native code]", 0, 0, false),
                ("pay", "https://shop.example/a.js", 3, 15, true),
            ],
        );
    }

    #[test]
    fn python_tracebacks_are_read() {
        let text = "Traceback (most recent call last):\n  File \"/srv/old.py\", line 1, in old\nKeyError: 'x'\n\n\
            During handling of the above exception, another exception occurred:\n\n\
            Traceback (most recent call last):\n  File \"/srv/app.py\", line 7, in <module>\n    pay(1)\n    ~~~^^^\n  \
            File \"/srv/venv/lib/python3.11/site-packages/x.py\", line 3, in pay\n    return 1 / 0\nZeroDivisionError: division by zero\n";
        check(
            text,
            &[
                ("<module>", "/srv/app.py", 7, 0, true),
                (
                    "pay",
                    "/srv/venv/lib/python3.11/site-packages/x.py",
                    3,
                    0,
                    false,
                ),
            ],
        );
        let read = frames(text);
        assert_eq!(read[0].context_line.as_deref(), Some("pay(1)"));
        assert_eq!(read[1].context_line.as_deref(), Some("return 1 / 0"));
    }

    #[test]
    fn anything_else_gives_no_frames() {
        for text in [
            "",
            "Error: nothing here",
            "see jane@shop.example at 12:30",
            "java.lang.Error\n\tat a.b.C.d(C.java:5)\n",
            "time: 12:30:45",
        ] {
            assert_eq!(frames(text), [], "{text}");
        }
    }
}
