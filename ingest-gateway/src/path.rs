//! Paths of ingestion, behind any prefix: a DSN may carry one
//! (`https://KEY@host/behind/a/proxy/1`), and not every proxy takes it off.
//!
//! Invariant: only the tail of a path decides, and only a path that ends like an
//! ingestion path is touched.

use axum::extract::Request;
use http::{Method, Uri, uri::PathAndQuery};
use proto::routes;
use tower::util::MapRequestLayer;

/// Whether a request there sends messages when there is something to tell, so that no
/// time is set for all of them.
pub fn sends_messages(path: &str) -> bool {
    path == routes::STREAM_ERRORS
}

/// Takes prefixes off, for the whole server: to be wrapped around the router (a
/// layer *of* a router runs after routing).
pub fn prefix_layer() -> MapRequestLayer<fn(Request) -> Request> {
    MapRequestLayer::new(strip_prefix as fn(Request) -> Request)
}

/// Takes the prefix off one request.
pub fn strip_prefix(mut request: Request) -> Request {
    if !matches!(
        *request.method(),
        Method::POST | Method::OPTIONS | Method::GET
    ) {
        return request;
    }
    let path = request.uri().path();
    let Some(start) = routes::start_behind_prefix(path).filter(|start| *start > 0) else {
        return request;
    };
    // A list under a prefix is no ingestion, and lists have no prefixes.
    let method = request.method().as_str();
    if routes::role_of(method, &path[start..]) != Some(routes::Role::Gateway) {
        return request;
    }
    let short = match request.uri().query() {
        Some(query) => format!("{}?{query}", &path[start..]),
        None => path[start..].to_owned(),
    };
    let mut parts = request.uri().clone().into_parts();
    if let Ok(path_and_query) = PathAndQuery::try_from(short) {
        parts.path_and_query = Some(path_and_query);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_have_no_prefix() {
        for (method, path, expected) in [
            (Method::GET, "/x/api/errors", "/x/api/errors"),
            (Method::POST, "/x/api/errors", "/api/errors"),
            (
                Method::GET,
                "/x/api/embed/error-page/",
                "/api/embed/error-page/",
            ),
        ] {
            let request = Request::builder().method(&method).uri(path);
            let request = request
                .body(axum::body::Body::empty())
                .expect("a sound request");
            assert_eq!(strip_prefix(request).uri(), expected, "{method} {path}");
        }
    }

    #[test]
    fn the_query_survives() {
        let request = Request::post("/pre/api/1/envelope/?sentry_key=a%2Fapi%2F")
            .body(axum::body::Body::empty())
            .expect("a sound request");
        let uri = strip_prefix(request).uri().to_string();
        assert_eq!(uri, "/api/1/envelope/?sentry_key=a%2Fapi%2F");
    }
}
