//! An object as a stream of bytes, to be written and to be read.
//!
//! Invariant: what was not finished never was. Memory: [`PARTS_MAX`] parts of [`PART_BYTES`] an upload. Blocks the
//! calling thread. Fails with the store's reason.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream::BoxStream};
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload, path::Path as Location};
use tokio::{runtime::Runtime, task::JoinHandle};

use super::Target;

/// Bytes of a part of an upload; S3's least is 5 MiB.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Parts on their way at once.
const PARTS_MAX: usize = 4;
/// An object being written; dropped before [`Self::finish`], it never was.
pub(crate) struct Upload<'a> {
    target: &'a Target,
    location: Location,
    buffer: Vec<u8>,
    parts: Option<Parts>,
}

struct Parts {
    upload: Box<dyn MultipartUpload>,
    on_their_way: VecDeque<JoinHandle<object_store::Result<()>>>,
}

impl<'a> Upload<'a> {
    pub(super) fn begin(target: &'a Target, location: &str) -> Self {
        Self {
            target,
            location: Location::from(location),
            buffer: Vec::new(),
            parts: None,
        }
    }

    fn put_part(&mut self) -> io::Result<()> {
        let runtime = &self.target.runtime;
        let parts = match &mut self.parts {
            Some(parts) => parts,
            none => {
                let upload = self.target.store.put_multipart(&self.location);
                none.insert(Parts {
                    upload: runtime.block_on(upload)?,
                    on_their_way: VecDeque::new(),
                })
            }
        };
        let payload = PutPayload::from(std::mem::take(&mut self.buffer));
        let part = parts.upload.put_part(payload);
        parts.on_their_way.push_back(runtime.spawn(part));
        while parts.on_their_way.len() >= PARTS_MAX {
            wait(runtime, parts)?;
        }
        Ok(())
    }

    /// Gives it its name.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let runtime = &self.target.runtime;
        if self.parts.is_none() {
            let payload = PutPayload::from(std::mem::take(&mut self.buffer));
            runtime.block_on(self.target.store.put(&self.location, payload))?;
            return Ok(());
        }
        if !self.buffer.is_empty() {
            self.put_part()?;
        }
        if let Some(mut parts) = self.parts.take() {
            let done = (|| {
                while !parts.on_their_way.is_empty() {
                    wait(runtime, &mut parts)?;
                }
                runtime.block_on(parts.upload.complete())?;
                Ok(())
            })();
            if done.is_err() {
                self.parts = Some(parts);
            }
            return done;
        }
        Ok(())
    }
}

fn wait(runtime: &Runtime, parts: &mut Parts) -> io::Result<()> {
    if let Some(oldest) = parts.on_their_way.pop_front() {
        runtime.block_on(oldest).map_err(io::Error::other)??;
    }
    Ok(())
}

impl Write for Upload<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PART_BYTES - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == PART_BYTES {
            self.put_part()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        if let Some(mut parts) = self.parts.take() {
            // Its parts take room; what cannot be removed is removed with its folder.
            let _ = self.target.runtime.block_on(parts.upload.abort());
        }
    }
}

/// An object being read.
pub(crate) struct Download<'a> {
    target: &'a Target,
    stream: BoxStream<'static, object_store::Result<Bytes>>,
    chunk: Bytes,
}

impl<'a> Download<'a> {
    pub(super) fn of(
        target: &'a Target,
        stream: BoxStream<'static, object_store::Result<Bytes>>,
    ) -> Self {
        Self {
            target,
            stream,
            chunk: Bytes::new(),
        }
    }
}

impl Read for Download<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.target.runtime.block_on(self.stream.next()) {
                Some(chunk) => self.chunk = chunk?,
                None => return Ok(0),
            }
        }
        let taken = buffer.len().min(self.chunk.len());
        buffer[..taken].copy_from_slice(&self.chunk.split_to(taken));
        Ok(taken)
    }
}
