//! A file as an object: hashed, compressed if that helps, encrypted if it is asked for, and the way back.
//!
//! Invariant: what is read back is checked before it is called read: the object's length and hash, then the file's. So
//! damage is told without the key, and told from a wrong key.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

use crate::{
    error::BackupError,
    key::{Decrypting, Encrypting, Key, hex},
    manifest::{FileEntry, Form, Object, context},
    target::{Target, Upload},
};

/// What is read and written at once.
const STEP_BYTES: usize = 256 * 1024;
/// Raw segments are five times smaller at this level, at some 300 MB/s.
const LEVEL: i32 = 3;

/// A file as it was stored.
pub(crate) struct Stored {
    /// Its length.
    pub(crate) bytes: u64,
    /// SHA-256 of its bytes, hex.
    pub(crate) sha256: String,
    /// Where they are.
    pub(crate) object: Object,
}

/// Hashes and counts what goes through.
struct Hashing<T> {
    inner: T,
    hash: Sha256,
    bytes: u64,
}

impl<T> Hashing<T> {
    fn new(inner: T) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
            bytes: 0,
        }
    }

    fn finish(self) -> (T, u64, String) {
        (self.inner, self.bytes, hex(&self.hash.finalize()))
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.inner.write(bytes)?;
        self.hash.update(&bytes[..taken]);
        self.bytes += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

/// The part of the way to a target that may encrypt.
enum Sealing<'a> {
    Plain(Box<Hashing<Upload<'a>>>),
    Encrypted(Box<Encrypting<Hashing<Upload<'a>>>>),
}

impl<'a> Sealing<'a> {
    fn finish(self) -> io::Result<Hashing<Upload<'a>>> {
        match self {
            Self::Plain(out) => Ok(*out),
            Self::Encrypted(out) => out.finish(),
        }
    }
}

impl Write for Sealing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Encrypted(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Encrypted(out) => out.flush(),
        }
    }
}

/// Stores what `file` reads as the object `name` of backup `id`.
pub(crate) fn store(
    target: &Target,
    (id, name): (&str, &str),
    file: &mut dyn Read,
    form: Form,
    key: Option<&Key>,
) -> Result<Stored, BackupError> {
    let location = format!("{id}/{name}");
    let write = || -> io::Result<Stored> {
        let out = Hashing::new(target.create(&location));
        let sealing = match key {
            Some(key) => {
                let sealing = Encrypting::new(out, key, &context(id, name))?;
                Sealing::Encrypted(Box::new(sealing))
            }
            None => Sealing::Plain(Box::new(out)),
        };
        let mut file = Hashing::new(file);
        let sealing = match form {
            Form::Plain => pour(&mut file, sealing)?,
            Form::Zstd => {
                let mut packing = zstd::stream::write::Encoder::new(sealing, LEVEL)?;
                packing.include_checksum(true)?;
                pour(&mut file, packing)?.finish()?
            }
        };
        let (upload, object_bytes, object_sha256) = sealing.finish()?.finish();
        upload.finish()?;
        let (_, bytes, sha256) = file.finish();
        Ok(Stored {
            bytes,
            sha256,
            object: Object {
                backup: id.to_owned(),
                name: name.to_owned(),
                bytes: object_bytes,
                sha256: object_sha256,
                form,
            },
        })
    };
    write().map_err(target.failed("store", &location))
}

/// Copies all of it; what was written into.
fn pour<W: Write>(from: &mut impl Read, mut to: W) -> io::Result<W> {
    let mut step = vec![0; STEP_BYTES];
    loop {
        match from.read(&mut step)? {
            0 => return Ok(to),
            read => to.write_all(&step[..read])?,
        }
    }
}

/// Reads a file of a backup back, into `out`.
pub(crate) fn fetch(
    target: &Target,
    entry: &FileEntry,
    key: Option<&Key>,
    out: &mut dyn Write,
) -> Result<(), BackupError> {
    let object = &entry.object;
    let location = object.location();
    let damaged = |what: String| BackupError::Damaged {
        object: location.clone(),
        path: entry.path.clone(),
        what,
    };
    let download = match target.read(&location) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(damaged("it is missing".to_owned()));
        }
        download => download.map_err(target.failed("read", &location))?,
    };
    let mut stored = Hashing::new(Failing::new(download));
    let mut file = Hashing::new(Failing::new(out));
    let read = open(&mut stored, entry, key, &mut file);
    // What is left of a damaged object tells how it is damaged.
    let rest = pour(&mut stored, io::sink());
    let (download, bytes, sha256) = stored.finish();
    if let Some(error) = download.failure {
        return Err(target.failed("read", &location)(error));
    }
    if bytes != object.bytes {
        return Err(damaged(format!(
            "it has {bytes} bytes, {} were written",
            object.bytes
        )));
    }
    if sha256 != object.sha256 {
        return Err(damaged(
            "its bytes are not those that were written".to_owned(),
        ));
    }
    let (out, bytes, sha256) = file.finish();
    if let Some(error) = out.failure {
        return Err(BackupError::file("write", &entry.path)(error));
    }
    read.and(rest.map(|_| ()))
        .map_err(|error| damaged(error.to_string()))?;
    if (bytes, &sha256) != (entry.bytes, &entry.sha256) {
        return Err(damaged("it holds another file than it should".to_owned()));
    }
    Ok(())
}

fn open(
    stored: &mut impl Read,
    entry: &FileEntry,
    key: Option<&Key>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let object = &entry.object;
    let mut plain: Box<dyn Read + '_> = match key {
        Some(key) => {
            let context = context(&object.backup, &object.name);
            Box::new(Decrypting::new(stored, key, &context)?)
        }
        None => Box::new(stored),
    };
    match object.form {
        Form::Plain => pour(&mut plain, out).map(|_| ()),
        Form::Zstd => {
            let unpacked = zstd::stream::read::Decoder::new(plain)?;
            // Never more than was stored, whatever the bytes say.
            pour(&mut unpacked.take(entry.bytes + 1), out).map(|_| ())
        }
    }
}

/// Keeps the failure of what it wraps, which would be taken for damage of what is decoded through it.
struct Failing<T> {
    inner: T,
    failure: Option<io::Error>,
}

impl<T> Failing<T> {
    fn new(inner: T) -> Self {
        Self {
            inner,
            failure: None,
        }
    }

    fn note<V>(&mut self, done: io::Result<V>) -> io::Result<V> {
        done.map_err(|error| {
            let told = io::Error::new(error.kind(), error.to_string());
            self.failure = Some(error);
            told
        })
    }
}

impl<R: Read> Read for Failing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer);
        self.note(read)
    }
}

impl<W: Write> Write for Failing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes);
        self.note(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.inner.flush();
        self.note(flushed)
    }
}
