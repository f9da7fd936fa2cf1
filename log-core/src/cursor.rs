//! Named cursors: durable positions of readers, kept beside the log.
//!
//! A cursor's position is the sequence number of the next record its owner wants. A file `cursors/{name}.cursor`
//! holds two slots. A position is written to one of them, synced, and then to the other one, synced: a crash spoils at
//! most one of them. Invariants: positions go forward, but for an explicit rewind that says why; none is beyond the
//! durable end. One of the two slots, as they can be read, is on disk: a newer one whose sync failed may stand in the
//! page cache only. So what is dropped because a cursor has passed it must have been passed by both.
//!
//! Slot, 512 bytes at 0 and at 4096, little-endian: magic 8, version 4, reason length 4, generation 8, position 8,
//! time ns 8, reason of a rewind 200, zeros, CRC-32 of all before at 508.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{CursorError, OpenError};
use crate::io::{LogFile, LogIo, Open, exists, read_up_to, write_all};
use crate::recover::io_error;
use crate::store::Store;

const CURSOR_DIR: &str = "cursors";
const SUFFIX: &str = ".cursor";
const MAGIC: [u8; 8] = *b"ERRATCUR";
const VERSION: u32 = 1;
const SLOT_BYTES: usize = 512;
/// Distance of the slots: no disk writes both in one sector.
const SLOT_STRIDE_BYTES: u64 = 4096;
const NAME_BYTES_MAX: usize = 64;
const REASON_BYTES_MAX: usize = 200;
const REASON_AT: usize = 40;
/// Every commit takes two: nobody gets there.
const GENERATION_MAX: u64 = u64::MAX / 2;

/// Where a reader stands; held exclusively until dropped. See [`crate::Reader::cursor`].
#[derive(Debug)]
pub struct Cursor {
    store: Arc<Store>,
    name: String,
    path: PathBuf,
    file: Arc<dyn LogFile>,
    /// The newest one that is on disk.
    slot: Slot,
    /// Whether the other one says the same.
    is_settled: bool,
}

/// A stored position.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Slot {
    generation: u64,
    position: u64,
    time_ns: i64,
    reason: String,
}

/// A cursor as `stat` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorInfo {
    /// Its name.
    pub name: String,
    /// Sequence number of the next record its owner wants.
    pub position: u64,
    /// The position that is on disk for certain, and never above `position`: what retention goes by. Less than
    /// `position` while that is being stored, or if storing it failed.
    pub settled: u64,
    /// When it was stored, nanoseconds since the Unix epoch.
    pub time_ns: i64,
    /// Why it was rewound, if that was the last thing that happened to it.
    pub rewound: Option<String>,
}

impl Cursor {
    pub(crate) fn open(store: Arc<Store>, name: &str) -> Result<Self, CursorError> {
        check_name(name)?;
        let dir = store.dir.join(CURSOR_DIR);
        let path = dir.join(format!("{name}{SUFFIX}"));
        let io = store.io.as_ref();
        if !exists(io, &path).map_err(failed("open cursor", &path))? {
            create(io, &dir, &path, store.first())?;
        }
        let file = io
            .open(&path, Open::Write)
            .map_err(failed("open cursor", &path))?;
        if !file.try_lock(true).map_err(failed("lock cursor", &path))? {
            return Err(CursorError::Held(name.to_owned()));
        }
        let (slot, _) = read_slots(file.as_ref(), name, &path)?;
        let mut cursor = Self {
            store,
            name: name.to_owned(),
            path,
            file,
            slot,
            is_settled: false,
        };
        cursor.check_end(cursor.slot.position)?;
        cursor.make_durable(&dir)?;
        cursor.settle();
        Ok(cursor)
    }

    /// What was just read may stand in the page cache only: whoever wrote it may have died before its sync, or have
    /// seen it fail. A position that is shown must not go back, so it is written again and synced, and so is its name.
    fn make_durable(&self, dir: &Path) -> Result<(), CursorError> {
        self.write_slot(&self.slot)?;
        sync_names(self.store.io.as_ref(), dir)
    }

    /// Sequence number of the next record its owner wants.
    pub fn position(&self) -> u64 {
        self.slot.position
    }

    /// Stores that everything below `position` is done; durable when it returns. It may not go back, nor beyond the
    /// durable end. The same position again is not written. Costs two syncs.
    pub fn commit(&mut self, position: u64) -> Result<(), CursorError> {
        if position < self.slot.position {
            let (from, to) = (self.slot.position, position);
            return Err(CursorError::Backwards {
                name: self.name.clone(),
                from,
                to,
            });
        }
        if position == self.slot.position {
            self.settle();
            return Ok(());
        }
        self.store_position(position, String::new())
    }

    /// Goes back to `position`, and keeps the reason (1 to 200 bytes) with it.
    pub fn rewind(&mut self, position: u64, reason: &str) -> Result<(), CursorError> {
        let refuse = |reason| {
            Err(CursorError::Rewind {
                name: self.name.clone(),
                reason,
            })
        };
        if reason.is_empty() || reason.len() > REASON_BYTES_MAX {
            return refuse("its reason is not 1 to 200 bytes long");
        }
        if position > self.slot.position {
            return refuse("its target is ahead of the cursor");
        }
        if position < self.store.first() {
            return refuse("its target is no longer kept");
        }
        self.store_position(position, reason.to_owned())
    }

    fn store_position(&mut self, position: u64, reason: String) -> Result<(), CursorError> {
        self.check_end(position)?;
        let slot = Slot {
            generation: self.slot.generation + 1,
            position,
            time_ns: self.store.io.now_ns(),
            reason,
        };
        self.write_slot(&slot)?;
        self.slot = slot;
        self.is_settled = false;
        self.settle();
        Ok(())
    }

    /// Lets the other slot say the same as the newest one. If that fails nothing is lost: the position is on disk, and
    /// retention waits for the next commit.
    fn settle(&mut self) {
        if self.is_settled {
            return;
        }
        let slot = Slot {
            generation: self.slot.generation + 1,
            ..self.slot.clone()
        };
        if self.write_slot(&slot).is_ok() {
            self.slot = slot;
            self.is_settled = true;
        }
    }

    /// Writes and syncs the slot that holds this generation: the one that is not the newest on disk.
    fn write_slot(&self, slot: &Slot) -> Result<(), CursorError> {
        let at = slot.generation % 2 * SLOT_STRIDE_BYTES;
        write_all(self.file.as_ref(), &slot.encode(), at)
            .map_err(failed("write cursor", &self.path))?;
        self.file
            .sync_data()
            .map_err(failed("sync cursor", &self.path))
    }

    fn check_end(&self, position: u64) -> Result<(), CursorError> {
        let durable_end = self.store.end();
        if position > durable_end {
            return Err(CursorError::BeyondEnd {
                name: self.name.clone(),
                position,
                durable_end,
            });
        }
        Ok(())
    }
}

impl Slot {
    fn encode(&self) -> [u8; SLOT_BYTES] {
        let mut bytes = [0; SLOT_BYTES];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&(self.reason.len() as u32).to_le_bytes());
        bytes[16..24].copy_from_slice(&self.generation.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.position.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.time_ns.to_le_bytes());
        bytes[REASON_AT..REASON_AT + self.reason.len()].copy_from_slice(self.reason.as_bytes());
        let crc = crc32fast::hash(&bytes[..SLOT_BYTES - 4]);
        bytes[SLOT_BYTES - 4..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8; SLOT_BYTES]) -> Option<Self> {
        let number = |at: usize| {
            bytes[at..]
                .first_chunk()
                .map(|chunk| u64::from_le_bytes(*chunk))
        };
        let short = |at: usize| {
            bytes[at..]
                .first_chunk()
                .map(|chunk| u32::from_le_bytes(*chunk))
        };
        if bytes[..8] != MAGIC
            || short(8)? != VERSION
            || short(SLOT_BYTES - 4)? != crc32fast::hash(&bytes[..SLOT_BYTES - 4])
        {
            return None;
        }
        // Longer, or no text: not ours, and it would not fit when it is written again.
        let length = short(12)? as usize;
        if length > REASON_BYTES_MAX {
            return None;
        }
        let reason = std::str::from_utf8(bytes.get(REASON_AT..REASON_AT + length)?).ok()?;
        // The same goes for a generation that leaves no room to go on.
        let generation = number(16)?;
        if generation > GENERATION_MAX {
            return None;
        }
        Some(Self {
            generation,
            position: number(24)?,
            time_ns: number(32)? as i64,
            reason: reason.to_owned(),
        })
    }
}

fn failed(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CursorError {
    let path = path.to_path_buf();
    move |source| CursorError::Io { step, path, source }
}

fn check_name(name: &str) -> Result<(), CursorError> {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(allowed) {
        return Err(CursorError::Name(name.to_owned()));
    }
    Ok(())
}

/// A new file with one slot.
fn write_new(
    io: &dyn LogIo,
    temporary: &Path,
    position: u64,
    reason: &str,
) -> Result<(), CursorError> {
    let file = io
        .open(temporary, Open::Create)
        .map_err(failed("create", temporary))?;
    let slot = Slot {
        generation: 2,
        position,
        time_ns: io.now_ns(),
        reason: reason.to_owned(),
    };
    // Both slots take their space now: a full disk must not stop a cursor later.
    let mut bytes = vec![0; 2 * SLOT_STRIDE_BYTES as usize];
    bytes[..SLOT_BYTES].copy_from_slice(&slot.encode());
    write_all(file.as_ref(), &bytes, 0).map_err(failed("write", temporary))?;
    file.sync_all().map_err(failed("sync", temporary))
}

/// A new cursor appears under its name only when it is whole.
fn create(io: &dyn LogIo, dir: &Path, path: &Path, position: u64) -> Result<(), CursorError> {
    io.create_dir(dir).map_err(failed("create", dir))?;
    let temporary = path.with_extension(format!("tmp-{}", std::process::id()));
    write_new(io, &temporary, position, "")?;
    // A link, not a rename: of two who create at once, the first one's file stays.
    match io.link(&temporary, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(failed("name", path)(error));
        }
        _ => {}
    }
    io.remove(&temporary)
        .map_err(failed("remove", &temporary))?;
    Ok(())
}

/// Makes the names of all cursors durable, and that of their directory.
fn sync_names(io: &dyn LogIo, dir: &Path) -> Result<(), CursorError> {
    for dir in dir.ancestors().take(2) {
        io.sync_dir(dir).map_err(failed("sync", dir))?;
    }
    Ok(())
}

/// The newer of the valid slots, and the least position of them.
fn read_slots(file: &dyn LogFile, name: &str, path: &Path) -> Result<(Slot, u64), CursorError> {
    let mut newest: Option<Slot> = None;
    let mut least = u64::MAX;
    for at in [0, SLOT_STRIDE_BYTES] {
        let mut bytes = [0; SLOT_BYTES];
        let count = read_up_to(file, &mut bytes, at).map_err(failed("read cursor", path))?;
        if count < SLOT_BYTES {
            continue;
        }
        let Some(slot) = Slot::decode(&bytes) else {
            continue;
        };
        least = least.min(slot.position);
        if newest
            .as_ref()
            .is_none_or(|newest| newest.generation < slot.generation)
        {
            newest = Some(slot);
        }
    }
    newest
        .map(|newest| (newest, least))
        .ok_or_else(|| CursorError::Damaged {
            name: name.to_owned(),
            path: path.to_path_buf(),
        })
}

/// Names and files of all cursors of a log, by name.
pub(crate) fn files(io: &dyn LogIo, dir: &Path) -> Result<Vec<(String, PathBuf)>, OpenError> {
    let dir = dir.join(CURSOR_DIR);
    let names = match io.list(&dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        names => names.map_err(io_error("list", &dir))?,
    };
    let mut cursors: Vec<_> = names
        .iter()
        .filter_map(|file| Some((file.strip_suffix(SUFFIX)?.to_owned(), dir.join(file))))
        .collect();
    cursors.sort();
    Ok(cursors)
}

/// What a cursor's file says.
pub fn look(io: &dyn LogIo, name: &str, path: &Path) -> Result<CursorInfo, CursorError> {
    let file = io
        .open(path, Open::Read)
        .map_err(failed("open cursor", path))?;
    let (slot, settled) = read_slots(file.as_ref(), name, path)?;
    Ok(CursorInfo {
        name: name.to_owned(),
        position: slot.position,
        settled,
        time_ns: slot.time_ns,
        rewound: (!slot.reason.is_empty()).then_some(slot.reason),
    })
}

/// All cursors of a log, by name.
pub(crate) fn all(io: &dyn LogIo, dir: &Path) -> Result<Vec<CursorInfo>, OpenError> {
    let files = files(io, dir)?;
    let looks = files.iter().map(|(name, path)| look(io, name, path));
    looks.collect::<Result<_, _>>().map_err(OpenError::Cursor)
}

/// Replaces a cursor's file by a new one at `position`, which says that it was reset.
pub(crate) fn reset(io: &dyn LogIo, path: &Path, position: u64) -> Result<(), CursorError> {
    let dir = path.parent().unwrap_or(Path::new(""));
    let temporary = path.with_extension(format!("tmp-{}", std::process::id()));
    write_new(io, &temporary, position, "reset by a repair")?;
    io.rename(&temporary, path).map_err(failed("name", path))?;
    sync_names(io, dir)
}

/// Holds that no cursor is beyond the log's end.
pub(crate) fn check_all(io: &dyn LogIo, dir: &Path, durable_end: u64) -> Result<(), OpenError> {
    match all(io, dir)?
        .into_iter()
        .find(|cursor| cursor.position > durable_end)
    {
        Some(CursorInfo { name, position, .. }) => Err(OpenError::CursorBeyondEnd {
            name,
            position,
            durable_end,
        }),
        None => Ok(()),
    }
}
