//! The control state: projects, keys, users, tokens; a fold over the control log,
//! small enough to hold in memory by whoever needs it.
//!
//! Invariant: a pure function of the commands in order. A command that does not
//! fit (an unknown id, a second use of a name) changes nothing: the gateway checks
//! before it appends, and a fold must not fail on history.

mod grouping;
mod people;
mod regroup;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use crate::{
    Command, Decision, DropReason, IssueId, Plan, Position, ProjectId, PublicKey, SessionId,
    TokenId, UserId,
    command::triage::Events,
    retention::{Expired, KeepRule},
    settings::{Filters, Scrubbing},
};

pub use grouping::{GroupingRules, HISTORY_MAX, RulesVersion};
pub use people::{LinkEnd, PasswordLink, Session, Token, User};
pub use regroup::{REGROUPS_MAX, REGROUPS_SHOWN, Regroup, RegroupStep, RulesInForce};

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
    /// How much the organisation may store.
    pub plan: Plan,
    /// How much a project may store, beside that; without an entry: no quota of its own.
    pub project_plans: BTreeMap<ProjectId, Plan>,
    /// Projects whose storms are stored event by event.
    pub unprotected: BTreeSet<ProjectId>,
    /// The rules that projects' events are grouped by; projects without an entry: never set.
    pub grouping: BTreeMap<ProjectId, GroupingRules>,
    /// The version at which somebody changed last how a project's events are grouped; 0: never.
    pub grouping_version: u64,
    /// What was decided of how projects' events that were there are grouped, oldest first.
    pub regroups: BTreeMap<ProjectId, VecDeque<Regroup>>,
    /// Issues whose events are not wanted.
    pub discarded: BTreeMap<IssueId, Discarded>,
    /// The version at which a project's scrubbing, filters, protection or discarded issues
    /// changed last; without an entry: never.
    pub settings_versions: BTreeMap<ProjectId, u64>,
    /// The newest token's id, revoked or not: ids are never used again.
    pub newest_token: TokenId,
    /// The newest drop of old events.
    pub dropped: Option<DroppedRange>,
    /// What else the disk had no room for.
    pub shed: Shed,
    /// How long projects' events are kept; without an entry: as long as all others.
    pub retention: BTreeMap<ProjectId, Vec<KeepRule>>,
    /// What has gone by rules.
    pub expired: Arc<Expired>,
    /// Control records folded so far; also the number of the last one.
    pub version: u64,
}

/// An issue whose events are not wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discarded {
    /// Whose.
    pub project_id: ProjectId,
    /// What its events are known by at the door: [`crate::stack_hash`]. None while the
    /// project has rules of grouping: events of one stack may be of several issues then.
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

/// What went because the disk was about to be full, besides events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shed {
    /// Files went that only records before this position name.
    pub files_below: Position,
    /// Parquet files went of days before this one, "YYYY-MM-DD"; empty: none.
    pub cold_before: String,
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
    /// The version of the algorithm that groups its events.
    pub algorithm: u32,
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
    /// Items that it may store in any minute; none: no limit of its own.
    pub items_per_minute: Option<u32>,
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
        self.version = number.saturating_sub(1);
        self.apply(command);
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
            | Decision::RenameKey { .. }
            | Decision::SetKeyLimit { .. } => self.apply_to_projects(&command.decision, at_ns),
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
            Decision::FilesShed { below, .. } => {
                self.shed.files_below = self.shed.files_below.max(Position(*below));
            }
            Decision::ColdShed { before, .. } => {
                if *before > self.shed.cold_before {
                    self.shed.cold_before.clone_from(before);
                }
            }
            Decision::SetRetention { project_id, rules } => {
                if rules.is_empty() {
                    self.retention.remove(project_id);
                } else if self.projects.contains_key(project_id) {
                    self.retention.insert(*project_id, rules.clone());
                }
            }
            Decision::EventsExpired { cuts } => {
                let expired = Arc::make_mut(&mut self.expired);
                for cut in cuts {
                    expired.add(cut);
                }
            }
            Decision::SetScrubbing { .. }
            | Decision::SetFilters { .. }
            | Decision::SetSpikeProtection { .. } => {
                self.apply_to_settings(&command.decision);
            }
            Decision::SetPlan { project_id, plan } => match project_id {
                None => self.plan = *plan,
                Some(id) if self.projects.contains_key(id) => {
                    self.project_plans.insert(*id, *plan);
                }
                Some(_) => {}
            },
            Decision::SetGroupingRules { project_id, text } => {
                self.set_grouping_rules(*project_id, text, command);
            }
            Decision::SetGroupingAlgorithm {
                project_id,
                algorithm,
            } => self.set_grouping_algorithm(*project_id, *algorithm),
            Decision::ApplyGrouping {
                project_id,
                text,
                algorithm,
                from,
            } => {
                let rules = RulesInForce {
                    text: Arc::from(text.as_str()),
                    algorithm: *algorithm,
                };
                self.apply_grouping(*project_id, &rules, Position(*from), command);
            }
            Decision::UndoGrouping {
                project_id,
                applied,
            } => self.undo_grouping(*project_id, *applied, command),
            // Of triage, whose events are wanted; the rest of it, and deliveries, live in
            // the issue projection.
            Decision::SetIssueStatus { .. }
            | Decision::AssignIssues { .. }
            | Decision::DiscardIssues { .. }
            | Decision::UndiscardIssues { .. } => self.apply_to_issues(&command.decision),
            Decision::MergeIssues { .. }
            | Decision::UnmergeFingerprints { .. }
            | Decision::RecordDelivery { .. }
            | Decision::AdvanceAlertCursor { .. } => {}
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
                    let has_rules = self.grouping.get(&issue.project_id);
                    if has_rules.is_none_or(|rules| rules.text.is_empty()) {
                        discarded.stacks.extend(&issue.stacks);
                    }
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
            Decision::SetSpikeProtection { project_id, is_on } => {
                if self.projects.contains_key(project_id) {
                    if *is_on {
                        self.unprotected.remove(project_id);
                    } else {
                        self.unprotected.insert(*project_id);
                    }
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
                algorithm,
            } => {
                let project = Project {
                    id: *id,
                    name: name.clone(),
                    platform: platform.clone(),
                    created_ns: at_ns,
                    algorithm: *algorithm,
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
            Decision::SetKeyLimit {
                project_id,
                public_key,
                items_per_minute,
            } => self.change_key(*project_id, public_key, |key| {
                key.items_per_minute = *items_per_minute;
            }),
            _ => unreachable!("`apply` hands over decisions about projects and keys only"),
        }
    }

    fn add_key(&mut self, project_id: ProjectId, public_key: PublicKey, label: &str, at_ns: i64) {
        let key = Key {
            public_key,
            project_id,
            label: label.to_owned(),
            enabled: true,
            items_per_minute: None,
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

    /// How much a project may store by itself, beside what the organisation may.
    pub fn plan_of(&self, project: ProjectId) -> Plan {
        self.project_plans
            .get(&project)
            .copied()
            .unwrap_or_default()
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
