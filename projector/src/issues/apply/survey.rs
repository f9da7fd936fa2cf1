//! The first walk: what each pair of fingerprints counts, and what was passed over.

use std::collections::{BTreeMap, BTreeSet};

use event_model::{ControlState, Fingerprint, IssueId, Position, ProjectId, StoredEvent};
use grouping::{
    Memo,
    regroup::{Pair, Row, moves},
};
use read_model::{
    ReadModelError,
    issues::{IssueWriter, batch::Headline, moves::PrintRow},
};

use super::change::Change;
use crate::{
    careful::caught,
    headline,
    history::{Passed, Step},
};

/// What a pair counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) oldest: Position,
    pub(super) count: u64,
}

/// The event last seen of those that a fingerprint has then.
pub(super) struct Newest {
    at_ms: i64,
    pub(super) position: Position,
    /// None where it cannot be made.
    pub(super) headline: Option<Headline>,
}

/// What the first walk finds.
pub(super) struct Survey {
    pairs: BTreeMap<Pair, Seen>,
    /// Of those that other rules may show otherwise.
    pub(super) newest: BTreeMap<Fingerprint, Newest>,
    rows: BTreeMap<Fingerprint, Option<PrintRow>>,
    passed_over: BTreeSet<Position>,
    memo: Memo,
}

impl Survey {
    pub(super) fn new(writer: &IssueWriter) -> Result<Self, ReadModelError> {
        Ok(Self {
            pairs: BTreeMap::new(),
            newest: BTreeMap::new(),
            rows: BTreeMap::new(),
            passed_over: writer.passed_over()?,
            memo: Memo::default(),
        })
    }

    fn row(
        &mut self,
        writer: &IssueWriter,
        project: ProjectId,
        print: Fingerprint,
    ) -> Result<Option<PrintRow>, ReadModelError> {
        if let Some(known) = self.rows.get(&print) {
            return Ok(*known);
        }
        let found = writer.print_row(project, print)?;
        self.rows.insert(print, found);
        Ok(found)
    }

    /// Whether a record counts in no issue.
    pub(super) fn passes_over(
        &mut self,
        writer: &IssueWriter,
        project: ProjectId,
        step: &Step<'_, '_>,
    ) -> Result<bool, ReadModelError> {
        let print = step.pair.now;
        let row = self.row(writer, project, print)?;
        let is_of_none = |row: PrintRow| {
            self.passed_over.contains(&step.position)
                || is_discarded(step.control, project, print, row.issue)
        };
        Ok(row.is_none_or(is_of_none))
    }

    pub(super) fn see(
        &mut self,
        writer: &IssueWriter,
        project: ProjectId,
        step: &Step<'_, '_>,
    ) -> Result<(), ReadModelError> {
        if self.passes_over(writer, project, step)? {
            return Ok(());
        }
        let count = match step.what {
            Passed::Event(event) => {
                if step.is_other {
                    self.newer(event, step);
                }
                weight(event)
            }
            Passed::Sampled(note) => note.count(),
        };
        let seen = self.pairs.entry(step.pair).or_insert(Seen {
            oldest: step.position,
            count: 0,
        });
        seen.oldest = seen.oldest.min(step.position);
        seen.count += count;
        Ok(())
    }

    fn newer(&mut self, event: &StoredEvent, step: &Step<'_, '_>) {
        let at_ms = event.head().timestamp_ns.to_native().div_euclid(1_000_000);
        let known = self.newest.get(&step.pair.then);
        if known.is_none_or(|known| at_ms >= known.at_ms) {
            // Events are not kept: there may be very many fingerprints.
            let made = caught(|| {
                let headline = self.memo.headline(step.grouper, event);
                headline::of(event.head(), headline)
            });
            let newest = Newest {
                at_ms,
                position: step.position,
                headline: made.ok(),
            };
            self.newest.insert(step.pair.then, newest);
        }
    }

    /// What becomes of what it found.
    pub(super) fn decide(
        &mut self,
        writer: &IssueWriter,
        project: ProjectId,
    ) -> Result<Change, ReadModelError> {
        let prints: BTreeSet<Fingerprint> = self
            .pairs
            .keys()
            .flat_map(|pair| [pair.now, pair.then])
            .collect();
        let mut rows: BTreeMap<Fingerprint, PrintRow> = BTreeMap::new();
        for print in prints {
            if rows.contains_key(&print) {
                continue;
            }
            if let Some(row) = self.row(writer, project, print)? {
                for row in writer.print_rows(row.issue)? {
                    rows.insert(row.fingerprint, row);
                }
            }
        }
        let told = rows.iter().map(|(print, row)| {
            let row = Row {
                id: row.id,
                opened: row.opened,
                issue: row.issue,
            };
            (*print, row)
        });
        let oldest = self.pairs.iter().map(|(pair, seen)| (*pair, seen.oldest));
        let mut failed = None;
        let moves = moves(project, &oldest.collect(), &told.collect(), |id| {
            writer.has_id(id).unwrap_or_else(|error| {
                failed = Some(error);
                false
            })
        });
        if let Some(error) = failed {
            return Err(error);
        }
        let mut apart: BTreeMap<Fingerprint, bool> = BTreeMap::new();
        for pair in self.pairs.keys() {
            if moves.carried.get(&pair.now) != Some(&pair.then) {
                apart.insert(pair.now, false);
            }
        }
        for (print, is_whole) in &mut apart {
            let of = self
                .pairs
                .range(first_of(*print)..)
                .take_while(|(pair, _)| pair.now == *print);
            let seen: u64 = of.map(|(_, seen)| seen.count).sum();
            *is_whole = rows.get(print).is_some_and(|row| row.count <= seen);
        }
        Ok(Change {
            pairs: self.pairs.clone(),
            rows,
            moves,
            apart,
        })
    }
}

fn first_of(now: Fingerprint) -> Pair {
    Pair {
        now,
        then: Fingerprint([0; 16]),
    }
}

fn weight(event: &StoredEvent) -> u64 {
    u64::from(event.head().weight.to_native()).max(1)
}

/// Whether an event was turned away: of the issue as it is now, or of the one that its
/// fingerprint opened.
pub(super) fn is_discarded(
    control: &ControlState,
    project: ProjectId,
    print: Fingerprint,
    issue: IssueId,
) -> bool {
    !control.discarded.is_empty()
        && (control.is_discarded(issue) || control.is_discarded(IssueId::derive(project, print)))
}
