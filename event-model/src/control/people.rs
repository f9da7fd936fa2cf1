//! People in the control state: users, their links, sessions and tokens.
//!
//! Invariant: who is disabled has no session, no token and no open link. What ended is
//! kept as long as it could be shown again (an ended session until it would have been
//! over, a link for [`LINK_KEPT_NS`] more), and is forgotten by the clock of the
//! commands themselves, so that every fold forgets alike.

use super::ControlState;
use crate::{Decision, LinkSecret, Role, SessionId, Sight, TokenId, TokenScope, UserId};

/// How long an expired link is told from an unknown one, nanoseconds: 30 days.
const LINK_KEPT_NS: i64 = 30 * 24 * 3600 * 1_000_000_000;
/// Sessions a user has at most; a new one ends the oldest. Nobody has more browsers, and
/// a program that signs in again and again must not grow the state.
const SESSIONS_MAX: usize = 100;

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
    /// Which projects were given to them: what holds while they are a member. What they
    /// see is [`Self::sight`].
    pub given: Sight,
    /// argon2id, PHC string; empty: none yet.
    pub password_hash: String,
    /// Bumped by a password change and by "log out everywhere"; a session of an
    /// older epoch is over.
    pub session_epoch: u32,
    /// Unix nanoseconds.
    pub created_ns: i64,
    /// Since when they are gone, Unix nanoseconds; none: they are not.
    pub disabled_ns: Option<i64>,
    /// Their newest sign-in, Unix nanoseconds.
    pub last_sign_in_ns: Option<i64>,
}

impl User {
    /// Which projects they see: owners all, who is gone none.
    pub fn sight(&self) -> Sight {
        match self.role {
            _ if !self.is_enabled() => Sight::NOTHING,
            Role::Owner => Sight::All,
            Role::Member => self.given.clone(),
        }
    }

    /// Whether they may sign in and be given work.
    pub fn is_enabled(&self) -> bool {
        self.disabled_ns.is_none()
    }
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
    /// What it may do of what its user may.
    pub scope: TokenScope,
    /// Unix nanoseconds.
    pub created_ns: i64,
    /// Unix nanoseconds; none: works until it is revoked.
    pub expires_ns: Option<i64>,
}

impl Token {
    /// Whether it still works.
    pub fn is_valid(&self, now_ns: i64) -> bool {
        self.expires_ns.is_none_or(|expires_ns| now_ns < expires_ns)
    }
}

/// A one-time link to set a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordLink {
    /// Whose.
    pub user_id: UserId,
    /// Unix nanoseconds.
    pub expires_ns: i64,
    /// Why it no longer works, besides its age.
    pub end: Option<LinkEnd>,
}

impl PasswordLink {
    /// Whether it still works.
    pub fn is_open(&self, now_ns: i64) -> bool {
        self.end.is_none() && now_ns < self.expires_ns
    }
}

/// Why a link no longer works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkEnd {
    /// A password was set with it.
    Used,
    /// A newer link, a password set otherwise or the person's removal ended it.
    Replaced,
}

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub user_id: UserId,
    /// "Firefox on Linux"; may be empty.
    pub device: String,
    /// Unix nanoseconds.
    pub started_ns: i64,
    /// Unix nanoseconds.
    pub expires_ns: i64,
}

impl ControlState {
    pub(super) fn apply_to_people(&mut self, decision: &Decision, at_ns: i64) {
        self.forget(at_ns);
        match decision {
            Decision::CreateUser {
                id,
                email,
                name,
                role,
                password_hash,
                link,
            } => {
                if self.users.contains_key(id) {
                    return;
                }
                let user = User {
                    id: *id,
                    email: email.clone(),
                    name: name.clone(),
                    role: *role,
                    given: Sight::All,
                    password_hash: password_hash.clone(),
                    session_epoch: 0,
                    created_ns: at_ns,
                    disabled_ns: None,
                    last_sign_in_ns: None,
                };
                self.users.insert(*id, user);
                if let Some(link) = link {
                    self.add_link(*id, link);
                }
            }
            Decision::RenameUser { id, name } => {
                self.change_user(*id, |user| user.name.clone_from(name));
            }
            Decision::SetRole { id, role } => self.change_user(*id, |user| user.role = *role),
            Decision::SetUserProjects { id, sight } => {
                // As [`Sight::only`] has it, whoever wrote it.
                let sight = match sight {
                    Sight::All => Sight::All,
                    Sight::Only(projects) => Sight::only(projects.iter().copied()),
                };
                self.change_user(*id, |user| user.given = sight);
            }
            Decision::DisableUser { id } => {
                self.change_user(*id, |user| {
                    user.disabled_ns.get_or_insert(at_ns);
                });
                self.end_sessions(*id);
                self.end_links(*id, LinkEnd::Replaced);
                self.end_tokens(*id);
            }
            Decision::EnableUser { id } => self.change_user(*id, |user| user.disabled_ns = None),
            Decision::CreatePasswordLink { user_id, link } => {
                self.end_links(*user_id, LinkEnd::Replaced);
                self.add_link(*user_id, link);
            }
            Decision::SetPassword {
                user_id,
                email,
                password_hash,
                end_tokens,
            } => {
                self.change_user(*user_id, |user| {
                    user.password_hash.clone_from(password_hash);
                    if !email.is_empty() {
                        user.email.clone_from(email);
                    }
                });
                self.end_sessions(*user_id);
                self.end_links(*user_id, LinkEnd::Used);
                if *end_tokens {
                    self.end_tokens(*user_id);
                }
            }
            Decision::StartSession { .. }
            | Decision::EndSession { .. }
            | Decision::EndSessions { .. } => self.apply_to_sessions(decision, at_ns),
            Decision::CreateToken { .. } | Decision::RevokeToken { .. } => {
                self.apply_to_tokens(decision, at_ns);
            }
            _ => unreachable!("`apply` hands over decisions about people only"),
        }
    }

    fn apply_to_sessions(&mut self, decision: &Decision, at_ns: i64) {
        match decision {
            Decision::StartSession {
                user_id,
                session,
                device,
                expires_ns,
            } => {
                self.change_user(*user_id, |user| user.last_sign_in_ns = Some(at_ns));
                let entry = Session {
                    user_id: *user_id,
                    device: device.clone(),
                    started_ns: at_ns,
                    expires_ns: *expires_ns,
                };
                self.sessions.insert(*session, entry);
                let own = self.sessions.iter().filter(|(_, s)| s.user_id == *user_id);
                let mut own: Vec<_> = own.map(|(id, s)| (s.started_ns, *id)).collect();
                if own.len() > SESSIONS_MAX {
                    own.sort_unstable();
                    self.end_session(own[0].1, *expires_ns);
                }
            }
            Decision::EndSession {
                user_id,
                session,
                expires_ns,
            } => {
                // A signed cookie names its user, so a session of another's is a defect.
                let known = self.sessions.get(session);
                if known.is_none_or(|known| known.user_id == *user_id) {
                    self.end_session(*session, *expires_ns);
                }
            }
            Decision::EndSessions {
                user_id,
                end_tokens,
            } => {
                self.end_sessions(*user_id);
                if *end_tokens {
                    self.end_tokens(*user_id);
                }
            }
            _ => unreachable!("`apply_to_people` hands over decisions about sessions only"),
        }
    }

    fn apply_to_tokens(&mut self, decision: &Decision, at_ns: i64) {
        match decision {
            Decision::CreateToken {
                id,
                user_id,
                label,
                token_sha256,
                scope,
                expires_ns,
            } => {
                let token = Token {
                    id: *id,
                    user_id: *user_id,
                    label: label.clone(),
                    token_sha256: *token_sha256,
                    scope: *scope,
                    created_ns: at_ns,
                    expires_ns: *expires_ns,
                };
                self.tokens.entry(*id).or_insert(token);
                self.newest_token = self.newest_token.max(*id);
            }
            Decision::RevokeToken { id } => {
                self.tokens.remove(id);
            }
            _ => unreachable!("`apply_to_people` hands over decisions about tokens only"),
        }
    }

    fn change_user(&mut self, id: UserId, change: impl FnOnce(&mut User)) {
        if let Some(user) = self.users.get_mut(&id) {
            change(user);
        }
    }

    fn add_link(&mut self, user_id: UserId, link: &LinkSecret) {
        let open = PasswordLink {
            user_id,
            expires_ns: link.expires_ns,
            end: None,
        };
        self.password_links.insert(link.sha256, open);
    }

    fn end_links(&mut self, user: UserId, end: LinkEnd) {
        let links = self.password_links.values_mut();
        for link in links.filter(|link| link.user_id == user) {
            link.end.get_or_insert(end);
        }
    }

    fn end_session(&mut self, session: SessionId, expires_ns: i64) {
        let known = self.sessions.remove(&session);
        let expires_ns = known.map_or(expires_ns, |known| known.expires_ns.max(expires_ns));
        self.ended_sessions.insert(session, expires_ns);
    }

    fn end_sessions(&mut self, user: UserId) {
        // The epoch ends them all, those that could not be recorded, too.
        self.change_user(user, |user| user.session_epoch += 1);
        self.sessions.retain(|_, session| session.user_id != user);
    }

    fn end_tokens(&mut self, user: UserId) {
        self.tokens.retain(|_, token| token.user_id != user);
    }

    /// Forgets what no longer matters at a command's time.
    fn forget(&mut self, at_ns: i64) {
        self.sessions
            .retain(|_, session| at_ns < session.expires_ns);
        self.ended_sessions
            .retain(|_, expires_ns| at_ns < *expires_ns);
        self.password_links
            .retain(|_, link| at_ns < link.expires_ns.saturating_add(LINK_KEPT_NS));
    }

    /// The next free user id.
    pub fn next_user_id(&self) -> UserId {
        UserId(self.users.keys().next_back().map_or(1, |id| id.0 + 1))
    }

    /// The next free token id.
    pub fn next_token_id(&self) -> TokenId {
        TokenId(self.newest_token.0 + 1)
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

    /// Owners who may sign in.
    pub fn owners(&self) -> impl Iterator<Item = &User> {
        let users = self.users.values();
        users.filter(|user| user.role == Role::Owner && user.is_enabled())
    }
}
