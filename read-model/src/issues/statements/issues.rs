//! Rows of issues: the sum of what their fingerprints add, and how they stand.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use event_model::IssueId;
use rusqlite::{CachedStatement, Result, Transaction, params};

use super::{
    columns::{self, COLUMNS, PLACES, UPDATES},
    fingerprints::NewUsers,
    id_number,
    scenes::Scenes,
};
use crate::{
    fold::folded_headline,
    issues::{
        batch::{Counts, FingerprintDelta, IssueDelta, PartDelta, Stand},
        numbers::status_number,
    },
};

/// What a batch adds to one issue.
pub(super) struct Sum<'b> {
    counts: Cow<'b, Counts>,
    new_users: i64,
}

/// What each issue of the batch is given, by its id.
pub(super) fn sums<'b>(
    prints: &[&'b FingerprintDelta],
    new_users: &[NewUsers],
) -> HashMap<IssueId, Sum<'b>> {
    let mut sums: HashMap<IssueId, Sum<'b>> = HashMap::with_capacity(prints.len());
    for (print, new) in prints.iter().zip(new_users) {
        if let Some(sum) = sums.get_mut(&print.issue) {
            sum.counts.to_mut().add_sums(&print.counts);
            sum.new_users += new.of_issue;
        } else {
            let sum = Sum {
                counts: Cow::Borrowed(&print.counts),
                new_users: new.of_issue,
            };
            sums.insert(print.issue, sum);
        }
    }
    sums
}

/// Writes issues in the order of their ids as SQLite has them.
pub(super) fn write(
    transaction: &Transaction<'_>,
    issues: &[&IssueDelta],
    sums: &HashMap<IssueId, Sum<'_>>,
    scenes: &mut Scenes<'_>,
) -> Result<()> {
    let mut insert = Insert::prepare(transaction)?;
    let mut update = transaction.prepare_cached(&format!(
        "UPDATE issue SET {UPDATES}, folded = iif(?24 >= last_at, ?25, folded), status = ?26,
             assignee = ?27, resolved_at_ns = ?28, regressed_at = ?29, regressed_in = ?30
         WHERE id = ?1"
    ))?;
    let mut triage = transaction.prepare_cached(
        "UPDATE issue SET status = ?2, assignee = ?3, resolved_at_ns = ?4, regressed_at = ?5,
             regressed_in = ?6
         WHERE id = ?1",
    )?;
    let mut change = transaction.prepare_cached(CHANGE)?;
    for issue in issues {
        let (id, stand) = (id_number(issue.id), &issue.stand);
        let regression = stand.regression.as_ref();
        match sums.get(&issue.id) {
            Some(sum) if issue.is_new => {
                let project = issue.project_id.0;
                insert.execute(id, project, &sum.counts, sum.new_users, stand)?;
            }
            Some(sum) => {
                let headline = &sum.counts.headline;
                let folded = folded_headline(&headline.title, &headline.culprit);
                let more = params![
                    folded,
                    status_number(stand.status),
                    stand.assignee.map(|user| user.0),
                    stand.resolved_at_ns,
                    regression.map(|regression| regression.at_ms),
                    regression.map(|regression| &regression.release),
                ];
                columns::execute(&mut update, id, &sum.counts, sum.new_users, more)?;
            }
            None => {
                triage.execute(params![
                    id,
                    status_number(stand.status),
                    stand.assignee.map(|user| user.0),
                    stand.resolved_at_ns,
                    regression.map(|regression| regression.at_ms),
                    regression.map(|regression| &regression.release),
                ])?;
            }
        }
        change.execute([id, issue.changed.0 as i64])?;
    }
    write_parts(transaction, issues, sums, scenes)
}

/// The last change of an issue, for live streams.
pub(super) const CHANGE: &str = "INSERT INTO change (issue_id, position) VALUES (?1, ?2)
     ON CONFLICT (issue_id) DO UPDATE SET position = excluded.position";

/// A row of an issue that was none.
pub(super) struct Insert<'t>(CachedStatement<'t>);

impl<'t> Insert<'t> {
    pub(super) fn prepare(transaction: &'t Transaction<'_>) -> Result<Self> {
        let statement = transaction.prepare_cached(&format!(
            "INSERT INTO issue (id, {COLUMNS}, folded, status, assignee, resolved_at_ns,
                 regressed_at, regressed_in, project_id)
             VALUES (?1, {PLACES}, ?25, ?26, ?27, ?28, ?29, ?30, ?31)"
        ))?;
        Ok(Self(statement))
    }

    pub(super) fn execute(
        &mut self,
        id: i64,
        project_id: u32,
        counts: &Counts,
        users: i64,
        stand: &Stand,
    ) -> Result<()> {
        let headline = &counts.headline;
        let folded = folded_headline(&headline.title, &headline.culprit);
        let regression = stand.regression.as_ref();
        let more = params![
            folded,
            status_number(stand.status),
            stand.assignee.map(|user| user.0),
            stand.resolved_at_ns,
            regression.map(|regression| regression.at_ms),
            regression.map(|regression| &regression.release),
            project_id,
        ];
        columns::execute(&mut self.0, id, counts, users, more)?;
        Ok(())
    }
}

fn write_parts(
    transaction: &Transaction<'_>,
    issues: &[&IssueDelta],
    sums: &HashMap<IssueId, Sum<'_>>,
    scenes: &mut Scenes<'_>,
) -> Result<()> {
    for part in ["scene", "environment", "release"] {
        let mut upsert = transaction.prepare_cached(&format!(
            "INSERT INTO issue_{part} (issue_id, {part}, count, first_seen, last_seen)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET count = count + excluded.count,
                 first_seen = min(first_seen, excluded.first_seen),
                 last_seen = max(last_seen, excluded.last_seen)"
        ))?;
        for issue in issues {
            let Some(sum) = sums.get(&issue.id) else {
                continue;
            };
            let mut parts: BTreeMap<i64, PartDelta> = BTreeMap::new();
            for (scene, delta) in sum.counts.parts(|scene| scene) {
                let number = match part {
                    "environment" => scenes.of(scene)?.environment,
                    "release" => scenes.of(scene)?.release,
                    _ => scene,
                };
                // No name has no row.
                if number != 0 {
                    let own = parts.entry(number).or_insert_with(PartDelta::none);
                    own.add_part(&delta);
                }
            }
            for (number, delta) in parts {
                let (first, last) = (delta.first_seen_ms, delta.last_seen_ms);
                let id = id_number(issue.id);
                upsert.execute([id, number, delta.count as i64, first, last])?;
            }
        }
    }
    Ok(())
}
