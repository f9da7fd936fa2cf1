//! All of a simulated disk, behind its one lock: files, directories, space, chance and what is planned.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::fault::{CALLS, Call, Counts, Fault, Faults, SCARCITIES, Sabotage};
use super::names::{Change, Directory, Entry, NameLoss};
use super::node::Node;
use super::rng::Rng;
use log_core::publish::Page;

pub(super) const PAGE_BYTES: u64 = 4096;
/// The clock's start, 2026-01-01, and the most that a look at it takes.
const EPOCH_NS: i64 = 1_767_225_600_000_000_000;
const TICK_NS_MAX: u64 = 1_000_000;

#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) rng: Rng,
    pub(super) nodes: Vec<Node>,
    /// The first one is the root.
    pub(super) dirs: Vec<Directory>,
    /// Grows with every crash and kill: files that were open before are dead.
    pub(super) life: u64,
    pub(super) next_open: u64,
    pub(super) calls: u64,
    pub(super) steps: u64,
    pub(super) cut_at: Option<u64>,
    pub(super) cut: bool,
    pub(super) faults: Faults,
    planned: Vec<(Call, u64, Fault)>,
    pub(super) made: [u64; CALLS],
    pub(super) counts: Counts,
    pub(super) sabotage: Option<Sabotage>,
    /// Changes that a late sync makes durable at the next one, by file.
    pub(super) late: Vec<(usize, usize)>,
    pub(super) capacity: Option<u64>,
    /// Publication pages by directory, with their log's id.
    pub(super) pages: BTreeMap<PathBuf, ([u8; 16], Arc<Page>)>,
    now_ns: i64,
}

/// What a call may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    Go,
    /// The power goes during this call: do a part of it, then fail.
    Half,
    Fail(Fault),
}

/// The error of every call after the power went.
pub(super) fn cut_error() -> io::Error {
    io::Error::other("the simulated power was cut")
}

pub(super) fn error(kind: io::ErrorKind) -> io::Error {
    io::Error::from(kind)
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::new(seed),
            nodes: Vec::new(),
            dirs: vec![Directory::default()],
            life: 0,
            next_open: 0,
            calls: 0,
            steps: 0,
            cut_at: None,
            cut: false,
            faults: Faults::default(),
            planned: Vec::new(),
            made: [0; CALLS],
            counts: Counts::default(),
            sabotage: None,
            late: Vec::new(),
            capacity: None,
            pages: BTreeMap::new(),
            now_ns: EPOCH_NS,
        }
    }

    /// Lets a call pass, or not. `changes` says whether it changes the disk: only such a call is a step to crash at.
    pub(super) fn gate(&mut self, call: Call, changes: bool) -> io::Result<Gate> {
        if self.cut {
            return Err(cut_error());
        }
        self.calls += 1;
        self.made[call as usize] += 1;
        if changes {
            self.steps += 1;
            if self.cut_at.is_some_and(|at| self.steps >= at) {
                self.cut = true;
                return Ok(Gate::Half);
            }
        }
        let made = self.made[call as usize];
        let planned = self
            .planned
            .iter()
            .position(|&(what, at, _)| what == call && at == made);
        let fault = match planned {
            Some(at) => Some(self.planned.swap_remove(at).2),
            None => self
                .faults
                .rates(call)
                .into_iter()
                .find_map(|(fault, rate)| self.rng.one_in(rate).then_some(fault))
                .or_else(|| {
                    let lacks = self.rng.one_in(self.faults.scarcity(call));
                    lacks.then(|| SCARCITIES[self.rng.below(3) as usize])
                }),
        };
        Ok(match fault {
            Some(fault) => {
                self.counts.note(call, fault);
                Gate::Fail(fault)
            }
            None => Gate::Go,
        })
    }

    /// Like [`State::gate`], for calls of which nothing can be half done: a fault is an error. `false` when the power
    /// goes before anything was done.
    pub(super) fn whole(&mut self, call: Call) -> io::Result<()> {
        match self.gate(call, true)? {
            Gate::Go => Ok(()),
            // Done or not, nobody will be told.
            Gate::Half if self.rng.coin() => Ok(()),
            Gate::Half => Err(cut_error()),
            Gate::Fail(fault) => Err(fault.error()),
        }
    }

    /// The answer of a whole call: that it was done is not heard when the power went.
    pub(super) fn answer<T>(&self, value: T) -> io::Result<T> {
        if self.cut {
            Err(cut_error())
        } else {
            Ok(value)
        }
    }

    pub(super) fn plan(&mut self, call: Call, nth: u64, fault: Fault) {
        let at = self.made[call as usize] + nth;
        self.planned.push((call, at, fault));
    }

    pub(super) fn now(&mut self) -> i64 {
        let tick = self.rng.below(TICK_NS_MAX) as i64;
        // Clocks of machines step back now and then.
        self.now_ns += if self.rng.one_in(64) { -tick } else { tick };
        self.now_ns
    }

    /// The directory at `path`.
    pub(super) fn dir(&self, path: &Path) -> io::Result<usize> {
        match self.entry(path)? {
            Entry::Dir(dir) => Ok(dir),
            Entry::File(_) => Err(error(io::ErrorKind::NotADirectory)),
        }
    }

    /// What `path` names.
    pub(super) fn entry(&self, path: &Path) -> io::Result<Entry> {
        let mut at = Entry::Dir(0);
        for name in names(path) {
            let Entry::Dir(dir) = at else {
                return Err(error(io::ErrorKind::NotADirectory));
            };
            let found = self.dirs[dir].cache.get(name?);
            at = *found.ok_or_else(|| error(io::ErrorKind::NotFound))?;
        }
        Ok(at)
    }

    /// The directory that `path` lies in, and its name there.
    pub(super) fn place<'a>(&self, path: &'a Path) -> io::Result<(usize, &'a str)> {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| error(io::ErrorKind::InvalidInput))?;
        let dir = self.dir(path.parent().unwrap_or(Path::new("/")))?;
        Ok((dir, name))
    }

    pub(super) fn create_dirs(&mut self, path: &Path) -> io::Result<()> {
        let mut at = 0;
        for name in names(path) {
            let name = name?;
            at = match self.dirs[at].cache.get(name) {
                Some(Entry::Dir(dir)) => *dir,
                Some(Entry::File(_)) => return Err(error(io::ErrorKind::AlreadyExists)),
                None => {
                    let dir = self.dirs.len();
                    self.dirs.push(Directory::default());
                    self.dirs[at].change(Change::Set(name.to_owned(), Entry::Dir(dir)));
                    dir
                }
            };
        }
        Ok(())
    }

    /// Takes a name from a file; without names and open files its space is free.
    pub(super) fn unlink(&mut self, entry: Option<Entry>) {
        if let Some(Entry::File(file)) = entry {
            self.nodes[file].links -= 1;
            self.release(file);
        }
    }

    pub(super) fn release(&mut self, file: usize) {
        let node = &mut self.nodes[file];
        if node.links == 0 && node.opens == 0 {
            node.allocated = 0;
        }
    }

    pub(super) fn used(&self) -> u64 {
        self.nodes.iter().map(|node| node.allocated).sum()
    }

    /// Takes space for the first `end` bytes of a file. A file that does not fit gets what is left, as it happens.
    pub(super) fn allocate(&mut self, file: usize, end: u64) -> io::Result<()> {
        let wanted = end.next_multiple_of(PAGE_BYTES);
        let have = self.nodes[file].allocated;
        if wanted <= have {
            return Ok(());
        }
        if let Some(capacity) = self.capacity {
            let free = capacity.saturating_sub(self.used());
            if wanted - have > free {
                self.nodes[file].allocated += free;
                self.counts.no_space += 1;
                return Err(Fault::NoSpace.error());
            }
        }
        self.nodes[file].allocated = wanted;
        Ok(())
    }

    /// Every open file and lock is gone, as is whatever was planned for this life.
    pub(super) fn end_life(&mut self) {
        self.life += 1;
        self.cut = false;
        self.cut_at = None;
        self.planned.clear();
        self.late.clear();
        for node in &mut self.nodes {
            node.opens = 0;
            node.locks.clear();
        }
    }

    pub(super) fn crash(&mut self, loss: NameLoss) {
        self.end_life();
        self.pages.clear();
        self.counts.crashes += 1;
        for dir in &mut self.dirs {
            self.counts.lost_names += dir.crash(&mut self.rng, loss);
        }
        for node in &mut self.nodes {
            self.counts.lost_sectors += node.crash(&mut self.rng);
        }
        self.recount();
    }

    /// Names and space as the directories say; what no name leads to, and none could after a crash, is gone.
    pub(super) fn recount(&mut self) {
        let mut possible = vec![false; self.nodes.len()];
        for node in &mut self.nodes {
            node.links = 0;
        }
        let mut seen = vec![false; self.dirs.len()];
        let mut open = vec![0];
        while let Some(at) = open.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            let dir = &self.dirs[at];
            for entry in dir.cache.values() {
                if let Entry::File(file) = *entry {
                    self.nodes[file].links += 1;
                }
            }
            for entry in dir.possible() {
                match entry {
                    Entry::File(file) => possible[file] = true,
                    Entry::Dir(dir) => open.push(dir),
                }
            }
        }
        for (node, possible) in self.nodes.iter_mut().zip(possible) {
            if !possible {
                *node = Node::default();
            }
            let bytes = if node.links > 0 { node.len() as u64 } else { 0 };
            node.allocated = bytes.next_multiple_of(PAGE_BYTES);
        }
    }
}

fn names(path: &Path) -> impl Iterator<Item = io::Result<&str>> {
    path.components().filter_map(|part| match part {
        Component::RootDir | Component::CurDir => None,
        Component::Normal(name) => Some(
            name.to_str()
                .ok_or_else(|| error(io::ErrorKind::InvalidInput)),
        ),
        Component::ParentDir | Component::Prefix(_) => {
            Some(Err(error(io::ErrorKind::InvalidInput)))
        }
    })
}
