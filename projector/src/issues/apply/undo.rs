//! Rules that were applied, taken back.

use std::collections::{BTreeMap, BTreeSet};

use event_model::{
    Fingerprint, IssueId, Position, ProjectId,
    control::{Regroup as Decided, RegroupStep},
};
use read_model::{
    ReadModelError,
    issues::{
        IssueWriter,
        batch::{Regroup, Stand, Whole},
        moves::Move,
    },
};

use super::{Order, free_id, survey::is_discarded};
use crate::{
    ProjectorError,
    history::{History, Walk},
    issues::{
        Projection,
        parts::{Goal, Parts, Use},
    },
};

type Stands = BTreeMap<IssueId, Stand>;

impl Projection {
    pub(super) fn take_back(
        &mut self,
        writer: &IssueWriter,
        history: &dyn History,
        order: &Order<'_>,
        applied: Option<&Decided>,
    ) -> Result<(), ProjectorError> {
        let Some(Decided {
            number,
            step: RegroupStep::Applied { from, .. },
            ..
        }) = applied
        else {
            let nothing = writer.begin_move(order.project)?;
            return Ok(nothing.finish(&self.batch)?);
        };
        let project = order.project;
        let stood: Stands = writer.stands(project)?.into_iter().collect();
        let moving = writer.begin_move(project)?;
        let Some(applied_at) = moving.restore(*number)? else {
            // It was lost with a checkpoint: as far as the log tells, then.
            drop(moving);
            return self.apply_rules(writer, history, order, *from, false);
        };
        let touched = self.count_since(writer, history, order, (&moving, applied_at))?;
        let restored: Stands = writer.stands(project)?.into_iter().collect();
        let regroup = restored_with(writer, order, (&stood, &restored), &touched)?;
        let both = restored.keys().chain(stood.keys());
        let come_or_go = both.filter(|id| restored.contains_key(id) != stood.contains_key(id));
        let mut told: BTreeSet<IssueId> = writer.issues_told(applied_at)?.into_iter().collect();
        told.extend(come_or_go);
        for id in told {
            let line = order.by.activity(id, "regroup_undone", String::new());
            self.batch.activities.push(line);
        }
        self.batch.regroup = Some(regroup);
        history.meet(order.by.position);
        moving.finish(&self.batch)?;
        Ok(())
    }

    /// Counts what came since as if nothing had been applied; the issues that it touches.
    fn count_since(
        &mut self,
        writer: &IssueWriter,
        history: &dyn History,
        order: &Order<'_>,
        (moving, applied_at): (&Move<'_>, Position),
    ) -> Result<BTreeSet<IssueId>, ProjectorError> {
        let project = order.project;
        let mut walk = Walk::new(project, order.before, order.after);
        for (kind, print, minute) in writer.kinds(project)? {
            walk.know(kind, print, minute);
        }
        let mut parts = Parts::new(project, applied_at);
        let mut touched = BTreeSet::new();
        let mut goals: BTreeMap<Fingerprint, (Goal, IssueId)> = BTreeMap::new();
        let passed_over = writer.passed_over()?;
        let since = (Position(applied_at.0 + 1), order.by.position);
        walk.go(history, since, |step| {
            let print = step.pair.then;
            let (goal, issue) = if let Some(known) = goals.get(&print) {
                *known
            } else {
                let (goal, issue, is_new) = goal_of(writer, project, print, step.position)?;
                if is_new {
                    parts.expect_new(goal.id);
                }
                goals.insert(print, (goal, issue));
                (goal, issue)
            };
            let is_of_none = passed_over.contains(&step.position)
                || is_discarded(step.control, project, print, issue);
            if is_of_none {
                return Ok(());
            }
            touched.insert(issue);
            self.gather(writer, (moving, &mut parts), (goal, Use::Add), &step)
        })?;
        self.end_parts(writer, moving, parts)?;
        let kinds = walk.kinds.iter();
        let kinds = kinds.map(|(kind, (pair, minute))| ((project, *kind), (pair.then, *minute)));
        self.batch.kinds.extend(kinds);
        Ok(touched)
    }
}

/// Issues as they are when all is back: made anew where events came since, and each standing
/// as it stood, if it was there, else as it stood before the rules were applied.
fn restored_with(
    writer: &IssueWriter,
    order: &Order<'_>,
    (stood, restored): (&Stands, &Stands),
    touched: &BTreeSet<IssueId>,
) -> Result<Regroup, ReadModelError> {
    let stand = |id: &IssueId| {
        let stand = stood.get(id).or_else(|| restored.get(id));
        stand.cloned().unwrap_or_default()
    };
    let mut wholes = Vec::new();
    for issue in touched {
        let rows = writer.print_rows(*issue)?;
        wholes.push(Whole {
            id: *issue,
            project_id: order.project,
            fingerprints: rows.into_iter().map(|row| row.id).collect(),
            stand: stand(issue),
        });
    }
    let others: BTreeSet<&IssueId> = restored.keys().chain(stood.keys()).collect();
    let others = others.into_iter().filter(|id| !touched.contains(id));
    Ok(Regroup {
        changed: order.by.position,
        gone: Vec::new(),
        wholes,
        stands: others.map(|id| (*id, stand(id))).collect(),
    })
}

/// Where events of a fingerprint go, the issue, and whether it is new.
fn goal_of(
    writer: &IssueWriter,
    project: ProjectId,
    print: Fingerprint,
    at: Position,
) -> Result<(Goal, IssueId, bool), ReadModelError> {
    if let Some(row) = writer.print_row(project, print)? {
        let goal = Goal {
            id: row.id,
            print,
            opened: row.opened,
        };
        return Ok((goal, row.issue, false));
    }
    let id = free_id(writer, project, print, at)?;
    let goal = Goal {
        id,
        print,
        opened: at,
    };
    Ok((goal, id, true))
}
