//! `errata.v1.IngestDebugService` and `GET /api/projects/{id}/ingest`.
//!
//! Who sees a project may read its outcomes, as they may read its events; what could not
//! be attributed tells of strangers' requests, so that is for owners.

mod read;
mod words;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Request, State},
    response::Response,
    routing::get,
};
use event_model::{ControlState, ProjectId, PublicKey, access::Action, credential::Caller};
use parking_lot::RwLock;
use proto::{
    routes,
    v1::{
        ListOutcomesRequest, ListOutcomesResponse, ingest_debug_service_server::IngestDebugService,
    },
};
use serde_json::json;
use tonic::Status;
use url::form_urlencoded;

use self::read::Wanted;
use super::answer;
use crate::{
    arrivals::{Kind, RING_OUTCOMES},
    auth::caller::Callers,
    commands::{may, validate},
    error::{ApiError, ErrorCode},
    outcome::Tally,
};

/// Outcomes of an answer, unless another number is asked for.
const LIMIT_DEFAULT: usize = 100;

/// What both need.
#[derive(Debug, Clone)]
pub(crate) struct Outcomes {
    pub(super) state: Arc<RwLock<ControlState>>,
    pub(super) tally: Arc<Tally>,
    pub(super) callers: Callers,
}

/// The REST read.
pub(crate) fn router(state: Outcomes) -> Router {
    Router::new()
        .route(routes::ARRIVALS.path, get(rest))
        .with_state(state)
}

impl Outcomes {
    fn list(&self, caller: Caller, wanted: Wanted) -> Result<ListOutcomesResponse, ApiError> {
        self.check(caller, wanted)?;
        let arrivals = self.tally.arrivals();
        let (outcomes, newest) = arrivals.newest(
            wanted.project,
            wanted.key,
            wanted.kind,
            wanted.after,
            wanted.limit,
        );
        Ok(ListOutcomesResponse {
            outcomes: outcomes
                .iter()
                .map(|outcome| read::message(outcome))
                .collect(),
            newest,
        })
    }

    /// Whether project and key exist and belong together.
    fn check(&self, caller: Caller, wanted: Wanted) -> Result<(), ApiError> {
        if wanted.project == ProjectId(0) {
            return may(caller, Action::ReadUnattributed);
        }
        let missing =
            |field: &str, message: String| ApiError::at(ErrorCode::NotFound, field, message);
        let state = self.state.read();
        validate::project(&state, caller, Action::ReadProject, wanted.project.0)?;
        if let Some(key) = wanted.key
            && state
                .keys
                .get(&key)
                .is_none_or(|found| found.project_id != wanted.project)
        {
            let message = format!("project {} has no such key", wanted.project);
            return Err(missing("public_key", message));
        }
        Ok(())
    }
}

fn public_key(text: &str, field: &str) -> Result<Option<PublicKey>, ApiError> {
    if text.is_empty() {
        return Ok(None);
    }
    let key = text.parse();
    key.map(Some)
        .map_err(|_| ApiError::invalid(field, "must be 32 hex digits"))
}

fn limit(given: u64) -> Result<usize, ApiError> {
    match usize::try_from(given) {
        Ok(0) => Ok(LIMIT_DEFAULT),
        Ok(limit) if limit <= RING_OUTCOMES => Ok(limit),
        _ => Err(ApiError::invalid(
            "limit",
            format!("must be 1 to {RING_OUTCOMES}"),
        )),
    }
}

#[tonic::async_trait]
impl IngestDebugService for Outcomes {
    async fn list_outcomes(
        &self,
        request: tonic::Request<ListOutcomesRequest>,
    ) -> Result<tonic::Response<ListOutcomesResponse>, Status> {
        let caller = self.callers.of_grpc(&request, Action::ReadProject)?;
        let request = request.into_inner();
        let wanted = Wanted {
            project: ProjectId(request.project_id),
            key: public_key(&request.public_key, "public_key")?,
            kind: Kind::from_proto(request.kind)
                .map_err(|kind| ApiError::invalid("kind", format!("there is no kind {kind}")))?,
            after: request.after,
            limit: limit(request.limit.into())?,
        };
        Ok(tonic::Response::new(self.list(caller, wanted)?))
    }
}

async fn rest(
    State(outcomes): State<Outcomes>,
    Path(project): Path<String>,
    request: Request,
) -> Response {
    let answered = outcomes.rest(&project, &request).map(|answer| {
        let outcomes: Vec<_> = answer.outcomes.iter().map(read::json).collect();
        json!({ "outcomes": outcomes, "newest": answer.newest.to_string() })
    });
    answer(answered)
}

impl Outcomes {
    fn rest(&self, project: &str, request: &Request) -> Result<ListOutcomesResponse, ApiError> {
        let caller =
            self.callers
                .of(request.headers(), request.extensions(), Action::ReadProject)?;
        let mut wanted = Wanted {
            project: match project {
                "unattributed" => ProjectId(0),
                number => number.parse().map(ProjectId).map_err(|_| {
                    ApiError::new(
                        ErrorCode::NotFound,
                        "a project is named by its number, or \"unattributed\"",
                    )
                })?,
            },
            key: None,
            kind: None,
            after: 0,
            limit: LIMIT_DEFAULT,
        };
        for (name, value) in
            form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
        {
            let number = || {
                let number = value.parse::<u64>();
                number.map_err(|_| ApiError::invalid(name.as_ref(), "must be a whole number"))
            };
            match name.as_ref() {
                "key" => wanted.key = public_key(&value, "key")?,
                "kind" => {
                    wanted.kind = Some(Kind::from_word(&value).ok_or_else(|| {
                        ApiError::invalid("kind", "must be stored, not_kept or refused")
                    })?);
                }
                "after" => wanted.after = number()?,
                "limit" => wanted.limit = limit(number()?)?,
                _ => {}
            }
        }
        self.list(caller, wanted)
    }
}
