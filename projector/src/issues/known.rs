//! What is known of fingerprints and issues, as of the newest record seen.

use event_model::{Fingerprint, IssueId, Position, ProjectId, StoredEvent};
use grouping::Grouper;
use read_model::issues::{
    batch::{Counts, Stand},
    sketch::Sketch,
};

use super::tags::{TagSets, TagValues};

/// A fingerprint.
#[derive(Debug)]
pub(super) struct Print {
    /// Of the issue that it opened.
    pub(super) id: IssueId,
    /// The issue it belongs to.
    pub(super) issue: IssueId,
    /// Unix minute of its newest event before the batch at hand.
    pub(super) newest_minute: i64,
    /// None: not asked for yet.
    pub(super) tags: Option<TagValues>,
    /// Its place in the batch at hand.
    pub(super) slot: Option<usize>,
}

/// An issue.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) project_id: ProjectId,
    pub(super) is_merged: bool,
    pub(super) stand: Stand,
    /// Its place in the batch at hand.
    pub(super) slot: Option<usize>,
}

/// What the batch at hand has of one fingerprint.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) key: (ProjectId, Fingerprint),
    pub(super) is_new: bool,
    /// Of a new one.
    pub(super) sketch: Option<Sketch>,
    pub(super) counts: Counts,
    pub(super) tags: TagSets,
    /// The newest event: its headline is taken at the end, once a fingerprint and not
    /// once an event.
    pub(super) newest: Option<(StoredEvent, Grouper)>,
}

impl Gathered {
    pub(super) fn none(key: (ProjectId, Fingerprint), is_new: bool, position: Position) -> Self {
        Self {
            key,
            is_new,
            sketch: None,
            counts: Counts::none(position),
            tags: TagSets::default(),
            newest: None,
        }
    }
}
