//! The control state: projects, keys, users, tokens; a fold over the control log,
//! small enough to hold in memory by whoever needs it.
//!
//! Invariant: a pure function of the commands in order. A command that does not
//! fit (an unknown id, a second use of a name) changes nothing: the gateway checks
//! before it appends, and a fold must not fail on history.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    Command, Decision, DropReason, IssueId, IssueStatus, Position, ProjectId, PublicKey, Role,
    TokenId, UserId,
    settings::{Filters, Scrubbing},
};

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
    /// Open one-time links, by SHA-256 of their secret.
    pub password_links: HashMap<[u8; 32], PasswordLink>,
    /// What is masked of a project's events; projects without an entry: the default.
    pub scrubbing: BTreeMap<ProjectId, Scrubbing>,
    /// Which of a project's events are not wanted; without an entry: none.
    pub filters: BTreeMap<ProjectId, Filters>,
    /// Issues whose events are not wanted.
    pub discarded: BTreeMap<IssueId, Discarded>,
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

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Dense from 1.
    pub id: UserId,
    /// Unique without regard to case.
    pub email: String,
    /// May be empty.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// argon2id, PHC string; empty: none yet.
    pub password_hash: String,
    /// Bumped by a password change and by "log out everywhere"; a session of an
    /// older epoch is over.
    pub session_epoch: u32,
}

/// An API token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Dense from 1.
    pub id: TokenId,
    /// Whose rights.
    pub user_id: UserId,
    /// Shown in lists.
    pub label: String,
    /// SHA-256 of the token.
    pub token_sha256: [u8; 32],
    /// Unix nanoseconds.
    pub created_ns: i64,
}

/// A one-time link to set a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordLink {
    /// Whose.
    pub user_id: UserId,
    /// Unix nanoseconds.
    pub expires_ns: i64,
}

impl ControlState {
    /// Applies the next command.
    pub fn apply(&mut self, command: &Command) {
        self.version += 1;
        let at_ns = command.at_ns;
        match &command.decision {
            Decision::CreateOrganization { name } => self.organization.clone_from(name),
            Decision::CreateProject { id, name, platform } => {
                let project = Project {
                    id: *id,
                    name: name.clone(),
                    platform: platform.clone(),
                    created_ns: at_ns,
                };
                self.projects.entry(*id).or_insert(project);
            }
            Decision::CreateKey {
                project_id,
                public_key,
                label,
            } => {
                let key = Key {
                    public_key: *public_key,
                    project_id: *project_id,
                    label: label.clone(),
                    enabled: true,
                    created_ns: at_ns,
                };
                self.keys.entry(*public_key).or_insert(key);
            }
            Decision::DisableKey {
                project_id,
                public_key,
            } => {
                if let Some(key) = self
                    .keys
                    .get_mut(public_key)
                    .filter(|k| k.project_id == *project_id)
                {
                    key.enabled = false;
                }
            }
            Decision::CreateToken {
                id,
                user_id,
                label,
                token_sha256,
            } => {
                let token = Token {
                    id: *id,
                    user_id: *user_id,
                    label: label.clone(),
                    token_sha256: *token_sha256,
                    created_ns: at_ns,
                };
                self.tokens.entry(*id).or_insert(token);
            }
            Decision::RevokeToken { id } => {
                self.tokens.remove(id);
            }
            Decision::CreateUser { .. }
            | Decision::CreatePasswordLink { .. }
            | Decision::SetPassword { .. }
            | Decision::EndSessions { .. } => self.apply_to_users(&command.decision),
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
            Decision::SetScrubbing { .. }
            | Decision::SetFilters { .. }
            | Decision::DiscardIssues { .. }
            | Decision::KeepIssues { .. } => self.apply_to_settings(&command.decision),
            // Whoever opens or resolves an issue wants to hear of it again.
            Decision::SetIssueStatus { issues, status } => {
                if *status != IssueStatus::Ignored {
                    self.discarded.retain(|id, _| !issues.contains(id));
                }
            }
            // Triage and deliveries live in the issue projection.
            Decision::AssignIssues { .. }
            | Decision::RecordDelivery { .. }
            | Decision::AdvanceAlertCursor { .. } => {}
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
                }
            }
            Decision::SetFilters {
                project_id,
                filters,
            } => {
                if self.projects.contains_key(project_id) {
                    self.filters.insert(*project_id, filters.clone());
                }
            }
            Decision::DiscardIssues { issues } => {
                for issue in issues {
                    let discarded = self.discarded.entry(issue.id).or_insert_with(|| Discarded {
                        project_id: issue.project_id,
                        stacks: BTreeSet::new(),
                    });
                    discarded.stacks.extend(&issue.stacks);
                }
            }
            Decision::KeepIssues { issues } => {
                for id in issues {
                    self.discarded.remove(id);
                }
            }
            _ => unreachable!("`apply` hands over decisions about settings only"),
        }
    }

    fn apply_to_users(&mut self, decision: &Decision) {
        match decision {
            Decision::CreateUser {
                id,
                email,
                name,
                role,
                password_hash,
            } => {
                let user = User {
                    id: *id,
                    email: email.clone(),
                    name: name.clone(),
                    role: *role,
                    password_hash: password_hash.clone(),
                    session_epoch: 0,
                };
                self.users.entry(*id).or_insert(user);
            }
            Decision::CreatePasswordLink {
                user_id,
                secret_sha256,
                expires_ns,
            } => {
                let link = PasswordLink {
                    user_id: *user_id,
                    expires_ns: *expires_ns,
                };
                self.password_links.insert(*secret_sha256, link);
            }
            Decision::SetPassword {
                user_id,
                email,
                password_hash,
            } => {
                if let Some(user) = self.users.get_mut(user_id) {
                    user.password_hash.clone_from(password_hash);
                    user.session_epoch += 1;
                    if !email.is_empty() {
                        user.email.clone_from(email);
                    }
                    self.password_links
                        .retain(|_, link| link.user_id != *user_id);
                }
            }
            Decision::EndSessions { user_id } => {
                if let Some(user) = self.users.get_mut(user_id) {
                    user.session_epoch += 1;
                }
            }
            _ => unreachable!("`apply` hands over decisions about users only"),
        }
    }

    /// The next free project id.
    pub fn next_project_id(&self) -> ProjectId {
        ProjectId(self.projects.keys().next_back().map_or(1, |id| id.0 + 1))
    }

    /// The next free user id.
    pub fn next_user_id(&self) -> UserId {
        UserId(self.users.keys().next_back().map_or(1, |id| id.0 + 1))
    }

    /// The user with this address, without regard to case.
    pub fn user_by_email(&self, email: &str) -> Option<&User> {
        self.users
            .values()
            .find(|user| user.email.eq_ignore_ascii_case(email))
    }

    /// The token with this SHA-256.
    pub fn token_by_hash(&self, sha256: &[u8; 32]) -> Option<&Token> {
        self.tokens
            .values()
            .find(|token| &token.token_sha256 == sha256)
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
