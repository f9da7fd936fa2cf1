//! Paths of ingestion, behind any prefix: a DSN may carry one
//! (`https://KEY@host/behind/a/proxy/1`), and not every proxy takes it off.
//!
//! Invariant: only the tail of a path decides, and only a path that ends like an
//! ingestion path is touched.

use axum::extract::Request;
use http::{Method, Uri, uri::PathAndQuery};
use tower::util::MapRequestLayer;

/// Services of the gateway, and paths that are the gateway's alone.
const GATEWAY_PREFIXES: [&str; 7] = [
    "/errata.v1.IngestService/",
    "/errata.v1.IngestDebugService/",
    "/errata.v1.CommandService/",
    "/errata.v1.AccountService/",
    "/errata.v1.ProjectSettingsService/",
    "/auth/",
    // OpenTelemetry by gRPC.
    "/opentelemetry.",
];
/// OpenTelemetry by HTTP, and where envelopes go around ad blockers.
const GATEWAY_PATHS: [&str; 5] = [
    "/v1/logs",
    "/v1/traces",
    "/v1/metrics",
    "/tunnel",
    "/tunnel/",
];

/// Whether the gateway answers this request (its prefix taken off), where another
/// role owns the listener and forwards what is not its own.
pub fn is_gateways(method: &Method, path: &str) -> bool {
    if GATEWAY_PREFIXES.iter().any(|p| path.starts_with(p))
        || GATEWAY_PATHS.contains(&path.strip_suffix('/').unwrap_or(path))
    {
        return true;
    }
    if is_of_arrivals(path) {
        return true;
    }
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    ingestion_start(path) == Some(0) && !(is_read && is_list(path))
}

/// The one path of ingestion that is also a list.
fn is_list(path: &str) -> bool {
    path.trim_end_matches('/') == "/api/errors"
}

/// Whether a request there sends messages when there is something to tell, so that no
/// time is set for all of them.
pub fn sends_messages(path: &str) -> bool {
    path == STREAM_ERRORS
}

/// The one call whose request is a stream.
pub(crate) const STREAM_ERRORS: &str = "/errata.v1.IngestService/StreamErrors";

/// `/api/projects/{id}/ingest`: what the gateway remembers of a project's requests.
fn is_of_arrivals(path: &str) -> bool {
    let rest = path.strip_prefix("/api/projects/");
    rest.and_then(|rest| rest.strip_suffix("/ingest"))
        .is_some_and(|id| !id.is_empty() && !id.contains('/'))
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
    let Some(start) = ingestion_start(path).filter(|start| *start > 0) else {
        return request;
    };
    // A list under a prefix is no ingestion, and lists have no prefixes.
    if request.method() == Method::GET && is_list(&path[start..]) {
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

/// Where the ingestion path begins within `path`; none if it is no such path.
pub fn ingestion_start(path: &str) -> Option<usize> {
    path.rmatch_indices("/api/")
        .map(|(start, _)| start)
        .find(|start| is_ingestion_tail(&path[start + "/api/".len()..]))
}

fn is_ingestion_tail(tail: &str) -> bool {
    let tail = tail.strip_suffix('/').unwrap_or(tail);
    let parts: Vec<&str> = tail.split('/').collect();
    match parts.as_slice() {
        ["errors" | "store"] | ["errors", "batch"] | ["embed", "error-page"] => true,
        [project, rest @ ..] if project.bytes().all(|b| b.is_ascii_digit()) => matches!(
            rest,
            ["envelope" | "store" | "security" | "csp-report" | "nel" | "minidump"]
                | ["otlp", "v1", "traces" | "logs" | "metrics"]
                | ["integration", "otlp", "v1", "traces" | "logs"]
                | ["unreal" | "cron", _]
                | ["cron", _, _]
                | ["events", _, "attachments"]
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tail_decides() {
        for (path, start) in [
            ("/api/1/envelope/", Some(0)),
            ("/sentry/sub/api/42/envelope/", Some(11)),
            ("/a/api/api/42/store", Some(6)),
            ("/x/api/errors", Some(2)),
            ("/x/api/errors/batch/", Some(2)),
            ("/x/api/7/cron/nightly/0123", Some(2)),
            ("/api/7/otlp/v1/logs", Some(0)),
            ("/x/api/7/integration/otlp/v1/traces/", Some(2)),
            ("/api/7/otlp/v2/logs", None),
            ("/x/api/errors/0123", None),
            ("/x/api/embed/error-page/", Some(2)),
            ("/api/1/envelope/more", None),
            ("/api/issues/5", None),
            ("/api/one/envelope/", None),
            ("/", None),
        ] {
            assert_eq!(ingestion_start(path), start, "{path}");
        }
    }

    #[test]
    fn writes_decisions_and_sign_in_are_the_gateways() {
        for (method, path, expected) in [
            (Method::POST, "/api/1/envelope/", true),
            (Method::OPTIONS, "/api/1/envelope/", true),
            (Method::GET, "/api/1/store/", true),
            (Method::POST, "/api/errors", true),
            (Method::OPTIONS, "/api/errors/", true),
            (Method::POST, "/api/errors/batch", true),
            (Method::POST, "/tunnel", true),
            (Method::GET, "/api/embed/error-page/", true),
            (Method::GET, "/api/errors", false),
            (Method::HEAD, "/api/errors/", false),
            (Method::GET, "/api/errors/0123", false),
            (Method::GET, "/api/issues", false),
            (Method::GET, "/api/projects/1/ingest", true),
            (Method::GET, "/api/projects/1", false),
            (
                Method::POST,
                "/errata.v1.IngestDebugService/ListOutcomes",
                true,
            ),
            (Method::POST, "/errata.v1.IngestService/StreamErrors", true),
            (Method::POST, "/errata.v1.CommandService/AssignIssues", true),
            (Method::POST, "/errata.v1.IssueService/ListIssues", false),
            (Method::POST, "/auth/sign-in", true),
            (Method::POST, "/v1/traces", true),
            (Method::POST, "/v1/metrics/", true),
            (Method::POST, "/v1/profiles", false),
            (Method::POST, "/api/1/otlp/v1/logs", true),
            (
                Method::POST,
                "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
                true,
            ),
            (Method::GET, "/", false),
            (Method::GET, "/assets/auth/x.js", false),
            (Method::GET, "/issues/5", false),
        ] {
            assert_eq!(is_gateways(&method, path), expected, "{method} {path}");
        }
    }

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
