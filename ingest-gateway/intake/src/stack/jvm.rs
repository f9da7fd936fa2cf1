//! Java, Kotlin and what imitates them: `Throwable.printStackTrace`, newest call
//! first, with `Caused by`, `Suppressed` and `... 12 more`. Also Log4j's and
//! Logback's additions (`~[jar:version]`, `Wrapped by` where the root cause comes
//! first), and PHP as OpenTelemetry writes it.

use event_model::event::Frame;

use super::{
    lines,
    tree::{Node, Tree},
};

pub(super) fn read(text: &str) -> Tree {
    let mut tree = Tree::default();
    // Open errors by indentation: a suppressed one stands further in.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut suppressed = 0usize;
    let mut in_heading = true;
    // Errors whose outer frames are in the one that will wrap them.
    let mut shared: Vec<(usize, usize)> = Vec::new();
    for line in lines(text) {
        let bare = line.trim();
        let indent = line.len() - line.trim_start().len();
        if let Some(frame) = bare.strip_prefix("at ").and_then(frame) {
            let at = match open.last() {
                Some((_, at)) => Some(*at),
                None => tree.push(Node::default()),
            };
            let Some(at) = at else { break };
            if open.is_empty() {
                open.push((0, at));
            }
            tree.nodes[at].frames.push(frame);
            in_heading = false;
            continue;
        }
        if let Some(count) = more(bare) {
            if let Some((_, at)) = open.last() {
                match tree.nodes[*at].parent {
                    Some(parent) => tree.repeat(parent, *at, count),
                    None => shared.push((*at, count)),
                }
            }
            in_heading = false;
            continue;
        }
        if let Some(heading) = bare.strip_prefix("Wrapped by: ")
            && !tree.nodes.is_empty()
        {
            let Some(at) = tree.push(Node::headed(heading)) else {
                break;
            };
            let cause = &mut tree.nodes[tree.root];
            (cause.parent, cause.source) = (Some(at), "cause".to_owned());
            tree.root = at;
            open = vec![(indent, at)];
            in_heading = true;
            continue;
        }
        let (heading, source) = match bare.split_once(": ") {
            Some(("Caused by", heading)) => (heading, "cause".to_owned()),
            Some(("Suppressed", heading)) => {
                suppressed += 1;
                (heading, format!("suppressed[{}]", suppressed - 1))
            }
            _ if tree.nodes.is_empty() => {
                if bare.is_empty() {
                    continue;
                }
                (thread_off(bare), String::new())
            }
            _ => {
                if let Some((_, at)) = open.last().filter(|_| in_heading) {
                    tree.nodes[*at].say(line.trim_end());
                }
                continue;
            }
        };
        let is_suppressed = source.starts_with('s');
        // "Caused by" belongs to the last error at its own indentation,
        // "Suppressed" to the last one further out.
        while open
            .last()
            .is_some_and(|(of, _)| *of > indent || (is_suppressed && *of == indent))
        {
            open.pop();
        }
        let node = Node {
            parent: open.last().map(|(_, at)| *at),
            source,
            ..Node::headed(heading)
        };
        if !tree.nodes.is_empty() && node.parent.is_none() {
            continue;
        }
        let Some(at) = tree.push(node) else { break };
        open.push((indent, at));
        in_heading = true;
    }
    // The outermost first: each needs the whole stack of what wraps it.
    for (at, count) in shared.into_iter().rev() {
        if let Some(parent) = tree.nodes[at].parent {
            tree.repeat(parent, at, count);
        }
    }
    tree.newest_first()
}

/// `Exception in thread "main" java.lang.Error: …`
fn thread_off(heading: &str) -> &str {
    heading
        .strip_prefix("Exception in thread \"")
        .and_then(|rest| rest.split_once("\" "))
        .map_or(heading, |(_, heading)| heading)
}

/// `... 12 more` or `... 12 common frames omitted`.
fn more(line: &str) -> Option<usize> {
    let (count, rest) = line.strip_prefix("... ")?.split_once(' ')?;
    matches!(rest, "more" | "common frames omitted")
        .then(|| count.parse().ok())
        .flatten()
}

/// `module/package.Class.method(File.java:12)`, after "at ".
fn frame(call: &str) -> Option<Frame> {
    let end = call.find(')')?;
    let rest = call[end + 1..].trim_start();
    if !(rest.is_empty() || rest.starts_with(['[', '~'])) {
        return None;
    }
    let (name, place) = call[..end].split_once('(')?;
    if name.is_empty() || name.contains(' ') {
        return None;
    }
    let (file, lineno) = match place.rsplit_once(':') {
        Some((file, line)) => (file, line.trim().parse().ok()?),
        None => (place, 0),
    };
    // .NET has parameters there.
    let is_source = (file.contains('.') && !file.contains([' ', ',']))
        || matches!(file, "Native Method" | "Unknown Source" | "<generated>")
        || file.ends_with(" Source)");
    if !is_source {
        return None;
    }
    // "java.base/", "app//", "app//module@1.0/": who loaded the class.
    let name = match name.split_once('/') {
        Some((loader, _)) if !loader.contains('$') => {
            &name[name.rfind('/').map_or(0, |at| at + 1)..]
        }
        _ => name,
    };
    let (module, function) = name.rsplit_once('.').unwrap_or(("", name));
    let known = file.contains('.') && !file.contains(' ');
    Some(Frame {
        function: function.to_owned(),
        module: module.to_owned(),
        filename: if known { file } else { "" }.to_owned(),
        lineno,
        ..Frame::default()
    })
}
