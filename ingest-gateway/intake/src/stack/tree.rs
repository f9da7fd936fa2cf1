//! What a stack text holds: errors and how they belong together.

use event_model::event::{Exception, Frame, Mechanism, Thread};

/// Most errors of one text; what follows is passed over.
pub(super) const NODES_MAX: usize = 64;
/// Longest message taken from a text, bytes.
const VALUE_BYTES_MAX: usize = 8 << 10;
/// Most frames that one "… 12 more" repeats.
const REPEATED_FRAMES_MAX: usize = 250;

/// One error of a text.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// The class as written, with its module.
    pub(super) ty: String,
    pub(super) value: String,
    /// Oldest call first.
    pub(super) frames: Vec<Frame>,
    /// The error that this one caused, or the group it is in.
    pub(super) parent: Option<usize>,
    /// How it belongs to its parent: "cause", "context", "suppressed", "errors[1]".
    pub(super) source: String,
    pub(super) is_group: bool,
}

impl Node {
    /// An error by its heading, "Type: message" or one of both.
    pub(super) fn headed(heading: &str) -> Self {
        let (ty, value) = heading_of(heading);
        let mut node = Self {
            ty: ty.to_owned(),
            ..Self::default()
        };
        node.say(value);
        node
    }

    /// One more line of the message.
    pub(super) fn say(&mut self, line: &str) {
        if self.value.len() + line.len() < VALUE_BYTES_MAX {
            if !self.value.is_empty() {
                self.value.push('\n');
            }
            self.value.push_str(line);
        }
    }
}

/// A text's errors, and stacks beside them.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// The error that the text is about.
    pub(super) root: usize,
    pub(super) threads: Vec<Thread>,
}

impl Tree {
    /// Adds an error; none if there are too many.
    pub(super) fn push(&mut self, node: Node) -> Option<usize> {
        if self.nodes.len() >= NODES_MAX {
            return None;
        }
        self.nodes.push(node);
        Some(self.nodes.len() - 1)
    }

    pub(super) fn has_frames(&self) -> bool {
        self.nodes.iter().any(|node| !node.frames.is_empty())
    }

    /// Turns frames that were read newest first.
    pub(super) fn newest_first(mut self) -> Self {
        for node in &mut self.nodes {
            node.frames.reverse();
        }
        for thread in &mut self.threads {
            thread.frames.reverse();
        }
        self
    }

    /// Appends the outermost `count` frames of `from` to those of `to`; both newest
    /// first.
    pub(super) fn repeat(&mut self, from: usize, to: usize, count: usize) {
        let frames = &self.nodes[from].frames;
        let count = count.min(frames.len()).min(REPEATED_FRAMES_MAX);
        let outer = frames[frames.len() - count..].to_vec();
        self.nodes[to].frames.extend(outer);
    }

    /// The exceptions, oldest cause first, the root last; only what belongs to it.
    pub(super) fn into_exceptions(mut self, split_module: bool) -> (Vec<Exception>, Vec<Thread>) {
        let mut children = vec![Vec::new(); self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            if let Some(parent) = node.parent {
                children[parent].push(at);
            }
        }
        // From the root down, each error before what caused it; then turned.
        let (mut order, mut open) = (Vec::new(), vec![self.root]);
        while let Some(at) = open.pop() {
            // A node has one parent, but texts could name a circle.
            if order.len() >= self.nodes.len() {
                break;
            }
            order.push(at);
            open.extend(children[at].iter().rev());
        }
        let mut place = vec![0; self.nodes.len()];
        for (number, at) in order.iter().enumerate() {
            place[*at] = number as i32;
        }
        let many = order.len() > 1;
        let mut exceptions: Vec<Exception> = order
            .iter()
            .map(|at| {
                let node = std::mem::take(&mut self.nodes[*at]);
                let mechanism = many.then(|| Mechanism {
                    ty: if node.parent.is_some() { "chained" } else { "" }.to_owned(),
                    exception_id: Some(place[*at]),
                    parent_id: node.parent.map(|parent| place[parent]),
                    source: node.source,
                    is_exception_group: node.is_group,
                    ..Mechanism::default()
                });
                let (module, ty) = match node.ty.rsplit_once('.') {
                    Some((module, ty)) if split_module => (module.to_owned(), ty.to_owned()),
                    _ => (String::new(), node.ty),
                };
                let mut frames = node.frames;
                frames.iter_mut().for_each(super::finish);
                Exception {
                    ty,
                    module,
                    value: node.value,
                    mechanism,
                    frames,
                    ..Exception::default()
                }
            })
            .collect();
        exceptions.reverse();
        for thread in &mut self.threads {
            thread.frames.iter_mut().for_each(super::finish);
        }
        (exceptions, self.threads)
    }
}

/// "Type: message" → its parts. A heading without a class is a message.
pub(super) fn heading_of(heading: &str) -> (&str, &str) {
    let heading = heading.trim();
    let (ty, value) = match heading.split_once(": ") {
        Some((ty, value)) => (ty, value),
        None => (heading.strip_suffix(':').unwrap_or(heading), ""),
    };
    // V8 adds Node's code: "TypeError [ERR_X]: message".
    let bare = ty.split(" [").next().unwrap_or_default();
    if is_class(bare) {
        (bare, value.trim())
    } else {
        ("", heading)
    }
}

/// Whether a text may be the name of a class, in any language.
pub(super) fn is_class(text: &str) -> bool {
    let first = text.trim_start_matches(['*', '&', '\\']).chars().next();
    text.len() <= 200
        && first.is_some_and(|c| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| {
            c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '\\' | '$' | '*' | '/' | '`' | '&')
        })
        && !text.ends_with(['.', ':', '/'])
}

/// `path:line:column` or `path:line`.
pub(super) fn split_place(place: &str) -> (&str, u32, u32) {
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
