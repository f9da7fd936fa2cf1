//! `errata.v1.AccountService`: people, tokens, sessions and keys, listed.
//!
//! Answered from the state that commands are decided on, so that people see what they
//! did a moment ago. When something was used last is memory of this process.

use event_model::{
    ControlState, TokenScope, UserId,
    access::{Action, Sight, Viewer},
    control::{Key, Session, Token, User},
    credential::{Caller, Use, Uses, Via},
};
use proto::v1::{
    self, ListKeysRequest, ListKeysResponse, ListSessionsRequest, ListSessionsResponse,
    ListTokensRequest, ListTokensResponse, ListUsersRequest, ListUsersResponse,
    account_service_server::AccountService,
};
use tonic::{Request, Response, Status};

use crate::{
    auth::caller::Callers,
    commands::{CommandCore, may, validate},
    error::ApiError,
};

/// The gRPC service.
#[derive(Debug, Clone)]
pub(crate) struct Accounts {
    pub(super) core: CommandCore,
    /// When sessions and tokens were used last.
    pub(super) uses: Uses,
    pub(super) callers: Callers,
}

impl Accounts {
    fn users(&self, caller: Caller) -> Result<ListUsersResponse, ApiError> {
        let state = self.core.state().read();
        let viewer = Viewer::of(&state, caller, Action::ReadInstallation)?;
        let (users, now) = (state.users.values(), self.core.clock().now_ns());
        Ok(ListUsersResponse {
            users: users
                .map(|user| message(&state, user, &viewer, now))
                .collect(),
        })
    }

    fn tokens(&self, caller: Caller, all: bool) -> Result<ListTokensResponse, ApiError> {
        let whose = if all {
            may(caller, Action::ReadAccounts)?;
            None
        } else {
            Some(own(caller)?)
        };
        let (state, now) = (self.core.state().read(), self.core.clock().now_ns());
        let tokens = state.tokens.values().filter(|token| {
            token.is_valid(now) && whose.is_none_or(|whose| whose == token.user_id)
        });
        let token = |token: &Token| {
            let used = self.uses.of_token(token.id);
            v1::ApiToken {
                id: token.id.0,
                label: token.label.clone(),
                user_id: token.user_id.0,
                scope: match token.scope {
                    TokenScope::Full => v1::TokenScope::Full,
                    TokenScope::Read => v1::TokenScope::Read,
                }
                .into(),
                created_at: Some(stamp(token.created_ns)),
                expires_at: token.expires_ns.map(stamp),
                last_used_at: used.map(|used| stamp(used.at_ns)),
                last_address: address(used),
            }
        };
        Ok(ListTokensResponse {
            tokens: tokens.map(token).collect(),
        })
    }

    fn sessions(&self, caller: Caller, user: u32) -> Result<ListSessionsResponse, ApiError> {
        let whose = match user {
            0 => own(caller)?,
            named => UserId(named),
        };
        if caller.user() != Some(whose) {
            may(caller, Action::ReadAccounts)?;
        }
        let current = match caller {
            Caller::User {
                via: Via::Session { id, .. },
                ..
            } => Some(id),
            _ => None,
        };
        let (state, now) = (self.core.state().read(), self.core.clock().now_ns());
        let sessions = state.sessions.iter();
        let mut sessions: Vec<_> = sessions
            .filter(|(_, session)| session.user_id == whose && now < session.expires_ns)
            .collect();
        sessions
            .sort_unstable_by_key(|(id, session)| std::cmp::Reverse((session.started_ns, **id)));
        let session = |(id, session): (&event_model::SessionId, &Session)| {
            let used = self.uses.of_session(*id);
            v1::AccountSession {
                id: id.to_string(),
                user_id: session.user_id.0,
                device: session.device.clone(),
                started_at: Some(stamp(session.started_ns)),
                expires_at: Some(stamp(session.expires_ns)),
                last_used_at: used.map(|used| stamp(used.at_ns)),
                last_address: address(used),
                current: current == Some(*id),
            }
        };
        Ok(ListSessionsResponse {
            sessions: sessions.into_iter().map(session).collect(),
        })
    }

    fn keys(&self, caller: Caller, project: u32) -> Result<ListKeysResponse, ApiError> {
        let state = self.core.state().read();
        let project = validate::project(&state, caller, Action::ReadProject, project)?;
        let key = |key: &Key| v1::ProjectKey {
            public_key: key.public_key.to_string(),
            label: key.label.clone(),
            enabled: key.enabled,
            dsn: self.core.dsn(project, key.public_key),
            created_at: Some(stamp(key.created_ns)),
            items_per_minute: key.items_per_minute.unwrap_or_default(),
        };
        Ok(ListKeysResponse {
            keys: state.keys_of(project).into_iter().map(key).collect(),
        })
    }
}

fn message(state: &ControlState, user: &User, viewer: &Viewer, now: i64) -> v1::Account {
    let caller = viewer.caller();
    let (all_projects, project_ids) = match viewer.knows_of(&user.sight()) {
        Sight::All => (true, Vec::new()),
        Sight::Only(both) => (false, both.into_iter().map(|id| id.0).collect()),
    };
    let links = state.password_links.values();
    let open = links.filter(|link| link.user_id == user.id && link.is_open(now));
    let may_see = caller.user() == Some(user.id) || may(caller, Action::ReadAccounts).is_ok();
    v1::Account {
        id: user.id.0,
        email: user.email.clone(),
        name: user.name.clone(),
        role: match user.role {
            event_model::Role::Member => v1::Role::Member,
            event_model::Role::Owner => v1::Role::Owner,
        }
        .into(),
        status: if !user.is_enabled() {
            v1::MemberStatus::Disabled
        } else if user.password_hash.is_empty() {
            v1::MemberStatus::Invited
        } else {
            v1::MemberStatus::Active
        }
        .into(),
        created_at: Some(stamp(user.created_ns)),
        last_sign_in_at: user.last_sign_in_ns.filter(|_| may_see).map(stamp),
        link_expires_at: open
            .map(|link| link.expires_ns)
            .max()
            .filter(|_| may_see)
            .map(stamp),
        disabled_at: user.disabled_ns.map(stamp),
        all_projects,
        project_ids,
    }
}

fn own(caller: Caller) -> Result<UserId, ApiError> {
    let message = "must be given: the caller is no person";
    caller
        .user()
        .ok_or_else(|| ApiError::invalid("user_id", message))
}

fn address(used: Option<Use>) -> String {
    let address = used.and_then(|used| used.address);
    address
        .map(|address| address.to_string())
        .unwrap_or_default()
}

fn stamp(ns: i64) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: ns.div_euclid(1_000_000_000),
        nanos: ns.rem_euclid(1_000_000_000) as i32,
    }
}

#[tonic::async_trait]
impl AccountService for Accounts {
    async fn list_users(
        &self,
        request: Request<ListUsersRequest>,
    ) -> Result<Response<ListUsersResponse>, Status> {
        let caller = self.callers.of_grpc(&request, Action::ReadInstallation)?;
        Ok(Response::new(self.users(caller)?))
    }

    async fn list_tokens(
        &self,
        request: Request<ListTokensRequest>,
    ) -> Result<Response<ListTokensResponse>, Status> {
        let caller = self.callers.of_grpc(&request, Action::ReadOwnAccount)?;
        Ok(Response::new(self.tokens(caller, request.get_ref().all)?))
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        let caller = self.callers.of_grpc(&request, Action::ReadOwnAccount)?;
        let user = request.get_ref().user_id;
        Ok(Response::new(self.sessions(caller, user)?))
    }

    async fn list_keys(
        &self,
        request: Request<ListKeysRequest>,
    ) -> Result<Response<ListKeysResponse>, Status> {
        let caller = self.callers.of_grpc(&request, Action::ReadProject)?;
        let project = request.get_ref().project_id;
        Ok(Response::new(self.keys(caller, project)?))
    }
}
