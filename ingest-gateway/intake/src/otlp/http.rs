//! The request that was being served, and its user, from attributes of today's and
//! of older semantic conventions.

use std::net::IpAddr;

use event_model::event::User;

use super::{any::Any, event::Members, model::Attributes};

/// Whether an attribute tells of the request or its user.
pub(super) fn is_request(key: &str) -> bool {
    [
        "http.",
        "url.",
        "user.",
        "user_agent.",
        "enduser.",
        "session.",
    ]
    .iter()
    .any(|start| key.starts_with(start))
        || matches!(
            key,
            "client.address" | "server.address" | "server.port" | "net.host.name" | "net.host.port"
        )
}

/// The request, and what was answered.
pub(super) struct Http {
    pub(super) request: Members<'static>,
    pub(super) response: Members<'static>,
    /// "GET /orders/{id}".
    pub(super) transaction: String,
}

/// Takes out what tells of the HTTP request.
pub(super) fn take_http(from: &mut Attributes<'_>) -> Http {
    let method = from.text(&["http.request.method", "http.method"]);
    let route = from.text(&["http.route"]);
    let query = from.text(&["url.query"]);
    let full = from.text(&["url.full", "http.url"]);
    let scheme = from.text(&["url.scheme", "http.scheme"]);
    let path = from.text(&["url.path", "http.target"]);
    let mut headers = Members::default();
    headers.text(
        "User-Agent",
        from.text(&["user_agent.original", "http.user_agent"]),
    );
    for (key, value) in from
        .0
        .extract_if(.., |(key, _)| key.starts_with("http.request.header."))
    {
        let name = key["http.request.header.".len()..].to_owned();
        let value = match value {
            Any::Array(items) => {
                let texts = items.into_iter().filter_map(Any::into_text);
                texts.collect::<Vec<_>>().join(", ")
            }
            value => value.into_text().unwrap_or_default().into_owned(),
        };
        headers.owned(name, value);
    }
    let mut request = Members::default();
    let url = if full.is_empty() {
        place(from, &scheme, &path)
    } else {
        full
    };
    let is_http = !method.is_empty() || !url.is_empty();
    if is_http {
        request.text("url", url);
        request.text("method", method.clone());
        request.text("query_string", query);
        let address = from.text(&["client.address", "http.client_ip"]);
        if !address.is_empty() {
            let mut env = Members::default();
            env.text("REMOTE_ADDR", address);
            request.0.push(("env".into(), Any::Object(env.0)));
        }
        if !headers.is_empty() {
            request.0.push(("headers".into(), Any::Object(headers.0)));
        }
    }
    let mut response = Members::default();
    response.text(
        "status_code",
        from.text(&["http.response.status_code", "http.status_code"]),
    );
    let transaction = match (method.as_str(), route.as_str()) {
        (_, "") => String::new(),
        ("", route) => route.to_owned(),
        (method, route) => format!("{method} {route}"),
    };
    Http {
        request,
        response,
        transaction,
    }
}

/// A URL from its parts; the path alone where the server's name is not known.
fn place(from: &mut Attributes<'_>, scheme: &str, path: &str) -> String {
    let host = from.text(&["server.address", "http.host", "net.host.name"]);
    let port = from.text(&["server.port", "net.host.port"]);
    if host.is_empty() || path.is_empty() {
        return path.to_owned();
    }
    let scheme = if scheme.is_empty() { "http" } else { scheme };
    let usual = matches!(
        (scheme, port.as_str()),
        (_, "") | ("http", "80") | ("https", "443")
    );
    if usual || host.contains(':') {
        format!("{scheme}://{host}{path}")
    } else {
        format!("{scheme}://{host}:{port}{path}")
    }
}

/// Takes out who was affected.
pub(super) fn take_user(from: &mut Attributes<'_>) -> Option<User> {
    let mut user = User {
        id: from.text(&["user.id", "enduser.id", "enduser.pseudo.id"]),
        email: from.text(&["user.email"]),
        username: from.text(&["user.name"]),
        ip_address: from.text(&["user.ip_address"]),
        session_id: from.text(&["session.id"]),
        ..User::default()
    };
    if user.ip_address.parse::<IpAddr>().is_err() {
        user.ip_address.clear();
    }
    let mut more = Members::default();
    for (name, keys) in [
        ("name", &["user.full_name"][..]),
        ("hash", &["user.hash"]),
        ("roles", &["user.roles", "enduser.role"]),
        ("scope", &["enduser.scope"]),
    ] {
        more.text(name, from.text(keys));
    }
    user.data = more.free(super::super::sentry::FREE_BYTES_MAX).into();
    (user != User::default()).then_some(user)
}
