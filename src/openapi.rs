//! `GET /api/openapi.json`: what the server answers over HTTP, for people and
//! generators of clients.
//!
//! The document is `docs/openapi.json`, written by hand. Tests hold it to the routes
//! in the source (`tests/tidy.rs`), to event.proto, to the error codes of gateway and
//! query engine, and to what a running server answers (`tests/e2e/openapi.rs`).

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::get,
};
use http::header;
use proto::routes::OPENAPI;

const DOCUMENT: &str = include_str!("../docs/openapi.json");

/// To be merged with whatever a listener answers.
pub(crate) fn router() -> Router {
    Router::new().route(OPENAPI.path, get(document))
}

async fn document() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, DOCUMENT).into_response()
}
