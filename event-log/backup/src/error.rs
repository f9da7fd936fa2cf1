//! Why a backup could not be made, read or restored. Every error names the file, object or backup it is about.

use std::{io, path::PathBuf};

/// See the module.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The target is no folder and no URL that is understood.
    #[error(transparent)]
    Place(#[from] object_place::PlaceError),
    /// The target lies where it would be backed up itself, or be lost together with what it is of.
    #[error("the target {} lies inside the data directory {}: choose one elsewhere, best on another machine", target.display(), data_dir.display())]
    Inside {
        /// The target.
        target: PathBuf,
        /// The data directory.
        data_dir: PathBuf,
    },
    /// Another backup writes to the same folder.
    #[error("another backup writes to {}: process {pid}", target.display())]
    Busy {
        /// The target.
        target: PathBuf,
        /// Who; 0: unknown.
        pid: u32,
    },
    /// A file of the data directory or of a folder failed.
    #[error("cannot {step} {}", path.display())]
    File {
        /// What was tried.
        step: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// An object of the target could not be read or written.
    #[error("cannot {step} {object} in {place}")]
    Object {
        /// What was tried.
        step: &'static str,
        /// The object.
        object: String,
        /// The target.
        place: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The logs cannot be read.
    #[error("the logs cannot be read")]
    Logs(#[from] event_log::OpenError),
    /// A record of them cannot be read.
    #[error("the end of the logs cannot be read")]
    Records(#[from] event_log::ReadError),
    /// What was copied is no log.
    #[error("the logs in this backup cannot be brought back")]
    Copy(#[from] event_log::copy::CopyError),
    /// The log changed under each look.
    #[error("the logs changed during each of {tries} looks at them; try again")]
    Restless {
        /// Looks taken.
        tries: u32,
    },
    /// No backup is there.
    #[error("{place} holds no whole backup{}", if *interrupted > 0 { format!("; {interrupted} were interrupted") } else { String::new() })]
    None {
        /// The target.
        place: String,
        /// Folders without a manifest.
        interrupted: usize,
    },
    /// The backup that was asked for is not there, or was interrupted.
    #[error("{place} holds no whole backup {id:?}; `errata backup list` shows those there are")]
    Unknown {
        /// The target.
        place: String,
        /// The backup.
        id: String,
    },
    /// A manifest of a newer release.
    #[error(
        "backup {id} has format {found}, this release reads up to {newest}: restore it with the release that made it, {release}"
    )]
    Newer {
        /// The backup.
        id: String,
        /// Its format.
        found: u32,
        /// The newest one that is understood.
        newest: u32,
        /// Who made it.
        release: String,
    },
    /// A manifest that is damaged.
    #[error("the manifest {object} in {place} is damaged: {what}")]
    Manifest {
        /// The object.
        object: String,
        /// The target.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// Something that the manifest names is not as it says.
    #[error("{object}, which has {path}, is damaged: {what}")]
    Damaged {
        /// The object.
        object: String,
        /// The file it has.
        path: String,
        /// What is wrong.
        what: String,
    },
    /// The backup is encrypted and no key, or another one, was given.
    #[error("backup {id} is encrypted with the key {wanted}: {given}")]
    Key {
        /// The backup.
        id: String,
        /// Fingerprint of the key it takes.
        wanted: String,
        /// What was given instead.
        given: String,
    },
    /// A key file that holds no key.
    #[error("{} holds no key: 64 hex digits are wanted, as `errata backup key` prints them", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// Restoring would overwrite something.
    #[error("{} is not empty: restore into a directory that is, or is not there yet", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// Another restore works there.
    #[error("another restore works in {}", path.display())]
    Restoring {
        /// The directory.
        path: PathBuf,
    },
    /// A restore did not come to its end.
    #[error("a restore into {} did not end: run `errata restore` again, or remove what is in it", path.display())]
    HalfRestored {
        /// The directory.
        path: PathBuf,
    },
    /// Not enough room for what is to be restored.
    #[error("{} has {free} bytes free, and the restore takes {wanted}", path.display())]
    Room {
        /// The directory.
        path: PathBuf,
        /// Bytes free.
        free: u64,
        /// Bytes wanted.
        wanted: u64,
    },
    /// The backup does not reach that far, or no longer reaches back so far.
    #[error("backup {id} cannot be restored to {wanted}: it has {has}")]
    OutOfReach {
        /// The backup.
        id: String,
        /// What was asked for.
        wanted: String,
        /// What it has.
        has: String,
    },
}

impl BackupError {
    pub(crate) fn file(
        step: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { step, path, source }
    }
}
