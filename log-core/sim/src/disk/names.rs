//! One simulated directory: the names that are seen, those on the platter, and the changes in between.

use std::collections::BTreeMap;

use super::rng::Rng;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    File(usize),
    Dir(usize),
}

/// A change of names since the last sync of the directory.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Set(String, Entry),
    Remove(String),
    /// Both at once.
    Rename {
        from: String,
        to: String,
        entry: Entry,
    },
}

/// Which unsynced changes of names a power cut leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameLoss {
    /// The first of them up to some point, directory by directory: what a journal does.
    Tail,
    /// Any of them: a file system without order.
    Any,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    pub(super) cache: BTreeMap<String, Entry>,
    durable: BTreeMap<String, Entry>,
    pending: Vec<Change>,
}

impl Directory {
    pub(super) fn change(&mut self, change: Change) {
        apply(&mut self.cache, change.clone());
        self.pending.push(change);
    }

    pub(super) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            apply(&mut self.durable, change);
        }
    }

    /// All files and directories that a name leads to, or could after a crash.
    pub(super) fn possible(&self) -> impl Iterator<Item = Entry> {
        let pending = self.pending.iter().filter_map(|change| match change {
            Change::Set(_, entry) | Change::Rename { entry, .. } => Some(*entry),
            Change::Remove(_) => None,
        });
        let names = self.cache.values().chain(self.durable.values());
        names.copied().chain(pending)
    }

    /// The power goes. Counts the changes that went with it.
    pub(super) fn crash(&mut self, rng: &mut Rng, loss: NameLoss) -> u64 {
        let pending = std::mem::take(&mut self.pending);
        let kept = rng.below(pending.len() as u64 + 1) as usize;
        let mut lost = 0;
        for (at, change) in pending.into_iter().enumerate() {
            let survives = match loss {
                NameLoss::Tail => at < kept,
                NameLoss::Any => rng.coin(),
            };
            if survives {
                apply(&mut self.durable, change);
            } else {
                lost += 1;
            }
        }
        self.cache.clone_from(&self.durable);
        lost
    }
}

fn apply(names: &mut BTreeMap<String, Entry>, change: Change) {
    match change {
        Change::Set(name, entry) => {
            names.insert(name, entry);
        }
        Change::Remove(name) => {
            names.remove(&name);
        }
        Change::Rename { from, to, entry } => {
            names.remove(&from);
            names.insert(to, entry);
        }
    }
}
