//! Rust's `std::backtrace` (numbered symbols, newest first, each with its place on
//! the next line), behind a panic's message or an error's causes.

use event_model::event::Frame;

use super::{
    lines,
    tree::{Node, Tree, split_place},
};

pub(super) fn read(text: &str) -> Tree {
    let mut tree = Tree::default();
    let mut own = Node::default();
    let mut causes: Vec<Node> = Vec::new();
    let (mut in_stack, mut in_causes) = (false, false);
    for line in lines(text) {
        let bare = line.trim();
        if bare.eq_ignore_ascii_case("stack backtrace:") {
            in_stack = true;
            continue;
        }
        if let Some(place) = bare.strip_prefix("at ").filter(|_| in_stack) {
            let (path, lineno, colno) = split_place(place);
            if let Some(frame) = own.frames.last_mut()
                && frame.lineno == 0
            {
                path.clone_into(&mut frame.abs_path);
                (frame.lineno, frame.colno) = (lineno, colno);
            }
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let numbered = numbered(bare);
        // anyhow numbers causes as well, until the backtrace begins.
        if let Some((_, symbol)) =
            numbered.filter(|(n, _)| in_stack || (!in_causes && *n == 0 && indent >= 2))
        {
            in_stack = true;
            own.frames.push(frame(symbol));
        } else if in_stack {
            // Calls that were inlined have no number of their own.
            if indent >= 6 && !bare.contains(' ') {
                own.frames.push(frame(bare));
            }
        } else if bare == "Caused by:" {
            in_causes = true;
        } else if in_causes && !bare.is_empty() && causes.len() < super::tree::NODES_MAX {
            let text = numbered.map_or(bare, |(_, text)| text);
            let mut cause = Node::default();
            cause.say(text);
            causes.push(cause);
        } else if bare.starts_with("thread '") && bare.contains("panicked at ") {
            own = panicked(bare);
        } else if !bare.is_empty() && !bare.starts_with("note: ") {
            own.say(bare);
        }
    }
    let mut last = tree.push(own);
    for mut cause in causes {
        cause.parent = last;
        "source".clone_into(&mut cause.source);
        last = tree.push(cause);
    }
    tree.newest_first()
}

/// `thread 'main' panicked at src/main.rs:5:10:`; before 1.73 `panicked at
/// 'message', src/main.rs:5:10`.
fn panicked(line: &str) -> Node {
    let mut node = Node {
        ty: "panic".to_owned(),
        ..Node::default()
    };
    let rest = line.split_once("panicked at ").map_or("", |(_, rest)| rest);
    if let Some((message, _)) = rest.strip_prefix('\'').and_then(|r| r.rsplit_once("', ")) {
        node.say(message);
    }
    node
}

/// `12: symbol` or `12: 0x55… - symbol`.
fn numbered(line: &str) -> Option<(u32, &str)> {
    let (number, symbol) = line.split_once(": ")?;
    let number = number.parse().ok()?;
    let symbol = match symbol.trim_start().strip_prefix("0x") {
        Some(address) => address.split_once(" - ").map_or("", |(_, symbol)| symbol),
        None => symbol,
    };
    Some((number, symbol.trim()))
}

fn frame(symbol: &str) -> Frame {
    // "::h0123456789abcdef" differs from build to build.
    let function = match symbol.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            name
        }
        _ => symbol,
    };
    Frame {
        function: function.to_owned(),
        ..Frame::default()
    }
}
