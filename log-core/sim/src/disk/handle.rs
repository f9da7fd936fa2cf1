//! An open file of a simulated disk.

use std::io;
use std::ops::Range;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard};

use super::fault::{Call, Fault, Sabotage};
use super::state::{Gate, State, cut_error, error};
use log_core::LogFile;
use log_core::Mapping;
use log_core::inside::commit::lock;

#[derive(Debug)]
pub(super) struct Handle {
    state: Arc<Mutex<State>>,
    /// The life of the disk in which it was opened.
    life: u64,
    id: u64,
    /// `None` is a directory.
    file: Option<usize>,
    writable: bool,
}

impl Handle {
    /// Opens file number `file` of `state`, which is locked as `inside`.
    pub(super) fn new(
        state: &Arc<Mutex<State>>,
        inside: &mut State,
        file: Option<usize>,
        writable: bool,
    ) -> Self {
        if let Some(file) = file {
            inside.nodes[file].opens += 1;
        }
        inside.next_open += 1;
        Self {
            state: Arc::clone(state),
            life: inside.life,
            id: inside.next_open,
            file,
            writable,
        }
    }

    /// The disk and the file's number, while this life of it lasts.
    fn alive(&self) -> io::Result<(MutexGuard<'_, State>, usize)> {
        let state = lock(&self.state);
        if state.life != self.life || state.cut {
            return Err(cut_error());
        }
        let file = self
            .file
            .ok_or_else(|| error(io::ErrorKind::IsADirectory))?;
        Ok((state, file))
    }

    fn writable(&self) -> io::Result<(MutexGuard<'_, State>, usize)> {
        if !self.writable {
            return Err(error(io::ErrorKind::PermissionDenied));
        }
        self.alive()
    }

    fn sync(&self) -> io::Result<()> {
        let (mut state, file) = self.alive()?;
        let state = &mut *state;
        match state.gate(Call::Sync, true)? {
            Gate::Go => {}
            // A power cut takes any part of what was not synced: that covers a sync that is half done.
            Gate::Half => return Err(cut_error()),
            Gate::Fail(fault) => {
                if fault == Fault::Io {
                    state.counts.lost_sectors += state.nodes[file].fail_sync(&mut state.rng);
                }
                return Err(fault.error());
            }
        }
        match state.sabotage {
            Some(Sabotage::NoSync) => {}
            Some(Sabotage::LateSync) => {
                let late = state.late.iter().position(|&(other, _)| other == file);
                if let Some(at) = late {
                    let (_, count) = state.late.swap_remove(at);
                    state.nodes[file].sync_first(count);
                }
                state.late.push((file, state.nodes[file].unsynced()));
            }
            _ => state.nodes[file].sync(),
        }
        Ok(())
    }
}

impl LogFile for Handle {
    fn len(&self) -> io::Result<u64> {
        let (state, file) = self.alive()?;
        Ok(state.nodes[file].len() as u64)
    }

    fn disk_bytes(&self) -> io::Result<u64> {
        let (state, file) = self.alive()?;
        Ok(state.nodes[file].allocated)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let (mut state, file) = self.alive()?;
        let gate = state.gate(Call::Read, false)?;
        let bytes = state.nodes[file].cache();
        let start = (offset as usize).min(bytes.len());
        let mut count = buffer.len().min(bytes.len() - start);
        match gate {
            Gate::Go | Gate::Half => {}
            Gate::Fail(Fault::Short) => count = part(&mut state, count),
            Gate::Fail(fault) => return Err(fault.error()),
        }
        let bytes = state.nodes[file].cache();
        buffer[..count].copy_from_slice(&bytes[start..start + count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let (mut state, file) = self.writable()?;
        let gate = state.gate(Call::Write, true)?;
        let count = match gate {
            Gate::Go => bytes.len(),
            Gate::Fail(
                fault
                @ (Fault::Interrupted | Fault::NoDescriptor | Fault::NoFile | Fault::NoMemory),
            ) => return Err(fault.error()),
            Gate::Fail(Fault::Short) => part(&mut state, bytes.len()),
            Gate::Half | Gate::Fail(_) => state.rng.below(bytes.len() as u64 + 1) as usize,
        };
        let at = offset as usize;
        state.allocate(file, offset + count as u64)?;
        let same = state.sabotage == Some(Sabotage::NoRewrite)
            && state.nodes[file].cache().get(at..at + count) == Some(&bytes[..count]);
        if !same && count > 0 {
            state.nodes[file].write(at, &bytes[..count]);
        }
        match gate {
            Gate::Go | Gate::Fail(Fault::Short) => Ok(count),
            Gate::Half => Err(cut_error()),
            Gate::Fail(fault) => Err(fault.error()),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync()
    }

    fn reserve(&self, start: u64, length: u64) -> io::Result<()> {
        let (mut state, file) = self.writable()?;
        state.whole(Call::Reserve)?;
        let end = start + length;
        state.allocate(file, end)?;
        state.nodes[file].grow(end as usize);
        state.answer(())
    }

    fn next_data(&self, at: u64) -> io::Result<Option<Range<u64>>> {
        let (state, file) = self.alive()?;
        let range = state.nodes[file].next_data(at as usize);
        Ok(range.map(|(start, end)| start as u64..end as u64))
    }

    fn try_lock(&self, exclusive: bool) -> io::Result<bool> {
        let (mut state, file) = self.alive()?;
        let locks = &mut state.nodes[file].locks;
        let taken = locks
            .iter()
            .any(|&(id, other)| id != self.id && (exclusive || other));
        if !taken {
            locks.retain(|&(id, _)| id != self.id);
            locks.push((self.id, exclusive));
        }
        Ok(!taken)
    }

    fn map(&self, readable: Arc<AtomicU64>) -> io::Result<Mapping> {
        let (mut state, file) = self.alive()?;
        let again = Self::new(&self.state, &mut state, Some(file), false);
        Ok(Mapping::copied(Arc::new(again), readable))
    }
}

/// At least one of `count` bytes, if there are any.
fn part(state: &mut State, count: usize) -> usize {
    if count == 0 {
        return 0;
    }
    1 + state.rng.below(count as u64) as usize
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        if let Some(file) = self.file
            && state.life == self.life
        {
            let node = &mut state.nodes[file];
            node.opens -= 1;
            node.locks.retain(|&(id, _)| id != self.id);
            state.release(file);
        }
    }
}
