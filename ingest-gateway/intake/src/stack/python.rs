//! CPython's `traceback`: oldest call first, the error's own line last. Chains come
//! oldest first with a sentence between; groups are drawn in a margin of bars.

use event_model::event::Frame;

use super::{
    lines,
    tree::{Node, Tree, is_class},
};

const CAUSE: &str = "The above exception was the direct cause of the following exception:";
const CONTEXT: &str = "During handling of the above exception, another exception occurred:";

/// Deepest nesting of groups; deeper ones are read as if beside each other.
const DEPTH_MAX: usize = 16;

pub(super) fn read(text: &str) -> Tree {
    let mut reader = Reader {
        tree: Tree::default(),
        levels: vec![Level::default()],
        node: Node::default(),
        expects: Expects::Nothing,
    };
    for line in lines(text) {
        reader.line(line);
    }
    reader.end_error();
    let (mut tree, first) = (reader.tree, reader.levels.swap_remove(0));
    tree.root = first.last.unwrap_or_default();
    tree
}

/// What the next line may be.
#[derive(Clone, Copy, PartialEq)]
enum Expects {
    Nothing,
    /// A frame or the error's line.
    Frame,
    Source,
    /// More of the error's message.
    Message,
}

/// One margin.
#[derive(Default)]
struct Level {
    /// Where its rules begin.
    column: usize,
    /// The group whose members these are.
    group: Option<usize>,
    member: usize,
    /// The last error at this level, since the member began.
    last: Option<usize>,
    /// How it led to the next.
    relation: &'static str,
}

struct Reader {
    tree: Tree,
    levels: Vec<Level>,
    node: Node,
    expects: Expects,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let bare = line.trim_start();
        let column = line.len() - bare.len();
        if let Some(rule) = bare.strip_prefix('+') {
            self.rule(rule, column);
            return;
        }
        let line = match bare.strip_prefix('|') {
            Some(inside) if self.levels.len() > 1 || self.node.is_group => {
                self.leave(column);
                inside.strip_prefix(' ').unwrap_or(inside)
            }
            // A message's further lines stand outside of the drawing.
            _ => {
                if matches!(bare, CAUSE | CONTEXT) || bare.starts_with("Traceback (") {
                    self.leave(0);
                }
                line
            }
        };
        self.content(line);
    }

    /// A line of a group's drawing, after its first plus, which is at `column`.
    fn rule(&mut self, rule: &str, column: usize) {
        if let Some(heading) = rule.strip_prefix(' ') {
            self.content(heading);
            return;
        }
        self.end_error();
        self.leave(column);
        if rule.starts_with("-+-") && self.levels.len() < DEPTH_MAX {
            let group = self.levels.last().and_then(|level| level.last);
            // A group within a group has no heading of its own if it was never raised.
            if let Some(group) = group {
                let group = &mut self.tree.nodes[group];
                group.is_group = true;
                if let Some((text, count)) = group.value.rsplit_once(" (")
                    && (count.ends_with("sub-exceptions)") || count.ends_with("sub-exception)"))
                {
                    group.value.truncate(text.len());
                }
            }
            self.levels.push(Level {
                column: column + 2,
                group,
                ..Level::default()
            });
        } else if rule.bytes().all(|b| b == b'-') {
            self.leave(column.saturating_sub(1));
        } else if let Some(level) = self.levels.last_mut() {
            level.member += 1;
            level.last = None;
        }
    }

    /// Ends the groups that are drawn further in than `column`.
    fn leave(&mut self, column: usize) {
        while self.levels.len() > 1 && self.levels.last().is_some_and(|l| l.column > column) {
            self.end_error();
            self.levels.pop();
        }
    }

    fn content(&mut self, line: &str) {
        let bare = line.trim();
        let relation = match bare {
            CAUSE => "cause",
            CONTEXT => "context",
            _ => "",
        };
        if !relation.is_empty() {
            self.end_error();
            if let Some(level) = self.levels.last_mut() {
                level.relation = relation;
            }
            return;
        }
        if bare.ends_with("Traceback (most recent call last):") && bare.len() < 80 {
            self.end_error();
            self.node.is_group = bare.starts_with("Exception Group");
            self.expects = Expects::Frame;
            return;
        }
        if self.expects != Expects::Message
            && let Some(frame) = frame(bare)
        {
            self.node.frames.push(frame);
            self.expects = Expects::Source;
            return;
        }
        let indented = line.starts_with("  ");
        match self.expects {
            Expects::Message => self.node.say(line),
            Expects::Source if indented => {
                let is_marker = bare.trim_matches(['^', '~', ' ', '.']).is_empty();
                if let Some(frame) = self.node.frames.last_mut()
                    && !is_marker
                {
                    frame.context_line = Some(bare.to_owned());
                }
                self.expects = Expects::Frame;
            }
            Expects::Frame | Expects::Source if !indented && !bare.is_empty() => {
                self.own_line(bare);
            }
            // A member of a group that was never raised has no traceback.
            Expects::Nothing if self.levels.len() > 1 && !bare.is_empty() => self.own_line(bare),
            _ => {}
        }
    }

    /// "Type: message", which ends the frames.
    fn own_line(&mut self, line: &str) {
        let (ty, value) = line.split_once(':').unwrap_or((line, ""));
        if is_class(&ty.replace("<locals>.", "")) {
            ty.clone_into(&mut self.node.ty);
            self.node.say(value.trim_start());
        } else {
            self.node.say(line);
        }
        self.expects = Expects::Message;
    }

    fn end_error(&mut self) {
        self.expects = Expects::Nothing;
        let mut node = std::mem::take(&mut self.node);
        if node.frames.is_empty() && node.ty.is_empty() && node.value.is_empty() {
            return;
        }
        node.value.truncate(node.value.trim_end().len());
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        node.parent = level.group;
        if level.group.is_some() {
            node.source = format!("exceptions[{}]", level.member);
        }
        let (before, relation) = (level.last.take(), level.relation);
        let Some(at) = self.tree.push(node) else {
            level.last = before;
            return;
        };
        level.last = Some(at);
        level.relation = "";
        if let Some(before) = before {
            let before = &mut self.tree.nodes[before];
            before.parent = Some(at);
            let source = if relation == "cause" {
                "__cause__"
            } else {
                "__context__"
            };
            source.clone_into(&mut before.source);
        }
    }
}

/// `File "path", line 3, in function`.
fn frame(line: &str) -> Option<Frame> {
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
