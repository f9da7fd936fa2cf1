//! One writer: an exclusive lock on the file `lock`, which holds the writer's process id as text.
//!
//! The system drops the lock when the process ends, however it ends. The file itself stays.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::error::OpenError;
use crate::io::{LogFile, LogIo, Open, read_up_to, write_all};

const LOCK_NAME: &str = "lock";
/// A reader that looks whether a writer runs holds a shared lock for microseconds; a writer outwaits it.
const TRIES_MAX: u32 = 10;
const TRY_WAIT: Duration = Duration::from_millis(5);

/// Held for as long as it lives.
#[derive(Debug)]
pub(crate) struct WriterLock {
    _file: Arc<dyn LogFile>,
}

impl WriterLock {
    pub(crate) fn acquire(io: &dyn LogIo, dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join(LOCK_NAME);
        let failed = |step| {
            let path = path.clone();
            move |source| OpenError::Io { step, path, source }
        };
        let file = io
            .open(&path, Open::OpenOrCreate)
            .map_err(failed("open lock"))?;
        let mut tries = 1;
        while !file.try_lock(true).map_err(failed("lock"))? {
            if tries == TRIES_MAX {
                return Err(OpenError::Locked {
                    dir: dir.to_path_buf(),
                    pid: read_pid(file.as_ref()),
                });
            }
            tries += 1;
            thread::sleep(TRY_WAIT);
        }
        // Padded, so that a shorter id leaves nothing of a longer one, without a moment of an empty file.
        let pid = format!("{:<10}\n", std::process::id());
        write_all(file.as_ref(), pid.as_bytes(), 0).map_err(failed("write lock"))?;
        Ok(Self { _file: file })
    }
}

/// Process id of the writer, if one holds the lock now.
pub(crate) fn holder(io: &dyn LogIo, dir: &Path) -> io::Result<Option<u32>> {
    let file = match io.open(&dir.join(LOCK_NAME), Open::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // Shared, so that two readers who look at once do not take each other for a writer.
    Ok((!file.try_lock(false)?).then(|| read_pid(file.as_ref())))
}

fn read_pid(file: &dyn LogFile) -> u32 {
    let mut text = [0; 16];
    let count = read_up_to(file, &mut text, 0).unwrap_or(0);
    std::str::from_utf8(&text[..count])
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}
