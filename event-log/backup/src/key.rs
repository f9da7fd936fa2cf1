//! Encryption of objects, on request: AES-256-GCM in chunks, by `ring`.
//!
//! Owns the form of an encrypted object and the key file. Each object has a key of its own, derived (HKDF-SHA-256)
//! from the file's key and 32 random bytes at its start, so a counter serves as nonce. Chunks of 64 KiB follow, each
//! with its tag; its nonce says its number and whether it is the last, so none can be cut off, moved or repeated. What
//! the object is (backup and path) is authenticated with each, so that none can stand in for another.
//!
//! Whoever has the key can read and make backups; without it nobody can do either. Fails with an error of the system
//! whose text says that an object was changed.

use std::{
    fmt, fs,
    io::{self, Read, Write},
    path::Path,
};

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    digest::{SHA256, digest},
    hkdf::{HKDF_SHA256, Salt},
};

use crate::error::BackupError;

/// First bytes of an encrypted object, with the version of its form.
const MAGIC: [u8; 8] = *b"ERRABKE1";
const KEY_BYTES: usize = 32;
const SALT_BYTES: usize = 32;
/// What is encrypted at once: small enough to be held, large enough that tags and calls cost nothing.
const CHUNK_BYTES: usize = 64 * 1024;
const TAG_BYTES: usize = 16;
/// Of the fingerprint by which a wrong key is told before anything is read.
const FINGERPRINT_BYTES: usize = 6;

/// The key of encrypted backups.
#[derive(Clone)]
pub struct Key([u8; KEY_BYTES]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Key").field(&self.fingerprint()).finish()
    }
}

impl Key {
    /// A new one.
    pub fn random() -> io::Result<Self> {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self(key))
    }

    /// As it stands in a key file: 64 hex digits.
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }

    /// From the text of a key file.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim();
        if digits.len() != 2 * KEY_BYTES || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let mut key = [0; KEY_BYTES];
        for (byte, at) in key.iter_mut().zip((0..digits.len()).step_by(2)) {
            *byte = u8::from_str_radix(&digits[at..at + 2], 16).ok()?;
        }
        Some(Self(key))
    }

    /// Reads a key file.
    pub fn load(path: &Path) -> Result<Self, BackupError> {
        let text = fs::read_to_string(path).map_err(BackupError::file("read the key in", path))?;
        Self::parse(&text).ok_or_else(|| BackupError::NoKey {
            path: path.to_owned(),
        })
    }

    /// Tells keys apart, and tells nothing else of them.
    pub fn fingerprint(&self) -> String {
        let mut named = b"errata backup key ".to_vec();
        named.extend_from_slice(&self.0);
        hex(&digest(&SHA256, &named).as_ref()[..FINGERPRINT_BYTES])
    }

    fn of_object(&self, salt: &[u8; SALT_BYTES]) -> io::Result<LessSafeKey> {
        let failed = |_| io::Error::other("a key could not be derived");
        let pseudorandom = Salt::new(HKDF_SHA256, salt).extract(&self.0);
        let info = [&b"errata backup object 1"[..]];
        let derived = pseudorandom.expand(&info, &AES_256_GCM).map_err(failed)?;
        Ok(LessSafeKey::new(UnboundKey::from(derived)))
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn nonce(number: u64, is_last: bool) -> Nonce {
    let mut bytes = [0; 12];
    bytes[3..11].copy_from_slice(&number.to_be_bytes());
    bytes[11] = u8::from(is_last);
    Nonce::assume_unique_for_key(bytes)
}

/// Encrypts what is written to it; [`Self::finish`] writes the end.
pub(crate) struct Encrypting<W> {
    inner: W,
    key: LessSafeKey,
    context: Vec<u8>,
    chunk: Vec<u8>,
    number: u64,
}

impl<W: Write> Encrypting<W> {
    pub(crate) fn new(mut inner: W, key: &Key, context: &str) -> io::Result<Self> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|error| io::Error::other(error.to_string()))?;
        inner.write_all(&MAGIC)?;
        inner.write_all(&salt)?;
        Ok(Self {
            inner,
            key: key.of_object(&salt)?,
            context: context.as_bytes().to_vec(),
            chunk: Vec::with_capacity(CHUNK_BYTES + TAG_BYTES),
            number: 0,
        })
    }

    fn put_chunk(&mut self, is_last: bool) -> io::Result<()> {
        let (nonce, context) = (nonce(self.number, is_last), Aad::from(&self.context));
        self.key
            .seal_in_place_append_tag(nonce, context, &mut self.chunk)
            .map_err(|_| io::Error::other("a chunk could not be encrypted"))?;
        self.number += 1;
        self.inner.write_all(&self.chunk)?;
        self.chunk.clear();
        Ok(())
    }

    /// Writes the last chunk; what was written into.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.put_chunk(true)?;
        Ok(self.inner)
    }
}

impl<W: Write> Write for Encrypting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        // Only when more follows: the last chunk is marked as such, and may be full.
        if self.chunk.len() == CHUNK_BYTES {
            self.put_chunk(false)?;
        }
        let taken = bytes.len().min(CHUNK_BYTES - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Decrypts what is read through it.
pub(crate) struct Decrypting<R> {
    inner: R,
    key: LessSafeKey,
    context: Vec<u8>,
    /// What was read of the object and not yet decrypted: the first byte of the next chunk, at most.
    ahead: Vec<u8>,
    plain: Vec<u8>,
    at: usize,
    number: u64,
    ended: bool,
}

impl<R: Read> Decrypting<R> {
    pub(crate) fn new(mut inner: R, key: &Key, context: &str) -> io::Result<Self> {
        let mut head = [0; MAGIC.len() + SALT_BYTES];
        inner.read_exact(&mut head)?;
        if head[..MAGIC.len()] != MAGIC {
            return Err(changed("it does not begin as an encrypted object does"));
        }
        let mut salt = [0; SALT_BYTES];
        salt.copy_from_slice(&head[MAGIC.len()..]);
        Ok(Self {
            inner,
            key: key.of_object(&salt)?,
            context: context.as_bytes().to_vec(),
            ahead: Vec::new(),
            plain: Vec::new(),
            at: 0,
            number: 0,
            ended: false,
        })
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        // One byte more than a chunk: whether there is one tells whether this is the last.
        let wanted = CHUNK_BYTES + TAG_BYTES + 1;
        let mut chunk = std::mem::take(&mut self.ahead);
        let left = (wanted - chunk.len()) as u64;
        (&mut self.inner).take(left).read_to_end(&mut chunk)?;
        self.ended = chunk.len() < wanted;
        if !self.ended {
            self.ahead = chunk.split_off(wanted - 1);
        }
        let (nonce, context) = (nonce(self.number, self.ended), Aad::from(&self.context));
        let opened = self.key.open_in_place(nonce, context, &mut chunk);
        let length = opened
            .map_err(|_| changed("a chunk is not what was encrypted with this key"))?
            .len();
        chunk.truncate(length);
        self.number += 1;
        (self.plain, self.at) = (chunk, 0);
        Ok(())
    }
}

fn changed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl<R: Read> Read for Decrypting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.plain.len() && !self.ended {
            self.next_chunk()?;
        }
        let taken = buffer.len().min(self.plain.len() - self.at);
        buffer[..taken].copy_from_slice(&self.plain[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealed(plain: &[u8], key: &Key, context: &str) -> Vec<u8> {
        let mut writer = Encrypting::new(Vec::new(), key, context).unwrap();
        writer.write_all(plain).unwrap();
        writer.finish().unwrap()
    }

    fn opened(bytes: &[u8], key: &Key, context: &str) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        Decrypting::new(bytes, key, context)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn what_was_encrypted_is_read_back_whatever_its_length() {
        let key = Key::random().unwrap();
        for length in [
            0,
            1,
            CHUNK_BYTES - 1,
            CHUNK_BYTES,
            CHUNK_BYTES + 1,
            3 * CHUNK_BYTES,
        ] {
            let plain = vec![7; length];
            let bytes = sealed(&plain, &key, "a");
            assert_eq!(opened(&bytes, &key, "a").unwrap(), plain, "{length}");
            // Twice the same bytes are never the same object.
            assert_ne!(sealed(&plain, &key, "a"), bytes);
        }
    }

    #[test]
    fn another_key_place_or_order_is_told() {
        let key = Key::random().unwrap();
        let plain: Vec<u8> = (0..3 * CHUNK_BYTES).map(|at| (at / 1000) as u8).collect();
        let bytes = sealed(&plain, &key, "a");
        assert!(opened(&bytes, &Key::random().unwrap(), "a").is_err());
        assert!(opened(&bytes, &key, "b").is_err());
        let (head, chunk) = (MAGIC.len() + SALT_BYTES, CHUNK_BYTES + TAG_BYTES);
        // Cut where a chunk ends.
        assert!(opened(&bytes[..head + chunk], &key, "a").is_err());
        let mut swapped = bytes.clone();
        let (first, second) = swapped[head..].split_at_mut(chunk);
        first.swap_with_slice(&mut second[..chunk]);
        assert!(opened(&swapped, &key, "a").is_err());
    }

    #[test]
    fn a_key_file_is_64_hex_digits() {
        let key = Key::random().unwrap();
        let text = format!("{}\n", key.to_hex());
        assert_eq!(Key::parse(&text).unwrap().fingerprint(), key.fingerprint());
        for bad in ["", "abc", &text[1..], &"g".repeat(64), &"é".repeat(32)] {
            assert!(Key::parse(bad).is_none(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_change_of_any_byte_is_told(
            plain in proptest::collection::vec(any::<u8>(), 0..300),
            at in any::<proptest::sample::Index>(),
            bit in 0..8u8,
            cut in any::<bool>(),
        ) {
            let key = Key([3; KEY_BYTES]);
            let mut bytes = sealed(&plain, &key, "a");
            let at = at.index(bytes.len());
            if cut {
                bytes.truncate(at);
            } else {
                bytes[at] ^= 1 << bit;
            }
            prop_assert!(opened(&bytes, &key, "a").is_err());
        }
    }
}
