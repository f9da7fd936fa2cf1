//! Why an event is in its issue, and why two are not in one.
//!
//! Invariant: made by the same calls that group ([`crate::parts`]): the counted components
//! hash to the event's fingerprint.

use std::fmt;

use event_model::Fingerprint;

use crate::{Component, parts::Form};

/// Longest text that a tree shows of a value, characters.
const SHOWN_CHARS_MAX: usize = 120;

/// What of an event counts and what does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The identity of its issue.
    pub fingerprint: Fingerprint,
    /// The tree: the event, its errors, their types, texts and frames.
    pub root: Component,
}

/// Where two events first differ in what counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    /// The way to it from the event: "error 2", "frame 3".
    pub path: Vec<String>,
    /// What the first has there.
    pub first: Option<Component>,
    /// What the second has there.
    pub second: Option<Component>,
}

impl Explanation {
    pub(crate) fn of(root: Component) -> Self {
        Self {
            fingerprint: root.fingerprint(),
            root,
        }
    }
}

impl Explanation {
    /// Where it first differs from another event's, which may have been grouped by other
    /// rules.
    pub fn apart_from(&self, other: &Self) -> Option<Apart> {
        why_apart(self, other)
    }
}

/// Where two explanations first differ.
pub(crate) fn why_apart(a: &Explanation, b: &Explanation) -> Option<Apart> {
    if a.fingerprint == b.fingerprint {
        return None;
    }
    let mut path = Vec::new();
    let (mut first, mut second) = (&a.root, &b.root);
    loop {
        let is_whole = matches!(first.form, Form::Whole(..));
        if !is_whole || first.form != second.form {
            return Some(Apart {
                path,
                first: Some(first.clone()),
                second: Some(second.clone()),
            });
        }
        let all = counted(first).count().max(counted(second).count());
        let parts = |at: usize| (counted(first).nth(at), counted(second).nth(at));
        let at = (0..all).find(|at| !is_same(parts(*at)))?;
        let (one, other) = parts(at);
        let whole = if one.is_some() { first } else { second };
        path.push(numbered(whole, at));
        let (Some(one), Some(other)) = (one, other) else {
            return Some(Apart {
                path,
                first: one.cloned(),
                second: other.cloned(),
            });
        };
        (first, second) = (one, other);
    }
}

fn counted(whole: &Component) -> impl Iterator<Item = &Component> {
    whole.parts.iter().filter(|part| part.counts)
}

/// "frame 3", or "type" if there is but one.
fn numbered(whole: &Component, at: usize) -> String {
    let name = counted(whole).nth(at).map_or("", |part| part.name);
    let alike = |part: &&Component| part.name == name;
    if counted(whole).filter(alike).count() < 2 {
        return name.to_owned();
    }
    let number = counted(whole).take(at + 1).filter(alike).count();
    format!("{name} {number}")
}

fn is_same(pair: (Option<&Component>, Option<&Component>)) -> bool {
    let (Some(a), Some(b)) = pair else {
        return false;
    };
    let is_equal = match (a.form, b.form) {
        (Form::Whole(..), Form::Whole(..)) => a.fingerprint() == b.fingerprint(),
        (Form::Frame { .. }, Form::Frame { .. }) => a.parts == b.parts,
        (Form::Text, Form::Text) => a.value == b.value,
        _ => false,
    };
    a.name == b.name && is_equal
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "fingerprint {}", self.fingerprint)?;
        tree(&self.root, 0, f)
    }
}

impl fmt::Display for Apart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() {
            "what they are grouped by".to_owned()
        } else {
            self.path.join(", ")
        };
        writeln!(f, "they differ in {path}:")?;
        for (which, component) in [("first", &self.first), ("second", &self.second)] {
            match component {
                Some(component) => {
                    write!(f, "{which:7} ")?;
                    line(component, f)?;
                }
                None => writeln!(f, "{which:7} has none")?,
            }
        }
        Ok(())
    }
}

/// A line a component, `+` if it counts and `-` if not.
fn tree(component: &Component, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let sign = if component.counts { '+' } else { '-' };
    write!(f, "{:indent$}{sign} ", "", indent = 2 * depth)?;
    line(component, f)?;
    if !matches!(component.form, Form::Whole(..)) {
        return Ok(());
    }
    for part in &component.parts {
        let is_empty = part.form == Form::Text && part.value.is_empty() && part.raw.is_empty();
        if !is_empty {
            tree(part, depth + 1, f)?;
        }
    }
    Ok(())
}

fn line(component: &Component, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}", component.name)?;
    if !component.value.is_empty() {
        write!(f, " {}", short(&component.value))?;
    }
    if !component.raw.is_empty() && component.counts {
        write!(f, " ← {}", short(&component.raw))?;
    }
    if !component.why.is_empty() {
        write!(f, "  [{}]", component.why)?;
    }
    writeln!(f)
}

/// One line, not too long.
fn short(text: &str) -> String {
    let line = text.replace(['\n', '\r'], " ");
    match line.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests;
