//! OTLP over gRPC: one message in, one out.

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
    routing::post,
};
use event_intake::otlp::{Encoding, Signal};
use event_model::ProjectId;
use proto::routes;

use super::{DECOMPRESSED_BYTES_MAX, Rejected, answer, authenticate, check_limits, endpoint, take};
use crate::{
    body::{self, Party},
    error::ApiError,
    ingest::{Ingestion, Origin, frame},
    outcome::Received,
    telemetry,
};

/// What comes by each service; each has one method.
const SERVICES: [(&str, Signal); 3] = [
    (routes::OTLP_LOGS_SERVICE, Signal::Logs),
    (routes::OTLP_TRACES_SERVICE, Signal::Traces),
    (routes::OTLP_METRICS_SERVICE, Signal::Metrics),
];

pub(super) fn router() -> Router<Arc<Ingestion>> {
    let mut router = Router::new();
    for (service, signal) in SERVICES {
        router = router.route(
            &format!("/{service}/Export"),
            post(move |state: State<Arc<Ingestion>>, request: Request| {
                serve(signal, state, request)
            }),
        );
    }
    router
}

async fn serve(
    signal: Signal,
    State(ingestion): State<Arc<Ingestion>>,
    request: Request,
) -> Response {
    let started = Instant::now();
    let answer = receive(&ingestion, signal, request).await;
    let status = answer
        .as_ref()
        .err()
        .map_or(200, |e| e.code.http().as_u16());
    telemetry::request_ended(endpoint(signal), status, started.elapsed());
    match answer {
        Ok(rejected) => accepted(&rejected),
        Err(error) => answer::grpc_refused(&error),
    }
}

async fn receive(
    ingestion: &Ingestion,
    signal: Signal,
    request: Request,
) -> Result<Rejected, ApiError> {
    let mut item = Received::new(&ingestion.tally, signal.category(), ProjectId(0), 1);
    let (parts, request_body) = request.into_parts();
    let limits = &ingestion.limits;
    let read = async {
        let known = authenticate(ingestion, &parts.headers, None, None);
        let checked = known.and_then(|(key, project)| {
            item.relabel(signal.category(), project);
            check_limits(ingestion, signal, key, project)?;
            Ok(key)
        });
        let key = match checked {
            Ok(key) => key,
            Err(error) => {
                body::refuse(request_body, &parts.headers, &error, limits).await;
                return Err(error);
            }
        };
        let sender = ingestion.sender(&parts.extensions, &parts.headers);
        let reservation = ingestion.account(sender, Some(key))?;
        let mut limits = limits.clone();
        limits.decompressed_bytes_max = limits.decompressed_bytes_max.min(DECOMPRESSED_BYTES_MAX);
        let turn = ingestion.turn(Party::Key(key));
        let message = frame::one(&parts.headers, request_body, &limits, reservation, turn).await?;
        Ok((key, message))
    };
    let read = match read.await {
        Ok(read) => read,
        Err(error) => {
            item.refused(&error);
            return Err(error);
        }
    };
    let origin = Origin::new(ingestion, item.project(), &parts.extensions, &parts.headers);
    take(ingestion, item, signal, Encoding::Protobuf, read, origin).await
}

fn accepted(rejected: &Rejected) -> Response {
    frame::answer(&answer::exported(rejected))
}
