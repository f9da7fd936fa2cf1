//! Reports that browsers send by themselves → events: violations of a Content
//! Security Policy (`report-uri` and the Reporting API), and failed requests (Network
//! Error Logging).
//!
//! A report becomes the JSON of an event, which passes the same reader and scrub as
//! any other. Its fingerprint says what it is about: of a violation the directive and
//! where from, of a failed request its type, phase and host. Other kinds of reports
//! (deprecations, interventions, certificates) are counted.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};
use url::Url;

use super::{Context, Invalid, Item, not_stored, sentry, value};

/// Reports read of one body: browsers gather up to a minute's.
const REPORTS_MAX: usize = 200;
/// Longest texts, characters: addresses may hold whole documents (`data:`).
const URL_CHARS_MAX: usize = 1_024;
const POLICY_CHARS_MAX: usize = 4_096;
const WORD_CHARS_MAX: usize = 100;

/// What the address of a report says beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportOrigin {
    /// `sentry_release`.
    pub release: String,
    /// `sentry_environment`.
    pub environment: String,
}

/// Whether a report may come under this content type; none given: it may.
pub fn is_report_type(content_type: Option<&str>) -> bool {
    let Some(content_type) = content_type else {
        return true;
    };
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    [
        "application/csp-report",
        "application/reports+json",
        "application/expect-ct-report",
        "application/expect-ct-report+json",
        "application/expect-staple-report",
        "application/json",
        "text/plain",
    ]
    .iter()
    .any(|known| essence.eq_ignore_ascii_case(known))
}

/// The reports of a body, one item each.
pub(super) fn items(
    body: &[u8],
    origin: &ReportOrigin,
    context: &Context<'_>,
) -> Result<Vec<Item>, Invalid> {
    let reports = match value::tree(body)? {
        Value::Array(reports) => reports,
        report @ Value::Object(_) => vec![report],
        _ => {
            return Err(Invalid::malformed(
                "a report must be a JSON object or a list of them",
            ));
        }
    };
    let surplus = reports.len().saturating_sub(REPORTS_MAX);
    let mut items: Vec<Item> = reports
        .iter()
        .take(REPORTS_MAX)
        .map(|report| item(report, origin, context))
        .collect();
    if surplus > 0 {
        items.push(Item::Broken {
            kind: "security".to_owned(),
            invalid: Invalid::too_large(format!(
                "{surplus} reports beyond {REPORTS_MAX} of one body"
            )),
        });
    }
    Ok(items)
}

fn item(report: &Value, origin: &ReportOrigin, context: &Context<'_>) -> Item {
    let counted = || not_stored("security", None, report.to_string().as_bytes());
    let Some(map) = report.as_object() else {
        return Item::Broken {
            kind: "security".to_owned(),
            invalid: Invalid::malformed("a report must be a JSON object"),
        };
    };
    let event = if let Some(body) = value::inner(map, "csp-report") {
        violation(&Violation::of_report_uri(body))
    } else {
        let kind = map.get("type").and_then(Value::as_str).unwrap_or_default();
        let body = value::inner(map, "body");
        match (kind, body) {
            ("csp-violation", Some(body)) => violation(&Violation::of_reporting_api(map, body)),
            ("network-error", Some(body)) => failure(map, body),
            // A sample of what went well.
            _ => None,
        }
    };
    let Some(mut event) = event else {
        return counted();
    };
    if let Some(age) = value::number(map, "age") {
        let at_ns = context
            .received_ns
            .saturating_sub_unsigned(age.saturating_mul(1_000_000));
        event.insert("timestamp".to_owned(), json!(at_ns as f64 / 1e9));
    }
    for (key, text) in [
        ("release", &origin.release),
        ("environment", &origin.environment),
    ] {
        if !text.is_empty() {
            event.insert(key.to_owned(), json!(text));
        }
    }
    if let Some(ip) = context.client_ip {
        event.insert("user".to_owned(), json!({ "ip_address": ip }));
    }
    let payload = Value::Object(event).to_string();
    match sentry::read(payload.as_bytes(), None, None, context) {
        Ok(sentry::Payload::Event(event)) => Item::Event(event),
        Ok(sentry::Payload::NotStored(_)) => counted(),
        Err(invalid) => Item::Broken {
            kind: "security".to_owned(),
            invalid,
        },
    }
}

/// A violation of a Content Security Policy, whichever way it was reported.
#[derive(Debug, Default)]
struct Violation {
    document: String,
    referrer: String,
    directive: String,
    blocked: String,
    policy: String,
    disposition: String,
    source_file: String,
    line: Option<u64>,
    column: Option<u64>,
    sample: String,
    status: Option<u64>,
    user_agent: String,
}

impl Violation {
    fn of_report_uri(body: &Map<String, Value>) -> Self {
        let text = |key, max| value::text(body, key, max);
        let effective = text("effective-directive", WORD_CHARS_MAX);
        // The older name holds the directive with its sources.
        let violated = text("violated-directive", POLICY_CHARS_MAX);
        Self {
            document: text("document-uri", URL_CHARS_MAX),
            referrer: text("referrer", URL_CHARS_MAX),
            directive: if effective.is_empty() {
                first_word(&violated)
            } else {
                first_word(&effective)
            },
            blocked: text("blocked-uri", URL_CHARS_MAX),
            policy: text("original-policy", POLICY_CHARS_MAX),
            disposition: text("disposition", WORD_CHARS_MAX),
            source_file: text("source-file", URL_CHARS_MAX),
            line: value::number(body, "line-number"),
            column: value::number(body, "column-number"),
            sample: text("script-sample", WORD_CHARS_MAX),
            status: value::number(body, "status-code"),
            user_agent: String::new(),
        }
    }

    fn of_reporting_api(report: &Map<String, Value>, body: &Map<String, Value>) -> Self {
        let text = |key, max| value::text(body, key, max);
        let document = text("documentURL", URL_CHARS_MAX);
        Self {
            document: if document.is_empty() {
                value::text(report, "url", URL_CHARS_MAX)
            } else {
                document
            },
            referrer: text("referrer", URL_CHARS_MAX),
            directive: first_word(&text("effectiveDirective", WORD_CHARS_MAX)),
            blocked: text("blockedURL", URL_CHARS_MAX),
            policy: text("originalPolicy", POLICY_CHARS_MAX),
            disposition: text("disposition", WORD_CHARS_MAX),
            source_file: text("sourceFile", URL_CHARS_MAX),
            line: value::number(body, "lineNumber"),
            column: value::number(body, "columnNumber"),
            sample: text("sample", WORD_CHARS_MAX),
            status: value::number(body, "statusCode"),
            user_agent: value::text(report, "user_agent", URL_CHARS_MAX),
        }
    }

    /// Where what was blocked came from: a host, "self", "inline", "eval", or the
    /// scheme of an address without a host ("data:").
    fn origin(&self) -> String {
        let blocked = self.blocked.as_str();
        match blocked {
            "" | "self" => return "self".to_owned(),
            "inline" | "eval" | "wasm-eval" | "trusted-types-policy" | "trusted-types-sink" => {
                return blocked.to_owned();
            }
            _ => {}
        }
        let Ok(url) = Url::parse(blocked) else {
            // Older browsers send the bare scheme ("data") or host.
            return match blocked {
                "data" | "blob" | "filesystem" | "about" => format!("{blocked}:"),
                _ if is_extension(blocked) => format!("{blocked}:"),
                other => other.to_owned(),
            };
        };
        // Each has an id of its own, some anew in each browser.
        let host = host_of(&url).filter(|_| !is_extension(url.scheme()));
        let Some(host) = host else {
            return format!("{}:", url.scheme());
        };
        let own = Url::parse(&self.document).ok();
        if own.as_ref().and_then(host_of) == Some(host.clone()) {
            return "self".to_owned();
        }
        host
    }
}

/// Whether a scheme is that of a browser's extensions.
fn is_extension(scheme: &str) -> bool {
    scheme.ends_with("-extension") && !scheme.contains('.')
}

/// Host, and port if it is not the scheme's own.
fn host_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

fn first_word(text: &str) -> String {
    text.split_whitespace()
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
}

/// The event of a violation; none if the report does not say of what.
fn violation(report: &Violation) -> Option<Map<String, Value>> {
    if report.directive.is_empty() {
        return None;
    }
    let from = report.origin();
    let what = noun(&report.directive);
    let text = match from.as_str() {
        "inline" => format!("Blocked inline {what}"),
        "eval" => format!("Blocked eval in {what}"),
        "wasm-eval" => format!("Blocked WebAssembly in {what}"),
        "self" => format!("Blocked {what} from the page's own host"),
        other => format!("Blocked {what} from {other}"),
    };
    // A policy on trial blocks nothing.
    let is_trial = report.disposition.eq_ignore_ascii_case("report");
    let mut exception = json!({
        "type": "CSP",
        "value": text,
        "mechanism": { "type": "csp", "handled": true },
    });
    if let Some(frame) = frame(report) {
        exception["stacktrace"] = json!({ "frames": [frame] });
    }
    let mut event = request_event(&report.document, &report.referrer, &report.user_agent);
    event.extend(object(json!({
        "logger": "csp",
        "platform": "javascript",
        "level": if is_trial { "warning" } else { "error" },
        "transaction": report.directive,
        "exception": { "values": [exception] },
        "fingerprint": ["csp", report.directive, from],
        "tags": {
            "effective-directive": report.directive,
            "blocked": from,
            "disposition": if is_trial { "report" } else { "enforce" },
        },
        "contexts": { "csp": {
            "document_uri": report.document,
            "blocked_uri": report.blocked,
            "effective_directive": report.directive,
            "original_policy": report.policy,
            "source_file": report.source_file,
            "line_number": report.line,
            "column_number": report.column,
            "script_sample": report.sample,
            "status_code": report.status,
        }},
    })));
    Some(event)
}

/// The line that asked for what was blocked.
fn frame(report: &Violation) -> Option<Value> {
    let url = Url::parse(&report.source_file).ok();
    url.as_ref().and_then(Url::host_str)?;
    Some(json!({
        "abs_path": report.source_file,
        "lineno": report.line,
        "colno": report.column,
        "in_app": true,
    }))
}

/// What a directive is about, for people.
fn noun(directive: &str) -> &str {
    match directive {
        "script-src" | "script-src-elem" => "script",
        "script-src-attr" => "event handler",
        "style-src" | "style-src-elem" => "style",
        "style-src-attr" => "style attribute",
        "img-src" => "image",
        "font-src" => "font",
        "connect-src" => "connection",
        "media-src" => "media",
        "object-src" => "plugin",
        "frame-src" | "child-src" => "frame",
        "frame-ancestors" => "embedding page",
        "worker-src" => "worker",
        "manifest-src" => "manifest",
        "form-action" => "form",
        "base-uri" => "base address",
        "default-src" => "resource",
        other => other,
    }
}

/// The event of a failed request; none if it went well.
fn failure(report: &Map<String, Value>, body: &Map<String, Value>) -> Option<Map<String, Value>> {
    let kind = value::text(body, "type", WORD_CHARS_MAX);
    if kind.is_empty() || kind == "ok" {
        return None;
    }
    let phase = value::text(body, "phase", WORD_CHARS_MAX);
    let address = value::text(report, "url", URL_CHARS_MAX);
    let host = Url::parse(&address).ok().as_ref().and_then(host_of);
    let host = host.unwrap_or_default();
    let status = value::number(body, "status_code").filter(|status| *status > 0);
    let text = match (kind.as_str(), status) {
        ("http.error", Some(status)) => format!("{host} answered {status}"),
        _ => format!("{kind} at {host}"),
    };
    let user_agent = value::text(report, "user_agent", URL_CHARS_MAX);
    let referrer = value::text(body, "referrer", URL_CHARS_MAX);
    let method = value::text(body, "method", WORD_CHARS_MAX);
    let mut event = request_event(&address, &referrer, &user_agent);
    if !method.is_empty()
        && let Some(request) = event.get_mut("request")
    {
        request["method"] = json!(method);
    }
    let status_of_group = status.map(|status| status.to_string()).unwrap_or_default();
    event.extend(object(json!({
        "logger": "nel",
        "platform": "javascript",
        "level": "error",
        "transaction": host,
        "exception": { "values": [{
            "type": "NEL",
            "value": text,
            "mechanism": { "type": "nel", "handled": true },
        }]},
        "fingerprint": ["nel", kind, phase, host, status_of_group],
        "tags": { "nel.type": kind, "nel.phase": phase },
        "contexts": { "nel": {
            "type": kind,
            "phase": phase,
            "status_code": status,
            "protocol": value::text(body, "protocol", WORD_CHARS_MAX),
            "server_ip": value::text(body, "server_ip", WORD_CHARS_MAX),
            "elapsed_time": value::number(body, "elapsed_time"),
            "sampling_fraction": body.get("sampling_fraction").and_then(Value::as_f64),
        }},
    })));
    Some(event)
}

/// An event that holds the request a report is about.
fn request_event(url: &str, referrer: &str, user_agent: &str) -> Map<String, Value> {
    let mut headers = Map::new();
    for (key, text) in [("Referer", referrer), ("User-Agent", user_agent)] {
        if !text.is_empty() {
            headers.insert(key.to_owned(), json!(text));
        }
    }
    object(json!({ "request": { "url": url, "headers": headers } }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
