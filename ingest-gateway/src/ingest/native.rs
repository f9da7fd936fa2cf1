//! `POST /api/errors` and `/api/errors/batch`.

use std::{sync::Arc, time::Instant};

use axum::{
    Json, Router,
    extract::{Request, State},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::post,
};
use event_model::ProjectId;
use http::{StatusCode, request::Parts};
use serde_json::json;

use super::{Origin, cors};
use crate::{
    body::{self, OFF_THREAD_BYTES_MIN, ReadBody},
    error::{ApiError, ErrorCode},
    ingest_auth,
    outcome::Received,
    parse,
    shared::Shared,
    telemetry,
};

/// The category of native events.
const CATEGORY: &str = "error";

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let one = post(one).options(cors::preflight);
    let batch = post(batch).options(cors::preflight);
    Router::new()
        .route("/api/errors", one.clone())
        .route("/api/errors/", one)
        .route("/api/errors/batch", batch.clone())
        .route("/api/errors/batch/", batch)
        .layer(map_response(cors::allow_any_origin))
        .with_state(shared)
}

async fn one(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let started = Instant::now();
    let response = match receive(&shared, request).await {
        Err(error) => error.into_response(),
        Ok((item, parts, read)) => store_one(&shared, item, &parts, read)
            .await
            .unwrap_or_else(ApiError::into_response),
    };
    telemetry::request_ended("errors", response.status().as_u16(), started.elapsed());
    response
}

async fn batch(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let started = Instant::now();
    let response = match receive(&shared, request).await {
        Err(error) => error.into_response(),
        Ok((item, parts, read)) => store_batch(&shared, item, &parts, read)
            .await
            .unwrap_or_else(ApiError::into_response),
    };
    telemetry::request_ended(
        "errors_batch",
        response.status().as_u16(),
        started.elapsed(),
    );
    response
}

/// Authenticates, then reads the body.
async fn receive(
    shared: &Arc<Shared>,
    request: Request,
) -> Result<(Received, Parts, ReadBody), ApiError> {
    let mut item = Received::new(&shared.tally, CATEGORY, ProjectId(0), 1);
    let (parts, request_body) = request.into_parts();
    let limits = &shared.config.limits;
    let project = shared.check_open().and_then(|()| {
        let key = ingest_auth::native_key(&parts.headers, parts.uri.query())?;
        ingest_auth::project_of(&shared.state.read(), key)
    });
    let project = match project {
        Ok(project) => project,
        Err(error) => {
            body::drain(request_body, limits).await;
            item.refused(&error);
            return Err(error);
        }
    };
    item.relabel(CATEGORY, project);
    match body::read(&parts.headers, request_body, true, limits, &shared.budget).await {
        Ok(read) => Ok((item, parts, read)),
        Err(error) => {
            item.refused(&error);
            Err(error)
        }
    }
}

async fn store_one(
    shared: &Arc<Shared>,
    item: Received,
    parts: &Parts,
    read: ReadBody,
) -> Result<Response, ApiError> {
    let origin = Origin::new(shared, item.project(), &parts.extensions, &parts.headers);
    let heavy = read.bytes.len() >= OFF_THREAD_BYTES_MIN;
    let bytes = read.bytes.clone();
    let reader = origin.clone();
    let parsed = body::off_thread_if(heavy, move || {
        parse::parse_native(&bytes, &reader.context())
    })
    .await
    .and_then(|parsed| parsed.map_err(ApiError::from));
    let event = match parsed {
        Ok(event) => event,
        Err(error) => {
            item.refused(&error);
            return Err(error);
        }
    };
    let mut ended = shared.store(&origin, vec![(item, event)]).await;
    let id = ended
        .pop()
        .unwrap_or_else(|| Err(ApiError::new(ErrorCode::Internal, "no answer")))?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "id": id }))).into_response())
}

async fn store_batch(
    shared: &Arc<Shared>,
    item: Received,
    parts: &Parts,
    read: ReadBody,
) -> Result<Response, ApiError> {
    let origin = Origin::new(shared, item.project(), &parts.extensions, &parts.headers);
    let heavy = read.bytes.len() >= OFF_THREAD_BYTES_MIN;
    let bytes = read.bytes.clone();
    let reader = origin.clone();
    let parsed = body::off_thread_if(heavy, move || {
        parse::parse_native_batch(&bytes, &reader.context())
    })
    .await
    .and_then(|parsed| parsed.map_err(ApiError::from));
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            item.refused(&error);
            return Err(error);
        }
    };
    let results = store_results(shared, &origin, item, parsed).await;
    if let Some(error) = whole_refusal(&results) {
        return Err(error);
    }
    let results: Vec<serde_json::Value> = results
        .into_iter()
        .map(|result| match result {
            Ok(id) => json!({ "id": id }),
            Err(error) => json!({ "error": error.to_json() }),
        })
        .collect();
    Ok((StatusCode::ACCEPTED, Json(json!({ "results": results }))).into_response())
}

/// Stores the good ones of a batch; an answer for each, in order.
pub(crate) async fn store_results(
    shared: &Arc<Shared>,
    origin: &Origin,
    item: Received,
    parsed: Vec<Result<parse::ParsedEvent, parse::Invalid>>,
) -> Vec<Result<event_model::EventId, ApiError>> {
    if parsed.is_empty() {
        item.dropped(crate::outcome::DropReason::Empty);
        return Vec::new();
    }
    // The request's own guard becomes the first item's.
    let mut guards = vec![item];
    for _ in 1..parsed.len() {
        let more = guards[0].another(CATEGORY, 1);
        guards.push(more);
    }
    store_each(shared, origin, guards.into_iter().zip(parsed).collect()).await
}

/// Stores the good ones of those that have their guards; an answer for each, in order.
pub(crate) async fn store_each(
    shared: &Arc<Shared>,
    origin: &Origin,
    items: Vec<(Received, Result<parse::ParsedEvent, parse::Invalid>)>,
) -> Vec<Result<event_model::EventId, ApiError>> {
    let mut results = Vec::with_capacity(items.len());
    let mut events = Vec::new();
    for (guard, parsed) in items {
        match parsed {
            Ok(event) => {
                events.push((guard, event));
                results.push(None);
            }
            Err(invalid) => {
                let error = ApiError::from(invalid);
                guard.refused(&error);
                results.push(Some(Err(error)));
            }
        }
    }
    let mut stored = shared.store(origin, events).await.into_iter();
    results
        .into_iter()
        .map(|result| {
            result
                .or_else(|| stored.next())
                .unwrap_or_else(|| Err(ApiError::new(ErrorCode::Internal, "no answer")))
        })
        .collect()
}

/// If all of a batch may pass later, the whole request is refused with 503: clients
/// retry requests, not items.
pub(crate) fn whole_refusal(
    results: &[Result<event_model::EventId, ApiError>],
) -> Option<ApiError> {
    let first = results.first()?.as_ref().err()?;
    results
        .iter()
        .all(|result| {
            result
                .as_ref()
                .is_err_and(|error| error.code.is_retriable())
        })
        .then(|| first.clone())
}
