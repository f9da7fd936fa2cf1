//! Checkpoints: the issue database at one position, as files beside the logs.
//!
//! Once the oldest events are dropped, the issues they made are in no log any more:
//! from then on the newest checkpoint is a source of truth, and a rebuild starts from
//! it. Invariants: a file under its final name is whole, was synced and has been read
//! back; the [`KEPT`] newest stay. A checkpoint that does not verify is never used.
//!
//! File `{position:020}.ckpt`: a header of [`HEADER_BYTES`], then the database as one
//! zstd frame. The header, little-endian, offsets and lengths in bytes:
//!
//! | at | bytes | what |
//! | --- | --- | --- |
//! | 0 | 8 | magic `ERRATCKP` |
//! | 8 | 4 | version of this layout, 1 |
//! | 12 | 4 | CRC-32 of all the other bytes of the header |
//! | 16 | 8 | version of the database's schema |
//! | 24 | 8 | position: every record up to it is in |
//! | 32 | 16 | id of the events log |
//! | 48 | 8 | length of the database |
//! | 56 | 32 | SHA-256 of the database |
//! | 88 | 8 | length of the zstd frame |
//! | 96 | 32 | zeros |
//!
//! A change of the database's schema must come with a way to bring old checkpoints up
//! to it: a log that was cut cannot make them anew. Fails with [`ReadModelError`].

mod header;

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use event_model::Position;
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};

use self::header::{HEADER_BYTES, Header};
use crate::{
    ReadModelError,
    issues::{schema::SCHEMA_VERSION, writer::meta},
    layout::sync_dir,
};

/// Checkpoints that stay: the second one is for the case that the newest is damaged.
pub const KEPT: usize = 2;
const SUFFIX: &str = ".ckpt";
/// What is not whole yet; removed by the next write.
const TEMPORARY: &str = ".tmp";
/// zstd's default: the database shrinks to a fifth, at some 100 MB/s.
const LEVEL: i32 = 3;
/// Bytes copied at once.
const CHUNK_BYTES: usize = 128 * 1024;

/// The folder of the checkpoints (`data/log/checkpoints`).
#[derive(Debug, Clone)]
pub struct Checkpoints {
    dir: PathBuf,
}

impl Checkpoints {
    /// The checkpoints in `dir`, which need not be there yet.
    pub fn of(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
        }
    }

    /// The positions that there are checkpoints of, newest first; whether they verify
    /// is not looked at.
    pub fn positions(&self) -> Result<Vec<Position>, ReadModelError> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(ReadModelError::io("list", &self.dir))?,
        };
        let mut positions = Vec::new();
        for entry in entries {
            let name = entry
                .map_err(ReadModelError::io("list", &self.dir))?
                .file_name();
            let digits = name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
            positions.extend(digits.and_then(|digits| digits.parse().ok()).map(Position));
        }
        positions.sort_unstable_by(|a, b| b.cmp(a));
        Ok(positions)
    }

    /// Makes a checkpoint of the issue database at `issues_path`, which may be written
    /// to at the same time; answers its position.
    pub fn write(&self, issues_path: &Path, log_id: [u8; 16]) -> Result<Position, ReadModelError> {
        fs::create_dir_all(&self.dir).map_err(ReadModelError::io("create", &self.dir))?;
        if let Some(parent) = self.dir.parent() {
            sync_dir(parent)?;
        }
        self.remove_temporaries()?;
        let copy = self.dir.join(format!("copy{TEMPORARY}"));
        let position = copy_database(issues_path, &copy)?;
        let new = self.dir.join(format!("new{TEMPORARY}"));
        pack(&copy, &new, position, log_id)?;
        fs::remove_file(&copy).map_err(ReadModelError::io("remove", &copy))?;
        let found = verify(&new, log_id, &mut std::io::sink())?;
        debug_assert_eq!(found, position);
        let path = self.path(position);
        fs::rename(&new, &path).map_err(ReadModelError::io("rename", &path))?;
        sync_dir(&self.dir)?;
        self.remove_surplus()?;
        Ok(position)
    }

    /// Verifies the checkpoint of `position` and puts its database at `target`, synced
    /// and of this release's schema.
    pub fn restore(
        &self,
        position: Position,
        log_id: [u8; 16],
        target: &Path,
    ) -> Result<(), ReadModelError> {
        let path = self.path(position);
        let file = File::create(target).map_err(ReadModelError::io("create", target))?;
        let mut out = BufWriter::with_capacity(CHUNK_BYTES, file);
        let found = verify(&path, log_id, &mut out)?;
        if found != position {
            return Err(damaged(&path, format!("it is of position {found}")));
        }
        out.into_inner()
            .map_err(std::io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all())
            .map_err(ReadModelError::io("write", target))?;
        Ok(())
    }

    /// The file of a position.
    pub fn path(&self, position: Position) -> PathBuf {
        self.dir.join(format!("{:020}{SUFFIX}", position.0))
    }

    /// Takes a damaged checkpoint out of the way; its bytes stay for whoever wants to
    /// look at them.
    pub fn set_aside(&self, position: Position) -> Result<(), ReadModelError> {
        let path = self.path(position);
        let aside = path.with_extension("damaged");
        fs::rename(&path, &aside).map_err(ReadModelError::io("rename", &path))?;
        sync_dir(&self.dir)
    }

    fn remove_surplus(&self) -> Result<(), ReadModelError> {
        for position in self.positions()?.into_iter().skip(KEPT) {
            let path = self.path(position);
            fs::remove_file(&path).map_err(ReadModelError::io("remove", &path))?;
        }
        Ok(())
    }

    /// What a crash left half written.
    fn remove_temporaries(&self) -> Result<(), ReadModelError> {
        let entries = fs::read_dir(&self.dir).map_err(ReadModelError::io("list", &self.dir))?;
        for entry in entries {
            let path = entry.map_err(ReadModelError::io("list", &self.dir))?.path();
            // `copy.tmp-journal` as well.
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.contains(TEMPORARY) {
                fs::remove_file(&path).map_err(ReadModelError::io("remove", &path))?;
            }
        }
        Ok(())
    }
}

/// One snapshot of the database as a file of its own, which is checked; its position. The database may be written to at
/// the same time.
pub fn copy_database(issues_path: &Path, copy: &Path) -> Result<Position, ReadModelError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let step = "copy for a checkpoint";
    let source =
        Connection::open_with_flags(issues_path, flags).map_err(ReadModelError::sqlite(step))?;
    source
        .execute("VACUUM INTO ?1", [copy.to_string_lossy()])
        .map_err(ReadModelError::sqlite(step))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let copied = Connection::open_with_flags(copy, flags).map_err(ReadModelError::sqlite(step))?;
    // From here on it is a source of truth: rot of the live database stays outside.
    let found: String = copied
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(ReadModelError::sqlite("check the copy for a checkpoint"))?;
    if found != "ok" {
        return Err(damaged(issues_path, found));
    }
    let position = meta(&copied, "position")?;
    let position = position.ok_or_else(|| damaged(copy, "meta.position is missing"))?;
    Ok(Position(position as u64))
}

/// Compresses the database `raw` into the checkpoint file `path`, synced.
fn pack(
    raw: &Path,
    path: &Path,
    position: Position,
    log_id: [u8; 16],
) -> Result<(), ReadModelError> {
    let write = |file: &mut File| -> std::io::Result<()> {
        file.write_all(&[0; HEADER_BYTES])?;
        let mut encoder = zstd::Encoder::new(BufWriter::with_capacity(CHUNK_BYTES, file), LEVEL)?;
        let mut input = File::open(raw)?;
        let (raw_bytes, sha256) = copy_and_hash(&mut input, &mut encoder)?;
        let file = encoder
            .finish()?
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)?;
        let header = Header {
            schema_version: SCHEMA_VERSION,
            position,
            log_id,
            raw_bytes,
            sha256,
            frame_bytes: file.stream_position()? - HEADER_BYTES as u64,
        };
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&header.encode())?;
        file.sync_all()
    };
    File::create(path)
        .and_then(|mut file| write(&mut file))
        .map_err(ReadModelError::io("write checkpoint", path))
}

/// Reads a checkpoint whole, writes its database to `out`; its position.
fn verify(path: &Path, log_id: [u8; 16], out: &mut dyn Write) -> Result<Position, ReadModelError> {
    let mut file = File::open(path).map_err(ReadModelError::io("open", path))?;
    let mut bytes = [0; HEADER_BYTES];
    file.read_exact(&mut bytes)
        .map_err(|error| damaged(path, format!("its header cannot be read: {error}")))?;
    let header = Header::decode(&bytes).map_err(|what| damaged(path, what))?;
    if header.log_id != log_id {
        return Err(damaged(path, "it is of another log"));
    }
    if header.schema_version != SCHEMA_VERSION {
        return Err(ReadModelError::SchemaVersion {
            path: path.to_owned(),
            found: header.schema_version,
            expected: SCHEMA_VERSION,
        });
    }
    // One byte more than there should be shows that there is too much.
    let frame = BufReader::with_capacity(CHUNK_BYTES, file).take(header.frame_bytes);
    let unpacked = zstd::Decoder::with_buffer(frame)
        .and_then(|decoder| copy_and_hash(&mut decoder.take(header.raw_bytes + 1), out));
    let (raw_bytes, sha256) =
        unpacked.map_err(|error| damaged(path, format!("it cannot be unpacked: {error}")))?;
    if (raw_bytes, sha256) != (header.raw_bytes, header.sha256) {
        return Err(damaged(path, "its content is not what its header says"));
    }
    Ok(header.position)
}

fn copy_and_hash(input: &mut dyn Read, out: &mut dyn Write) -> std::io::Result<(u64, [u8; 32])> {
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut bytes = 0;
    loop {
        let count = match input.read(&mut chunk) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            count => count?,
        };
        if count == 0 {
            return Ok((bytes, hash.finalize().into()));
        }
        hash.update(&chunk[..count]);
        out.write_all(&chunk[..count])?;
        bytes += count as u64;
    }
}

fn damaged(path: &Path, what: impl Into<String>) -> ReadModelError {
    ReadModelError::Damaged {
        path: path.to_owned(),
        what: what.into(),
    }
}

#[cfg(test)]
mod tests;
