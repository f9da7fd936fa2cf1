//! How often each value of each field is there.
//!
//! Bounded whatever clients sent: [`FIELDS_MAX`] fields, [`VALUES_MAX`] values each. A field
//! with more is told to have many, and no more.

use std::collections::BTreeMap;

use event_model::{Level, ProjectId};
use tantivy::columnar::StrColumn;

use super::{Ask, Line, Part, Walk, failed, io, lines::Sums, split::Buffers};
use crate::ReadModelError;

/// Most fields that are told apart, by name: the first of a segment, and of the days.
const FIELDS_MAX: usize = 1_000;
/// Most values of a field that are told apart.
const VALUES_MAX: usize = 20_000;

/// Of one field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FacetCounts {
    /// Events by value; empty if there are too many values.
    pub values: BTreeMap<String, u64>,
    /// Events that have a value.
    pub events: u64,
    /// Whether there are more values than are told apart.
    pub is_many: bool,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Facets {
    /// Of everything, over time.
    pub all: Line,
    /// Events by level.
    pub levels: BTreeMap<Level, u64>,
    /// Events by project.
    pub projects: BTreeMap<ProjectId, u64>,
    /// By the facet's name.
    pub fields: BTreeMap<String, FacetCounts>,
}

pub(super) struct FacetSums {
    sums: Sums,
    found: Facets,
}

impl FacetSums {
    pub(super) fn new(ask: &Ask<'_>) -> Self {
        Self {
            sums: Sums::new(0, ask),
            found: Facets::default(),
        }
    }

    pub(super) fn add_part(
        &mut self,
        part: &Part<'_>,
        ask: &Ask<'_>,
    ) -> Result<(), ReadModelError> {
        let columns = part.segment.fast_fields();
        let levels = columns.u64("level").map_err(failed)?;
        let projects = columns.u64("project_id").map_err(failed)?;
        let facets = columns.str("facet").map_err(failed)?;
        let terms = facets.as_ref().map_or(0, |facets| facets.num_terms());
        let mut counts = vec![0_u32; terms];
        let mut by_level = [0_u64; Level::ALL.len() + 1];
        let mut by_project: BTreeMap<u64, u64> = BTreeMap::new();
        let mut buffers = Buffers::default();
        Walk::of(part, ask)?.each(|docs, seen| {
            for (doc, seen) in docs.iter().zip(seen) {
                self.sums.add(1, seen.bucket, seen.errors, seen.user);
                let level = levels.first(*doc).unwrap_or_default() as usize;
                by_level[level.min(Level::ALL.len())] += 1;
                let project = projects.first(*doc).unwrap_or_default();
                *by_project.entry(project).or_default() += 1;
            }
            if let Some(facets) = &facets {
                buffers.read(facets, docs);
                for place in &buffers.places {
                    counts[*place as usize] += 1;
                }
            }
        })?;
        for level in Level::ALL {
            let count = by_level[level as usize];
            if count > 0 {
                *self.found.levels.entry(level).or_default() += count;
            }
        }
        for (project, count) in by_project {
            let project = ProjectId(project as u32);
            *self.found.projects.entry(project).or_default() += count;
        }
        facets.map_or(Ok(()), |facets| self.add_terms(&facets, &counts))
    }

    fn add_terms(&mut self, facets: &StrColumn, counts: &[u32]) -> Result<(), ReadModelError> {
        let found = (0..).zip(counts).filter(|(_, count)| **count > 0);
        let (places, counts): (Vec<u64>, Vec<u32>) = found.unzip();
        let mut counts = counts.into_iter();
        let fields = &mut self.found.fields;
        let read = facets.dictionary().sorted_ords_to_term_cb(&places, |term| {
            let count = u64::from(counts.next().unwrap_or_default());
            let term = String::from_utf8_lossy(term);
            let (name, value) = term.split_once('\0').unwrap_or((&term, ""));
            if !fields.contains_key(name) {
                if fields.len() >= FIELDS_MAX {
                    return;
                }
                fields.insert(name.to_owned(), FacetCounts::default());
            }
            let Some(field) = fields.get_mut(name) else {
                return;
            };
            field.events += count;
            if field.is_many {
                return;
            }
            if let Some(sum) = field.values.get_mut(value) {
                *sum += count;
            } else if field.values.len() >= VALUES_MAX {
                field.is_many = true;
                field.values.clear();
            } else {
                field.values.insert(value.to_owned(), count);
            }
        });
        read.map_err(io)?;
        Ok(())
    }

    pub(super) fn into_facets(self) -> Facets {
        Facets {
            all: self.sums.into_lines().all,
            ..self.found
        }
    }
}
