//! A disk that exists in memory only, and fails on demand: the ground on which the log's promises are proven.
//!
//! Owns: what real disks and file systems may do to bytes and names that were not synced. Everything is decided by
//! the seed: no thread, no clock, no randomness of the machine, so that a failing seed fails again.
//!
//! The model. A write changes the page cache; a sync takes the cache to the platter. A power cut ([`SimDisk::crash`])
//! leaves of every unsynced 512-byte sector some version: the synced one, the newest, or one in between; lengths
//! survive in their order or not; so do names, as a journal keeps them or worse ([`NameLoss`]). A process crash
//! ([`SimDisk::kill`]) leaves the cache as it is. Either frees all locks and kills all open files. Reserved bytes are
//! zeros. A failed sync drops what it failed to write: the cache looks as before (or, by chance, shows the old bytes),
//! the next sync succeeds, a crash brings the old bytes back.
//!
//! Units: a *step* is a call that changes the disk; [`SimDisk::cut_at`] cuts the power at one of them, which may be
//! half done. Fails: after a cut every call fails, and nothing more reaches the disk.

mod fault;
mod handle;
mod names;
mod node;
mod rng;
mod state;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

pub use fault::{Call, Counts, Fault, Faults, Sabotage};
pub use names::NameLoss;
pub use rng::Rng;

use handle::Handle;
use log_core::PageError;
use log_core::inside::commit::lock;
use log_core::publish::{Page, Place};
use log_core::{LogFile, LogIo, Open};
use names::{Change, Entry};
use node::Node;
use state::{State, error};

/// The simulated disk. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

impl SimDisk {
    /// An empty disk, all of whose decisions follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            state: Arc::new(Mutex::new(State::new(seed))),
        }
    }

    /// Another disk in the same state, whose decisions follow from `seed`, and which has been through
    /// nothing yet. Open files stay with this one.
    #[must_use]
    pub fn fork(&self, seed: u64) -> Self {
        let mut state = self.inside().clone();
        state.rng = Rng::new(state.rng.word() ^ seed);
        state.counts = Counts::default();
        // Another machine: what its processes publish is its own.
        state.pages.clear();
        state.life += 1;
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn inside(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The power is cut, and comes back: what was not synced may be lost.
    pub fn crash(&self, loss: NameLoss) {
        self.inside().crash(loss);
    }

    /// The process dies: what was written stays, but for what a failed sync has lost.
    pub fn kill(&self) {
        let mut state = self.inside();
        state.end_life();
        state.counts.kills += 1;
        state.recount();
    }

    /// Cuts the power at the `step`th step from now, the next one being the first, or not at all. After a cut the
    /// machine stays dark until [`SimDisk::crash`] or [`SimDisk::kill`].
    pub fn cut_at(&self, step: Option<u64>) {
        let mut state = self.inside();
        state.cut_at = step.map(|step| state.steps + step);
    }

    /// Whether the cut has come.
    pub fn is_cut(&self) -> bool {
        self.inside().cut
    }

    /// Steps so far.
    pub fn steps(&self) -> u64 {
        self.inside().steps
    }

    /// Calls so far, reading ones included, and of one kind.
    pub fn calls(&self) -> u64 {
        self.inside().calls
    }

    /// Calls of one kind so far.
    pub fn calls_of(&self, call: Call) -> u64 {
        self.inside().made[call as usize]
    }

    /// How often calls fail from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.inside().faults = faults;
    }

    /// Makes the `nth` call of this kind from now fail; forgotten with the next crash or kill.
    pub fn plan(&self, call: Call, nth: u64, fault: Fault) {
        self.inside().plan(call, nth, fault);
    }

    /// Leaves `bytes` of free space, or takes the limit away.
    pub fn set_free(&self, bytes: Option<u64>) {
        let mut state = self.inside();
        state.capacity = bytes.map(|bytes| state.used() + bytes);
    }

    /// Makes the disk lie; `None` makes it honest again.
    pub fn sabotage(&self, lie: Option<Sabotage>) {
        self.inside().sabotage = lie;
    }

    /// What it has been through.
    pub fn counts(&self) -> Counts {
        self.inside().counts
    }

    /// The bytes of a file: those on the platter, or those that reads show.
    pub fn peek(&self, path: &Path, durable: bool) -> Option<Vec<u8>> {
        let state = self.inside();
        let Ok(Entry::File(file)) = state.entry(path) else {
            return None;
        };
        let node = &state.nodes[file];
        Some(
            if durable {
                node.durable()
            } else {
                node.cache()
            }
            .to_vec(),
        )
    }

    /// Changes bytes of a file on platter and in cache alike, past everything: rot.
    pub fn rot(&self, path: &Path, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.inside();
        let Entry::File(file) = state.entry(path)? else {
            return Err(error(io::ErrorKind::IsADirectory));
        };
        state.nodes[file].write(at as usize, bytes);
        state.nodes[file].sync();
        Ok(())
    }
}

impl LogIo for SimDisk {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn LogFile>> {
        let mut guard = self.inside();
        let state = &mut *guard;
        let found = match state.entry(path) {
            Ok(entry) => Some(entry),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let changes =
            how == Open::Create || (how == Open::OpenOrCreate && found.is_none() && !state.cut);
        if changes {
            state.whole(Call::Open)?;
        } else if let state::Gate::Fail(fault) = state.gate(Call::Open, false)? {
            return Err(fault.error());
        }
        let writable = how != Open::Read;
        let file = match (found, how) {
            (Some(Entry::Dir(_)), Open::Read) => None,
            (Some(Entry::Dir(_)), _) => return Err(error(io::ErrorKind::IsADirectory)),
            (Some(Entry::File(file)), Open::Create) => {
                state.nodes[file].truncate();
                state.nodes[file].allocated = 0;
                Some(file)
            }
            (Some(Entry::File(file)), _) => Some(file),
            (None, Open::Read | Open::Write) => return Err(error(io::ErrorKind::NotFound)),
            (None, Open::Create | Open::OpenOrCreate) => {
                let (dir, name) = state.place(path)?;
                let file = state.nodes.len();
                state.nodes.push(Node::named());
                state.dirs[dir].change(Change::Set(name.to_owned(), Entry::File(file)));
                Some(file)
            }
        };
        state.answer(())?;
        Ok(Arc::new(Handle::new(&self.state, state, file, writable)))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut state = self.inside();
        if let state::Gate::Fail(fault) = state.gate(Call::List, false)? {
            return Err(fault.error());
        }
        let dir = state.dir(dir)?;
        let mut names: Vec<String> = state.dirs[dir].cache.keys().cloned().collect();
        for at in (1..names.len()).rev() {
            names.swap(at, state.rng.below(at as u64 + 1) as usize);
        }
        Ok(names)
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.inside();
        state.whole(Call::CreateDir)?;
        state.create_dirs(dir)?;
        state.answer(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.inside();
        state.whole(Call::Rename)?;
        let (dir, from_name) = state.place(from)?;
        let (to_dir, to_name) = state.place(to)?;
        if dir != to_dir {
            // The log has no need of it, and no file system promises what a crash leaves of it.
            return Err(error(io::ErrorKind::CrossesDevices));
        }
        let entry = state.entry(from)?;
        if state.entry(to).is_ok_and(|old| old == entry) {
            return state.answer(()); // Two names of one file: nothing happens, as POSIX says.
        }
        let replaced = state.dirs[dir].cache.get(to_name).copied();
        state.dirs[dir].change(Change::Rename {
            from: from_name.to_owned(),
            to: to_name.to_owned(),
            entry,
        });
        state.unlink(replaced);
        state.answer(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.inside();
        state.whole(Call::Link)?;
        let Entry::File(file) = state.entry(from)? else {
            return Err(error(io::ErrorKind::PermissionDenied));
        };
        let (dir, name) = state.place(to)?;
        if state.dirs[dir].cache.contains_key(name) {
            return Err(error(io::ErrorKind::AlreadyExists));
        }
        state.nodes[file].links += 1;
        state.dirs[dir].change(Change::Set(name.to_owned(), Entry::File(file)));
        state.answer(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.inside();
        state.whole(Call::Remove)?;
        let entry = state.entry(path)?;
        if matches!(entry, Entry::Dir(_)) {
            return Err(error(io::ErrorKind::IsADirectory));
        }
        let (dir, name) = state.place(path)?;
        state.dirs[dir].change(Change::Remove(name.to_owned()));
        state.unlink(Some(entry));
        state.answer(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.inside();
        match state.gate(Call::SyncDir, true)? {
            state::Gate::Go => {}
            state::Gate::Half => return Err(state::cut_error()),
            state::Gate::Fail(fault) => return Err(fault.error()),
        }
        let dir = state.dir(dir)?;
        if state.sabotage != Some(Sabotage::NoDirSync) {
            state.dirs[dir].sync();
        }
        Ok(())
    }

    fn now_ns(&self) -> i64 {
        self.inside().now()
    }

    /// In memory: what the processes of one boot share. A power cut takes it.
    fn page(
        &self,
        dir: &Path,
        log_id: &[u8; 16],
        epoch: u32,
        place: Place,
        durable: u64,
    ) -> Result<Page, PageError> {
        let mut state = self.inside();
        let old = state
            .pages
            .get(dir)
            .filter(|(owner, page)| owner == log_id && page.durable() <= durable);
        let page = match old.and_then(|(_, page)| page.again()) {
            Some(page) => page,
            None => Page::heap(place, durable),
        };
        page.take_over(epoch, place, durable);
        if let Some(kept) = page.again() {
            state
                .pages
                .insert(dir.to_path_buf(), (*log_id, Arc::new(kept)));
        }
        Ok(page)
    }

    fn follow_page(&self, dir: &Path, log_id: &[u8; 16]) -> Result<Page, PageError> {
        let state = self.inside();
        let page = state.pages.get(dir).filter(|(owner, _)| owner == log_id);
        page.and_then(|(_, page)| page.again())
            .ok_or_else(|| PageError::Missing {
                path: dir.to_path_buf(),
            })
    }

    fn random(&self, bytes: &mut [u8]) -> io::Result<()> {
        let mut state = self.inside();
        for chunk in bytes.chunks_mut(8) {
            let word = state.rng.word().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
