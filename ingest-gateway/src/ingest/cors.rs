//! Cross-origin rules: ingestion paths may be called from any page, every other
//! path from none.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// Seconds a browser may remember a preflight's answer.
const MAX_AGE_S: u64 = 3600;

const ALLOW_HEADERS: HeaderValue = HeaderValue::from_static(
    "x-sentry-auth, x-requested-with, x-forwarded-for, origin, referer, accept, content-type, \
     authentication, authorization, content-encoding, transfer-encoding, sentry-trace, baggage, \
     x-csrftoken",
);

/// Without it pages cannot see limits.
const EXPOSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "x-sentry-error, x-sentry-rate-limits, retry-after, ratelimit, ratelimit-policy",
);

/// For every answer of an ingestion path, errors included.
pub(crate) async fn allow_any_origin(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSE_HEADERS);
    response
}

/// The preflight's answer, without authentication.
pub(crate) async fn preflight() -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("POST, GET, OPTIONS"),
    );
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOW_HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from(MAX_AGE_S));
    (StatusCode::NO_CONTENT, headers).into_response()
}
