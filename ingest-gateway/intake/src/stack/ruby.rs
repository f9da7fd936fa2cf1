//! Ruby's `full_message` (newest call first, causes behind; or the terminal's order,
//! numbered and turned), and plain backtraces.

use event_model::event::Frame;

use super::{
    lines,
    tree::{Node, Tree, is_class, split_place},
};

pub(super) fn read(text: &str) -> Tree {
    let mut tree = Tree::default();
    let mut last: Option<usize> = None;
    let mut in_heading = false;
    let mut turned: Option<Vec<Frame>> = None;
    for line in lines(text) {
        let bare = line.trim();
        if bare.starts_with("Traceback (most recent call last)") {
            turned = Some(Vec::new());
            continue;
        }
        let call = bare.strip_prefix("from ").unwrap_or(bare);
        let call = match call.split_once(": ") {
            Some((number, rest)) if number.parse::<u32>().is_ok() => {
                rest.strip_prefix("from ").unwrap_or(rest)
            }
            _ => call,
        };
        let Some((frame, rest)) = frame(call) else {
            if let Some(at) = last.filter(|_| in_heading && !bare.is_empty()) {
                tree.nodes[at].say(line.trim_end());
            }
            continue;
        };
        let Some(heading) = rest.strip_prefix(": ") else {
            in_heading = false;
            if let Some(callers) = &mut turned {
                callers.push(frame);
                continue;
            }
            let at = last.or_else(|| tree.push(Node::default()));
            let Some(at) = at else { break };
            last = Some(at);
            tree.nodes[at].frames.push(frame);
            continue;
        };
        // The error's own line: "message (Class)".
        let mut node = headed(heading);
        if let Some(before) = last {
            node.parent = Some(before);
            "cause".clone_into(&mut node.source);
        }
        node.frames.push(frame);
        if let Some(mut callers) = turned.take() {
            callers.reverse();
            node.frames.extend(callers);
        }
        let Some(at) = tree.push(node) else { break };
        last = Some(at);
        in_heading = true;
    }
    tree.newest_first()
}

/// "message (Class)"; a multi-line message has its class on the first line.
fn headed(heading: &str) -> Node {
    let mut node = Node::default();
    match heading
        .trim_end()
        .strip_suffix(')')
        .and_then(|h| h.rsplit_once('('))
    {
        Some((message, class)) if is_class(class) => {
            class.clone_into(&mut node.ty);
            node.say(message.trim_end());
        }
        _ => node.say(heading),
    }
    node
}

/// ``path:12:in `method'``, and what follows it.
fn frame(call: &str) -> Option<(Frame, &str)> {
    let (place, function, rest) = if let Some((place, rest)) = call.split_once(":in ") {
        let rest = rest.strip_prefix(['`', '\''])?;
        let (function, rest) = rest.split_once('\'')?;
        (place, function, rest)
    } else {
        // Before the first method: "shop.rb:3: message (Class)".
        let at = call.find(".rb:")? + ".rb:".len();
        let digits = call[at..].bytes().take_while(u8::is_ascii_digit).count();
        (&call[..at + digits], "", &call[at + digits..])
    };
    let (path, lineno, _) = split_place(place);
    if lineno == 0 || path.is_empty() || path.contains(' ') && !path.contains('/') {
        return None;
    }
    let frame = Frame {
        function: function.to_owned(),
        abs_path: path.to_owned(),
        lineno,
        ..Frame::default()
    };
    Some((frame, rest))
}
