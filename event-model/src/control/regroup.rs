//! What was decided of events that are there already: rules applied to them, and taken back.
//!
//! Invariant: pure. What groups an event follows from its place in the log, how many
//! commands stand before it, and the regroupings behind it: [`ControlState::rules_of`]. None
//! that an event of the log may still follow is forgotten: an application took hold of every
//! event that the log had, so that it hides all before it once it cannot be taken back.

use std::sync::Arc;

use super::ControlState;
use crate::{Actor, Command, Position, ProjectId};

/// Regroupings of a project that are remembered though no event follows them, for people.
pub const REGROUPS_SHOWN: usize = 16;
/// Regroupings of a project that are remembered at most, each of which may hold a text of a
/// megabyte. Only those taken back can be so many, one after another without one that stays;
/// the next one then stays.
pub const REGROUPS_MAX: usize = 512;

/// What a project's events are grouped by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RulesInForce {
    /// The rules, as a person wrote them; empty: none.
    pub text: Arc<str>,
    /// The version of the algorithm.
    pub algorithm: u32,
}

/// Events that were there were grouped anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regroup {
    /// The number of its command.
    pub number: u64,
    /// Who.
    pub actor: Actor,
    /// When, Unix nanoseconds.
    pub at_ns: i64,
    /// What.
    pub step: RegroupStep,
    /// What grouped events until then.
    pub before: RulesInForce,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegroupStep {
    /// Rules took hold of events that were there.
    Applied {
        /// The first record of the log at that time.
        from: Position,
        /// Which.
        rules: RulesInForce,
    },
    /// What the command of this number applied was taken back.
    Undone {
        /// Its number.
        applied: u64,
    },
}

impl ControlState {
    /// What groups a project's events from here on.
    pub fn rules_in_force(&self, project: ProjectId) -> RulesInForce {
        let text = self.grouping.get(&project).map(|rules| &rules.text);
        let found = self.projects.get(&project);
        RulesInForce {
            text: text.map_or_else(|| Arc::from(""), Arc::clone),
            algorithm: found.map_or(0, |project| project.algorithm),
        }
    }

    /// What groups an event of a project that stands at `position`, behind the command
    /// number `behind`, where `held` was in force then.
    pub fn rules_of(
        &self,
        project: ProjectId,
        (position, behind): (Position, u64),
        held: RulesInForce,
    ) -> RulesInForce {
        let Some(regroups) = self.regroups.get(&project) else {
            return held;
        };
        let (mut held, mut behind, mut upto) = (held, behind, u64::MAX);
        for regroup in regroups.iter().rev() {
            if regroup.number <= behind {
                break;
            }
            if regroup.number >= upto {
                continue;
            }
            match &regroup.step {
                RegroupStep::Applied { from, rules } if position >= *from => return rules.clone(),
                RegroupStep::Applied { .. } => {}
                RegroupStep::Undone { applied } => {
                    upto = *applied;
                    // As if it had never been, for what came since, too.
                    if behind >= *applied
                        && let Some(undone) = self.regroup(project, *applied)
                    {
                        held = undone.before.clone();
                        behind = applied - 1;
                    }
                }
            }
        }
        held
    }

    /// What a command of this number did to a project's events.
    pub fn regroup(&self, project: ProjectId, number: u64) -> Option<&Regroup> {
        let regroups = self.regroups.get(&project)?;
        regroups.iter().find(|regroup| regroup.number == number)
    }

    /// What can be taken back, as far as is known here: the newest application, if it was
    /// not taken back, what it set is still in force, and there is room to remember that.
    pub fn undoable(&self, project: ProjectId) -> Option<&Regroup> {
        let regroups = self.regroups.get(&project)?;
        let newest = regroups.back().filter(|_| regroups.len() < REGROUPS_MAX)?;
        match &newest.step {
            RegroupStep::Applied { rules, .. } => {
                (*rules == self.rules_in_force(project)).then_some(newest)
            }
            RegroupStep::Undone { .. } => None,
        }
    }

    /// How many of the newest regroupings events may follow once there is one more: the newest
    /// application that stays, and all behind it.
    fn needed(&self, project: ProjectId) -> usize {
        let Some(regroups) = self.regroups.get(&project) else {
            return 0;
        };
        let (mut needed, mut is_undone) = (0, false);
        for regroup in regroups.iter().rev() {
            needed += 1;
            match regroup.step {
                RegroupStep::Undone { .. } => is_undone = true,
                RegroupStep::Applied { .. } if is_undone => is_undone = false,
                RegroupStep::Applied { .. } => break,
            }
        }
        needed
    }

    /// Before one more is applied: what the newest application that stays hides goes, but for
    /// what is shown.
    fn forget_hidden(&mut self, project: ProjectId) {
        let needed = self.needed(project);
        if let Some(regroups) = self.regroups.get_mut(&project) {
            let kept = needed.max(REGROUPS_SHOWN - 1);
            regroups.drain(..regroups.len().saturating_sub(kept));
        }
    }

    pub(super) fn apply_grouping(
        &mut self,
        project: ProjectId,
        rules: &RulesInForce,
        from: Position,
        by: &Command,
    ) {
        if !self.projects.contains_key(&project) {
            return;
        }
        self.forget_hidden(project);
        let step = RegroupStep::Applied {
            from,
            rules: rules.clone(),
        };
        self.regroup_by(project, step, rules, by);
    }

    pub(super) fn undo_grouping(&mut self, project: ProjectId, applied: u64, by: &Command) {
        let Some(before) = self
            .undoable(project)
            .filter(|undoable| undoable.number == applied)
            .map(|undoable| undoable.before.clone())
        else {
            return;
        };
        self.regroup_by(project, RegroupStep::Undone { applied }, &before, by);
    }

    fn regroup_by(
        &mut self,
        project: ProjectId,
        step: RegroupStep,
        rules: &RulesInForce,
        by: &Command,
    ) {
        let before = self.rules_in_force(project);
        let regroups = self.regroups.entry(project).or_default();
        regroups.push_back(Regroup {
            number: self.version,
            actor: by.actor,
            at_ns: by.at_ns,
            step,
            before: before.clone(),
        });
        if rules.text != before.text {
            self.set_grouping_rules(project, &rules.text, by);
        }
        self.set_grouping_algorithm(project, rules.algorithm);
    }
}
