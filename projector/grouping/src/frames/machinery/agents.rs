//! Frames of those who report errors and trace calls: Errata's own and others'.

use crate::marks::Words;

/// Packages of those who report errors and trace calls, by beginning.
static AGENTS: Words<36> = Words::of([
    "sentry_sdk",
    "io.sentry.",
    "Sentry\\",
    "github.com/getsentry/sentry-go",
    "Sentry.",
    "ddtrace",
    "datadog.trace.",
    "com.datadog.",
    "gopkg.in/DataDog/",
    "github.com/DataDog/dd-trace-go",
    "DDTrace\\",
    "Datadog.Trace.",
    "newrelic",
    "com.newrelic.",
    "github.com/newrelic/go-agent",
    "NewRelic.",
    "opentelemetry.instrumentation",
    "io.opentelemetry.",
    "OpenTelemetry.",
    "go.opentelemetry.io/",
    "OpenTelemetry\\",
    "elasticapm",
    "co.elastic.apm.",
    "Elastic.Apm",
    "go.elastic.co/apm",
    "rollbar",
    "com.rollbar.",
    "Rollbar\\",
    "bugsnag",
    "com.bugsnag.",
    "Bugsnag\\",
    "github.com/bugsnag/",
    "com.google.firebase.crashlytics",
    "com.dynatrace.",
    "com.appdynamics.",
    "com.instana.",
]);
/// The same by folder or file: what stands behind a slash.
static AGENT_FILES: Words<24> = Words::of([
    "@sentry/",
    "@sentry-internal/",
    "sentry-ruby",
    "sentry-rails",
    "sentry/sentry/src/",
    "dd-trace/",
    "ddtrace",
    "newrelic/",
    "newrelic_rpm",
    "@newrelic/",
    "@opentelemetry/",
    "opentelemetry-",
    "elastic-apm",
    "rollbar/",
    "rollbar.",
    "@bugsnag/",
    "bugsnag",
    "@datadog/",
    "datadog-rum",
    "logrocket",
    "fullstory",
    "zone.js/",
    "zone.js",
    "honeybadger",
]);
/// Functions that they wrap around a page's own.
const AGENT_WRAPPERS: [&str; 9] = [
    "sentryWrapped",
    "errataWrapped",
    "nrWrapper",
    "_rollbar_wrapped",
    "rollbarWrapper",
    "bugsnagWrapped",
    "__trace__",
    "ddWrapper",
    "newrelicWrapped",
];

/// Whether a frame is theirs.
pub(super) fn is_agent(module: &str, file: &str, function: &str) -> bool {
    AGENTS.begin(module)
        || function.starts_with("Sentry\\")
        || module.starts_with("@sentry")
        || is_agents_file(file)
}

fn is_agents_file(file: &str) -> bool {
    let bytes = file.as_bytes().iter().enumerate();
    let mut slashes = bytes.filter(|(_, byte)| **byte == b'/');
    slashes.any(|(at, _)| AGENT_FILES.begin(&file[at + 1..]))
}

/// Whether a function is what they wrap around a page's own.
pub(super) fn is_wrapper(function: &str) -> bool {
    // Each ends with one of these.
    let may = function.ends_with(['d', 'r', '_']);
    may && AGENT_WRAPPERS.iter().any(|name| function.ends_with(name))
}
