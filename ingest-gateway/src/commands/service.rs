//! Every command by its request and answer, and `errata.v1.CommandService` on top.
//!
//! [`Commands`] serves the command line without HTTP; the gRPC service only adds
//! who calls.

use event_model::{
    Decision, LinkSecret, Position, PublicKey, TokenId, TokenScope, UserId,
    credential::{Caller, random_secret, sha256},
};
use proto::v1::{
    AdvanceAlertCursorRequest, AssignIssuesRequest, CommandResponse, CreateKeyRequest,
    CreateKeyResponse, CreateProjectRequest, CreateProjectResponse, CreateTokenRequest,
    CreateTokenResponse, CreateUserRequest, CreateUserResponse, DisableKeyRequest,
    DiscardIssuesRequest, KeepIssuesRequest, RecordDeliveryRequest, RevokeTokenRequest,
    SetIssueStatusRequest, command_service_server::CommandService,
};
use tonic::{Request, Response, Status};

use super::{CommandCore, actor_of, validate};
use crate::{
    caller::Callers,
    error::{ApiError, ErrorCode},
    shared::now_ns,
    sign_in::{PASSWORD_LINK_LIFE_NS, PasswordHasher},
};

/// Prefix of API tokens: secret scanners find it.
const TOKEN_PREFIX: &str = "errata_";

/// All commands, for any caller.
#[derive(Debug, Clone)]
pub struct Commands {
    core: CommandCore,
    hasher: PasswordHasher,
}

impl Commands {
    /// Commands over this core.
    pub fn new(core: CommandCore, hasher: PasswordHasher) -> Self {
        Self { core, hasher }
    }

    /// The core.
    pub fn core(&self) -> &CommandCore {
        &self.core
    }

    /// Creates a project and its first key. Role owner.
    pub async fn create_project(
        &self,
        caller: Caller,
        request: CreateProjectRequest,
    ) -> Result<CreateProjectResponse, ApiError> {
        owner(caller)?;
        let name = validate::name("name", &request.name)?;
        let platform = validate::label("platform", &request.platform)?;
        let key = PublicKey::random();
        let (position, id) = self
            .core
            .decide(actor_of(caller), move |state| {
                let mut projects = state.projects.values();
                if projects.any(|p| p.name.to_lowercase() == name.to_lowercase()) {
                    let message = format!("there is a project {name:?} already");
                    return Err(validate::taken("name", message));
                }
                let id = state.next_project_id();
                let decision = Decision::CreateProject {
                    id,
                    name,
                    platform,
                    public_key: key,
                    key_label: String::new(),
                };
                Ok((decision, id))
            })
            .await?;
        Ok(CreateProjectResponse {
            position: position.0,
            project_id: id.0,
            public_key: key.to_string(),
            dsn: self.core.dsn(id, key),
        })
    }

    /// Creates a key. Role owner.
    pub async fn create_key(
        &self,
        caller: Caller,
        request: CreateKeyRequest,
    ) -> Result<CreateKeyResponse, ApiError> {
        owner(caller)?;
        let label = validate::label("label", &request.label)?;
        let key = PublicKey::random();
        let (position, project) = self
            .core
            .decide(actor_of(caller), move |state| {
                let project_id = validate::project(state, request.project_id)?;
                let decision = Decision::CreateKey {
                    project_id,
                    public_key: key,
                    label,
                };
                Ok((decision, project_id))
            })
            .await?;
        Ok(CreateKeyResponse {
            position: position.0,
            public_key: key.to_string(),
            dsn: self.core.dsn(project, key),
        })
    }

    /// Disables a key. Role owner.
    pub async fn disable_key(
        &self,
        caller: Caller,
        request: DisableKeyRequest,
    ) -> Result<CommandResponse, ApiError> {
        owner(caller)?;
        let public_key = validate::public_key(&request.public_key)?;
        self.record(caller, move |state| {
            let project_id = validate::project(state, request.project_id)?;
            let key = state.keys.get(&public_key);
            if key.is_none_or(|key| key.project_id != project_id) {
                let message = format!("project {project_id} has no key {public_key}");
                return Err(validate::missing("public_key", message));
            }
            Ok(Decision::DisableKey {
                project_id,
                public_key,
            })
        })
        .await
    }

    /// Creates a person, with a password or a one-time link to set it. Role owner.
    pub async fn create_user(
        &self,
        caller: Caller,
        request: CreateUserRequest,
    ) -> Result<CreateUserResponse, ApiError> {
        owner(caller)?;
        let email = validate::check_email("email", &request.email)?;
        let name = validate::person("name", &request.name)?;
        let role = validate::role(request.role)?;
        let (password_hash, secret) = if request.password.is_empty() {
            (String::new(), Some(random_secret("")))
        } else {
            validate::check_password("password", &request.password)?;
            (self.hasher.hash(request.password).await?, None)
        };
        let link = secret.as_deref().map(new_link);
        let (position, id) = self
            .core
            .decide(actor_of(caller), move |state| {
                if state.user_by_email(&email).is_some() {
                    let message = format!("there is a user {email:?} already");
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
                .map(|secret| self.core.welcome_link(&secret))
                .unwrap_or_default(),
        })
    }

    /// Creates an API token; another's only as owner.
    pub async fn create_token(
        &self,
        caller: Caller,
        request: CreateTokenRequest,
    ) -> Result<CreateTokenResponse, ApiError> {
        person(caller)?;
        let label = validate::name("label", &request.label)?;
        let own = match caller {
            Caller::User { id, .. } => Some(id),
            Caller::Internal | Caller::Admin => None,
        };
        let user = match (request.user_id, own) {
            (0, Some(own)) => own.0,
            (0, None) => return Err(ApiError::invalid("user_id", "must be given")),
            (named, _) => named,
        };
        if own != Some(UserId(user)) {
            owner(caller)?;
        }
        let token = random_secret(TOKEN_PREFIX);
        let token_sha256 = sha256(&token);
        let (position, id) = self
            .core
            .decide(actor_of(caller), move |state| {
                let user_id = validate::user(state, user)?;
                let id = state.next_token_id();
                let decision = Decision::CreateToken {
                    id,
                    user_id,
                    label,
                    token_sha256,
                    scope: TokenScope::Full,
                    expires_ns: None,
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
        person(caller)?;
        let id = TokenId(request.token_id);
        self.record(caller, move |state| {
            let Some(token) = state.tokens.get(&id) else {
                let message = format!("there is no token {id}");
                return Err(validate::missing("token_id", message));
            };
            let own = matches!(caller, Caller::User { id, .. } if id == token.user_id);
            if !own {
                owner(caller)?;
            }
            Ok(Decision::RevokeToken { id })
        })
        .await
    }

    /// Resolves, ignores or reopens issues.
    pub async fn set_issue_status(
        &self,
        caller: Caller,
        request: SetIssueStatusRequest,
    ) -> Result<CommandResponse, ApiError> {
        person(caller)?;
        let issues = validate::issues(&request.issue_ids)?;
        let status = validate::status(request.status)?;
        self.record(caller, move |_| {
            Ok(Decision::SetIssueStatus { issues, status })
        })
        .await
    }

    /// Assigns issues to a person or to nobody.
    pub async fn assign_issues(
        &self,
        caller: Caller,
        request: AssignIssuesRequest,
    ) -> Result<CommandResponse, ApiError> {
        person(caller)?;
        let issues = validate::issues(&request.issue_ids)?;
        self.record(caller, move |state| {
            let user_id = match request.user_id {
                0 => None,
                id => Some(validate::user(state, id)?),
            };
            Ok(Decision::AssignIssues { issues, user_id })
        })
        .await
    }

    /// Deletes issues and discards their events, those to come included.
    pub async fn discard_issues(
        &self,
        caller: Caller,
        request: DiscardIssuesRequest,
    ) -> Result<CommandResponse, ApiError> {
        person(caller)?;
        let core = self.core.clone();
        // Records are read from the log, perhaps from the disk.
        let found = tokio::task::spawn_blocking(move || core.discarded(&request.issues)).await;
        let issues =
            found.map_err(|_| ApiError::new(ErrorCode::Internal, "the command failed"))??;
        self.record(caller, move |state| {
            for (at, issue) in issues.iter().enumerate() {
                let field = format!("issues[{at}].project_id");
                if !state.projects.contains_key(&issue.project_id) {
                    let message = format!("there is no project {}", issue.project_id);
                    return Err(validate::missing(&field, message));
                }
            }
            Ok(Decision::DiscardIssues { issues })
        })
        .await
    }

    /// Wants events of issues again.
    pub async fn keep_issues(
        &self,
        caller: Caller,
        request: KeepIssuesRequest,
    ) -> Result<CommandResponse, ApiError> {
        person(caller)?;
        let issues = validate::issues(&request.issue_ids)?;
        self.record(caller, move |_| Ok(Decision::KeepIssues { issues }))
            .await
    }

    /// Records a notification's step. The alerter only.
    pub async fn record_delivery(
        &self,
        caller: Caller,
        request: RecordDeliveryRequest,
    ) -> Result<CommandResponse, ApiError> {
        internal(caller)?;
        let step = validate::delivery(&request)?;
        self.record(caller, move |_| Ok(Decision::RecordDelivery { step }))
            .await
    }

    /// Notes how far transitions are dealt with. The alerter only.
    pub async fn advance_alert_cursor(
        &self,
        caller: Caller,
        request: AdvanceAlertCursorRequest,
    ) -> Result<CommandResponse, ApiError> {
        internal(caller)?;
        let position = request.position;
        self.record(caller, move |_| {
            Ok(Decision::AdvanceAlertCursor { position })
        })
        .await
    }

    async fn record(
        &self,
        caller: Caller,
        check: impl FnOnce(&event_model::ControlState) -> Result<Decision, ApiError> + Send + 'static,
    ) -> Result<CommandResponse, ApiError> {
        let (Position(position), ()) = self
            .core
            .decide(actor_of(caller), move |state| {
                check(state).map(|decision| (decision, ()))
            })
            .await?;
        Ok(CommandResponse { position })
    }
}

/// What is kept of a new one-time link.
pub(crate) fn new_link(secret: &str) -> LinkSecret {
    LinkSecret {
        sha256: sha256(secret),
        expires_ns: now_ns() + PASSWORD_LINK_LIFE_NS,
    }
}

pub(crate) fn owner(caller: Caller) -> Result<(), ApiError> {
    if caller.is_owner() {
        return Ok(());
    }
    Err(ApiError::new(
        ErrorCode::Forbidden,
        "only an owner may do this",
    ))
}

/// Another role decides nothing in people's name: [`internal`] lists what it may.
pub(crate) fn person(caller: Caller) -> Result<(), ApiError> {
    if caller == Caller::Internal {
        return Err(ApiError::new(
            ErrorCode::Forbidden,
            "the internal token is for deliveries and the alert cursor only",
        ));
    }
    Ok(())
}

fn internal(caller: Caller) -> Result<(), ApiError> {
    if caller == Caller::Internal {
        return Ok(());
    }
    Err(ApiError::new(
        ErrorCode::Forbidden,
        "only a role of this installation may do this",
    ))
}

/// The gRPC service.
#[derive(Debug, Clone)]
pub(crate) struct CommandRpc {
    pub(crate) commands: Commands,
    pub(crate) callers: Callers,
}

macro_rules! rpc {
    ($($name:ident: $request:ty => $response:ty;)*) => {
        #[tonic::async_trait]
        impl CommandService for CommandRpc {
            $(
                async fn $name(
                    &self,
                    request: Request<$request>,
                ) -> Result<Response<$response>, Status> {
                    let caller = self.callers.of_grpc(&request)?;
                    let answer = self.commands.$name(caller, request.into_inner()).await?;
                    Ok(Response::new(answer))
                }
            )*
        }
    };
}

rpc! {
    create_project: CreateProjectRequest => CreateProjectResponse;
    create_key: CreateKeyRequest => CreateKeyResponse;
    disable_key: DisableKeyRequest => CommandResponse;
    create_user: CreateUserRequest => CreateUserResponse;
    create_token: CreateTokenRequest => CreateTokenResponse;
    revoke_token: RevokeTokenRequest => CommandResponse;
    set_issue_status: SetIssueStatusRequest => CommandResponse;
    assign_issues: AssignIssuesRequest => CommandResponse;
    discard_issues: DiscardIssuesRequest => CommandResponse;
    keep_issues: KeepIssuesRequest => CommandResponse;
    record_delivery: RecordDeliveryRequest => CommandResponse;
    advance_alert_cursor: AdvanceAlertCursorRequest => CommandResponse;
}
