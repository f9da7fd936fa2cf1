//! Commands about people, their links, sessions and tokens.
//!
//! Invariant: there is always an owner who can sign in: the last one is neither removed
//! nor made a member.

use event_model::{
    ControlState, Decision, LinkSecret, Role, SessionId, TokenId, TokenScope, UserId,
    access::Action,
    control::User,
    credential::{Caller, SESSION_LIFE_NS, random_secret, sha256},
};
use proto::v1::{
    self, CommandResponse, CreatePasswordLinkRequest, CreatePasswordLinkResponse,
    CreateTokenRequest, CreateTokenResponse, CreateUserRequest, CreateUserResponse,
    DisableUserRequest, EnableUserRequest, EndSessionRequest, EndSessionsRequest,
    RenameUserRequest, RevokeTokenRequest, SetRoleRequest, SetUserProjectsRequest,
};

use super::{Commands, actor_of, may, validate};
use crate::error::{ApiError, ErrorCode};

/// How long a one-time link works: 7 days, as the API promises.
const PASSWORD_LINK_LIFE_NS: i64 = 7 * 24 * 3600 * 1_000_000_000;
/// Prefix of API tokens: secret scanners find it.
const TOKEN_PREFIX: &str = "errata_";
/// Longest life of a token that ends by itself.
const TOKEN_DAYS_MAX: u32 = 3_650;
const DAY_NS: i64 = 24 * 3600 * 1_000_000_000;

/// What is kept of a new one-time link.
pub(crate) fn new_link(secret: &str, now_ns: i64) -> LinkSecret {
    LinkSecret {
        sha256: sha256(secret),
        expires_ns: now_ns + PASSWORD_LINK_LIFE_NS,
    }
}

impl Commands {
    /// Creates a person, with a password or a one-time link to set it. Role owner.
    pub async fn create_user(
        &self,
        caller: Caller,
        request: CreateUserRequest,
    ) -> Result<CreateUserResponse, ApiError> {
        may(caller, Action::ManagePeople)?;
        let email = validate::check_email("email", &request.email)?;
        let name = validate::person("name", &request.name)?;
        let role = validate::role(request.role)?;
        let (password_hash, secret) = if request.password.is_empty() {
            (String::new(), Some(random_secret("")))
        } else {
            validate::check_password("password", &request.password)?;
            (self.hasher().hash(request.password).await?, None)
        };
        let now_ns = self.core().clock().now_ns();
        let link = secret.as_deref().map(|secret| new_link(secret, now_ns));
        let (position, id) = self
            .core()
            .decide(actor_of(caller), move |state| {
                if let Some(user) = state.user_by_email(&email) {
                    let message = if user.is_enabled() {
                        format!("there is a user {email:?} already")
                    } else {
                        format!("there was a user {email:?}, who was removed: bring them back")
                    };
                    return Err(validate::taken("email", message));
                }
                let id = state.next_user_id();
                let decision = Decision::CreateUser {
                    id,
                    email,
                    name,
                    role,
                    password_hash,
                    link,
                };
                Ok((decision, id))
            })
            .await?;
        Ok(CreateUserResponse {
            position: position.0,
            user_id: id.0,
            password_link: secret
                .map(|secret| self.core().welcome_link(&secret))
                .unwrap_or_default(),
        })
    }

    /// Gives a person another name: oneself, or anybody as owner.
    pub async fn rename_user(
        &self,
        caller: Caller,
        request: RenameUserRequest,
    ) -> Result<CommandResponse, ApiError> {
        let user = self_or(caller, request.user_id)?;
        let name = validate::person("name", &request.name)?;
        self.record(caller, move |state| {
            let id = known(state, user)?.id;
            Ok(Decision::RenameUser { id, name })
        })
        .await
    }

    /// Makes an owner or a member of somebody. Role owner.
    pub async fn set_role(
        &self,
        caller: Caller,
        request: SetRoleRequest,
    ) -> Result<CommandResponse, ApiError> {
        may(caller, Action::ManagePeople)?;
        let role = validate::role(request.role)?;
        self.record(caller, move |state| {
            let user = known(state, UserId(request.user_id))?;
            if role != Role::Owner {
                keep_an_owner(state, user)?;
            }
            Ok(Decision::SetRole { id: user.id, role })
        })
        .await
    }

    /// Says which projects a member sees. Role owner.
    pub async fn set_user_projects(
        &self,
        caller: Caller,
        request: SetUserProjectsRequest,
    ) -> Result<CommandResponse, ApiError> {
        may(caller, Action::ManagePeople)?;
        self.record(caller, move |state| {
            let id = known(state, UserId(request.user_id))?.id;
            let sight = validate::sight(state, &request)?;
            Ok(Decision::SetUserProjects { id, sight })
        })
        .await
    }

    /// Removes a person. Role owner.
    pub async fn disable_user(
        &self,
        caller: Caller,
        request: DisableUserRequest,
    ) -> Result<CommandResponse, ApiError> {
        may(caller, Action::ManagePeople)?;
        self.record(caller, move |state| {
            let user = known(state, UserId(request.user_id))?;
            keep_an_owner(state, user)?;
            Ok(Decision::DisableUser { id: user.id })
        })
        .await
    }

    /// Brings a removed person back. Role owner.
    pub async fn enable_user(
        &self,
        caller: Caller,
        request: EnableUserRequest,
    ) -> Result<CommandResponse, ApiError> {
        may(caller, Action::ManagePeople)?;
        self.record(caller, move |state| {
            let user = known(state, UserId(request.user_id))?;
            Ok(Decision::EnableUser { id: user.id })
        })
        .await
    }

    /// Makes a one-time link to set a password. Role owner.
    pub async fn create_password_link(
        &self,
        caller: Caller,
        request: CreatePasswordLinkRequest,
    ) -> Result<CreatePasswordLinkResponse, ApiError> {
        may(caller, Action::ManagePeople)?;
        let secret = random_secret("");
        let link = new_link(&secret, self.core().clock().now_ns());
        let answer = self.record(caller, move |state| {
            let user = known(state, UserId(request.user_id))?;
            if !user.is_enabled() {
                let message = "was removed: bring them back first";
                return Err(ApiError::invalid("user_id", message));
            }
            Ok(Decision::CreatePasswordLink {
                user_id: user.id,
                link,
            })
        });
        Ok(CreatePasswordLinkResponse {
            position: answer.await?.position,
            password_link: self.core().welcome_link(&secret),
        })
    }

    /// Ends one session: an own one, or anybody's as owner.
    pub async fn end_session(
        &self,
        caller: Caller,
        request: EndSessionRequest,
    ) -> Result<CommandResponse, ApiError> {
        may(caller, Action::ChangeOwnAccount)?;
        let session: SessionId =
            request
                .session_id
                .parse()
                .map_err(|e: event_model::id::IdError| {
                    ApiError::invalid("session_id", e.to_string())
                })?;
        let now_ns = self.core().clock().now_ns();
        self.record(caller, move |state| {
            let known = state.sessions.get(&session);
            let known = known.filter(|known| {
                // Others' sessions are nobody's business, not even that they are there.
                caller.user() == Some(known.user_id) || may(caller, Action::ManagePeople).is_ok()
            });
            let Some(known) = known else {
                let message = format!("there is no session {session}");
                return Err(validate::missing("session_id", message));
            };
            Ok(Decision::EndSession {
                user_id: known.user_id,
                session,
                expires_ns: known.expires_ns.min(now_ns + SESSION_LIFE_NS),
            })
        })
        .await
    }

    /// Ends all sessions of oneself, or of anybody as owner.
    pub async fn end_sessions(
        &self,
        caller: Caller,
        request: EndSessionsRequest,
    ) -> Result<CommandResponse, ApiError> {
        let user = self_or(caller, request.user_id)?;
        self.record(caller, move |state| {
            Ok(Decision::EndSessions {
                user_id: known(state, user)?.id,
                end_tokens: request.end_tokens,
            })
        })
        .await
    }

    /// Creates an API token; another's only as owner.
    pub async fn create_token(
        &self,
        caller: Caller,
        request: CreateTokenRequest,
    ) -> Result<CreateTokenResponse, ApiError> {
        may(caller, Action::ChangeOwnAccount)?;
        let label = validate::name("label", &request.label)?;
        let user = self_or(caller, request.user_id)?;
        let scope = match v1::TokenScope::try_from(request.scope) {
            Ok(v1::TokenScope::Unspecified | v1::TokenScope::Full) => TokenScope::Full,
            Ok(v1::TokenScope::Read) => TokenScope::Read,
            Err(_) => return Err(ApiError::invalid("scope", "must be full or read")),
        };
        let expires_ns = match request.expires_in_days {
            0 => None,
            days @ 1..=TOKEN_DAYS_MAX => {
                Some(self.core().clock().now_ns() + i64::from(days) * DAY_NS)
            }
            _ => {
                let message = format!("must be at most {TOKEN_DAYS_MAX}");
                return Err(ApiError::invalid("expires_in_days", message));
            }
        };
        let token = random_secret(TOKEN_PREFIX);
        let token_sha256 = sha256(&token);
        let (position, id) = self
            .core()
            .decide(actor_of(caller), move |state| {
                let user_id = validate::user(state, user.0)?;
                let id = state.next_token_id();
                let decision = Decision::CreateToken {
                    id,
                    user_id,
                    label,
                    token_sha256,
                    scope,
                    expires_ns,
                };
                Ok((decision, id))
            })
            .await?;
        Ok(CreateTokenResponse {
            position: position.0,
            token_id: id.0,
            token,
        })
    }

    /// Revokes an API token; another's only as owner.
    pub async fn revoke_token(
        &self,
        caller: Caller,
        request: RevokeTokenRequest,
    ) -> Result<CommandResponse, ApiError> {
        may(caller, Action::ChangeOwnAccount)?;
        let id = TokenId(request.token_id);
        self.record(caller, move |state| {
            let Some(token) = state.tokens.get(&id) else {
                let message = format!("there is no token {id}");
                return Err(validate::missing("token_id", message));
            };
            if caller.user() != Some(token.user_id) {
                may(caller, Action::ManagePeople)?;
            }
            Ok(Decision::RevokeToken { id })
        })
        .await
    }
}

/// Oneself (0), or somebody else as owner.
fn self_or(caller: Caller, named: u32) -> Result<UserId, ApiError> {
    may(caller, Action::ChangeOwnAccount)?;
    let user = match (named, caller.user()) {
        (0, Some(own)) => own,
        (0, None) => return Err(ApiError::invalid("user_id", "must be given")),
        (named, _) => UserId(named),
    };
    if caller.user() != Some(user) {
        may(caller, Action::ManagePeople)?;
    }
    Ok(user)
}

fn known(state: &ControlState, id: UserId) -> Result<&User, ApiError> {
    state
        .users
        .get(&id)
        .ok_or_else(|| validate::missing("user_id", format!("there is no user {id}")))
}

/// Refuses what would leave nobody who may manage the installation.
fn keep_an_owner(state: &ControlState, user: &User) -> Result<(), ApiError> {
    // Who has no password yet cannot help either.
    let mut others = state
        .owners()
        .filter(|owner| owner.id != user.id && !owner.password_hash.is_empty());
    if user.role == Role::Owner && user.is_enabled() && others.next().is_none() {
        return Err(ApiError::at(
            ErrorCode::Conflict,
            "user_id",
            "is the last owner who can sign in: make somebody else an owner first",
        ));
    }
    Ok(())
}
