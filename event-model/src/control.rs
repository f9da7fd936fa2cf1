//! The control state: projects, keys, users, tokens; a fold over the control log,
//! small enough to hold in memory by whoever needs it.
//!
//! Invariant: a pure function of the commands in order. A command that does not
//! fit (an unknown id, a second use of a name) changes nothing: the gateway checks
//! before it appends, and a fold must not fail on history.

mod people;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    Command, Decision, DropReason, IssueId, Position, ProjectId, PublicKey, SessionId, TokenId,
    UserId,
    command::triage::Events,
    settings::{Filters, Scrubbing},
};

pub use people::{LinkEnd, PasswordLink, Session, Token, User};

/// The state after some number of control records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ControlState {
    /// The organisation's name; empty before the first start ended.
    pub organization: String,
    /// By id.
    pub projects: BTreeMap<ProjectId, Project>,
    /// By public key.
    pub keys: HashMap<PublicKey, Key>,
    /// By id.
    pub users: BTreeMap<UserId, User>,
    /// By id.
    pub tokens: BTreeMap<TokenId, Token>,
    /// One-time links by SHA-256 of their secret, open ones and those that ended not long ago.
    pub password_links: HashMap<[u8; 32], PasswordLink>,
    /// Where people are signed in. A session that could not be recorded is missing here
    /// and sound all the same.
    pub sessions: BTreeMap<SessionId, Session>,
    /// Sessions that ended before they were over by themselves, with the Unix nanoseconds
    /// at which they would have been.
    pub ended_sessions: BTreeMap<SessionId, i64>,
    /// What is masked of a project's events; projects without an entry: the default.
    pub scrubbing: BTreeMap<ProjectId, Scrubbing>,
    /// Which of a project's events are not wanted; without an entry: none.
    pub filters: BTreeMap<ProjectId, Filters>,
    /// Issues whose events are not wanted.
    pub discarded: BTreeMap<IssueId, Discarded>,
    /// The version at which a project's scrubbing, filters or discarded issues changed
    /// last; without an entry: never.
    pub settings_versions: BTreeMap<ProjectId, u64>,
    /// The newest token's id, revoked or not: ids are never used again.
    pub newest_token: TokenId,
    /// The newest drop of old events.
    pub dropped: Option<DroppedRange>,
    /// Control records folded so far; also the number of the last one.
    pub version: u64,
}

/// An issue whose events are not wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discarded {
    /// Whose.
    pub project_id: ProjectId,
    /// What its events are known by at the door: [`crate::stack_hash`].
    pub stacks: BTreeSet<u64>,
}

/// Up to where the oldest events went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DroppedRange {
    /// The first position kept.
    pub below: Position,
    /// Why.
    pub reason: DropReason,
    /// Unix nanoseconds.
    pub at_ns: i64,
}

/// A source of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Dense from 1.
    pub id: ProjectId,
    /// Unique without regard to case.
    pub name: String,
    /// May be empty.
    pub platform: String,
    /// Unix nanoseconds.
    pub created_ns: i64,
}

/// A key that clients write with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub public_key: PublicKey,
    /// Whose.
    pub project_id: ProjectId,
    /// May be empty.
    pub label: String,
    /// Whether it may write.
    pub enabled: bool,
    /// Unix nanoseconds.
    pub created_ns: i64,
}

impl ControlState {
    /// Whether an issue's events to come are not wanted.
    pub fn is_discarded(&self, issue: IssueId) -> bool {
        self.discarded.contains_key(&issue)
    }

    /// Applies the next command of a log in which it has this number; those between were
    /// of a newer release.
    pub fn apply_numbered(&mut self, number: u64, command: &Command) {
        self.apply(command);
        self.version = number;
    }

    /// Applies the next command.
    pub fn apply(&mut self, command: &Command) {
        self.version += 1;
        let at_ns = command.at_ns;
        match &command.decision {
            Decision::CreateOrganization { name } => self.organization.clone_from(name),
            Decision::CreateProject { .. }
            | Decision::RenameProject { .. }
            | Decision::CreateKey { .. }
            | Decision::DisableKey { .. }
            | Decision::EnableKey { .. }
            | Decision::RenameKey { .. } => self.apply_to_projects(&command.decision, at_ns),
            Decision::CreateUser { .. }
            | Decision::RenameUser { .. }
            | Decision::SetRole { .. }
            | Decision::SetUserProjects { .. }
            | Decision::DisableUser { .. }
            | Decision::EnableUser { .. }
            | Decision::CreatePasswordLink { .. }
            | Decision::SetPassword { .. }
            | Decision::StartSession { .. }
            | Decision::EndSession { .. }
            | Decision::EndSessions { .. }
            | Decision::CreateToken { .. }
            | Decision::RevokeToken { .. } => self.apply_to_people(&command.decision, at_ns),
            Decision::RangeDropped { below, reason, .. } => {
                let range = DroppedRange {
                    below: Position(*below),
                    reason: *reason,
                    at_ns,
                };
                // What is gone stays gone, whatever a later record says.
                if self.dropped.is_none_or(|known| known.below < range.below) {
                    self.dropped = Some(range);
                }
            }
            Decision::SetScrubbing { .. } | Decision::SetFilters { .. } => {
                self.apply_to_settings(&command.decision);
            }
            // Of triage, whose events are wanted; the rest of it, and deliveries, live in
            // the issue projection.
            Decision::SetIssueStatus { .. }
            | Decision::AssignIssues { .. }
            | Decision::DiscardIssues { .. }
            | Decision::UndiscardIssues { .. } => self.apply_to_issues(&command.decision),
            Decision::RecordDelivery { .. } | Decision::AdvanceAlertCursor { .. } => {}
        }
    }

    fn apply_to_issues(&mut self, decision: &Decision) {
        for triage in decision.triage() {
            let project_id = match triage.events {
                None => continue,
                Some(Events::Wanted) => self.discarded.remove(&triage.issue).map(|d| d.project_id),
                Some(Events::Discarded(issue)) => {
                    let discarded = self.discarded.entry(issue.id).or_insert_with(|| Discarded {
                        project_id: issue.project_id,
                        stacks: BTreeSet::new(),
                    });
                    discarded.stacks.extend(&issue.stacks);
                    Some(issue.project_id)
                }
            };
            if let Some(project_id) = project_id {
                self.settings_versions.insert(project_id, self.version);
            }
        }
    }

    fn apply_to_settings(&mut self, decision: &Decision) {
        match decision {
            Decision::SetScrubbing {
                project_id,
                scrubbing,
            } => {
                if self.projects.contains_key(project_id) {
                    self.scrubbing.insert(*project_id, scrubbing.clone());
                    self.settings_versions.insert(*project_id, self.version);
                }
            }
            Decision::SetFilters {
                project_id,
                filters,
            } => {
                if self.projects.contains_key(project_id) {
                    self.filters.insert(*project_id, filters.clone());
                    self.settings_versions.insert(*project_id, self.version);
                }
            }
            _ => unreachable!("`apply` hands over decisions about settings only"),
        }
    }

    fn apply_to_projects(&mut self, decision: &Decision, at_ns: i64) {
        match decision {
            Decision::CreateProject {
                id,
                name,
                platform,
                public_key,
                key_label,
            } => {
                let project = Project {
                    id: *id,
                    name: name.clone(),
                    platform: platform.clone(),
                    created_ns: at_ns,
                };
                self.projects.entry(*id).or_insert(project);
                self.add_key(*id, *public_key, key_label, at_ns);
            }
            Decision::RenameProject { id, name, platform } => {
                if let Some(project) = self.projects.get_mut(id) {
                    project.name.clone_from(name);
                    project.platform.clone_from(platform);
                }
            }
            Decision::CreateKey {
                project_id,
                public_key,
                label,
            } => self.add_key(*project_id, *public_key, label, at_ns),
            Decision::DisableKey {
                project_id,
                public_key,
            } => self.change_key(*project_id, public_key, |key| key.enabled = false),
            Decision::EnableKey {
                project_id,
                public_key,
            } => self.change_key(*project_id, public_key, |key| key.enabled = true),
            Decision::RenameKey {
                project_id,
                public_key,
                label,
            } => self.change_key(*project_id, public_key, |key| key.label.clone_from(label)),
            _ => unreachable!("`apply` hands over decisions about projects and keys only"),
        }
    }

    fn add_key(&mut self, project_id: ProjectId, public_key: PublicKey, label: &str, at_ns: i64) {
        let key = Key {
            public_key,
            project_id,
            label: label.to_owned(),
            enabled: true,
            created_ns: at_ns,
        };
        self.keys.entry(public_key).or_insert(key);
    }

    fn change_key(&mut self, project: ProjectId, key: &PublicKey, change: impl FnOnce(&mut Key)) {
        let key = self.keys.get_mut(key);
        if let Some(key) = key.filter(|key| key.project_id == project) {
            change(key);
        }
    }

    /// The version at which what a project's events are judged by changed last.
    pub fn settings_version(&self, project: ProjectId) -> u64 {
        self.settings_versions.get(&project).copied().unwrap_or(0)
    }

    /// The next free project id.
    pub fn next_project_id(&self) -> ProjectId {
        ProjectId(self.projects.keys().next_back().map_or(1, |id| id.0 + 1))
    }

    /// A project's keys, oldest first.
    pub fn keys_of(&self, project: ProjectId) -> Vec<&Key> {
        let mut keys: Vec<&Key> = self
            .keys
            .values()
            .filter(|key| key.project_id == project)
            .collect();
        keys.sort_by_key(|key| (key.created_ns, key.public_key));
        keys
    }
}
