//! One writer: an exclusive `flock` on the file `lock`, which holds the writer's process id as text.
//!
//! The system drops the lock when the process ends, however it ends. The file itself stays.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::FlockOperation;

use crate::error::OpenError;

const LOCK_NAME: &str = "lock";
/// A reader that looks whether a writer runs holds a shared lock for microseconds; a writer outwaits it.
const TRIES_MAX: u32 = 10;
const TRY_WAIT: Duration = Duration::from_millis(5);

/// Held for as long as it lives.
#[derive(Debug)]
pub(crate) struct WriterLock {
    _file: File,
}

impl WriterLock {
    pub(crate) fn acquire(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join(LOCK_NAME);
        let failed = |step| {
            let path = path.clone();
            move |source| OpenError::Io { step, path, source }
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed("open lock"))?;
        let mut tries = 1;
        loop {
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(rustix::io::Errno::WOULDBLOCK) if tries < TRIES_MAX => thread::sleep(TRY_WAIT),
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    return Err(OpenError::Locked {
                        dir: dir.to_path_buf(),
                        pid: read_pid(&file),
                    });
                }
                Err(error) => return Err(failed("lock")(error.into())),
            }
            tries += 1;
        }
        // Padded, so that a shorter id leaves nothing of a longer one, without a moment of an empty file.
        let pid = format!("{:<10}\n", std::process::id());
        file.write_all_at(pid.as_bytes(), 0)
            .map_err(failed("write lock"))?;
        Ok(Self { _file: file })
    }
}

/// Process id of the writer, if one holds the lock now.
pub(crate) fn holder(dir: &Path) -> io::Result<Option<u32>> {
    let file = match File::open(dir.join(LOCK_NAME)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // Shared, so that two readers who look at once do not take each other for a writer.
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(None),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(Some(read_pid(&file))),
        Err(error) => Err(error.into()),
    }
}

fn read_pid(file: &File) -> u32 {
    let mut text = [0; 16];
    let count = file.read_at(&mut text, 0).unwrap_or(0);
    std::str::from_utf8(&text[..count])
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}
