//! Notes on their way in: files into blobs, then records, then the answer.
//!
//! Invariant: a record that names a blob is appended after the blob is durable, and until
//! it is in the log no sweep of blobs passes ([`Naming`]). A
//! client that goes away does not stop it: every item gets its fate all the same.

use std::sync::Arc;

use bytes::Bytes;
use event_log::{
    EventTicket,
    blobs::{BlobError, Naming, Put},
};
use event_model::{
    EventId, Note, ProjectId,
    note::{AttachmentV1, Attachments},
};

use super::Store;
use crate::{
    error::{ApiError, ErrorCode},
    outcome::Received,
};

/// Blobs written at once: each costs a few syncs, and a copy while its twin is read.
pub(super) const BLOB_WRITES_MAX: usize = 4;

/// What is to be stored beside events.
pub(crate) enum Storable {
    /// A note as it is.
    Note(Received, Box<Note>),
    /// Files of one event.
    Files(Files),
}

/// Files of one event, and where their bytes are.
pub(crate) struct Files {
    pub(crate) project_id: ProjectId,
    pub(crate) received_ns: i64,
    pub(crate) event_id: EventId,
    pub(crate) named: Vec<(Received, event_intake::File)>,
    pub(crate) body: Bytes,
}

impl Store {
    /// Stores notes and files; the answers come once all are durable or refused.
    pub(in crate::ingest) async fn others(
        self: &Arc<Self>,
        items: Vec<Storable>,
    ) -> Vec<Result<(), ApiError>> {
        if items.is_empty() {
            return Vec::new();
        }
        let (count, store) = (items.len(), Arc::clone(self));
        self.acknowledge(count, async move { store.store_each(items).await })
            .await
    }

    async fn store_each(&self, items: Vec<Storable>) -> Vec<Result<(), ApiError>> {
        // All are queued before one is waited for: they share a sync.
        let mut queued = Vec::with_capacity(items.len());
        // One for all: a second would wait behind a sweep that waits for the first.
        let mut naming = None;
        for one in items {
            queued.push(match one {
                Storable::Note(item, note) => (vec![item], self.queue_note(&note)),
                Storable::Files(files) => {
                    let held = match naming.take() {
                        Some(held) => held,
                        None => self.blobs.naming().await,
                    };
                    let one = self.queue_files(files, &held).await;
                    naming = Some(held);
                    one
                }
            });
        }
        let mut results = Vec::with_capacity(queued.len());
        for (parts, ticket) in queued {
            let result = match ticket {
                Ok(ticket) => match ticket.await {
                    Ok(_position) => Ok(()),
                    Err(error) => Err(self.commit_failed(&error)),
                },
                Err(error) => Err(error),
            };
            for item in parts {
                match &result {
                    Ok(()) => item.stored(),
                    Err(error) => item.refused(error),
                }
            }
            results.push(result);
        }
        drop(naming);
        results
    }

    fn queue_note(&self, note: &Note) -> Result<EventTicket, ApiError> {
        let ticket = self.log.append_note(note);
        ticket.map_err(|error| self.append_refused(&error))
    }

    /// The files that find room, under one note, and what became of the others.
    async fn queue_files(
        &self,
        files: Files,
        naming: &Naming,
    ) -> (Vec<Received>, Result<EventTicket, ApiError>) {
        let (mut items, mut stored) = (Vec::new(), Vec::new());
        let mut full = None;
        let mut named = files.named.into_iter();
        while let Some((item, file)) = named.next() {
            let bytes = files.body.slice(file.bytes.clone());
            let size_bytes = bytes.len() as u64;
            let sha256 = match self.put_blob(naming, files.project_id, bytes).await {
                Ok(sha256) => sha256,
                // That one is too much; its neighbours may not be.
                Err(error) if !error.code.is_retriable() => {
                    item.refused(&error);
                    full.get_or_insert(error);
                    continue;
                }
                Err(error) => {
                    items.push(item);
                    items.extend(named.map(|(item, _)| item));
                    return (items, Err(error));
                }
            };
            items.push(item);
            stored.push(AttachmentV1 {
                name: file.name,
                content_type: file.content_type,
                attachment_type: file.attachment_type,
                size_bytes,
                sha256,
            });
        }
        if let Some(error) = full.filter(|_| stored.is_empty()) {
            return (items, Err(error));
        }
        let note = Note::Attachments(Attachments {
            project_id: files.project_id.0,
            received_ns: files.received_ns,
            event_id: files.event_id.0,
            files: stored,
        });
        let ticket = self.queue_note(&note);
        (items, ticket)
    }

    async fn put_blob(
        &self,
        naming: &Naming,
        project: ProjectId,
        bytes: Bytes,
    ) -> Result<[u8; 32], ApiError> {
        let _turn = self.blob_writes.acquire().await;
        let length = bytes.len() as u64;
        self.stock.take(project, length)?;
        let put = self
            .blobs
            .put(naming, project, bytes, self.clock.now_ns())
            .await;
        if !matches!(put, Ok((_, Put::New))) {
            self.stock.give_back(project, length);
        }
        match put {
            Ok((hash, _)) => Ok(hash.0),
            Err(error @ BlobError::TooLarge { .. }) => {
                Err(ApiError::new(ErrorCode::TooLarge, error.to_string()))
            }
            // A full or broken disk: it may heal, and the client may come again.
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "an attachment could not be stored");
                Err(ApiError::new(
                    ErrorCode::Overloaded,
                    "the attachment could not be stored now",
                ))
            }
        }
    }
}
