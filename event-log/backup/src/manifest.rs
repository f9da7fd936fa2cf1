//! What a backup says of itself: the bytes of its object `manifest`. Pure.
//!
//! Owns the form: a line of JSON (the [`Header`], never encrypted, so that any release can say what it is), a line with
//! the SHA-256 of that line and of what follows, and the list of files ([`Contents`]), JSON compressed with zstd and
//! encrypted if the backup is. Any bytes give a manifest or a [`ManifestFault`].
//!
//! Units: bytes, Unix nanoseconds, positions of the events log. Times of people's are UTC.

use std::{
    collections::BTreeSet,
    io::{self, Read, Write},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::key::{Decrypting, Encrypting, Key, hex};

/// First word of a header.
pub const FORMAT: &str = "errata backup";
/// Version of this form, and of how objects are stored.
pub const VERSION: u32 = 1;
/// The object's name in a backup's folder; also what its encryption is bound to.
pub const NAME: &str = "manifest";
/// Longest header line; what `list` reads of a manifest.
pub const HEADER_BYTES_MAX: usize = 4096;
/// Most bytes that a list of files may unpack to: some million files.
const CONTENTS_BYTES_MAX: u64 = 1 << 30;
const LEVEL: i32 = 3;

/// Whether a backup relies on others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It brought everything itself.
    Full,
    /// Some of its files were brought by earlier ones.
    Incremental,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Full => "full",
            Self::Incremental => "incremental",
        })
    }
}

/// What can be said of a backup without its list of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// The release that made it.
    pub release: String,
    /// Its folder in the target.
    pub id: String,
    /// Whether it relies on others.
    pub kind: Kind,
    /// The folders of those it relies on, its own left out.
    pub relies_on: Vec<String>,
    /// When it was begun, Unix nanoseconds.
    pub begun_ns: i64,
    /// The events log's identity, hex.
    pub log_id: String,
    /// The first position in its events log.
    pub first: u64,
    /// The last one: the moment it is of.
    pub position: u64,
    /// When that was written, Unix nanoseconds; 0: nothing was.
    pub written_ns: i64,
    /// Number of the last command in force there.
    pub commands: u64,
    /// The earliest position that issues can be rebuilt for; none: the log's oldest events were dropped, and no
    /// checkpoint of what they made was there.
    pub earliest: Option<u64>,
    /// Files.
    pub files: u64,
    /// Their bytes, as they are restored.
    pub bytes: u64,
    /// Bytes of the objects that it brought.
    pub brought_bytes: u64,
    /// Fingerprint of the key it is encrypted with; none: it is not.
    pub key: Option<String>,
}

/// All files of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// In the order of restoring.
    pub files: Vec<FileEntry>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Below the data directory, with slashes.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// When it was last changed, Unix nanoseconds.
    pub modified_ns: i64,
    /// What it is.
    pub part: Part,
    /// Where its bytes are.
    pub object: Object,
}

/// An object of the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// The backup that brought it.
    pub backup: String,
    /// Its name in that one's folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, hex: told without the key.
    pub sha256: String,
    /// How the file became it, before encryption.
    pub form: Form,
}

impl Object {
    /// Its place in the target.
    pub fn location(&self) -> String {
        format!("{}/{}", self.backup, self.name)
    }
}

/// How a file is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// As it is.
    Plain,
    /// One zstd frame.
    Zstd,
}

/// Which of the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Log {
    /// The events log.
    Events,
    /// The control log.
    Control,
}

/// What a file is, and by what it is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Part {
    /// A segment, in either form.
    Segment {
        /// Of which log.
        log: Log,
        /// Its number.
        number: u64,
        /// Its first record.
        base: u64,
        /// One past its last record in this backup.
        end: u64,
        /// When it was created, Unix nanoseconds.
        created_ns: i64,
        /// How often it was redacted.
        redaction: u32,
        /// Hash that vouches for its records, hex; none while it was written to.
        seal: Option<String>,
    },
    /// The issue database at a position.
    Checkpoint {
        /// The position.
        position: u64,
    },
    /// A Parquet file of a segment.
    Cold {
        /// The segment's first record.
        first: u64,
        /// Its last one.
        last: u64,
    },
    /// The number up to which Parquet files know of commands that group events anew.
    Regrouped,
    /// An attachment.
    Blob,
    /// A file that may change, and is brought by each backup.
    Other,
}

/// What stands in the object `manifest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// In the clear.
    pub header: Header,
    /// The files.
    pub contents: Contents,
}

/// Why bytes are no manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestFault {
    /// Another first line.
    #[error("it does not begin as a manifest does")]
    Header,
    /// Written by a newer release.
    #[error("its format is {found}")]
    Newer {
        /// Its version.
        found: u32,
        /// Who wrote it.
        release: String,
    },
    /// Bytes are missing or changed.
    #[error("it fails its checksum")]
    Checksum,
    /// It is encrypted, and no key was given.
    #[error("it is encrypted")]
    Encrypted,
    /// The list cannot be unpacked.
    #[error("its list of files cannot be read")]
    Contents(#[source] io::Error),
    /// The list says what cannot be.
    #[error("its list of files is wrong: {0}")]
    Wrong(String),
}

/// The version, read before anything else of a header is believed.
#[derive(Deserialize)]
struct Versioned {
    format: String,
    version: u32,
    #[serde(default)]
    release: String,
}

impl Header {
    /// From the first bytes of a manifest.
    pub fn read(bytes: &[u8]) -> Result<Self, ManifestFault> {
        let line = bytes.split(|byte| *byte == b'\n').next();
        let line = line.ok_or(ManifestFault::Header)?;
        let versioned: Versioned =
            serde_json::from_slice(line).map_err(|_| ManifestFault::Header)?;
        if versioned.format != FORMAT {
            return Err(ManifestFault::Header);
        }
        if versioned.version != VERSION {
            return Err(ManifestFault::Newer {
                found: versioned.version,
                release: versioned.release,
            });
        }
        serde_json::from_slice(line).map_err(|_| ManifestFault::Header)
    }
}

impl Manifest {
    /// The object's bytes.
    pub fn encode(&self, key: Option<&Key>) -> io::Result<Vec<u8>> {
        let list = serde_json::to_vec(&self.contents).map_err(io::Error::other)?;
        let mut packed = zstd::encode_all(&list[..], LEVEL)?;
        let mut header = serde_json::to_vec(&self.header).map_err(io::Error::other)?;
        header.push(b'\n');
        if let Some(key) = key {
            let mut sealing = Encrypting::new(Vec::new(), key, &self.context())?;
            sealing.write_all(&packed)?;
            packed = sealing.finish()?;
        }
        let sum = checksum(&header, &packed);
        header.extend_from_slice(sum.as_bytes());
        header.push(b'\n');
        header.extend_from_slice(&packed);
        Ok(header)
    }

    fn context(&self) -> String {
        context(&self.header.id, NAME)
    }

    /// Reads an object's bytes back: the checksum first, then what it covers.
    pub fn decode(bytes: &[u8], key: Option<&Key>) -> Result<Self, ManifestFault> {
        let header = Header::read(bytes)?;
        let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
        let (Some(line), Some(sum), Some(packed)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(ManifestFault::Checksum);
        };
        let mut line = line.to_vec();
        line.push(b'\n');
        if checksum(&line, packed).as_bytes() != sum {
            return Err(ManifestFault::Checksum);
        }
        let mut list = Vec::new();
        let read = match (&header.key, key) {
            (None, _) => unpack(packed, &mut list),
            (Some(_), None) => return Err(ManifestFault::Encrypted),
            (Some(_), Some(key)) => {
                let context = context(&header.id, NAME);
                Decrypting::new(packed, key, &context).and_then(|plain| unpack(plain, &mut list))
            }
        };
        read.map_err(ManifestFault::Contents)?;
        let contents: Contents = serde_json::from_slice(&list)
            .map_err(|error| ManifestFault::Wrong(error.to_string()))?;
        let manifest = Self { header, contents };
        match manifest.contradiction() {
            Some(what) => Err(ManifestFault::Wrong(what)),
            None => Ok(manifest),
        }
    }

    /// What a checksum cannot hold: paths that lead elsewhere, or that are named twice.
    fn contradiction(&self) -> Option<String> {
        let mut paths = BTreeSet::new();
        for file in &self.contents.files {
            for path in [&file.path, &file.object.backup, &file.object.name] {
                let leads_out = path
                    .split('/')
                    .any(|step| step.is_empty() || step == "." || step == "..");
                if leads_out {
                    return Some(format!("{path:?} leads out of its folder"));
                }
            }
            if !paths.insert(&file.path) {
                return Some(format!("{:?} is named twice", file.path));
            }
        }
        (self.header.files != self.contents.files.len() as u64)
            .then(|| "it has another number of files than its header says".to_owned())
    }
}

/// What an object's encryption is bound to.
pub(crate) fn context(backup: &str, name: &str) -> String {
    format!("{backup}/{name}")
}

fn unpack(packed: impl Read, list: &mut Vec<u8>) -> io::Result<()> {
    let unpacked = zstd::stream::read::Decoder::new(packed)?;
    unpacked.take(CONTENTS_BYTES_MAX).read_to_end(list)?;
    Ok(())
}

fn checksum(header: &[u8], packed: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(header);
    hash.update(packed);
    hex(&hash.finalize())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn manifest(key: Option<&Key>) -> Manifest {
        let file = |path: &str, part| FileEntry {
            path: path.to_owned(),
            bytes: 5,
            sha256: "00".repeat(32),
            modified_ns: 7,
            part,
            object: Object {
                backup: "one".to_owned(),
                name: format!("files/{path}"),
                bytes: 5,
                sha256: "11".repeat(32),
                form: Form::Zstd,
            },
        };
        let segment = Part::Segment {
            log: Log::Events,
            number: 1,
            base: 1,
            end: 9,
            created_ns: 3,
            redaction: 0,
            seal: None,
        };
        let files = vec![
            file("log/events/0000000001.log", segment),
            file("log/checkpoints/1.ckpt", Part::Checkpoint { position: 1 }),
            file("cold/a.parquet", Part::Cold { first: 1, last: 2 }),
            file("blobs/1/ab", Part::Blob),
            file("cold/regrouped", Part::Regrouped),
            file("secret.key", Part::Other),
        ];
        Manifest {
            header: Header {
                format: FORMAT.to_owned(),
                version: VERSION,
                release: "0.1.0".to_owned(),
                id: "one".to_owned(),
                kind: Kind::Full,
                relies_on: Vec::new(),
                begun_ns: 1,
                log_id: "ab".to_owned(),
                first: 1,
                position: 8,
                written_ns: 1,
                commands: 2,
                earliest: Some(0),
                files: files.len() as u64,
                bytes: 30,
                brought_bytes: 30,
                key: key.map(Key::fingerprint),
            },
            contents: Contents { files },
        }
    }

    #[test]
    fn it_is_read_back_as_it_was_written() {
        let key = Key::random().unwrap();
        for key in [None, Some(&key)] {
            let manifest = manifest(key);
            let bytes = manifest.encode(key).unwrap();
            assert_eq!(Header::read(&bytes).unwrap(), manifest.header);
            assert_eq!(Manifest::decode(&bytes, key).unwrap(), manifest);
        }
        let bytes = manifest(Some(&key)).encode(Some(&key)).unwrap();
        assert!(matches!(
            Manifest::decode(&bytes, None),
            Err(ManifestFault::Encrypted)
        ));
    }

    #[test]
    fn a_newer_form_is_told_before_anything_else_is_read() {
        let newer = br#"{"format":"errata backup","version":2,"release":"9.0.0","new":true}"#;
        assert!(matches!(
            Header::read(newer),
            Err(ManifestFault::Newer { found: 2, release }) if release == "9.0.0"
        ));
        assert!(matches!(
            Header::read(br#"{"format":"else","version":1}"#),
            Err(ManifestFault::Header)
        ));
    }

    #[test]
    fn a_path_that_leads_out_is_refused() {
        for path in ["../a", "/etc/a", "a/../../b", "a//b", ""] {
            let mut manifest = manifest(None);
            manifest.contents.files[0].path = path.to_owned();
            let bytes = manifest.encode(None).unwrap();
            assert!(
                matches!(Manifest::decode(&bytes, None), Err(ManifestFault::Wrong(_))),
                "{path}"
            );
        }
        let mut twice = manifest(None);
        twice.contents.files[1].path = twice.contents.files[0].path.clone();
        let bytes = twice.encode(None).unwrap();
        assert!(Manifest::decode(&bytes, None).is_err());
    }

    proptest! {
        #[test]
        fn any_change_of_any_byte_is_told(
            at in any::<proptest::sample::Index>(),
            bit in 0..8u8,
            cut in any::<bool>(),
        ) {
            let mut bytes = manifest(None).encode(None).unwrap();
            let at = at.index(bytes.len());
            if cut {
                bytes.truncate(at);
            } else {
                bytes[at] ^= 1 << bit;
            }
            prop_assert!(Manifest::decode(&bytes, None).is_err());
        }

        #[test]
        fn any_bytes_give_a_manifest_or_a_fault(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Manifest::decode(&bytes, None);
        }
    }
}
