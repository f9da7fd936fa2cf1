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
    limits::{Category, Taken},
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

/// An item, and what it paid; nothing if it has no quota.
type Paid = (Received, Option<Taken>);

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
                Storable::Note(item, note) => match self.pay(
                    &item,
                    Category::of_note(&note).map(|(category, _)| category),
                ) {
                    Ok(taken) => (vec![(item, taken)], self.queue_note(&note)),
                    Err(error) => (vec![(item, None)], Err(error)),
                },
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
            for (item, taken) in parts {
                match &result {
                    Ok(()) => item.stored(),
                    Err(error) => {
                        if let Some(taken) = taken {
                            self.limits.give_back(taken);
                        }
                        item.refused(error);
                    }
                }
            }
            results.push(result);
        }
        drop(naming);
        results
    }

    /// Pays for an item of this category; nothing if it has no quota.
    fn pay(&self, item: &Received, category: Option<Category>) -> Result<Option<Taken>, ApiError> {
        let Some(category) = category else {
            return Ok(None);
        };
        let allowance = self.limits.allowance(item.project(), item.key());
        let taken = self.limits.take(allowance, category, self.clock.now_ns())?;
        Ok(Some(taken))
    }

    fn queue_note(&self, note: &Note) -> Result<EventTicket, ApiError> {
        self.disk.check()?;
        let ticket = self.log.append_note(note);
        ticket.map_err(|error| self.append_refused(&error))
    }

    /// The files that find room, under one note, and what became of the others.
    async fn queue_files(
        &self,
        files: Files,
        naming: &Naming,
    ) -> (Vec<Paid>, Result<EventTicket, ApiError>) {
        let (mut items, mut stored) = (Vec::new(), Vec::new());
        let mut full = None;
        let mut named = files.named.into_iter();
        while let Some((item, file)) = named.next() {
            let taken = match self.pay(&item, Some(Category::Attachment)) {
                Ok(taken) => taken,
                Err(error) => {
                    item.refused(&error);
                    full.get_or_insert(error);
                    continue;
                }
            };
            let bytes = files.body.slice(file.bytes.clone());
            let size_bytes = bytes.len() as u64;
            let sha256 = match self.put_blob(naming, files.project_id, bytes).await {
                Ok(sha256) => sha256,
                // That one is too much; its neighbours may not be.
                Err(error) if !error.code.is_retriable() => {
                    if let Some(taken) = taken {
                        self.limits.give_back(taken);
                    }
                    item.refused(&error);
                    full.get_or_insert(error);
                    continue;
                }
                Err(error) => {
                    items.push((item, taken));
                    items.extend(named.map(|(item, _)| (item, None)));
                    return (items, Err(error));
                }
            };
            items.push((item, taken));
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
        self.disk.take(bytes.len())?;
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
