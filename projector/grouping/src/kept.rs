//! The grouper of each project, as the control state has it: its rules and the version of
//! its algorithm.
//!
//! Invariant: what [`Groupers::of`] gives depends on the state it is asked with alone. A
//! project's rules are compiled once a change, by the first event behind it. Rules that
//! this release cannot read, and a version that it does not have, stop nothing: the
//! default takes their place, and [`Fault`] says so.

use std::{collections::BTreeMap, sync::Arc};

use event_model::{ControlState, ProjectId};

use crate::{Algorithm, Grouper, Rules};

/// Why a project's events are grouped by the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Its rules cannot be read: they were set under another release.
    Rules,
    /// This release does not have the version of the algorithm that it is on.
    Algorithm,
}

impl Fault {
    /// The word of metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Algorithm => "algorithm",
        }
    }
}

/// Of all projects.
#[derive(Debug, Default)]
pub struct Groupers {
    kept: BTreeMap<ProjectId, Kept>,
    compilations: u64,
}

#[derive(Debug, Default)]
struct Kept {
    grouper: Grouper,
    fault: Option<Fault>,
    is_unreadable: bool,
    /// Of the rules that were compiled.
    rules_version: u32,
    /// The state's `grouping_version` for which this is known to hold.
    holds_at: Option<u64>,
}

impl Groupers {
    /// A project's grouper at the moment of `state`.
    pub fn of(&mut self, state: &ControlState, project: ProjectId) -> (&Grouper, Option<Fault>) {
        let kept = self.kept.entry(project).or_default();
        // Once a change of any project, not once an event.
        if kept.holds_at != Some(state.grouping_version) {
            kept.holds_at = Some(state.grouping_version);
            self.compilations += kept.bring_to(state, project);
        }
        (&kept.grouper, kept.fault)
    }

    /// How often rules were compiled.
    pub fn compilations(&self) -> u64 {
        self.compilations
    }
}

impl Kept {
    /// How many texts it compiled.
    fn bring_to(&mut self, state: &ControlState, project: ProjectId) -> u64 {
        let rules = state.grouping.get(&project);
        let version = rules.map_or(0, |rules| rules.version);
        let mut compilations = 0;
        if version != self.rules_version {
            let compiled = Rules::parse(rules.map_or("", |rules| &rules.text));
            self.is_unreadable = compiled.is_err();
            self.grouper = Grouper::with_rules(Arc::new(compiled.unwrap_or_default()));
            self.rules_version = version;
            compilations = 1;
        }
        let algorithm = state.projects.get(&project).map(|found| found.algorithm);
        let known = algorithm.map(Algorithm::of);
        self.grouper = self.grouper.by(known.flatten().unwrap_or_default());
        self.fault = match (self.is_unreadable, known != Some(None)) {
            (true, _) => Some(Fault::Rules),
            (false, false) => Some(Fault::Algorithm),
            (false, true) => None,
        };
        compilations
    }
}

#[cfg(test)]
mod tests;
