//! Prepares the next segment in the background: a thread of its own, asked by the writer.
//!
//! Owns `next.tmp`. Invariant: at most one is prepared at a time; it holds no header, so a crash leaves nothing that
//! could be taken for a segment. Preallocation is the one place where a full disk shows; failing here is retriable.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::disk::Disk;

/// Preallocation that takes longer counts as "no space" until it is done: an ext4 `fallocate` takes milliseconds.
const PREPARE_WAIT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Next {
    ask: Option<SyncSender<()>>,
    ready: Receiver<io::Result<File>>,
    asked: bool,
    thread: Option<JoinHandle<()>>,
}

impl Next {
    pub(crate) fn start(disk: Arc<dyn Disk>, path: PathBuf, bytes: u64) -> io::Result<Self> {
        let (ask, asked) = sync_channel::<()>(1);
        let (tell, ready) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("log-next".into())
            .spawn(move || {
                while asked.recv().is_ok() {
                    let prepared = disk.preallocate(&path, bytes);
                    if prepared.is_err() {
                        // A partial file would hold the very space that is lacking.
                        let _ = std::fs::remove_file(&path);
                    }
                    if tell.send(prepared).is_err() {
                        break;
                    }
                }
            })?;
        Ok(Self {
            ask: Some(ask),
            ready,
            asked: false,
            thread: Some(thread),
        })
    }

    /// Starts preparing, unless that was asked before.
    pub(crate) fn prepare(&mut self) {
        if !self.asked
            && let Some(ask) = &self.ask
        {
            self.asked = ask.send(()).is_ok();
        }
    }

    /// The prepared file, waiting for it if need be.
    pub(crate) fn take(&mut self) -> io::Result<File> {
        self.prepare();
        match self.ready.recv_timeout(PREPARE_WAIT) {
            Ok(prepared) => {
                self.asked = false;
                prepared
            }
            Err(RecvTimeoutError::Timeout) => Err(io::Error::from(io::ErrorKind::TimedOut)),
            Err(RecvTimeoutError::Disconnected) => {
                Err(io::Error::other("the preparing thread ended"))
            }
        }
    }
}

impl Drop for Next {
    fn drop(&mut self) {
        self.ask = None;
        // Its answer has room in the channel, so the thread ends as soon as its present call does.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
