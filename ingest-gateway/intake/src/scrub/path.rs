//! Where a value stands in the event.

use std::fmt;

/// A chain on the stack, written out only if it is noted: `extra.user.password`,
/// `exceptions[0].frames[3].vars.key`.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    /// A field of the event.
    pub(in super::super) const fn root(key: &'p str) -> Self {
        Self {
            parent: None,
            step: Step::Key(key),
        }
    }

    /// A member of an object.
    pub(in super::super) const fn key(&'p self, key: &'p str) -> Path<'p> {
        Path {
            parent: Some(self),
            step: Step::Key(key),
        }
    }

    /// The names on the way, from the top; places in lists are none.
    pub(in super::super) fn names(&self) -> Vec<&'p str> {
        let mut names = Vec::new();
        let mut at = Some(self);
        while let Some(path) = at {
            if let Step::Key(name) = path.step {
                names.push(name);
            }
            at = path.parent;
        }
        names.reverse();
        names
    }

    /// The field of the event that it is below.
    pub(in super::super) fn field(&self) -> &'p str {
        match (self.parent, self.step) {
            (Some(parent), _) => parent.field(),
            (None, Step::Key(key)) => key,
            (None, Step::Index(_)) => "",
        }
    }

    /// An item of a list.
    pub(in super::super) const fn index(&'p self, index: usize) -> Path<'p> {
        Path {
            parent: Some(self),
            step: Step::Index(index),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Key(key) if self.parent.is_some() => write!(f, ".{key}"),
            Step::Key(key) => f.write_str(key),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}
