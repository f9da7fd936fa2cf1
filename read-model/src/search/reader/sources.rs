//! Which fingerprints events have that pass.

use std::collections::BTreeSet;

use event_model::{Fingerprint, ProjectId};
use tantivy::{
    DocId, Score, SegmentOrdinal, SegmentReader,
    collector::{Collector, SegmentCollector},
    columnar::{BytesColumn, Column},
};

/// Fingerprints by project, each once.
pub(super) type Sources = BTreeSet<(ProjectId, Fingerprint)>;

/// Collects them.
pub(super) struct Distinct;

/// Of a segment.
pub(super) struct SegmentDistinct {
    projects: Column<u64>,
    /// None: no event of the segment has one, as all have.
    fingerprints: Option<BytesColumn>,
    /// Projects with the places of fingerprints in the segment's dictionary.
    found: BTreeSet<(u64, u64)>,
    /// Events come in runs of one issue.
    newest: Option<(u64, u64)>,
}

impl Collector for Distinct {
    type Fruit = Sources;
    type Child = SegmentDistinct;

    fn for_segment(
        &self,
        _: SegmentOrdinal,
        segment: &SegmentReader,
    ) -> tantivy::Result<SegmentDistinct> {
        let columns = segment.fast_fields();
        Ok(SegmentDistinct {
            projects: columns.u64("project_id")?,
            fingerprints: columns.bytes("fingerprint")?,
            found: BTreeSet::new(),
            newest: None,
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Sources>) -> tantivy::Result<Sources> {
        Ok(segments.into_iter().flatten().collect())
    }
}

impl SegmentCollector for SegmentDistinct {
    type Fruit = Sources;

    fn collect(&mut self, document: DocId, _: Score) {
        let Some(fingerprints) = &self.fingerprints else {
            return;
        };
        let project = self.projects.first(document);
        let fingerprint = fingerprints.ords().first(document);
        let pair = project.zip(fingerprint);
        if pair != self.newest {
            self.found.extend(pair);
            self.newest = pair;
        }
    }

    fn harvest(self) -> Sources {
        let Some(column) = self.fingerprints else {
            return Sources::new();
        };
        let mut bytes = Vec::new();
        let mut sources = Sources::new();
        for (project, ordinal) in self.found {
            bytes.clear();
            // What the dictionary does not have, no event has.
            if !column.ord_to_bytes(ordinal, &mut bytes).unwrap_or(false) {
                continue;
            }
            if let (Ok(project), Ok(print)) = (u32::try_from(project), bytes.as_slice().try_into())
            {
                sources.insert((ProjectId(project), Fingerprint(print)));
            }
        }
        sources
    }
}
