//! `POST /api/issues/merge` and `POST /api/issues/{id}/unmerge`: what is one issue, decided
//! by scripts.
//!
//! The commands are those of [`crate::commands`]; here is their JSON. Invariant: a body is
//! read once it is known who sends it, and what it has beside the fields known is refused.

use axum::{
    Router,
    body::to_bytes,
    extract::{Path, Request, State},
    response::Response,
    routing::post,
};
use event_model::{access::Action, credential::Caller};
use proto::{
    routes,
    v1::{MergeIssuesRequest, UnmergeFingerprintsRequest},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{COMMAND_BYTES_MAX, answer};
use crate::{
    commands::CommandRpc,
    error::{ApiError, ErrorCode},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Merge {
    issue_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unmerge {
    fingerprints: Vec<String>,
    #[serde(default)]
    together: bool,
}

/// Both.
pub(super) fn router(commands: CommandRpc) -> Router {
    Router::new()
        .route(routes::MERGE_ISSUES.path, post(merge))
        .route(routes::UNMERGE_ISSUE.path, post(unmerge))
        .with_state(commands)
}

async fn merge(State(rpc): State<CommandRpc>, request: Request) -> Response {
    answer(rpc.merge_rest(request).await)
}

async fn unmerge(
    State(rpc): State<CommandRpc>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    answer(rpc.unmerge_rest(id, request).await)
}

impl CommandRpc {
    async fn merge_rest(&self, request: Request) -> Result<Value, ApiError> {
        let (caller, Merge { issue_ids }) = self.read(request).await?;
        let merged = self
            .commands
            .merge_issues(caller, MergeIssuesRequest { issue_ids })
            .await?;
        Ok(json!({
            "position": merged.position.to_string(),
            "issue_id": merged.issue_id,
        }))
    }

    async fn unmerge_rest(&self, issue_id: String, request: Request) -> Result<Value, ApiError> {
        let (caller, wanted) = self.read(request).await?;
        let Unmerge {
            fingerprints,
            together,
        } = wanted;
        let wanted = UnmergeFingerprintsRequest {
            issue_id,
            fingerprints,
            together,
        };
        let done = self.commands.unmerge_fingerprints(caller, wanted).await?;
        Ok(json!({ "position": done.position.to_string() }))
    }

    /// Who asks, and what for.
    async fn read<T: DeserializeOwned>(&self, request: Request) -> Result<(Caller, T), ApiError> {
        let (headers, extensions) = (request.headers(), request.extensions());
        let caller = self.callers.of(headers, extensions, Action::Triage)?;
        let body = to_bytes(request.into_body(), COMMAND_BYTES_MAX).await;
        let body = body.map_err(|_| {
            let message = format!("the body must have at most {COMMAND_BYTES_MAX} bytes");
            ApiError::new(ErrorCode::TooLarge, message)
        })?;
        let wanted = serde_json::from_slice(&body).map_err(|error| {
            // serde names the field and the place, never a value.
            ApiError::invalid("", format!("the body is not the JSON expected: {error}"))
        })?;
        Ok((caller, wanted))
    }
}
