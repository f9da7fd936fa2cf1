//! Commands about issues and of the alerter by their request and answer, and
//! `errata.v1.CommandService` on top of all.
//!
//! [`Commands`] serves the command line without HTTP; the gRPC service only adds
//! who calls.

use event_model::{Decision, Position, credential::Caller};
use proto::v1::{
    AdvanceAlertCursorRequest, AssignIssuesRequest, CommandResponse, CreateKeyRequest,
    CreateKeyResponse, CreatePasswordLinkRequest, CreatePasswordLinkResponse, CreateProjectRequest,
    CreateProjectResponse, CreateTokenRequest, CreateTokenResponse, CreateUserRequest,
    CreateUserResponse, DisableKeyRequest, DisableUserRequest, DiscardIssuesRequest,
    EnableKeyRequest, EnableUserRequest, EndSessionRequest, EndSessionsRequest,
    RecordDeliveryRequest, RenameKeyRequest, RenameProjectRequest, RenameUserRequest,
    RevokeTokenRequest, SendTestMailRequest, SendTestMailResponse, SetIssueStatusRequest,
    SetRoleRequest, UndiscardIssuesRequest, command_service_server::CommandService,
};
use tonic::{Request, Response, Status};

use super::{CommandCore, actor_of, validate};
use crate::{
    auth::caller::Callers,
    error::{ApiError, ErrorCode},
    others::Others,
    password::PasswordHasher,
};

/// All commands, for any caller.
#[derive(Debug, Clone)]
pub struct Commands {
    core: CommandCore,
    hasher: PasswordHasher,
    others: Others,
}

impl Commands {
    /// Commands over this core.
    pub fn new(core: CommandCore, hasher: PasswordHasher, others: Others) -> Self {
        Self {
            core,
            hasher,
            others,
        }
    }

    /// The core.
    pub fn core(&self) -> &CommandCore {
        &self.core
    }

    pub(super) fn hasher(&self) -> &PasswordHasher {
        &self.hasher
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
        let ids = validate::discarded(&request.issue_ids)?;
        let issues = self.core.discarded(&self.others, ids).await?;
        self.record(caller, move |_| Ok(Decision::DiscardIssues { issues }))
            .await
    }

    /// Sends a mail to the caller's own address. Role owner.
    pub async fn send_test_mail(
        &self,
        caller: Caller,
        _: SendTestMailRequest,
    ) -> Result<SendTestMailResponse, ApiError> {
        owner(caller)?;
        let to = {
            let state = self.core.state().read();
            let user = caller.user().and_then(|id| state.users.get(&id));
            user.map(|user| user.email.clone()).unwrap_or_default()
        };
        if to.is_empty() {
            return Err(ApiError::invalid("", "the caller has no address"));
        }
        let Some(mail) = &self.others.mail else {
            return Err(ApiError::invalid("", "no mail server is set (smtp.url)"));
        };
        let error = mail.send_test(to.clone()).await.err().unwrap_or_default();
        Ok(SendTestMailResponse { to, error })
    }

    /// Wants events of issues again.
    pub async fn undiscard_issues(
        &self,
        caller: Caller,
        request: UndiscardIssuesRequest,
    ) -> Result<CommandResponse, ApiError> {
        person(caller)?;
        let issues = validate::issues(&request.issue_ids)?;
        self.record(caller, move |_| Ok(Decision::UndiscardIssues { issues }))
            .await
    }

    /// Records a notification's step. The alerter only.
    pub async fn record_delivery(
        &self,
        caller: Caller,
        request: RecordDeliveryRequest,
    ) -> Result<CommandResponse, ApiError> {
        internal(caller)?;
        let step = validate::delivery(&request, self.core().clock().now_ns())?;
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

    pub(super) async fn record(
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
    rename_project: RenameProjectRequest => CommandResponse;
    create_key: CreateKeyRequest => CreateKeyResponse;
    disable_key: DisableKeyRequest => CommandResponse;
    enable_key: EnableKeyRequest => CommandResponse;
    rename_key: RenameKeyRequest => CommandResponse;
    create_user: CreateUserRequest => CreateUserResponse;
    rename_user: RenameUserRequest => CommandResponse;
    set_role: SetRoleRequest => CommandResponse;
    disable_user: DisableUserRequest => CommandResponse;
    enable_user: EnableUserRequest => CommandResponse;
    create_password_link: CreatePasswordLinkRequest => CreatePasswordLinkResponse;
    end_session: EndSessionRequest => CommandResponse;
    end_sessions: EndSessionsRequest => CommandResponse;
    create_token: CreateTokenRequest => CreateTokenResponse;
    revoke_token: RevokeTokenRequest => CommandResponse;
    send_test_mail: SendTestMailRequest => SendTestMailResponse;
    set_issue_status: SetIssueStatusRequest => CommandResponse;
    assign_issues: AssignIssuesRequest => CommandResponse;
    discard_issues: DiscardIssuesRequest => CommandResponse;
    undiscard_issues: UndiscardIssuesRequest => CommandResponse;
    record_delivery: RecordDeliveryRequest => CommandResponse;
    advance_alert_cursor: AdvanceAlertCursorRequest => CommandResponse;
}
