//! PHP's `Throwable::__toString` and `getTraceAsString`: newest call first. A line
//! names where a function was *called*; where the error was raised stands in the
//! heading. Causes come first, each next error after `Next`.

use event_model::event::Frame;

use super::{
    lines,
    tree::{Node, Tree, split_place},
};

pub(super) fn read(text: &str) -> Tree {
    let mut tree = Tree::default();
    let mut last: Option<usize> = None;
    let mut heading: Option<String> = None;
    // Where the running function is, as the heading or the line before said.
    let mut place: Option<(String, u32)> = None;
    let mut in_calls = false;
    for line in lines(text) {
        let bare = line.trim();
        if let Some((function, called_at)) = call(bare) {
            if !in_calls {
                let (node, raised_at) = raised(&heading.take().unwrap_or_default());
                place = raised_at;
                let Some(at) = tree.push(node) else { break };
                if let Some(cause) = last.replace(at) {
                    tree.nodes[cause].parent = Some(at);
                    "previous".clone_into(&mut tree.nodes[cause].source);
                }
                in_calls = true;
            }
            let (path, lineno) = place.take().unwrap_or_default();
            if let Some(at) = last {
                tree.nodes[at].frames.push(Frame {
                    function: function.replace("->", "::"),
                    abs_path: path,
                    lineno,
                    ..Frame::default()
                });
            }
            place = called_at;
            continue;
        }
        let begins = bare.strip_prefix("Next ");
        if in_calls && begins.is_none() {
            continue;
        }
        in_calls = false;
        if matches!(bare, "Stack trace:" | "") {
            continue;
        }
        match (&mut heading, begins) {
            (Some(text), None) if text.len() < 8 << 10 => {
                text.push('\n');
                text.push_str(bare);
            }
            (None, None) => heading = Some(bare.to_owned()),
            (_, Some(begins)) => heading = Some(begins.to_owned()),
            _ => {}
        }
    }
    tree.root = last.unwrap_or_default();
    tree.newest_first()
}

/// `Class: message in /path/file.php:12`.
fn raised(heading: &str) -> (Node, Option<(String, u32)>) {
    let heading = match heading.split_once("Uncaught ") {
        Some((before, rest)) if before.is_empty() || before.starts_with("PHP ") => rest,
        _ => heading,
    };
    if let Some((what, place)) = heading.rsplit_once(" in ") {
        let (path, lineno, _) = split_place(place);
        if lineno > 0 {
            return (Node::headed(what), Some((path.to_owned(), lineno)));
        }
    }
    (Node::headed(heading), None)
}

/// `#0 /path/file.php(12): Class->method(…)`: the function, and where it was called.
fn call(line: &str) -> Option<(&str, Option<(String, u32)>)> {
    let rest = line.strip_prefix('#')?;
    let (number, rest) = rest.split_once(' ')?;
    number.parse::<u32>().ok()?;
    if rest == "{main}" {
        return Some((rest, None));
    }
    let (place, function) = rest.split_once(": ")?;
    let function = function.split('(').next().unwrap_or_default();
    let called_at = place
        .strip_suffix(')')
        .and_then(|p| p.rsplit_once('('))
        .and_then(|(path, line)| Some((path.to_owned(), line.parse().ok()?)));
    if called_at.is_none() && place != "[internal function]" {
        return None;
    }
    Some((function, called_at))
}
