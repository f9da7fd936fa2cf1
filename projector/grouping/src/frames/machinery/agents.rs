//! Frames of those who report errors and trace calls: Errata's own and others'.

/// Packages of those who report errors and trace calls, by beginning.
const AGENTS: [&str; 36] = [
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
];
/// The same by folder or file.
const AGENT_FILES: [&str; 24] = [
    "/@sentry/",
    "/@sentry-internal/",
    "/sentry-ruby",
    "/sentry-rails",
    "/sentry/sentry/src/",
    "/dd-trace/",
    "/ddtrace",
    "/newrelic/",
    "/newrelic_rpm",
    "/@newrelic/",
    "/@opentelemetry/",
    "/opentelemetry-",
    "/elastic-apm",
    "/rollbar/",
    "/rollbar.",
    "/@bugsnag/",
    "/bugsnag",
    "/@datadog/",
    "/datadog-rum",
    "/logrocket",
    "/fullstory",
    "/zone.js/",
    "/zone.js",
    "/honeybadger",
];
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
    is_agents_package(module)
        || function.starts_with("Sentry\\")
        || module.starts_with("@sentry")
        || is_agents_file(file)
}

/// This is asked of every frame: only beginnings with the right letter are compared.
fn is_agents_package(module: &str) -> bool {
    let Some(first) = module.as_bytes().first() else {
        return false;
    };
    let mut likely = AGENTS.iter().filter(|a| a.as_bytes()[0] == *first);
    likely.any(|agent| module.starts_with(agent))
}

fn is_agents_file(file: &str) -> bool {
    let bytes = file.as_bytes();
    let mut slashes = (0..bytes.len()).filter(|at| bytes[*at] == b'/');
    slashes.any(|at| {
        let rest = &bytes[at..];
        let Some(second) = rest.get(1) else {
            return false;
        };
        let mut likely = AGENT_FILES.iter().map(|part| part.as_bytes());
        likely.any(|part| part[1] == *second && rest.starts_with(part))
    })
}

/// Whether a function is what they wrap around a page's own.
pub(super) fn is_wrapper(function: &str) -> bool {
    AGENT_WRAPPERS.iter().any(|name| function.ends_with(name))
}
