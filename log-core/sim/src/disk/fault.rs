//! What can go wrong, how often, and what did: plain data.

use std::io;

/// The calls that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `open` in any mode.
    Open,
    /// `list`.
    List,
    /// `create_dir`.
    CreateDir,
    /// `rename`.
    Rename,
    /// `link`.
    Link,
    /// `remove`.
    Remove,
    /// `sync_dir`.
    SyncDir,
    /// `read_at`, also behind a mapping.
    Read,
    /// `write_at`.
    Write,
    /// `sync_data` and `sync_all`.
    Sync,
    /// `reserve`.
    Reserve,
}

pub(super) const CALLS: usize = Call::Reserve as usize + 1;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `EIO`. A write may have reached the cache in part. A sync has lost what it failed to write: the cache counts
    /// as clean, the next sync succeeds, and a crash brings the old bytes back. A failed sync of a directory leaves
    /// its names as unsynced as they were.
    Io,
    /// `ENOSPC`.
    NoSpace,
    /// `EMFILE`: the process has no descriptor left. Nothing done, like the next two.
    NoDescriptor,
    /// `ENFILE`: the machine has none.
    NoFile,
    /// `ENOMEM`.
    NoMemory,
    /// `EINTR`, with nothing done.
    Interrupted,
    /// Fewer bytes than asked for, at least one.
    Short,
}

/// How often calls fail: each rate is "once in so many calls", 0 is never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// `EIO` of a read.
    pub read_error: u32,
    /// Fewer bytes than asked for.
    pub short_read: u32,
    /// `EIO` of a write, which may be half done.
    pub write_error: u32,
    /// Fewer bytes than given.
    pub short_write: u32,
    /// `EINTR` of a read or write.
    pub interrupted: u32,
    /// A failed sync of a file, with its pages clean but lost.
    pub sync_error: u32,
    /// A failed sync of a directory.
    pub sync_dir_error: u32,
    /// `ENOSPC` where space is reserved.
    pub no_space: u32,
    /// `EIO` of anything that reads or changes names.
    pub name_error: u32,
    /// No descriptor or memory for a call that needs some: whatever opens, lists, names or reserves.
    pub scarce: u32,
}

/// What a process lacks at times.
pub(super) const SCARCITIES: [Fault; 3] = [Fault::NoDescriptor, Fault::NoFile, Fault::NoMemory];

impl Faults {
    /// How often this call finds no descriptor or memory.
    pub(super) fn scarcity(&self, call: Call) -> u32 {
        match call {
            // They need none.
            Call::Read | Call::Write | Call::Sync => 0,
            _ => self.scarce,
        }
    }

    pub(super) fn rates(&self, call: Call) -> [(Fault, u32); 3] {
        let none = (Fault::Io, 0);
        match call {
            Call::Read => [
                (Fault::Io, self.read_error),
                (Fault::Short, self.short_read),
                (Fault::Interrupted, self.interrupted),
            ],
            Call::Write => [
                (Fault::Io, self.write_error),
                (Fault::Short, self.short_write),
                (Fault::Interrupted, self.interrupted),
            ],
            Call::Sync => [(Fault::Io, self.sync_error), none, none],
            Call::SyncDir => [(Fault::Io, self.sync_dir_error), none, none],
            Call::Reserve => [(Fault::NoSpace, self.no_space), none, none],
            Call::Open
            | Call::List
            | Call::CreateDir
            | Call::Rename
            | Call::Link
            | Call::Remove => [(Fault::Io, self.name_error), none, none],
        }
    }
}

/// What a disk has been through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Power cuts.
    pub crashes: u64,
    /// Process crashes.
    pub kills: u64,
    /// `EIO`, but for syncs.
    pub io_errors: u64,
    /// Failed syncs of files and directories.
    pub failed_syncs: u64,
    /// `ENOSPC`, also of a disk that was really full.
    pub no_space: u64,
    /// `EMFILE`, `ENFILE` and `ENOMEM`.
    pub scarce: u64,
    /// `EINTR`.
    pub interrupted: u64,
    /// Short reads and writes.
    pub short: u64,
    /// Sectors whose newest bytes a power cut or a failed sync took.
    pub lost_sectors: u64,
    /// Changes of names that a power cut took.
    pub lost_names: u64,
}

impl Counts {
    pub(super) fn note(&mut self, call: Call, fault: Fault) {
        match (fault, call) {
            (Fault::Io, Call::Sync | Call::SyncDir) => self.failed_syncs += 1,
            (Fault::Io, _) => self.io_errors += 1,
            (Fault::NoSpace, _) => self.no_space += 1,
            (Fault::NoDescriptor | Fault::NoFile | Fault::NoMemory, _) => self.scarce += 1,
            (Fault::Interrupted, _) => self.interrupted += 1,
            (Fault::Short, _) => self.short += 1,
        }
    }

    /// Without what passes by itself: what may excuse that a log is given up.
    #[must_use]
    pub fn lasting(self) -> Self {
        Self {
            no_space: 0,
            scarce: 0,
            interrupted: 0,
            short: 0,
            ..self
        }
    }

    /// Adds what another disk has been through.
    pub fn add(&mut self, other: &Self) {
        self.crashes += other.crashes;
        self.kills += other.kills;
        self.io_errors += other.io_errors;
        self.failed_syncs += other.failed_syncs;
        self.no_space += other.no_space;
        self.scarce += other.scarce;
        self.interrupted += other.interrupted;
        self.short += other.short;
        self.lost_sectors += other.lost_sectors;
        self.lost_names += other.lost_names;
    }
}

/// A lie the disk tells, so that tests can show that the proof would catch an engine which forgets that step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// Syncs of files do nothing and succeed.
    NoSync,
    /// A sync of a file makes durable only what the one before should have: as if acknowledged before the sync.
    LateSync,
    /// Syncs of directories do nothing and succeed.
    NoDirSync,
    /// Writes of the bytes that are there already are left out: as if pages of a failed sync were not written again.
    NoRewrite,
}

impl Fault {
    pub(super) fn error(self) -> io::Error {
        const EINTR: i32 = 4;
        const EIO: i32 = 5;
        const ENOMEM: i32 = 12;
        const ENFILE: i32 = 23;
        const EMFILE: i32 = 24;
        const ENOSPC: i32 = 28;
        io::Error::from_raw_os_error(match self {
            Self::Io | Self::Short => EIO,
            Self::NoSpace => ENOSPC,
            Self::NoDescriptor => EMFILE,
            Self::NoFile => ENFILE,
            Self::NoMemory => ENOMEM,
            Self::Interrupted => EINTR,
        })
    }
}
