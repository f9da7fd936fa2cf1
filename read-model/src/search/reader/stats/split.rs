//! Values of the field that statistics are split by.
//!
//! Within a segment a value is a number ([`Splitter`]), whatever it is; what it stands for is
//! looked up once, at the segment's end.

use std::collections::HashMap;

use event_model::{Fingerprint, Level, ProjectId};
use tantivy::{
    DocId, SegmentReader,
    columnar::{BytesColumn, Column, ColumnValues as _, StrColumn},
};

use super::{Ask, GROUPS_MAX, Part, Totals, Walk, failed, io};
use crate::ReadModelError;

/// What statistics are split by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SplitBy {
    /// Nothing: all is one.
    Nothing,
    /// The level.
    Level,
    /// The project.
    Project,
    /// The fingerprint, of which issues are made.
    Fingerprint,
    /// A facet, by its name ([`crate::search::schema::facet_of`]).
    Facet(String),
}

/// One of its values.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SplitValue {
    /// The event has none, or there is nothing to have.
    None,
    /// A level.
    Level(Level),
    /// A project.
    Project(ProjectId),
    /// A project's fingerprint.
    Fingerprint(ProjectId, Fingerprint),
    /// A text as the event has it.
    Text(String),
}

/// A value within a segment; 0: none.
pub(super) type Local = u64;

/// The column or columns that a segment has the values in.
pub(super) enum Splitter {
    Nothing,
    Level(Column<u64>),
    Project(Column<u64>),
    Pair(Column<u64>, BytesColumn),
    /// The places of the facet's terms in the dictionary, from the first to the last
    /// (exclusive).
    Facet(StrColumn, u64, u64, String),
}

impl Splitter {
    pub(super) fn of(segment: &SegmentReader, by: &SplitBy) -> Result<Self, ReadModelError> {
        let columns = segment.fast_fields();
        Ok(match by {
            SplitBy::Nothing => Self::Nothing,
            SplitBy::Level => Self::Level(columns.u64("level").map_err(failed)?),
            SplitBy::Project => Self::Project(columns.u64("project_id").map_err(failed)?),
            SplitBy::Fingerprint => {
                let prints = columns.bytes("fingerprint").map_err(failed)?;
                match prints {
                    Some(prints) => Self::Pair(columns.u64("project_id").map_err(failed)?, prints),
                    None => Self::Nothing,
                }
            }
            SplitBy::Facet(name) => match columns.str("facet").map_err(failed)? {
                Some(facets) => {
                    let (from, to) = places(&facets, name)?;
                    Self::Facet(facets, from, to, name.clone())
                }
                None => Self::Nothing,
            },
        })
    }

    /// The value of each of these events.
    pub(super) fn read(&self, docs: &[DocId], buffers: &mut Buffers, into: &mut Vec<Local>) {
        into.clear();
        into.resize(docs.len(), 0);
        match self {
            Self::Nothing => {}
            Self::Level(column) | Self::Project(column) => {
                for (value, doc) in into.iter_mut().zip(docs) {
                    *value = column.first(*doc).map_or(0, |number| number + 1);
                }
            }
            Self::Pair(projects, prints) => {
                for (value, doc) in into.iter_mut().zip(docs) {
                    let pair = projects.first(*doc).zip(prints.ords().first(*doc));
                    *value = pair.map_or(0, |(project, print)| ((project << 32) | print) + 1);
                }
            }
            Self::Facet(column, from, to, _) => {
                buffers.read(column, docs);
                let mut at = 0;
                for (doc, place) in buffers.docs.iter().zip(&buffers.places) {
                    // Both ascend.
                    while docs[at] != *doc {
                        at += 1;
                    }
                    if *place >= *from && *place < *to && into[at] == 0 {
                        into[at] = place - from + 1;
                    }
                }
            }
        }
    }

    /// What these values are, which ascend.
    pub(super) fn values(&self, locals: &[Local]) -> Result<Vec<SplitValue>, ReadModelError> {
        let mut found = Vec::with_capacity(locals.len());
        match self {
            Self::Nothing => found.extend(locals.iter().map(|_| SplitValue::None)),
            Self::Level(_) => found.extend(locals.iter().map(|local| {
                let level = Level::ALL.into_iter().find(|one| *one as u64 + 1 == *local);
                level.map_or(SplitValue::None, SplitValue::Level)
            })),
            Self::Project(_) => found.extend(locals.iter().map(|local| {
                let number = local.checked_sub(1);
                number.map_or(SplitValue::None, |number| {
                    SplitValue::Project(ProjectId(number as u32))
                })
            })),
            Self::Pair(_, prints) => {
                for local in locals {
                    found.push(pair(prints, *local)?);
                }
            }
            Self::Facet(column, from, _, name) => {
                let none = locals.first() == Some(&0);
                if none {
                    found.push(SplitValue::None);
                }
                let places: Vec<u64> = locals[usize::from(none)..]
                    .iter()
                    .map(|local| from + local - 1)
                    .collect();
                let read = column.dictionary().sorted_ords_to_term_cb(&places, |term| {
                    let value = term.get(name.len() + 1..).unwrap_or_default();
                    let text = String::from_utf8_lossy(value).into_owned();
                    found.push(SplitValue::Text(text));
                });
                read.map_err(io)?;
            }
        }
        Ok(found)
    }

    /// Which value of the segment this is; none: it has no event with it.
    pub(super) fn local(&self, value: &SplitValue) -> Result<Option<Local>, ReadModelError> {
        Ok(match (self, value) {
            (_, SplitValue::None) => Some(0),
            (Self::Level(_), SplitValue::Level(level)) => Some(*level as u64 + 1),
            (Self::Project(_), SplitValue::Project(project)) => Some(u64::from(project.0) + 1),
            (Self::Pair(_, prints), SplitValue::Fingerprint(project, print)) => {
                let place = prints.dictionary().term_ord(print.0).map_err(io)?;
                place.map(|place| ((u64::from(project.0) << 32) | place) + 1)
            }
            (Self::Facet(column, from, _, name), SplitValue::Text(text)) => {
                let term = format!("{name}\0{text}");
                let place = column.dictionary().term_ord(term).map_err(io)?;
                place.map(|place| place - from + 1)
            }
            _ => None,
        })
    }
}

fn pair(prints: &BytesColumn, local: Local) -> Result<SplitValue, ReadModelError> {
    let Some(number) = local.checked_sub(1) else {
        return Ok(SplitValue::None);
    };
    let mut bytes = Vec::with_capacity(16);
    let place = number & u64::from(u32::MAX);
    prints.ord_to_bytes(place, &mut bytes).map_err(io)?;
    let print = <[u8; 16]>::try_from(bytes.as_slice()).unwrap_or_default();
    let project = ProjectId((number >> 32) as u32);
    Ok(SplitValue::Fingerprint(project, Fingerprint(print)))
}

/// Where the terms of a facet stand in the dictionary: from the first on, before the second.
fn places(facets: &StrColumn, name: &str) -> Result<(u64, u64), ReadModelError> {
    let place = |key: String| -> Result<u64, ReadModelError> {
        use tantivy::columnar::TermOrdHit;
        let hit = facets.dictionary().term_ord_or_next(key).map_err(io)?;
        Ok(match hit {
            TermOrdHit::Exact(place) | TermOrdHit::Next(place) => place,
        })
    };
    let end = facets.num_terms() as u64;
    let from = place(format!("{name}\0"))?.min(end);
    let to = place(format!("{name}\u{1}"))?.min(end);
    Ok((from, to))
}

/// All facets of some events.
#[derive(Default)]
pub(super) struct Buffers {
    pub(super) docs: Vec<DocId>,
    rows: Vec<u32>,
    pub(super) places: Vec<u64>,
}

impl Buffers {
    pub(super) fn read(&mut self, column: &StrColumn, docs: &[DocId]) {
        self.docs.clear();
        self.rows.clear();
        let places = column.ords();
        places.row_ids_for_docs(docs, &mut self.docs, &mut self.rows);
        self.places.clear();
        self.places.resize(self.rows.len(), 0);
        places.values.get_vals(&self.rows, &mut self.places);
    }
}

/// How often each value is there.
#[derive(Default)]
pub(super) struct Values {
    pub(super) found: HashMap<SplitValue, Totals>,
}

impl Values {
    pub(super) fn add_part(
        &mut self,
        part: &Part<'_>,
        by: &SplitBy,
        ask: &Ask<'_>,
    ) -> Result<(), ReadModelError> {
        let splitter = Splitter::of(part.segment, by)?;
        let mut sums: HashMap<Local, Totals, foldhash::fast::RandomState> = HashMap::default();
        let (mut buffers, mut locals) = (Buffers::default(), Vec::new());
        Walk::of(part, ask)?.each(|docs, seen| {
            splitter.read(docs, &mut buffers, &mut locals);
            for (local, seen) in locals.iter().zip(seen) {
                *sums.entry(*local).or_default() += Totals {
                    events: 1,
                    errors: seen.errors,
                };
            }
        })?;
        let mut sums: Vec<(Local, Totals)> = sums.into_iter().collect();
        if sums.len() > GROUPS_MAX {
            return Err(ReadModelError::TooManyGroups { most: GROUPS_MAX });
        }
        sums.sort_unstable_by_key(|(local, _)| *local);
        let locals: Vec<Local> = sums.iter().map(|(local, _)| *local).collect();
        let values = splitter.values(&locals)?;
        for (value, (_, totals)) in values.into_iter().zip(sums) {
            *self.found.entry(value).or_default() += totals;
        }
        if self.found.len() > GROUPS_MAX {
            return Err(ReadModelError::TooManyGroups { most: GROUPS_MAX });
        }
        Ok(())
    }
}
