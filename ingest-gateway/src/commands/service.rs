//! Commands of the alerter by their request and answer, and `errata.v1.CommandService` on
//! top of all.
//!
//! [`Commands`] serves the command line without HTTP; the gRPC service only adds
//! who calls.

use event_model::{Decision, Position, access::Action, credential::Caller};
use proto::v1::{
    AdvanceAlertCursorRequest, AssignIssuesRequest, CommandResponse, CreateKeyRequest,
    CreateKeyResponse, CreatePasswordLinkRequest, CreatePasswordLinkResponse, CreateProjectRequest,
    CreateProjectResponse, CreateTokenRequest, CreateTokenResponse, CreateUserRequest,
    CreateUserResponse, DisableKeyRequest, DisableUserRequest, DiscardIssuesRequest,
    EnableKeyRequest, EnableUserRequest, EndSessionRequest, EndSessionsRequest, MergeIssuesRequest,
    MergeIssuesResponse, RecordDeliveryRequest, RenameKeyRequest, RenameProjectRequest,
    RenameUserRequest, RevokeTokenRequest, SendTestMailRequest, SendTestMailResponse,
    SetIssueStatusRequest, SetKeyLimitRequest, SetPlanRequest, SetRoleRequest,
    SetUserProjectsRequest, UndiscardIssuesRequest, UnmergeFingerprintsRequest,
    command_service_server::CommandService,
};
use tonic::{Request, Response, Status};

use super::{CommandCore, actor_of, may, validate};
use crate::{auth::caller::Callers, error::ApiError, others::Others, password::PasswordHasher};

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

    pub(super) fn others(&self) -> &Others {
        &self.others
    }

    pub(super) fn hasher(&self) -> &PasswordHasher {
        &self.hasher
    }

    /// Sends a mail to the caller's own address. Role owner.
    pub async fn send_test_mail(
        &self,
        caller: Caller,
        _: SendTestMailRequest,
    ) -> Result<SendTestMailResponse, ApiError> {
        may(caller, Action::SendTestMail)?;
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

    /// Records a notification's step. The alerter only.
    pub async fn record_delivery(
        &self,
        caller: Caller,
        request: RecordDeliveryRequest,
    ) -> Result<CommandResponse, ApiError> {
        may(caller, Action::RecordAlerts)?;
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
        may(caller, Action::RecordAlerts)?;
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
                    let caller = self.callers.of_command(&request)?;
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
    set_key_limit: SetKeyLimitRequest => CommandResponse;
    set_plan: SetPlanRequest => CommandResponse;
    create_user: CreateUserRequest => CreateUserResponse;
    rename_user: RenameUserRequest => CommandResponse;
    set_role: SetRoleRequest => CommandResponse;
    set_user_projects: SetUserProjectsRequest => CommandResponse;
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
    merge_issues: MergeIssuesRequest => MergeIssuesResponse;
    unmerge_fingerprints: UnmergeFingerprintsRequest => CommandResponse;
    record_delivery: RecordDeliveryRequest => CommandResponse;
    advance_alert_cursor: AdvanceAlertCursorRequest => CommandResponse;
}
