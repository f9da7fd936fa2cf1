//! What named cursors promise: a position that was committed, or shown, stays; one whose commit failed may be there.

use super::model::Violation;

/// Where one cursor may stand: `None` is "not made yet".
#[derive(Clone, Debug)]
pub(super) struct Expected(Vec<Option<u64>>);

impl Default for Expected {
    fn default() -> Self {
        Self(vec![None])
    }
}

impl Expected {
    /// It was opened, and stood at `position`; new ones are made at `first`. What was shown must stay.
    pub(super) fn opened(&mut self, position: u64, first: u64) -> Result<(), Violation> {
        let made = self.0.contains(&None) && position == first;
        if !made && !self.0.contains(&Some(position)) {
            return Err(format!(
                "a cursor stands at {position}, expected was one of {:?}",
                self.0
            ));
        }
        self.0 = vec![Some(position)];
        Ok(())
    }

    /// It was found at `position` when nothing could be undecided any more. Anything unexpected is left for the next
    /// opening to report.
    pub(super) fn settle(&mut self, position: u64) {
        if self.0.contains(&Some(position)) {
            self.0 = vec![Some(position)];
        }
    }

    /// A commit or rewind to `position` was tried.
    pub(super) fn moved(&mut self, position: u64, done: bool) {
        if done {
            self.0.clear();
        }
        self.0.push(Some(position));
    }

    /// Making it was tried, and failed.
    pub(super) fn not_made(&mut self, first: u64) {
        if self.0.contains(&None) {
            self.0.push(Some(first));
        }
    }

    /// Whether it is certainly there.
    pub(super) fn is_made(&self) -> bool {
        !self.0.contains(&None)
    }

    /// The least position that it may have.
    pub(super) fn least(&self) -> u64 {
        self.0.iter().flatten().copied().min().unwrap_or(0)
    }
}
