//! OTLP over gRPC: one message in, one out. The frame around the message is read
//! here, not by tonic, so that a message is paid for from the same memory budget, and
//! decompressed under the same cap, as every other body; any encoding will do.

use std::{convert::Infallible, sync::Arc, time::Instant};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
    routing::post,
};
use bytes::{BufMut, Bytes, BytesMut};
use event_model::ProjectId;
use http::{HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt, Full};

use super::{DECOMPRESSED_BYTES_MAX, Rejected, answer, authenticate, endpoint, take};
use crate::{
    body::{self, ReadBody},
    error::{ApiError, ErrorCode},
    ingest::Origin,
    outcome::Received,
    parse::otlp::{Encoding, Signal},
    shared::Shared,
    telemetry,
};

/// The one method of each service.
pub(crate) const METHODS: [(&str, Signal); 3] = [
    (
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        Signal::Logs,
    ),
    (
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Traces,
    ),
    (
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Metrics,
    ),
];

/// What stands before a message: whether it is compressed, and its length.
const FRAME_BYTES: usize = 5;

pub(super) fn router() -> Router<Arc<Shared>> {
    let mut router = Router::new();
    for (path, signal) in METHODS {
        router = router.route(
            path,
            post(move |state: State<Arc<Shared>>, request: Request| serve(signal, state, request)),
        );
    }
    router
}

async fn serve(signal: Signal, State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let started = Instant::now();
    let answer = receive(&shared, signal, request).await;
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
    shared: &Arc<Shared>,
    signal: Signal,
    request: Request,
) -> Result<Rejected, ApiError> {
    let mut item = Received::new(&shared.tally, signal.category(), ProjectId(0), 1);
    let (parts, request_body) = request.into_parts();
    let limits = &shared.config.limits;
    let read = async {
        let project = match authenticate(shared, &parts.headers, None, None) {
            Ok(project) => project,
            Err(error) => {
                body::drain(request_body, limits).await;
                return Err(error);
            }
        };
        item.relabel(signal.category(), project);
        let budget = &shared.budget;
        let read = body::read(&HeaderMap::new(), request_body, false, limits, budget).await?;
        let bytes_max = limits.decompressed_bytes_max.min(DECOMPRESSED_BYTES_MAX);
        message(&parts.headers, read, bytes_max).await
    };
    let read = match read.await {
        Ok(read) => read,
        Err(error) => {
            item.refused(&error);
            return Err(error);
        }
    };
    let origin = Origin::new(shared, item.project(), &parts.extensions, &parts.headers);
    let protobuf = Encoding::Protobuf;
    take(
        shared,
        item,
        signal,
        protobuf,
        read.bytes,
        read.reservation,
        origin,
    )
    .await
}

/// The one message of a body.
async fn message(
    headers: &HeaderMap,
    read: ReadBody,
    bytes_max: usize,
) -> Result<ReadBody, ApiError> {
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    if !matches!(content_type, "application/grpc" | "application/grpc+proto") {
        return Err(ApiError {
            field: "content-type".to_owned(),
            ..ApiError::new(
                ErrorCode::UnsupportedEncoding,
                "this path takes gRPC: application/grpc",
            )
        });
    }
    let Some((frame, rest)) = read.bytes.split_first_chunk::<FRAME_BYTES>() else {
        return Err(ApiError::invalid("", "the body has no gRPC message"));
    };
    let length = u32::from_be_bytes([frame[1], frame[2], frame[3], frame[4]]) as usize;
    if rest.len() != length {
        let message = format!(
            "the gRPC message has {} bytes and says {length}",
            rest.len()
        );
        return Err(ApiError::invalid("", message));
    }
    let bytes = read.bytes.slice(FRAME_BYTES..);
    if frame[0] & 1 == 0 {
        return Ok(ReadBody {
            bytes,
            reservation: read.reservation,
        });
    }
    let name = headers
        .get("grpc-encoding")
        .and_then(|value| value.to_str().ok());
    let encoding = name.and_then(body::Encoding::named);
    let encoding = encoding.ok_or_else(|| body::unsupported(name.unwrap_or("")))?;
    body::inflate(encoding, bytes, bytes_max, read.reservation).await
}

fn accepted(rejected: &Rejected) -> Response {
    let message = answer::exported(rejected);
    let mut framed = BytesMut::with_capacity(FRAME_BYTES + message.len());
    framed.put_u8(0);
    framed.put_u32(message.len() as u32);
    framed.put(message);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let trailers = async { Some(Ok::<_, Infallible>(trailers)) };
    let body = Full::new(Bytes::from(framed)).with_trailers(trailers);
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/grpc"),
    );
    response
}
