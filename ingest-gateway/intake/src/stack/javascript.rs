//! V8 (`at f (place)`), SpiderMonkey and JavaScriptCore (`f@place`). Newest call
//! first; causes as Node's inspection writes them (`[cause]: Error: …`).

use event_model::event::Frame;

use super::{
    lines,
    tree::{Node, Tree, split_place},
};

pub(super) fn read(text: &str) -> Tree {
    let mut tree = Tree::default();
    let mut at = tree.push(Node::default());
    let mut in_heading = true;
    for line in lines(text) {
        let line = line.trim();
        let cause = ["[cause]: ", "caused by: ", "Caused by: "]
            .iter()
            .find_map(|word| line.strip_prefix(word));
        if let Some(heading) = cause {
            let node = Node {
                parent: at,
                source: "cause".to_owned(),
                ..Node::headed(heading)
            };
            at = tree.push(node);
            in_heading = true;
            continue;
        }
        let Some(node) = at.map(|at| &mut tree.nodes[at]) else {
            break;
        };
        let call = line.strip_suffix(" {").unwrap_or(line);
        let frame = match call.strip_prefix("at ") {
            Some(call) => v8(call),
            None => gecko(call),
        };
        match frame {
            Some(frame) => {
                node.frames.push(frame);
                in_heading = false;
            }
            None if !in_heading => {}
            None if node.ty.is_empty() && node.value.is_empty() => {
                let heading = line.strip_prefix("Uncaught ").unwrap_or(line);
                *node = Node {
                    parent: node.parent,
                    source: std::mem::take(&mut node.source),
                    ..Node::headed(heading)
                };
            }
            None => node.say(line),
        }
    }
    tree.newest_first()
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
    // "… [0x0001e] in /srv/Shop.cs:12" is Mono's.
    if path.contains("] in ") {
        return None;
    }
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
