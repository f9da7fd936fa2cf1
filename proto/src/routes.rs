//! Every door: which path and which service is which role's, once. The routers of gateway
//! and query engine are built of it, the query role's front forwards by it, the OpenAPI
//! document and the reference are held to it.
//!
//! Invariant: a request belongs to one role. Where both have the same path, the method
//! decides; what is known to neither is the query role's, which shows the web UI.

use crate::v1;

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What is taken in, decided and signed in.
    Gateway,
    /// Reads.
    Query,
    /// Whoever has the listener.
    Each,
}

/// Where a path is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// As it stands.
    Exact,
    /// With a last slash, too.
    Slash,
    /// With a last slash, too, and behind any prefix: a DSN may carry one, and not every
    /// proxy takes it off.
    AnyPrefix,
}

/// A path of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Without a last slash; `{name}` stands for one part, `{project}` for digits.
    pub path: &'static str,
    /// What it answers; GET is HEAD, too.
    pub methods: &'static [&'static str],
    /// Whose it is.
    pub role: Role,
    /// Where it is found.
    pub place: Place,
}

/// A service of gRPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// With its package.
    pub name: &'static str,
    /// Whose it is.
    pub role: Role,
}

const GET: &[&str] = &["GET"];
const POST: &[&str] = &["POST"];
const GET_AND_PUT: &[&str] = &["GET", "PUT"];
const BOTH: &[&str] = &["GET", "POST"];

const fn taken(path: &'static str, methods: &'static [&'static str], place: Place) -> Route {
    Route {
        path,
        methods,
        role: Role::Gateway,
        place,
    }
}

const fn asked(path: &'static str, role: Role, methods: &'static [&'static str]) -> Route {
    Route {
        path,
        methods,
        role,
        place: Place::Exact,
    }
}

/// One native event.
pub const ERRORS: Route = taken("/api/errors", POST, Place::AnyPrefix);
/// Many of them.
pub const ERRORS_BATCH: Route = taken("/api/errors/batch", POST, Place::AnyPrefix);

/// Sentry's envelope.
pub const ENVELOPE: Route = taken("/api/{project}/envelope", POST, Place::AnyPrefix);
/// The same, where ad blockers do not look; the envelope names its DSN.
pub const TUNNEL: Route = taken("/tunnel", POST, Place::Slash);
/// One event of old clients.
pub const STORE: Route = taken("/api/{project}/store", BOTH, Place::AnyPrefix);
/// Of still older ones.
pub const STORE_OF_A_KEY: Route = taken("/api/store", BOTH, Place::AnyPrefix);
/// Reports of browsers.
pub const SECURITY: Route = taken("/api/{project}/security", POST, Place::AnyPrefix);
/// The same.
pub const CSP_REPORT: Route = taken("/api/{project}/csp-report", POST, Place::AnyPrefix);
/// Reports of failed requests.
pub const NEL: Route = taken("/api/{project}/nel", POST, Place::AnyPrefix);
/// Crashes of native programs.
pub const MINIDUMP: Route = taken("/api/{project}/minidump", POST, Place::AnyPrefix);
/// Crashes of Unreal.
pub const UNREAL: Route = taken("/api/{project}/unreal/{key}", POST, Place::AnyPrefix);
/// Files of an event.
pub const ATTACHMENTS: Route = taken(
    "/api/{project}/events/{event_id}/attachments",
    POST,
    Place::AnyPrefix,
);
/// Check-ins.
pub const CRON: Route = taken("/api/{project}/cron/{slug}", BOTH, Place::AnyPrefix);
/// The same, with the key in the path.
pub const CRON_OF_A_KEY: Route = taken("/api/{project}/cron/{slug}/{key}", BOTH, Place::AnyPrefix);
/// The dialog of a page that broke.
pub const REPORT_DIALOG: Route = taken("/api/embed/error-page", BOTH, Place::AnyPrefix);

/// OpenTelemetry's own paths.
pub const OTLP_LOGS: Route = taken("/v1/logs", POST, Place::Slash);
/// See [`OTLP_LOGS`].
pub const OTLP_TRACES: Route = taken("/v1/traces", POST, Place::Slash);
/// See [`OTLP_LOGS`].
pub const OTLP_METRICS: Route = taken("/v1/metrics", POST, Place::Slash);
/// OpenTelemetry behind a DSN.
pub const PROJECT_LOGS: Route = taken("/api/{project}/otlp/v1/logs", POST, Place::AnyPrefix);
/// See [`PROJECT_LOGS`].
pub const PROJECT_TRACES: Route = taken("/api/{project}/otlp/v1/traces", POST, Place::AnyPrefix);
/// See [`PROJECT_LOGS`].
pub const PROJECT_METRICS: Route = taken("/api/{project}/otlp/v1/metrics", POST, Place::AnyPrefix);
/// Of Sentry's OpenTelemetry integrations.
pub const INTEGRATION_LOGS: Route = taken(
    "/api/{project}/integration/otlp/v1/logs",
    POST,
    Place::AnyPrefix,
);
/// See [`INTEGRATION_LOGS`].
pub const INTEGRATION_TRACES: Route = taken(
    "/api/{project}/integration/otlp/v1/traces",
    POST,
    Place::AnyPrefix,
);

/// What became of a project's newest requests.
pub const ARRIVALS: Route = asked("/api/projects/{id}/ingest", Role::Gateway, GET);
/// Address and password for a session.
pub const SIGN_IN: Route = asked("/auth/sign-in", Role::Gateway, POST);
/// Ends a session.
pub const SIGN_OUT: Route = asked("/auth/sign-out", Role::Gateway, POST);
/// Looks at an invitation.
pub const LINK: Route = asked("/auth/link", Role::Gateway, POST);
/// Answers an invitation.
pub const SET_PASSWORD: Route = asked("/auth/set-password", Role::Gateway, POST);
/// One's own.
pub const CHANGE_PASSWORD: Route = asked("/auth/change-password", Role::Gateway, POST);
/// Ends all sessions of one's own.
pub const SIGN_OUT_EVERYWHERE: Route = asked("/auth/sign-out-everywhere", Role::Gateway, POST);

/// The rules that a project's events are grouped by.
pub const GROUPING_RULES: Route = asked(
    "/api/projects/{id}/grouping-rules",
    Role::Gateway,
    GET_AND_PUT,
);
/// Applies rules to events that are there, too.
pub const APPLY_RULES: Route = asked(
    "/api/projects/{id}/grouping-rules/apply",
    Role::Gateway,
    POST,
);
/// Takes that back.
pub const UNDO_RULES: Route = asked(
    "/api/projects/{id}/grouping-rules/undo",
    Role::Gateway,
    POST,
);
/// What others would do.
pub const CHECK_RULES: Route = asked("/api/projects/{id}/grouping-rules/check", Role::Query, POST);
/// What they would make of the events that are there.
pub const PREVIEW_RULES: Route = asked(
    "/api/projects/{id}/grouping-rules/preview",
    Role::Query,
    POST,
);

/// Lists events.
pub const LIST_ERRORS: Route = asked("/api/errors", Role::Query, GET);
/// All events of a list, as a file.
pub const EXPORT_ERRORS: Route = asked("/api/errors/export", Role::Query, GET);
/// One event.
pub const GET_ERROR: Route = asked("/api/errors/{id}", Role::Query, GET);
/// Why an event is in its issue.
pub const GROUPING: Route = asked("/api/errors/{id}/grouping", Role::Query, GET);
/// A file of an event.
pub const ATTACHMENT: Route = asked("/api/errors/{id}/attachments/{number}", Role::Query, GET);
/// Lists issues.
pub const LIST_ISSUES: Route = asked("/api/issues", Role::Query, GET);
/// One issue.
pub const GET_ISSUE: Route = asked("/api/issues/{id}", Role::Query, GET);
/// Makes one issue of several.
pub const MERGE_ISSUES: Route = asked("/api/issues/merge", Role::Gateway, POST);
/// Takes fingerprints out of an issue.
pub const UNMERGE_ISSUE: Route = asked("/api/issues/{id}/unmerge", Role::Gateway, POST);
/// Issues that are much like one.
pub const SIMILAR_ISSUES: Route = asked("/api/issues/{id}/similar", Role::Query, GET);
/// By which rules events go, and how many.
pub const RETENTION: Route = asked("/api/retention", Role::Query, GET);
/// Events over time, by field.
pub const STATS: Route = asked("/api/stats", Role::Query, GET);
/// SQL over what is stored.
pub const SQL: Route = asked("/api/sql", Role::Query, BOTH);
/// The OpenAPI document.
pub const OPENAPI: Route = asked("/api/openapi.json", Role::Each, GET);

/// All of them.
pub const ROUTES: &[Route] = &[
    ERRORS,
    ERRORS_BATCH,
    ENVELOPE,
    TUNNEL,
    STORE,
    STORE_OF_A_KEY,
    SECURITY,
    CSP_REPORT,
    NEL,
    MINIDUMP,
    UNREAL,
    ATTACHMENTS,
    CRON,
    CRON_OF_A_KEY,
    REPORT_DIALOG,
    OTLP_LOGS,
    OTLP_TRACES,
    OTLP_METRICS,
    PROJECT_LOGS,
    PROJECT_TRACES,
    PROJECT_METRICS,
    INTEGRATION_LOGS,
    INTEGRATION_TRACES,
    ARRIVALS,
    SIGN_IN,
    SIGN_OUT,
    LINK,
    SET_PASSWORD,
    CHANGE_PASSWORD,
    SIGN_OUT_EVERYWHERE,
    GROUPING_RULES,
    APPLY_RULES,
    UNDO_RULES,
    CHECK_RULES,
    PREVIEW_RULES,
    LIST_ERRORS,
    EXPORT_ERRORS,
    GET_ERROR,
    GROUPING,
    ATTACHMENT,
    LIST_ISSUES,
    GET_ISSUE,
    MERGE_ISSUES,
    UNMERGE_ISSUE,
    SIMILAR_ISSUES,
    RETENTION,
    STATS,
    SQL,
    OPENAPI,
];

const fn service(name: &'static str, role: Role) -> Service {
    Service { name, role }
}

/// OpenTelemetry's service for logs; its messages are read unparsed.
pub const OTLP_LOGS_SERVICE: &str = "opentelemetry.proto.collector.logs.v1.LogsService";
/// See [`OTLP_LOGS_SERVICE`].
pub const OTLP_TRACES_SERVICE: &str = "opentelemetry.proto.collector.trace.v1.TraceService";
/// See [`OTLP_LOGS_SERVICE`].
pub const OTLP_METRICS_SERVICE: &str = "opentelemetry.proto.collector.metrics.v1.MetricsService";

/// Arrow's service for SQL; its messages are those of another project.
pub const FLIGHT_SERVICE: &str = "arrow.flight.protocol.FlightService";

/// The one call whose request is a stream: its answer comes when the client has sent enough,
/// at the end.
pub const STREAM_ERRORS: &str = "/errata.v1.IngestService/StreamErrors";

/// What begins like this is the gateway's, known or not: it says better what is wrong.
const GATEWAY_PREFIXES: [&str; 2] = ["/auth/", "/opentelemetry."];

/// Services of gRPC and gRPC-Web.
pub const SERVICES: &[Service] = &[
    service(v1::ingest_service_server::SERVICE_NAME, Role::Gateway),
    service(v1::ingest_debug_service_server::SERVICE_NAME, Role::Gateway),
    service(v1::command_service_server::SERVICE_NAME, Role::Gateway),
    service(v1::account_service_server::SERVICE_NAME, Role::Gateway),
    service(
        v1::project_settings_service_server::SERVICE_NAME,
        Role::Gateway,
    ),
    service(OTLP_LOGS_SERVICE, Role::Gateway),
    service(OTLP_TRACES_SERVICE, Role::Gateway),
    service(OTLP_METRICS_SERVICE, Role::Gateway),
    service(v1::project_service_server::SERVICE_NAME, Role::Query),
    service(v1::issue_service_server::SERVICE_NAME, Role::Query),
    service(v1::event_service_server::SERVICE_NAME, Role::Query),
    service(v1::grouping_service_server::SERVICE_NAME, Role::Query),
    service(v1::stats_service_server::SERVICE_NAME, Role::Query),
    service(v1::health_service_server::SERVICE_NAME, Role::Query),
    service(v1::live_service_server::SERVICE_NAME, Role::Query),
    service(v1::replay_service_server::SERVICE_NAME, Role::Query),
    service(FLIGHT_SERVICE, Role::Query),
];

impl Route {
    /// The paths that a router is told: without, and where it may be, with a last slash.
    pub fn paths(&self) -> impl Iterator<Item = String> + use<> {
        let slashed = (self.place != Place::Exact).then(|| format!("{}/", self.path));
        [self.path.to_owned()].into_iter().chain(slashed)
    }

    /// Whether this path, without a prefix, is this one.
    pub fn fits(&self, path: &str) -> bool {
        let path = match self.place {
            Place::Exact => path,
            Place::Slash | Place::AnyPrefix => path.strip_suffix('/').unwrap_or(path),
        };
        let (mut wanted, mut given) = (self.path.split('/'), path.split('/'));
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some(wanted), Some(given)) if is_like(wanted, given) => {}
                _ => return false,
            }
        }
    }

    /// Whether it answers this method.
    pub fn answers(&self, method: &str) -> bool {
        let method = if method == "HEAD" { "GET" } else { method };
        self.methods.contains(&method)
    }
}

fn is_like(wanted: &str, given: &str) -> bool {
    match wanted {
        "{project}" => !given.is_empty() && given.bytes().all(|byte| byte.is_ascii_digit()),
        _ if wanted.starts_with('{') => !given.is_empty(),
        _ => wanted == given,
    }
}

impl Service {
    /// The path that a router is told.
    pub fn path(&self) -> String {
        service_path(self.name)
    }
}

/// The path that a router is told, by the service's name.
pub fn service_path(name: &str) -> String {
    format!("/{name}/{{method}}")
}

/// Whose a request is, its prefix taken off; none: nobody's, of those listed here.
pub fn role_of(method: &str, path: &str) -> Option<Role> {
    if GATEWAY_PREFIXES.iter().any(|start| path.starts_with(start)) {
        return Some(Role::Gateway);
    }
    let name = path.strip_prefix('/').and_then(|rest| rest.split_once('/'));
    if let Some((name, _)) = name
        && let Some(service) = SERVICES.iter().find(|service| service.name == name)
    {
        return Some(service.role);
    }
    let fitting = || ROUTES.iter().filter(|route| route.fits(path));
    // A method that nobody answers is the gateway's where it has the path: CORS asks there.
    let route = fitting()
        .find(|route| route.answers(method))
        .or_else(|| fitting().find(|route| route.role == Role::Gateway))
        .or_else(|| fitting().next());
    route.map(|route| route.role)
}

/// Where a path that may be behind a prefix begins within `path`; none if it is no such
/// path.
pub fn start_behind_prefix(path: &str) -> Option<usize> {
    let starts = path.rmatch_indices("/api/").map(|(start, _)| start);
    let behind = |route: &&Route| route.place == Place::AnyPrefix;
    let mut starts = starts.filter(|start| {
        let mut routes = ROUTES.iter().filter(behind);
        routes.any(|route| route.fits(&path[*start..]))
    });
    starts.next()
}

#[cfg(test)]
mod tests;
