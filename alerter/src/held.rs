//! What may not leave yet, and when it may: a regression within an issue's interval
//! waits for its end; what goes beyond the mails of an hour gathers for a digest. Pure.
//!
//! Invariant: whatever is held is due at some time. Bounded: one an issue, which takes a
//! person's decision to come about; a digest names [`DIGEST_ITEMS_MAX`] issues and counts
//! the rest, by project, for each is told only what they see. Times are Unix nanoseconds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Issues that a digest names; the rest is a number. A mail of more is read by nobody.
pub const DIGEST_ITEMS_MAX: usize = 50;
/// Transitions that are kept for it, of all projects: not everybody sees each of them.
const DIGEST_KEPT_MAX: usize = 1_000;

/// All that is held.
#[derive(Debug)]
pub struct Held<T> {
    waiting: HashMap<String, Waiting<T>>,
    digest: Option<Digest<T>>,
}

#[derive(Debug)]
struct Waiting<T> {
    due_ns: i64,
    what: T,
}

/// Transitions that are told in one mail.
#[derive(Debug, PartialEq, Eq)]
pub struct Digest<T> {
    /// Of the first transition in it.
    pub first_position: u64,
    /// Of the last one.
    pub last_position: u64,
    /// The first of each project, at most [`DIGEST_ITEMS_MAX`] of it; with the project.
    items: Vec<(u32, T)>,
    /// How many there are of each project.
    counts: BTreeMap<u32, u64>,
    due_ns: i64,
}

impl<T: Clone> Digest<T> {
    /// The projects that it tells of.
    pub fn projects(&self) -> impl Iterator<Item = u32> + '_ {
        self.counts.keys().copied()
    }

    /// The first of it.
    pub fn first(&self) -> Option<&T> {
        self.items.first().map(|(_, item)| item)
    }

    /// What it tells to who sees these projects: the first of them, and how many.
    pub fn of(&self, projects: &BTreeSet<u32>) -> (Vec<T>, u64) {
        let items = self.items.iter();
        let items = items.filter(|(project, _)| projects.contains(project));
        let items = items.take(DIGEST_ITEMS_MAX).map(|(_, item)| item.clone());
        let counts = self.counts.iter();
        let counts = counts.filter(|(project, _)| projects.contains(project));
        (items.collect(), counts.map(|(_, count)| count).sum())
    }
}

impl<T> Default for Held<T> {
    fn default() -> Self {
        Self {
            waiting: HashMap::new(),
            digest: None,
        }
    }
}

impl<T> Held<T> {
    /// Holds `what` of an issue until `due_ns`; gives back what it takes the place of.
    pub fn wait(&mut self, issue_id: &str, due_ns: i64, what: T) -> Option<T> {
        let new = Waiting { due_ns, what };
        self.waiting
            .insert(issue_id.to_owned(), new)
            .map(|old| old.what)
    }

    /// Adds one of a project to the digest; its first item makes it due at `due_ns`. True:
    /// it is that first.
    pub fn gather(
        &mut self,
        position: u64,
        due_ns: i64,
        project: u32,
        what: impl FnOnce() -> T,
    ) -> bool {
        let is_first = self.digest.is_none();
        let digest = self.digest.get_or_insert_with(|| Digest {
            first_position: position,
            last_position: position,
            items: Vec::new(),
            counts: BTreeMap::new(),
            due_ns,
        });
        digest.last_position = position;
        let count = digest.counts.entry(project).or_default();
        *count += 1;
        if *count <= DIGEST_ITEMS_MAX as u64 && digest.items.len() < DIGEST_KEPT_MAX {
            digest.items.push((project, what()));
        }
        is_first
    }

    /// When the next of them is due.
    pub fn next_due_ns(&self) -> Option<i64> {
        let waiting = self.waiting.values().map(|w| w.due_ns);
        waiting.chain(self.digest.iter().map(|d| d.due_ns)).min()
    }

    /// Takes one that is due.
    pub fn take_due(&mut self, now_ns: i64) -> Option<T> {
        let due = self
            .waiting
            .iter()
            .filter(|(_, waiting)| waiting.due_ns <= now_ns)
            .min_by_key(|(id, waiting)| (waiting.due_ns, (*id).clone()))
            .map(|(id, _)| id.clone())?;
        self.waiting.remove(&due).map(|waiting| waiting.what)
    }

    /// Takes the digest if it is due.
    pub fn take_digest(&mut self, now_ns: i64) -> Option<Digest<T>> {
        self.digest.take_if(|digest| digest.due_ns <= now_ns)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_an_issue_waits_and_is_due_at_its_time() {
        let mut held = Held::default();
        assert_eq!(held.next_due_ns(), None);
        assert_eq!(held.wait("a", 50, "first"), None);
        assert_eq!(held.wait("a", 50, "second"), Some("first"));
        assert_eq!(held.wait("b", 20, "other"), None);
        assert_eq!(held.next_due_ns(), Some(20));
        assert_eq!(held.take_due(19), None);
        assert_eq!(
            held.take_due(60),
            Some("other"),
            "in the order of being due"
        );
        assert_eq!(held.take_due(60), Some("second"));
        assert_eq!(held.take_due(60), None);
        assert_eq!(held.next_due_ns(), None);
    }

    #[test]
    fn a_digest_names_a_bounded_number_counts_all_and_is_due_after_its_first() {
        let of = |position: u64| if position.is_multiple_of(10) { 2 } else { 1 };
        let mut held = Held::default();
        for position in 1..=1000 {
            let due_ns = 100 + position as i64;
            let project = of(position);
            let is_first = held.gather(position, due_ns, project, || position);
            assert_eq!(is_first, position == 1);
        }
        assert_eq!(held.take_digest(100), None);
        let digest = held.take_digest(101).unwrap();
        assert_eq!((digest.first_position, digest.last_position), (1, 1000));
        for (projects, first, count) in [
            (vec![1, 2], Some(1), 1000),
            (vec![1], Some(1), 900),
            (vec![2], Some(10), 100),
            (vec![3], None, 0),
        ] {
            let (items, counted) = digest.of(&projects.iter().copied().collect());
            let named = usize::try_from(count).unwrap().min(DIGEST_ITEMS_MAX);
            assert_eq!((items.len(), counted), (named, count), "{projects:?}");
            assert_eq!(items.first().copied(), first, "{projects:?}");
            let is_theirs = |at: &u64| projects.contains(&of(*at));
            assert!(items.iter().all(is_theirs), "{projects:?}");
        }
        assert!(
            held.gather(2000, 5000, 1, || 2000),
            "the next one begins anew"
        );
        assert_eq!(held.next_due_ns(), Some(5000));
    }
}
