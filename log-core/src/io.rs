//! What the log asks of a file system, behind two traits: a real disk, and a simulated one that loses power.
//!
//! Every byte that log-core reads or writes goes through [`LogIo`] and [`LogFile`], but for the mapped pages of
//! `mmap`. Units: bytes and nanoseconds. Fails with the system's error, unchanged: nothing here retries but
//! interrupted and short reads and writes, in the functions at the end.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice};
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use ground::Clock;
use rustix::fs::{FallocateFlags, FlockOperation, SeekFrom};

use crate::error::PageError;
use crate::mmap::Mapping;
use crate::publish::{Page, Place};

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// An existing file, for reading.
    Read,
    /// An existing file, for reading and writing.
    Write,
    /// A new, empty file, for reading and writing; replaces what is there.
    Create,
    /// An existing file or a new, empty one, for reading and writing.
    OpenOrCreate,
}

/// A file system, as far as the log needs one.
pub trait LogIo: fmt::Debug + Send + Sync {
    /// Opens a file.
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn LogFile>>;
    /// Names of all entries of a directory, in no order.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// Makes a directory and those above it; fine when it is there.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;
    /// Gives a file another name, replacing what has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file a second name; `AlreadyExists` when it is taken.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Takes a name away.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Nanoseconds since the Unix epoch.
    fn now_ns(&self) -> i64;
    /// The publication page of the writer of the log in `dir`: see [`Page::create`]. In memory, where no other process
    /// can look.
    fn page(
        &self,
        dir: &Path,
        log_id: &[u8; 16],
        epoch: u32,
        place: Place,
        durable: u64,
    ) -> Result<Page, PageError> {
        let _ = (dir, log_id, epoch);
        Ok(Page::heap(place, durable))
    }

    /// The page that the writer of the log in `dir` publishes on: see [`Page::open`].
    fn follow_page(&self, dir: &Path, log_id: &[u8; 16]) -> Result<Page, PageError> {
        let _ = log_id;
        let path = dir.to_path_buf();
        Err(PageError::Missing { path })
    }

    /// Fills `bytes` with unpredictable bytes.
    fn random(&self, bytes: &mut [u8]) -> io::Result<()>;
}

/// An open file.
#[allow(
    clippy::len_without_is_empty,
    reason = "whether a file is empty is never asked"
)]
pub trait LogFile: fmt::Debug + Send + Sync {
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Bytes it takes on disk.
    fn disk_bytes(&self) -> io::Result<u64>;
    /// Reads some bytes at `offset`; 0 at the end of the file. Short reads are legal.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes some bytes at `offset`. Short writes are legal.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Makes its bytes durable, and what is needed to read them (`fdatasync`).
    fn sync_data(&self) -> io::Result<()>;
    /// Makes its bytes and its metadata durable (`fsync`).
    fn sync_all(&self) -> io::Result<()>;
    /// Makes bytes `start..start + length` exist, with room on disk; new ones read as zeros.
    fn reserve(&self, start: u64, length: u64) -> io::Result<()>;
    /// The next range at or behind `at` that may hold anything but zeros.
    fn next_data(&self, at: u64) -> io::Result<Option<Range<u64>>>;
    /// Takes an advisory lock without waiting; `false` when another open file holds one that excludes it. Freed when
    /// the file is closed.
    fn try_lock(&self, exclusive: bool) -> io::Result<bool>;
    /// Maps the file for reading. `readable` is the number of bytes, from its start, that never change again.
    fn map(&self, readable: Arc<AtomicU64>) -> io::Result<Mapping>;
}

/// The machine's own disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

#[derive(Debug)]
struct RealFile(File);

impl LogIo for RealDisk {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn LogFile>> {
        let mut options = OpenOptions::new();
        options.read(true);
        match how {
            Open::Read => {}
            Open::Write => {
                options.write(true);
            }
            Open::Create => {
                options.write(true).create(true).truncate(true);
            }
            Open::OpenOrCreate => {
                options.write(true).create(true).truncate(false);
            }
        }
        Ok(Arc::new(RealFile(options.open(path)?)))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            // A name that is no text is none of ours.
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let dir = File::open(dir)?;
        // Whatever the reason: a failed sync must not look like a call that was not made for lack of something.
        dir.sync_all().map_err(io::Error::other)
    }

    fn now_ns(&self) -> i64 {
        Clock::MACHINE.now_ns()
    }

    fn page(
        &self,
        dir: &Path,
        log_id: &[u8; 16],
        epoch: u32,
        place: Place,
        durable: u64,
    ) -> Result<Page, PageError> {
        Page::create(dir, log_id, epoch, place, durable)
    }

    fn follow_page(&self, dir: &Path, log_id: &[u8; 16]) -> Result<Page, PageError> {
        Page::open(dir, log_id)
    }

    fn random(&self, bytes: &mut [u8]) -> io::Result<()> {
        getrandom::fill(bytes).map_err(|error| io::Error::other(error.to_string()))
    }
}

impl LogFile for RealFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn disk_bytes(&self) -> io::Result<u64> {
        const BLOCK_BYTES: u64 = 512; // of `st_blocks`, whatever the file system's own
        Ok(self.0.metadata()?.blocks() * BLOCK_BYTES)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        Ok(rustix::io::pwritev(
            &self.0,
            &[IoSlice::new(bytes)],
            offset,
        )?)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(rustix::fs::fdatasync(&self.0)?)
    }

    fn sync_all(&self) -> io::Result<()> {
        self.0.sync_all()
    }

    fn reserve(&self, start: u64, length: u64) -> io::Result<()> {
        match rustix::fs::fallocate(&self.0, FallocateFlags::empty(), start, length) {
            Ok(()) => Ok(()),
            // A file system without preallocation: only written zeros hold the space.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
                let end = start + length;
                zero(self, start.max(self.len()?).min(end)..end)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn next_data(&self, at: u64) -> io::Result<Option<Range<u64>>> {
        let length = self.len()?;
        if at >= length {
            return Ok(None);
        }
        let start = match rustix::fs::seek(&self.0, SeekFrom::Data(at)) {
            Ok(start) => start,
            Err(rustix::io::Errno::NXIO) => return Ok(None),
            // A file system that does not know its holes.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::OPNOTSUPP) => {
                return Ok(Some(at..length));
            }
            Err(error) => return Err(error.into()),
        };
        let end = rustix::fs::seek(&self.0, SeekFrom::Hole(start))?;
        Ok((start < length).then(|| start..end.clamp(start + 1, length)))
    }

    fn try_lock(&self, exclusive: bool) -> io::Result<bool> {
        let operation = if exclusive {
            FlockOperation::NonBlockingLockExclusive
        } else {
            FlockOperation::NonBlockingLockShared
        };
        match rustix::fs::flock(&self.0, operation) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn map(&self, readable: Arc<AtomicU64>) -> io::Result<Mapping> {
        Mapping::new(&self.0, readable)
    }
}

/// Interrupted calls in a row before one is reported: a signal storm must not hang the writer.
const INTERRUPTS_MAX: u32 = 1000;
/// Calls in a row for which the kernel had no memory, before that is reported; a second in all.
const SCARCE_MAX: u32 = 1000;
/// Between two of them.
const SCARCE_WAIT: Duration = Duration::from_millis(1);
/// Zeros written at a time.
const ZERO_CHUNK_BYTES: u64 = 1024 * 1024;
/// Whole files are read in pieces of this size, so that a short read shows where it stopped.
const READ_CHUNK_BYTES: usize = 4 * 1024 * 1024;

/// Writes all of `bytes` at `offset`.
pub fn write_all(file: &dyn LogFile, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut written = 0;
    let mut interrupts = 0;
    while written < bytes.len() {
        match file.write_at(&bytes[written..], offset + written as u64) {
            Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero)),
            Ok(count) => {
                written += count;
                interrupts = 0;
            }
            Err(error) => interrupted(error, &mut interrupts)?,
        }
    }
    Ok(())
}

/// Fills `buffer` from `offset` on; fewer bytes only at the end of the file.
pub(crate) fn read_up_to(file: &dyn LogFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut at = 0;
    let mut interrupts = 0;
    while at < buffer.len() {
        match file.read_at(&mut buffer[at..], offset + at as u64) {
            Ok(0) => break,
            Ok(count) => {
                at += count;
                interrupts = 0;
            }
            Err(error) => interrupted(error, &mut interrupts)?,
        }
    }
    Ok(at)
}

/// Lets a call that did nothing be made again: it was interrupted, or the kernel had no memory for it.
fn interrupted(error: io::Error, tries: &mut u32) -> io::Result<()> {
    *tries += 1;
    if error.kind() == io::ErrorKind::Interrupted && *tries < INTERRUPTS_MAX {
        return Ok(());
    }
    if may_pass(&error) && !is_full(&error) && *tries < SCARCE_MAX {
        std::thread::sleep(SCARCE_WAIT);
        return Ok(());
    }
    Err(error)
}

/// Writes zeros over `range`.
pub(crate) fn zero(file: &dyn LogFile, range: Range<u64>) -> io::Result<()> {
    if range.is_empty() {
        return Ok(());
    }
    let zeros = vec![0; ZERO_CHUNK_BYTES.min(range.end - range.start) as usize];
    let mut at = range.start;
    while at < range.end {
        let count = (zeros.len() as u64).min(range.end - at);
        write_all(file, &zeros[..count as usize], at)?;
        at += count;
    }
    Ok(())
}

/// All bytes of `file`, copied: an I/O error is reported as such, where a mapping would end the process. What was
/// preallocated and never written is not read from disk; it is zeros.
pub fn read_all(file: &dyn LogFile) -> io::Result<Vec<u8>> {
    read_written(file).map(|(bytes, _)| bytes)
}

/// The same, and where the last of what was written ends: whoever looks for it in the bytes would touch every page of
/// the zeros behind it, which takes longer than reading all the rest.
pub(crate) fn read_written(file: &dyn LogFile) -> io::Result<(Vec<u8>, usize)> {
    let too_large = |_| io::Error::from(io::ErrorKind::FileTooLarge);
    let mut bytes = vec![0; usize::try_from(file.len()?).map_err(too_large)?];
    let (mut at, mut written) = (0, 0);
    while let Some(data) = file.next_data(at)? {
        let end = bytes.len().min(data.end as usize);
        let mut start = data.start as usize;
        while start < end {
            let chunk = start..end.min(start + READ_CHUNK_BYTES);
            let wanted = chunk.len();
            let count = read_up_to(file, &mut bytes[chunk], start as u64)?;
            start += count;
            if count < wanted {
                // Shorter than it was a moment ago.
                bytes.truncate(start);
                return Ok((bytes, start));
            }
        }
        (at, written) = (data.end, end);
        if end < data.end as usize {
            break; // It grew meanwhile; what is new was not asked for.
        }
    }
    Ok((bytes, written))
}

/// A new file of `length` bytes of reserved space, synced; its name is not, until its directory is.
pub fn preallocate(io: &dyn LogIo, path: &Path, length: u64) -> io::Result<Arc<dyn LogFile>> {
    let file = io.open(path, Open::Create)?;
    file.reserve(0, length)?;
    file.sync_all()?;
    Ok(file)
}

/// Takes a name away that may not be there.
pub(crate) fn remove_if_there(io: &dyn LogIo, path: &Path) -> io::Result<()> {
    match io.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether there was no room.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Whether the system lacked at the moment what it needs to do the call at all: room on the disk, descriptors (of the
/// process or of the machine), memory, a quiet moment. Nothing was done, and the same may be tried again: never a sign
/// of damage, and no reason to give the log up.
pub(crate) fn may_pass(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let scarce = [
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOMEM,
        Errno::AGAIN,
        Errno::INTR,
    ];
    let is_scarce = |number| scarce.iter().any(|errno| errno.raw_os_error() == number);
    is_full(error)
        || error.kind() == io::ErrorKind::OutOfMemory
        || error.raw_os_error().is_some_and(is_scarce)
}

/// Whether something of this name is there.
pub(crate) fn exists(io: &dyn LogIo, path: &Path) -> io::Result<bool> {
    match io.open(path, Open::Read) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Unpredictable bytes.
pub(crate) fn random_bytes<const N: usize>(io: &dyn LogIo) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    io.random(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_sparse_file_is_read_like_any_other() {
        let file = RealFile(tempfile::tempfile().unwrap());
        file.reserve(0, 1 << 20).unwrap();
        write_all(&file, b"first", 3).unwrap();
        write_all(&file, b"middle", 300_000).unwrap();
        write_all(&file, b"last", (1 << 20) - 4).unwrap();
        for synced in [false, true] {
            if synced {
                file.sync_all().unwrap();
            }
            let bytes = read_all(&file).unwrap();
            let mut expected = vec![0; 1 << 20];
            expected[3..8].copy_from_slice(b"first");
            expected[300_000..300_006].copy_from_slice(b"middle");
            expected[(1 << 20) - 4..].copy_from_slice(b"last");
            assert!(bytes == expected, "synced: {synced}");
        }
        let tail = RealFile(tempfile::tempfile().unwrap());
        tail.reserve(0, 1 << 20).unwrap();
        write_all(&tail, b"middle", 300_000).unwrap();
        let (bytes, written) = read_written(&tail).unwrap();
        assert_eq!(bytes.len(), 1 << 20);
        assert!(bytes[written..].iter().all(|&byte| byte == 0));
        assert!((300_006..1 << 20).contains(&written), "{written}");
        let empty = RealFile(tempfile::tempfile().unwrap());
        assert!(read_all(&empty).unwrap().is_empty());
    }
}
