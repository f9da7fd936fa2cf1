//! `POST /api/errors` and `/api/errors/batch`.

use std::{sync::Arc, time::Instant};

use axum::{
    Json, Router,
    extract::{Request, State},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::post,
};
use event_model::{EventId, ProjectId};
use http::{StatusCode, request::Parts};
use proto::routes;
use serde_json::json;

use super::{
    Ingestion, Origin, Prepared, cors,
    piece::{self, Desk},
    store::Storable,
};
use crate::{
    arrivals::Arrival,
    auth::key,
    body::{self, Party, ReadBody},
    error::{ApiError, ErrorCode},
    limits::{Category, Door},
    outcome::{Received, fates::Fates},
    telemetry,
};

/// The category of native events.
const CATEGORY: &str = "error";
/// The category of what a client says that it dropped: as if it came by itself.
const REPORT: &str = "client_report";

pub(crate) fn router(ingestion: Arc<Ingestion>) -> Router {
    let one = post(one).options(cors::preflight);
    let batch = post(batch).options(cors::preflight);
    let mut router = Router::new();
    for (route, methods) in [(routes::ERRORS, one), (routes::ERRORS_BATCH, batch)] {
        for path in route.paths() {
            router = router.route(&path, methods.clone());
        }
    }
    router
        .layer(map_response(cors::allow_any_origin))
        .with_state(ingestion)
}

async fn one(State(ingestion): State<Arc<Ingestion>>, request: Request) -> Response {
    let started = Instant::now();
    let mut response = match receive(&ingestion, request, Door::Errors).await {
        Err(error) => error.into_response(),
        Ok((item, parts, party, read)) => store_one(&ingestion, item, &parts, party, read)
            .await
            .unwrap_or_else(ApiError::into_response),
    };
    tell(&ingestion, &mut response, Door::Errors);
    telemetry::request_ended("errors", response.status().as_u16(), started.elapsed());
    response
}

async fn batch(State(ingestion): State<Arc<Ingestion>>, request: Request) -> Response {
    let started = Instant::now();
    let mut response = match receive(&ingestion, request, Door::Batches).await {
        Err(error) => error.into_response(),
        Ok((item, parts, party, read)) => store_batch(&ingestion, item, &parts, party, read)
            .await
            .unwrap_or_else(ApiError::into_response),
    };
    tell(&ingestion, &mut response, Door::Batches);
    telemetry::request_ended(
        "errors_batch",
        response.status().as_u16(),
        started.elapsed(),
    );
    response
}

/// Says how it stands with the limits.
fn tell(ingestion: &Ingestion, response: &mut Response, door: Door) {
    if let Some((project, key)) = Arrival::current_owner() {
        let allowance = ingestion.allowances.allowance(project, Some(key));
        let headers = response.headers_mut();
        ingestion.allowances.tell(headers, allowance, (key, door));
    }
}

/// Authenticates, asks the limits, then reads the body.
async fn receive(
    ingestion: &Ingestion,
    request: Request,
    door: Door,
) -> Result<(Received, Parts, Party, ReadBody), ApiError> {
    let mut item = Received::new(&ingestion.tally, CATEGORY, ProjectId(0), 1);
    let (parts, request_body) = request.into_parts();
    let limits = &ingestion.limits;
    let known = ingestion.check_open().and_then(|()| {
        let key = key::native_key(&parts.headers, parts.uri.query())?;
        let project = key::project_of(&ingestion.state.read(), key)?;
        item.relabel(CATEGORY, project);
        ingestion.check_limits(key, project, Some(Category::Error))?;
        ingestion.allowances.enter(key, door)?;
        Ok(key)
    });
    let key = match known {
        Ok(key) => key,
        Err(error) => {
            body::refuse(request_body, &parts.headers, &error, limits).await;
            item.refused(&error);
            return Err(error);
        }
    };
    let party = Party::Key(key);
    let read = async {
        let sender = ingestion.sender(&parts.extensions, &parts.headers);
        let reservation = ingestion.account(sender, Some(key))?;
        let turn = ingestion.turn(party);
        body::read(&parts.headers, request_body, limits, reservation, turn).await
    };
    match read.await {
        Ok(read) => Ok((item, parts, party, read)),
        Err(error) => {
            item.refused(&error);
            Err(error)
        }
    }
}

async fn store_one(
    ingestion: &Ingestion,
    item: Received,
    parts: &Parts,
    party: Party,
    read: ReadBody,
) -> Result<Response, ApiError> {
    let origin = Origin::new(ingestion, item.project(), &parts.extensions, &parts.headers);
    let desk = Desk::new(ingestion, party, read.reservation, &read.bytes);
    let (bytes, reader) = (read.bytes, origin.clone());
    let work = move || {
        let event = event_intake::read_native(&bytes, &reader.context())?;
        Ok::<_, event_intake::Invalid>(reader.prepare(&event))
    };
    let prepared = desk.run(ingestion, work).await;
    let event = match prepared.and_then(|prepared| prepared.map_err(ApiError::from)) {
        Ok(event) => event,
        Err(error) => {
            item.refused(&error);
            return Err(error);
        }
    };
    let mut ended = ingestion.store.events(vec![(item, event)]).await;
    let id = ended
        .pop()
        .unwrap_or_else(|| Err(ApiError::new(ErrorCode::Internal, "no answer")))?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "id": id }))).into_response())
}

async fn store_batch(
    ingestion: &Ingestion,
    item: Received,
    parts: &Parts,
    party: Party,
    read: ReadBody,
) -> Result<Response, ApiError> {
    let origin = Origin::new(ingestion, item.project(), &parts.extensions, &parts.headers);
    let desk = Desk::new(ingestion, party, read.reservation, &read.bytes);
    let (bytes, events_max) = (read.bytes, ingestion.limits.batch_events_max);
    let work = move || event_intake::NativeBatch::scan(bytes, events_max);
    let batch = desk.run(ingestion, work).await;
    let batch = match batch.and_then(|batch| batch.map_err(ApiError::from)) {
        Ok(batch) => batch,
        Err(error) => {
            item.refused(&error);
            return Err(error);
        }
    };
    let stored = store_batch_of(ingestion, &desk, &origin, item, batch).await?;
    let results: Vec<serde_json::Value> = stored
        .results
        .into_iter()
        .map(|result| match result {
            Ok(id) => json!({ "id": id }),
            Err(error) => json!({ "error": error.to_json() }),
        })
        .collect();
    let mut answer = json!({ "results": results });
    if let Some(error) = stored.discarded_error {
        answer["discarded_events_error"] = error.to_json();
    }
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

/// What became of a batch.
pub(crate) struct StoredBatch {
    /// Of each event, in order.
    pub(crate) results: Vec<Result<EventId, ApiError>>,
    /// Why the client's own drops were not counted, if so.
    pub(crate) discarded_error: Option<ApiError>,
}

/// Stores the good ones of a batch, and then what the client says that it dropped, which
/// costs no event. Fails if all of it may pass later, or if there is nothing beside drops
/// that cannot be counted: then whoever comes again counts nothing twice.
pub(crate) async fn store_batch_of(
    ingestion: &Ingestion,
    desk: &Desk,
    origin: &Origin,
    mut item: Received,
    batch: event_intake::NativeBatch,
) -> Result<StoredBatch, ApiError> {
    let Some(discarded) = batch.discarded(&origin.context()) else {
        let results = store_events(ingestion, desk, origin, item, batch).await?;
        return Ok(StoredBatch {
            results,
            discarded_error: None,
        });
    };
    let is_alone = batch.count() == 0;
    let mut results = Vec::new();
    let mut report = if is_alone {
        let project = item.project();
        item.relabel(REPORT, project);
        item
    } else {
        let report = item.another(REPORT, 1);
        match store_events(ingestion, desk, origin, item, batch).await {
            Ok(stored) => results = stored,
            Err(error) => {
                report.refused(&error);
                return Err(error);
            }
        }
        report
    };
    report.set_kind(REPORT);
    let counted = match discarded.map_err(ApiError::from) {
        Ok(note) => {
            let note = Storable::Note(report, Box::new(note));
            let ended = ingestion.store.others(vec![note]).await;
            ended.into_iter().collect::<Result<(), _>>()
        }
        Err(error) => {
            report.refused(&error);
            Err(error)
        }
    };
    match counted {
        Err(error) if is_alone => Err(error),
        counted => Ok(StoredBatch {
            results,
            discarded_error: counted.err(),
        }),
    }
}

/// Stores the good events of a batch, a piece at a time; an answer for each, in order.
/// Fails if all of it may pass later.
async fn store_events(
    ingestion: &Ingestion,
    desk: &Desk,
    origin: &Origin,
    item: Received,
    mut batch: event_intake::NativeBatch,
) -> Result<Vec<Result<EventId, ApiError>>, ApiError> {
    let count = batch.count();
    let mut fates = Fates::of_batch(item, CATEGORY, count);
    let mut results = Vec::with_capacity(count);
    loop {
        let (rest, piece) = match piece::next(ingestion, desk, origin, batch).await {
            Ok(read) => read,
            Err(error) => {
                // No room or no turn: that goes for all the rest.
                results.resize_with(count, || Err(error.clone()));
                fates.refuse_rest(&error);
                break;
            }
        };
        batch = rest;
        let items = piece.read.into_iter();
        let items = items.map(|read| (fates.next(CATEGORY, 1), read));
        let stored = store_each(ingestion, items.collect()).await;
        let failed = whole_refusal(&stored);
        results.extend(stored);
        if let Some(error) = failed.filter(|_| results.len() < count) {
            // The log takes nothing now: no need to ask again for each piece.
            results.resize_with(count, || Err(error.clone()));
            fates.refuse_rest(&error);
            break;
        }
        if piece.is_last {
            break;
        }
    }
    fates.empty();
    match whole_refusal(&results) {
        Some(error) => Err(error),
        None => Ok(results),
    }
}

/// Stores the good ones of those that have their guards; an answer for each, in order.
pub(crate) async fn store_each(
    ingestion: &Ingestion,
    items: Vec<(Received, Result<Prepared, event_intake::Invalid>)>,
) -> Vec<Result<EventId, ApiError>> {
    let mut results = Vec::with_capacity(items.len());
    let mut events = Vec::new();
    for (guard, prepared) in items {
        match prepared {
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
    let mut stored = ingestion.store.events(events).await.into_iter();
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
pub(crate) fn whole_refusal(results: &[Result<EventId, ApiError>]) -> Option<ApiError> {
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
