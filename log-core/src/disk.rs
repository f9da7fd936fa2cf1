//! The few things the log asks of a disk, behind a trait so that tests can make them fail.
//!
//! Units: bytes. Fails with the system's error, unchanged; nothing here retries but interrupted and short writes.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{FallocateFlags, SeekFrom};

/// Zeros written at a time where the file system cannot preallocate.
const ZERO_CHUNK_BYTES: usize = 1024 * 1024;

/// Writes, syncs and preallocation.
pub(crate) trait Disk: Send + Sync {
    /// Creates (or replaces) `path` with `bytes` bytes of space that later writes cannot lack, and syncs it.
    fn preallocate(&self, path: &Path, bytes: u64) -> io::Result<File>;
    /// Writes all of `bytes` at `offset`.
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Makes what was written to `file` durable.
    fn sync(&self, file: &File) -> io::Result<()>;
}

/// The machine's own disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RealDisk;

impl Disk for RealDisk {
    fn preallocate(&self, path: &Path, bytes: u64) -> io::Result<File> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        reserve(&file, 0, bytes)?;
        file.sync_all()?;
        Ok(file)
    }

    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut written = 0;
        while written < bytes.len() {
            let slice = [IoSlice::new(&bytes[written..])];
            match rustix::io::pwritev(file, &slice, offset + written as u64) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero)),
                Ok(count) => written += count,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        Ok(rustix::fs::fdatasync(file)?)
    }
}

/// Makes bytes `start..start + length` of `file` exist and have room on disk; new bytes read as zeros.
pub(crate) fn reserve(file: &File, start: u64, length: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, FallocateFlags::empty(), start, length) {
        Ok(()) => Ok(()),
        // A file system without preallocation: only written zeros hold the space.
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
            let zeros = vec![0; ZERO_CHUNK_BYTES];
            let mut at = start.max(file.metadata()?.len());
            while at < start + length {
                let count = ZERO_CHUNK_BYTES.min((start + length - at) as usize);
                file.write_all_at(&zeros[..count], at)?;
                at += count as u64;
            }
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Makes the names in a directory durable.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Whole files are read in pieces of this size, so that a short read shows where it stopped.
const READ_CHUNK_BYTES: usize = 4 * 1024 * 1024;

/// All bytes of `file`, copied with `pread`: an I/O error is reported as such, where a mapping would end the process.
/// What was preallocated and never written is not read from disk; it is zeros.
pub(crate) fn read_all(file: &File) -> io::Result<Vec<u8>> {
    let length = usize::try_from(file.metadata()?.len())
        .map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
    let mut bytes = vec![0; length];
    let mut at = 0;
    while let Some(data) = next_data(file, at, length)? {
        let end = read_range(file, &mut bytes, data.clone())?;
        if end < data.end {
            // Shorter than it was a moment ago.
            bytes.truncate(end);
            break;
        }
        at = end;
    }
    Ok(bytes)
}

/// The next range at or behind `at` that may hold anything but zeros.
fn next_data(file: &File, at: usize, length: usize) -> io::Result<Option<Range<usize>>> {
    if at >= length {
        return Ok(None);
    }
    let start = match rustix::fs::seek(file, SeekFrom::Data(at as u64)) {
        Ok(start) => start as usize,
        Err(rustix::io::Errno::NXIO) => return Ok(None),
        // A file system that does not know its holes.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::OPNOTSUPP) => {
            return Ok(Some(at..length));
        }
        Err(error) => return Err(error.into()),
    };
    let end = rustix::fs::seek(file, SeekFrom::Hole(start as u64))? as usize;
    Ok((start < length).then(|| start..end.clamp(start + 1, length)))
}

/// Fills `range` of `bytes` from the same place in `file`; where it stopped.
fn read_range(file: &File, bytes: &mut [u8], range: Range<usize>) -> io::Result<usize> {
    let mut at = range.start;
    while at < range.end {
        let end = range.end.min(at + READ_CHUNK_BYTES);
        match file.read_at(&mut bytes[at..end], at as u64) {
            Ok(0) => break,
            Ok(count) => at += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(at)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_sparse_file_is_read_like_any_other() {
        let file = tempfile::tempfile().unwrap();
        reserve(&file, 0, 1 << 20).unwrap();
        file.write_all_at(b"first", 3).unwrap();
        file.write_all_at(b"middle", 300_000).unwrap();
        file.write_all_at(b"last", (1 << 20) - 4).unwrap();
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
        assert!(read_all(&tempfile::tempfile().unwrap()).unwrap().is_empty());
    }
}
