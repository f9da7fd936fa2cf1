//! What was masked so far, taken back, moved, or noted again for a part that is
//! remembered.

use super::{Path, Rules, SCRUBBED_MAX, Scrub};

impl Scrub {
    pub(in super::super) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Where the paths of what was masked end so far, for [`Self::rewind`].
    pub(in super::super) fn mark(&self) -> (usize, usize) {
        (self.noted.len(), self.masked)
    }

    /// Forgets what was masked since: it is to be written again.
    pub(in super::super) fn rewind(&mut self, (noted, masked): (usize, usize)) {
        self.noted.truncate(noted);
        self.masked = masked;
    }

    /// What was masked since, by the paths below `path`, and how many fields; none if
    /// there was no room to note it.
    pub(in super::super) fn noted_since(
        &self,
        (noted, masked): (usize, usize),
        path: &Path<'_>,
    ) -> Option<(Vec<String>, usize)> {
        let count = self.masked - masked;
        if count == 0 {
            return Some((Vec::new(), 0));
        }
        let since = &self.noted[noted..];
        let path = path.to_string();
        let below: Option<Vec<String>> = since
            .iter()
            .map(|noted| Some(noted.strip_prefix(&path)?.to_owned()))
            .collect();
        below
            .filter(|_| since.len() == count)
            .map(|below| (below, count))
    }

    /// Notes the same below `path`.
    pub(in super::super) fn note_again(&mut self, path: &Path<'_>, below: &[String], count: usize) {
        self.masked += count;
        let room = SCRUBBED_MAX.saturating_sub(self.noted.len());
        let again = below.iter().take(room);
        self.noted
            .extend(again.map(|below| format!("{path}{below}")));
    }

    /// What was written as a part of `from`, a field of the event, is now one of `to`.
    pub(in super::super) fn moved(&mut self, from: &str, to: &Path<'_>) {
        for noted in &mut self.noted {
            if let Some(rest) = noted.strip_prefix(from)
                && rest.starts_with('.')
            {
                *noted = format!("{to}{rest}");
            }
        }
    }
}
