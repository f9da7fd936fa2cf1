//! Prepares the next segment in the background: a thread of its own, asked by the writer.
//!
//! Owns `next.tmp`. Invariant: at most one is prepared at a time; it holds no header, so a crash leaves nothing that
//! could be taken for a segment. Preallocation is the one place where a full disk shows; failing here is retriable.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::io::{LogFile, LogIo, preallocate, remove_if_there};

/// Preallocation that takes longer counts as "no space" until it is done: an ext4 `fallocate` takes milliseconds.
const PREPARE_WAIT: Duration = Duration::from_secs(10);

type Prepared = io::Result<Arc<dyn LogFile>>;

/// Who prepares.
#[derive(Debug)]
pub(crate) enum Next {
    /// A thread.
    Background {
        ask: Option<SyncSender<()>>,
        ready: Receiver<Prepared>,
        asked: bool,
        thread: Option<JoinHandle<()>>,
        /// How to do without the thread, should it be gone.
        own: (Arc<dyn LogIo>, PathBuf, u64),
    },
    /// Whoever takes it: for a writer that is stepped by its caller.
    Inline {
        io: Arc<dyn LogIo>,
        path: PathBuf,
        bytes: u64,
        prepared: Option<Prepared>,
    },
}

impl Next {
    pub(crate) fn inline(io: Arc<dyn LogIo>, path: PathBuf, bytes: u64) -> Self {
        Self::Inline {
            io,
            path,
            bytes,
            prepared: None,
        }
    }

    pub(crate) fn start(io: Arc<dyn LogIo>, path: PathBuf, bytes: u64) -> io::Result<Self> {
        let (ask, asked) = sync_channel::<()>(1);
        let (tell, ready) = sync_channel(1);
        let own = (Arc::clone(&io), path.clone(), bytes);
        let thread = std::thread::Builder::new()
            .name("log-next".into())
            .spawn(move || {
                while asked.recv().is_ok() {
                    if tell.send(make(io.as_ref(), &path, bytes)).is_err() {
                        break;
                    }
                }
            })?;
        Ok(Self::Background {
            ask: Some(ask),
            ready,
            asked: false,
            thread: Some(thread),
            own,
        })
    }

    /// Starts preparing, unless that was asked before.
    pub(crate) fn prepare(&mut self) {
        match self {
            Self::Background { ask, asked, .. } => {
                if !*asked && let Some(ask) = ask {
                    *asked = ask.send(()).is_ok();
                }
            }
            Self::Inline {
                io,
                path,
                bytes,
                prepared,
            } => {
                if prepared.is_none() {
                    *prepared = Some(make(io.as_ref(), path, *bytes));
                }
            }
        }
    }

    /// The prepared file, waiting for it if need be.
    pub(crate) fn take(&mut self) -> Prepared {
        self.prepare();
        match self {
            Self::Background {
                ready, asked, own, ..
            } => match ready.recv_timeout(PREPARE_WAIT) {
                Ok(prepared) => {
                    *asked = false;
                    prepared
                }
                Err(RecvTimeoutError::Timeout) => Err(io::Error::from(io::ErrorKind::TimedOut)),
                // A roll that waits for the file is better than none.
                Err(RecvTimeoutError::Disconnected) => make(own.0.as_ref(), &own.1, own.2),
            },
            Self::Inline { prepared, .. } => prepared
                .take()
                .unwrap_or_else(|| Err(io::Error::other("nothing was prepared"))),
        }
    }
}

fn make(io: &dyn LogIo, path: &Path, bytes: u64) -> Prepared {
    let prepared = preallocate(io, path, bytes);
    if prepared.is_err() {
        // A partial file would hold the very space that is lacking.
        let _ = remove_if_there(io, path);
    }
    prepared
}

impl Drop for Next {
    fn drop(&mut self) {
        if let Self::Background { ask, thread, .. } = self {
            *ask = None;
            // Its answer has room in the channel, so the thread ends as soon as its present call does.
            if let Some(thread) = thread.take() {
                let _ = thread.join();
            }
        }
    }
}
