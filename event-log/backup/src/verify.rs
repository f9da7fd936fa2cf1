//! Finding backups in a target, and reading them through: every object that one names is there, as long as it was,
//! and has the bytes it had. With the key also that each file comes out as it went in. Changes nothing.
//!
//! Fails with [`BackupError`] if a backup cannot be looked at; what is wrong with its objects is an answer.

use std::io;

use crate::{
    error::BackupError,
    key::Key,
    manifest::{Header, Manifest, ManifestFault, NAME, VERSION},
    object::fetch,
    target::{Folders, Target},
};

/// What a backup's objects come to.
#[derive(Debug)]
pub struct Verified {
    /// The backup.
    pub header: Header,
    /// What is wrong; empty: nothing.
    pub faults: Vec<Fault>,
}

/// What is wrong with a file of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The object and the file, and how it is damaged.
    pub what: String,
}

/// All backups of a target.
#[derive(Debug, Default)]
pub struct Listed {
    /// Whole ones, oldest first.
    pub whole: Vec<Header>,
    /// Folders whose backup was interrupted.
    pub interrupted: Vec<String>,
    /// Folders whose manifest cannot be read, and why.
    pub unreadable: Vec<(String, String)>,
}

/// All backups of a target.
pub fn list(target: &Target) -> Result<Listed, BackupError> {
    let folders = target.folders()?;
    let mut listed = Listed {
        interrupted: folders.interrupted,
        ..Listed::default()
    };
    for (id, bytes) in folders.whole {
        match Header::read(&bytes) {
            Ok(header) => listed.whole.push(header),
            Err(fault) => listed.unreadable.push((id, ground::with_causes(&fault))),
        }
    }
    listed
        .whole
        .sort_by_key(|header| (header.begun_ns, header.id.clone()));
    Ok(listed)
}

/// The newest whole backup that is `fit`.
pub(crate) fn newest(folders: &Folders, fit: impl Fn(&Header) -> bool) -> Option<Header> {
    let headers = folders.whole.values();
    headers
        .filter_map(|bytes| Header::read(bytes).ok())
        .filter(|header| fit(header))
        .max_by_key(|header| (header.begun_ns, header.id.clone()))
}

/// The manifest of a backup.
pub fn read(target: &Target, id: &str, key: Option<&Key>) -> Result<Manifest, BackupError> {
    let object = format!("{id}/{NAME}");
    let unknown = || BackupError::Unknown {
        place: target.address().to_owned(),
        id: id.to_owned(),
    };
    if !crate::target::is_id(id) {
        return Err(unknown());
    }
    let mut bytes = Vec::new();
    match target.read(&object) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(unknown()),
        download => {
            download.and_then(|mut download| io::Read::read_to_end(&mut download, &mut bytes))
        }
    }
    .map_err(target.failed("read", &object))?;
    let header = Header::read(&bytes);
    if let Ok(Header {
        key: Some(wanted), ..
    }) = &header
        && key.map(Key::fingerprint).as_ref() != Some(wanted)
    {
        return Err(BackupError::Key {
            id: id.to_owned(),
            wanted: wanted.clone(),
            given: key.map_or("give it with --key-file".to_owned(), |key| {
                format!("the one given is {}", key.fingerprint())
            }),
        });
    }
    let manifest = Manifest::decode(&bytes, key).map_err(|fault| match fault {
        ManifestFault::Newer { found, release } => BackupError::Newer {
            id: id.to_owned(),
            found,
            newest: VERSION,
            release,
        },
        fault => BackupError::Manifest {
            object: object.clone(),
            place: target.address().to_owned(),
            what: ground::with_causes(&fault),
        },
    })?;
    if manifest.header.id == id {
        Ok(manifest)
    } else {
        Err(BackupError::Manifest {
            object,
            place: target.address().to_owned(),
            what: format!("it is of backup {}", manifest.header.id),
        })
    }
}

/// Reads all that a backup names.
pub fn verify(target: &Target, id: &str, key: Option<&Key>) -> Result<Verified, BackupError> {
    let manifest = read(target, id, key)?;
    let key = key.filter(|_| manifest.header.key.is_some());
    let mut faults = Vec::new();
    for entry in &manifest.contents.files {
        match fetch(target, entry, key, &mut io::sink()) {
            Ok(()) => {}
            Err(error @ BackupError::Damaged { .. }) => faults.push(Fault {
                what: error.to_string(),
            }),
            Err(error) => return Err(error),
        }
    }
    Ok(Verified {
        header: manifest.header,
        faults,
    })
}
