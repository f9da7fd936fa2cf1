//! What a preview says: issues by name, and samples of their events.
//!
//! Invariant: of one moment of the issues, that at which the walk ended. Lists are bounded
//! by [`LISTED_MAX`] and [`PARTS_MAX`], texts by [`MESSAGE_CHARS_MAX`], so that an answer
//! has some megabytes at most; what is left out is counted.

use std::collections::{BTreeSet, HashMap};

use event_model::{IssueId, Position, ProjectId};
use grouping::{Grouper, regroup::Row};
use proto::v1;
use read_model::issues::reader::IssueRow;

use super::{
    plan::{Bundle, Cell, Pair, Part, plan},
    scan::{End, Tally},
};
use crate::{error::ApiError, events::summary, time::stamp_ns, view::View};

/// Most groups of a list.
const LISTED_MAX: usize = 40;
/// Most parts of a group.
const PARTS_MAX: usize = 8;
/// Longest message of a sample, characters.
const MESSAGE_CHARS_MAX: usize = 200;

/// What of a preview is known before.
pub(super) struct Shown {
    pub(super) project: ProjectId,
    pub(super) total: u64,
    pub(super) proposed: Grouper,
    pub(super) samples_max: usize,
}

impl Shown {
    /// The result. Empty where nobody waits for it any more.
    pub(super) fn of(
        &self,
        view: &View<'_>,
        mut tally: Tally,
        goes_on: &impl Fn() -> bool,
    ) -> Result<v1::RegroupPreview, ApiError> {
        let pairs = tally.take_pairs();
        let rows = view.issues(|snapshot| {
            let prints = Tally::prints(&pairs);
            snapshot.rows_of_issues(self.project, prints, goes_on)
        })?;
        if !goes_on() {
            return Ok(v1::RegroupPreview::default());
        }
        let rows = rows.into_iter().map(|(print, row)| {
            let row = Row {
                id: row.id,
                opened: row.opened,
                issue: row.issue,
            };
            (print, row)
        });
        let mut made = plan(self.project, &pairs, &rows.collect());
        let totals = [&made.merges, &made.splits, &made.created].map(|list| list.len() as u32);
        let mut ids = BTreeSet::new();
        for list in [&mut made.merges, &mut made.splits, &mut made.created] {
            list.truncate(LISTED_MAX);
            for bundle in list {
                ids.insert(bundle.whole.issue);
                ids.extend(bundle.parts.iter().take(PARTS_MAX).map(|part| part.issue));
            }
        }
        let ids: Vec<IssueId> = ids.into_iter().collect();
        let rows = view.issues(|snapshot| snapshot.issues_of(&ids))?;
        let named = Named {
            view,
            shown: self,
            pairs: &pairs,
            rows: rows.into_iter().map(|row| (row.id, row)).collect(),
        };
        let list = |bundles: &[Bundle], of: fn(&Bundle, &Part) -> IssueId| {
            let groups = bundles.iter().map(|bundle| named.group(bundle, of));
            groups.collect::<Result<Vec<_>, _>>()
        };
        Ok(v1::RegroupPreview {
            events: tally.events,
            total: self.total.max(tally.events),
            end: match tally.end {
                End::All => v1::RegroupEnd::All,
                End::Events => v1::RegroupEnd::Events,
                End::Time => v1::RegroupEnd::Time,
            }
            .into(),
            reached: tally.reached_ns.map(stamp_ns),
            rules: self.proposed.rule_count() as u32,
            algorithm: self.proposed.algorithm().number(),
            moved: made.moved,
            issues_before: made.before as u32,
            issues_after: made.after as u32,
            merges: list(&made.merges, |_, part| part.issue)?,
            merges_total: totals[0],
            splits: list(&made.splits, |bundle, _| bundle.whole.issue)?,
            splits_total: totals[1],
            created: list(&made.created, |_, part| part.issue)?,
            created_total: totals[2],
            over_budget: tally.over_budget,
            uncounted: tally.uncounted,
        })
    }
}

/// The issues that are shown.
struct Named<'a> {
    view: &'a View<'a>,
    shown: &'a Shown,
    pairs: &'a [(Pair, Cell)],
    rows: HashMap<IssueId, IssueRow>,
}

impl Named<'_> {
    /// `of`: the issue that events of a part are in today.
    fn group(
        &self,
        bundle: &Bundle,
        of: fn(&Bundle, &Part) -> IssueId,
    ) -> Result<v1::RegroupGroup, ApiError> {
        let mut parts = Vec::new();
        for part in bundle.parts.iter().take(PARTS_MAX) {
            let today = self.rows.get(&of(bundle, part));
            let newest = self.newest(part).into_iter().take(self.shown.samples_max);
            let samples = newest.filter_map(|position| self.sample(position, today).transpose());
            parts.push(v1::RegroupIssue {
                samples: samples.collect::<Result<_, _>>()?,
                ..self.issue(part)?
            });
        }
        Ok(v1::RegroupGroup {
            issue: Some(self.issue(&bundle.whole)?),
            parts,
            parts_total: bundle.parts.len() as u32,
        })
    }

    fn issue(&self, part: &Part) -> Result<v1::RegroupIssue, ApiError> {
        let row = self.rows.get(&part.issue);
        Ok(v1::RegroupIssue {
            id: part.issue.to_string(),
            title: match row {
                Some(row) => row.title.clone(),
                None => self.title(part)?,
            },
            events: part.events,
            is_new: part.is_new,
            is_discarded: row.is_some_and(|row| row.is_discarded),
            samples: Vec::new(),
        })
    }

    /// Of an issue that has no row: as its newest event is called.
    fn title(&self, part: &Part) -> Result<String, ApiError> {
        let Some(position) = self.newest(part).first().copied() else {
            return Ok(String::new());
        };
        let by_default = Grouper::standard();
        let grouper = if part.is_new {
            &self.shown.proposed
        } else {
            &by_default
        };
        let event = self.view.retained(position)?;
        Ok(event.map_or_else(String::new, |event| grouper.headline(event.whole()).title))
    }

    fn newest(&self, part: &Part) -> Vec<Position> {
        let cells = part.pairs.iter().map(|at| &self.pairs[*at].1);
        let mut newest: Vec<Position> = cells.flat_map(|cell| &cell.samples).copied().collect();
        newest.sort_unstable_by(|a, b| b.cmp(a));
        newest
    }

    fn sample(
        &self,
        position: Position,
        today: Option<&IssueRow>,
    ) -> Result<Option<v1::EventSummary>, ApiError> {
        let event = self.view.retained(position)?;
        Ok(event.map(|event| {
            let mut sample = summary(&event, position, today);
            if let Some((end, _)) = sample.message.char_indices().nth(MESSAGE_CHARS_MAX) {
                sample.message.truncate(end);
                sample.message.push('…');
            }
            sample
        }))
    }
}
