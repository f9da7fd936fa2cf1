//! JSON text → a flat list of its values, each with its place in the text: one pass,
//! no value built. Lenient with what real clients get wrong: lone surrogates, raw
//! control characters, unknown escapes, `NaN`, numbers without a leading digit or
//! beyond f64.
//!
//! Invariant: a container's node is followed by the nodes of all that is in it, and
//! names the first one behind them; an object's are key, value, key, value. Nothing
//! is deeper than [`DEPTH_MAX`]. Places are bytes. Time and memory grow with the
//! text, whatever is in it: at most one node for two bytes.

use event_model::free::next_to_escape;

use super::DEPTH_MAX;

/// Shortest text that is worth to be told apart: shorter ones are read as quickly.
const WHOLE_BYTES_MIN: usize = 64;

/// What a value is, and how its text is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    True,
    False,
    /// A number as JSON writes it, within f64.
    Number,
    /// A finite number, but not as JSON writes it (`.5`, `+1`, `007`).
    OddNumber,
    /// The inside of a string that stands for itself.
    Plain,
    /// The inside of a string with escapes or control characters.
    Escaped,
    Array,
    Object,
    /// What was nested too deep.
    TooDeep,
}

/// One value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Where a scalar's text begins.
    start: u32,
    /// Where a scalar's text ends; the node behind a container.
    end: u32,
}

/// The values of one text.
#[derive(Debug)]
pub(crate) struct Tape<'s> {
    source: &'s str,
    nodes: Vec<Node>,
    /// Ascending by node.
    parts: Vec<Whole>,
}

/// A container that is often the same in one event after the other: a member of the
/// outermost object, or an item of a list that is called "frames".
#[derive(Debug, Clone, Copy)]
struct Whole {
    node: u32,
    /// Where its text ends.
    end: u32,
    /// Containers around it. The limit of depth counts them, so that what it holds
    /// depends on them, too.
    depth: u8,
}

/// Where a text is no JSON, and what was to stand there.
#[derive(Debug, PartialEq)]
pub(super) struct Broken {
    pub(super) at: usize,
    pub(super) expected: &'static str,
}

type Read<T> = Result<T, Broken>;

impl<'s> Tape<'s> {
    /// Reads `source`, which is one value and white space around it.
    pub(super) fn read(source: &'s str) -> Read<Self> {
        if u32::try_from(source.len()).is_err() {
            let expected = "less than 4 GiB";
            return Err(Broken { at: 0, expected });
        }
        let mut reader = Reader {
            source,
            bytes: source.as_bytes(),
            // Real events have a value for about twelve bytes.
            nodes: Vec::with_capacity(source.len() / 12 + 4),
            open: Vec::with_capacity(usize::from(DEPTH_MAX)),
            frames: None,
            parts: Vec::new(),
        };
        reader.whole()?;
        let mut parts = reader.parts;
        // What is within another one was closed before it.
        parts.sort_unstable_by_key(|part| part.node);
        Ok(Self {
            source,
            nodes: reader.nodes,
            parts,
        })
    }

    pub(super) fn node(&self, at: usize) -> Node {
        self.nodes[at]
    }

    /// The text of a scalar.
    pub(super) fn text(&self, node: Node) -> &'s str {
        &self.source[node.start as usize..node.end as usize]
    }

    /// The text of the container whose nodes are behind `first - 1`, and how deep it
    /// lies, if it is one that is often the same.
    pub(super) fn whole(&self, first: usize) -> Option<(&'s str, u8)> {
        let node = first.checked_sub(1)? as u32;
        let found = self.parts.binary_search_by_key(&node, |part| part.node);
        let part = self.parts[found.ok()?];
        let start = self.nodes[node as usize].start;
        let text = &self.source[start as usize..part.end as usize];
        Some((text, part.depth))
    }

    /// The node behind the value at `at` and all that is in it.
    pub(super) fn behind(&self, at: usize) -> usize {
        let node = self.nodes[at];
        match node.kind {
            Kind::Array | Kind::Object => node.end as usize,
            _ => at + 1,
        }
    }
}

struct Reader<'s> {
    source: &'s str,
    bytes: &'s [u8],
    nodes: Vec<Node>,
    /// The nodes of the containers that are open, the outermost first.
    open: Vec<u32>,
    /// Of those the innermost list that is called "frames".
    frames: Option<u32>,
    parts: Vec<Whole>,
}

impl Reader<'_> {
    fn whole(&mut self) -> Read<()> {
        let mut at = self.skip_blank(0);
        loop {
            at = self.value(at)?;
            // Behind a value: the containers it ends, then a comma or the end.
            loop {
                at = self.skip_blank(at);
                let Some(&open) = self.open.last() else {
                    return if at == self.bytes.len() {
                        Ok(())
                    } else {
                        Err(broken(at, "the end"))
                    };
                };
                let object = self.nodes[open as usize].kind == Kind::Object;
                match (self.bytes.get(at), object) {
                    (Some(b','), true) => {
                        at = self.key(self.skip_blank(at + 1))?;
                        break;
                    }
                    (Some(b','), false) => {
                        at = self.skip_blank(at + 1);
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        at += 1;
                        self.close(at);
                    }
                    (_, true) => return Err(broken(at, "`,` or `}`")),
                    (_, false) => return Err(broken(at, "`,` or `]`")),
                }
            }
        }
    }

    /// Reads a scalar, an empty container, or the beginning of a container up to its
    /// first value.
    fn value(&mut self, mut at: usize) -> Read<usize> {
        loop {
            let (kind, closing) = match self.bytes.get(at) {
                Some(b'"') => return self.string(at + 1),
                Some(b'{') => (Kind::Object, b'}'),
                Some(b'[') => (Kind::Array, b']'),
                Some(_) => return self.token(at),
                None => return Err(broken(at, "a value")),
            };
            if self.open.len() >= usize::from(DEPTH_MAX) {
                return self.too_deep(at);
            }
            let node = self.push(kind, at, at);
            at = self.skip_blank(at + 1);
            if kind == Kind::Array && self.is_called_frames(node) {
                self.frames = Some(node);
            }
            self.open.push(node);
            if self.bytes.get(at) == Some(&closing) {
                self.close(at + 1);
                return Ok(at + 1);
            }
            if kind == Kind::Object {
                at = self.key(at)?;
            }
        }
    }

    /// Reads a member's key and its colon.
    fn key(&mut self, at: usize) -> Read<usize> {
        if self.bytes.get(at) != Some(&b'"') {
            return Err(broken(at, "a key in quotes"));
        }
        let at = self.string(at + 1)?;
        let at = self.skip_blank(at);
        if self.bytes.get(at) != Some(&b':') {
            return Err(broken(at, "`:`"));
        }
        Ok(self.skip_blank(at + 1))
    }

    /// Reads a string from behind its opening quote to behind its closing one.
    fn string(&mut self, start: usize) -> Read<usize> {
        let mut kind = Kind::Plain;
        let mut at = start;
        loop {
            at = next_to_escape(self.bytes, at).unwrap_or(self.bytes.len());
            match self.bytes.get(at) {
                Some(b'"') => {
                    self.push(kind, start, at);
                    return Ok(at + 1);
                }
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
                None => return Err(broken(self.bytes.len(), "the end of a string")),
            }
            kind = Kind::Escaped;
        }
    }

    fn token(&mut self, start: usize) -> Read<usize> {
        let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
        let rest = &self.bytes[start..];
        let length = rest.iter().position(|b| !part(b)).unwrap_or(rest.len());
        let end = start + length;
        let text = &self.source[start..end];
        let kind = match text {
            "null" | "NaN" | "Infinity" | "-Infinity" | "undefined" => Kind::Null,
            "true" => Kind::True,
            "false" => Kind::False,
            _ => number(text).ok_or_else(|| broken(start, "a value"))?,
        };
        self.push(kind, start, end);
        Ok(end)
    }

    /// Passes over a container without a look at what it holds.
    fn too_deep(&mut self, start: usize) -> Read<usize> {
        let mut depth = 0usize;
        let mut at = start;
        while let Some(byte) = self.bytes.get(at) {
            at += 1;
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        self.push(Kind::TooDeep, start, start);
                        return Ok(at);
                    }
                }
                b'"' => {
                    at = self.string(at)?;
                    self.nodes.pop();
                }
                _ => {}
            }
        }
        Err(broken(at, "the end of what is nested too deep"))
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) -> u32 {
        let node = self.nodes.len() as u32;
        self.nodes.push(Node {
            kind,
            start: start as u32,
            end: end as u32,
        });
        node
    }

    /// Ends the innermost container, whose text ends at `end`.
    fn close(&mut self, end: usize) {
        let behind = self.nodes.len() as u32;
        let Some(open) = self.open.pop() else {
            return;
        };
        self.nodes[open as usize].end = behind;
        if self.frames == Some(open) {
            self.frames = None;
        }
        let length = end - self.nodes[open as usize].start as usize;
        if length < WHOLE_BYTES_MIN {
            return;
        }
        let depth = self.open.len() as u8;
        if depth == 1 || (depth > 1 && self.frames == self.open.last().copied()) {
            self.parts.push(Whole {
                node: open,
                end: end as u32,
                depth,
            });
        }
    }

    /// Whether the list that begins at `node` is a member of this name.
    fn is_called_frames(&self, node: u32) -> bool {
        let parent = self.open.last().map(|open| self.nodes[*open as usize].kind);
        let key = self.nodes[node.saturating_sub(1) as usize];
        parent == Some(Kind::Object)
            && key.kind == Kind::Plain
            && &self.source[key.start as usize..key.end as usize] == "frames"
    }

    fn skip_blank(&self, mut at: usize) -> usize {
        while matches!(self.bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            at += 1;
        }
        at
    }
}

fn broken(at: usize, expected: &'static str) -> Broken {
    Broken { at, expected }
}

/// Digits up to which a number's text is surely within f64 without a look at it.
const SMALL_DIGITS_MAX: usize = 40;

/// What kind of number `text` is; `None`: none.
fn number(text: &str) -> Option<Kind> {
    let (plain, has_exponent) = as_json_writes(text.as_bytes());
    if plain && !has_exponent && text.len() <= SMALL_DIGITS_MAX {
        return Some(Kind::Number);
    }
    match text.parse::<f64>() {
        Ok(value) if !value.is_finite() => Some(Kind::Null),
        // What is longer than any f64 needs to be is written anew.
        Ok(_) if plain && text.len() <= SMALL_DIGITS_MAX => Some(Kind::Number),
        Ok(_) => Some(Kind::OddNumber),
        Err(_) => None,
    }
}

/// Whether it is a number by JSON's grammar, and whether it has an exponent.
fn as_json_writes(text: &[u8]) -> (bool, bool) {
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let rest = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest[0] == b'0') {
        return (false, false);
    }
    let mut rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return (false, false);
        }
        rest = &fraction[length..];
    }
    let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) else {
        return (rest.is_empty(), false);
    };
    let signed = exponent
        .strip_prefix(b"+")
        .or_else(|| exponent.strip_prefix(b"-"));
    let exponent = signed.unwrap_or(exponent);
    let length = digits(exponent);
    (length > 0 && length == exponent.len(), true)
}
