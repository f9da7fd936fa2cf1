//! How projects' events are grouped, as far as people decide it: rules and the version of
//! the algorithm. What the rules say is known to `grouping` alone.
//!
//! Invariant: a change holds from its command's place on, for events behind it.

use std::{collections::VecDeque, sync::Arc};

use super::ControlState;
use crate::{Actor, Command, ProjectId};

/// Versions of a project's rules that are listed, the newest; the control log has all.
pub const HISTORY_MAX: usize = 200;

/// The rules of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupingRules {
    /// As it was written; empty: none. Shared, for the state is copied at each command.
    pub text: Arc<str>,
    /// How often it was set; the version of `text`.
    pub version: u32,
    /// Who set what, oldest first, the newest [`HISTORY_MAX`]; never empty.
    pub history: VecDeque<RulesVersion>,
}

/// Rules as they were set once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RulesVersion {
    /// From 1.
    pub version: u32,
    /// The number of the command that holds the text.
    pub command: u64,
    /// Who.
    pub actor: Actor,
    /// When, Unix nanoseconds.
    pub at_ns: i64,
    /// Of the text.
    pub bytes: u32,
}

impl ControlState {
    pub(super) fn set_grouping_rules(&mut self, project: ProjectId, text: &str, by: &Command) {
        if !self.projects.contains_key(&project) {
            return;
        }
        let rules = self
            .grouping
            .entry(project)
            .or_insert_with(|| GroupingRules {
                text: Arc::from(""),
                version: 0,
                history: VecDeque::new(),
            });
        rules.text = Arc::from(text);
        rules.version += 1;
        if rules.history.len() == HISTORY_MAX {
            rules.history.pop_front();
        }
        rules.history.push_back(RulesVersion {
            version: rules.version,
            command: self.version,
            actor: by.actor,
            at_ns: by.at_ns,
            bytes: u32::try_from(text.len()).unwrap_or(u32::MAX),
        });
        self.grouped_anew(project);
    }

    pub(super) fn set_grouping_algorithm(&mut self, project: ProjectId, algorithm: u32) {
        if let Some(found) = self.projects.get_mut(&project) {
            found.algorithm = algorithm;
            self.grouped_anew(project);
        }
    }

    /// Events of a stack that a discarded issue had may be another issue's from here on.
    fn grouped_anew(&mut self, project: ProjectId) {
        self.grouping_version = self.version;
        let discarded = self.discarded.values_mut();
        for issue in discarded.filter(|issue| issue.project_id == project) {
            issue.stacks.clear();
        }
        self.settings_versions.insert(project, self.version);
    }
}
