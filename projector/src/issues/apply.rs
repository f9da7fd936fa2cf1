//! Rules applied to events that are there, and taken back.
//!
//! The path: the log is walked, so that of every pair of fingerprints (before, then) it is
//! known what it counts → `grouping` says what carries what on ([`grouping::regroup`]) →
//! fingerprints that go as a whole are renamed and joined, whatever of their events the log
//! no longer has going with them → the log is walked once more for those that come apart, and
//! their events are counted anew → issues are made of their fingerprints.
//!
//! Taken back, what was put aside comes back, and the events since are counted as if
//! nothing had been applied. How an issue stands stays, of those that are still there.
//!
//! Invariant: one transaction, at the command's place. The same log gives the same, wherever
//! batches end; nobody is told of issues that begin so.

mod change;
mod survey;
mod undo;

use std::collections::{BTreeMap, BTreeSet};

use event_model::{
    Command, ControlState, Decision, Fingerprint, IssueId, Position, ProjectId,
    control::RegroupStep,
};
use grouping::regroup::{Moves, Set, new_id};
use read_model::{
    ReadModelError,
    issues::{IssueWriter, moves::Move},
};

use self::{
    change::Change,
    survey::{Newest, Survey},
};
use super::{Projection, commands::Decider, parts::Parts};
use crate::{
    ProjectorError,
    history::{History, Walk},
};

/// Issues that a line of an issue's history names.
const NAMED_MAX: usize = 20;

/// What a command does to which events.
pub(super) struct Order<'c> {
    project: ProjectId,
    number: u64,
    before: &'c ControlState,
    after: &'c ControlState,
    by: Decider,
}

impl Projection {
    /// Takes in a command that groups events anew, with the transaction that it takes.
    pub(crate) fn group_anew(
        &mut self,
        writer: &mut IssueWriter,
        history: &dyn History,
        position: Position,
        (number, command): (u64, &Command),
    ) -> Result<(), ProjectorError> {
        let before = self.control.clone();
        self.decide(number, command);
        self.batch.position = position;
        let after = self.control.clone();
        let project = match &command.decision {
            Decision::ApplyGrouping { project_id, .. }
            | Decision::UndoGrouping { project_id, .. } => *project_id,
            _ => unreachable!("no other decision is handed over"),
        };
        let order = Order {
            project,
            number,
            before: &before,
            after: &after,
            by: Decider::of(position, command),
        };
        // What does not fit changed nothing there.
        let decided = after.regroup(project, number).map(|regroup| &regroup.step);
        match decided {
            Some(RegroupStep::Applied { from, .. }) => {
                self.apply_rules(writer, history, &order, *from, true)?;
            }
            Some(RegroupStep::Undone { applied }) => {
                let applied = after.regroup(project, *applied);
                self.take_back(writer, history, &order, applied)?;
            }
            None => {
                let nothing = writer.begin_move(project)?;
                nothing.finish(&self.batch)?;
            }
        }
        writer.passed(&self.batch);
        Ok(())
    }

    fn apply_rules(
        &mut self,
        writer: &IssueWriter,
        history: &dyn History,
        order: &Order<'_>,
        from: Position,
        keeps: bool,
    ) -> Result<(), ProjectorError> {
        let project = order.project;
        let moving = writer.begin_move(project)?;
        if keeps {
            moving.keep(order.number, order.by.position)?;
        }
        moving.forget_former()?;
        let mut survey = Survey::new(writer)?;
        let mut walk = Walk::new(project, order.before, order.after);
        let span = (from, order.by.position);
        walk.go(
            history,
            span,
            |step| Ok(survey.see(writer, project, &step)?),
        )?;
        let change = survey.decide(writer, project)?;
        let mut parts = Parts::new(project, from);
        change.rename(&moving, &mut parts)?;
        if change.comes_apart() {
            let mut again = Walk::new(project, order.before, order.after);
            again.go(history, span, |step| {
                if survey.passes_over(writer, project, &step)? {
                    return Ok(());
                }
                match change.goal(step.pair) {
                    Some(goal) => self.gather(writer, (&moving, &mut parts), goal, &step),
                    None => Ok(()),
                }
            })?;
        }
        self.end_parts(writer, &moving, parts)?;
        let shown = Self::show_anew(&moving, &survey.newest, &change.moves)?;
        self.kinds_anew(writer, project, &walk, &change.moves)?;
        self.batch.regroup = Some(change.regroup(writer, order, &shown)?);
        self.tell(&change, order);
        history.meet(order.by.position);
        moving.finish(&self.batch)?;
        Ok(())
    }

    /// Titles are made by the rules that group; the sets that something is shown otherwise of.
    fn show_anew(
        moving: &Move<'_>,
        newest: &BTreeMap<Fingerprint, Newest>,
        moves: &Moves,
    ) -> Result<BTreeSet<Set>, ReadModelError> {
        let mut shown = BTreeSet::new();
        for (print, newest) in newest {
            let Some(target) = moves.targets.get(print) else {
                continue;
            };
            if let Some(headline) = &newest.headline
                && moving.headline(target.id, newest.position, headline)?
            {
                shown.insert(target.set);
            }
        }
        Ok(shown)
    }

    /// Kinds of events that were kept for others are grouped as these are now.
    fn kinds_anew(
        &mut self,
        writer: &IssueWriter,
        project: ProjectId,
        walk: &Walk<'_>,
        moves: &Moves,
    ) -> Result<(), ReadModelError> {
        for (kind, print, minute) in writer.kinds(project)? {
            let then = match walk.kinds.get(&kind) {
                Some((pair, _)) => pair.then,
                None => moves.carried.get(&print).copied().unwrap_or(print),
            };
            self.batch.kinds.insert((project, kind), (then, minute));
        }
        Ok(())
    }

    fn tell(&mut self, change: &Change, order: &Order<'_>) {
        let mut ways: BTreeMap<(IssueId, &'static str), BTreeSet<IssueId>> = BTreeMap::new();
        for (from, into) in change.ways() {
            ways.entry((from, "regrouped_into"))
                .or_default()
                .insert(into);
            ways.entry((into, "regrouped_from"))
                .or_default()
                .insert(from);
        }
        for ((issue, kind), others) in ways {
            let named = others.iter().take(NAMED_MAX).map(ToString::to_string);
            let mut detail = named.collect::<Vec<_>>().join(",");
            if others.len() > NAMED_MAX {
                detail = format!("{detail},+{}", others.len() - NAMED_MAX);
            }
            let line = order.by.activity(issue, kind, detail);
            self.batch.activities.push(line);
        }
    }
}

/// The id of an issue that a fingerprint opens in a project whose events were grouped anew.
pub(super) fn free_id(
    writer: &IssueWriter,
    project: ProjectId,
    print: Fingerprint,
    at: Position,
) -> Result<IssueId, ReadModelError> {
    let mut failed = None;
    let id = new_id(project, print, at, |id| {
        writer.has_id(id).unwrap_or_else(|error| {
            failed = Some(error);
            false
        })
    });
    failed.map_or(Ok(id), Err)
}
