//! Whose a request is.

use std::collections::BTreeSet;

use prost::Message;

use super::*;

#[test]
fn writes_decisions_and_sign_in_are_the_gateways() {
    const GATEWAY: Option<Role> = Some(Role::Gateway);
    const QUERY: Option<Role> = Some(Role::Query);
    for (method, path, expected) in [
        ("POST", "/api/1/envelope/", GATEWAY),
        ("OPTIONS", "/api/1/envelope/", GATEWAY),
        ("PUT", "/api/1/envelope", GATEWAY),
        ("GET", "/api/1/store/", GATEWAY),
        ("POST", "/api/errors", GATEWAY),
        ("OPTIONS", "/api/errors/", GATEWAY),
        ("DELETE", "/api/errors", GATEWAY),
        ("POST", "/api/errors/batch", GATEWAY),
        ("POST", "/tunnel", GATEWAY),
        ("POST", "/tunnel/", GATEWAY),
        ("GET", "/api/embed/error-page/", GATEWAY),
        ("GET", "/api/errors", QUERY),
        ("HEAD", "/api/errors", QUERY),
        ("GET", "/api/errors/0123", QUERY),
        ("DELETE", "/api/errors/0123", QUERY),
        ("GET", "/api/errors/0123/attachments/0", QUERY),
        ("GET", "/api/issues", QUERY),
        ("GET", "/api/projects/1/ingest", GATEWAY),
        ("GET", "/api/projects//ingest", None),
        ("GET", "/api/projects/1", None),
        ("GET", "/api/openapi.json", Some(Role::Each)),
        (
            "POST",
            "/errata.v1.IngestDebugService/ListOutcomes",
            GATEWAY,
        ),
        ("POST", "/errata.v1.IngestService/StreamErrors", GATEWAY),
        ("POST", "/errata.v1.CommandService/AssignIssues", GATEWAY),
        ("POST", "/errata.v1.IssueService/ListIssues", QUERY),
        ("POST", "/errata.v1.IssueServices/ListIssues", None),
        ("POST", "/auth/sign-in", GATEWAY),
        ("GET", "/auth/nowhere", GATEWAY),
        ("POST", "/v1/traces", GATEWAY),
        ("POST", "/v1/metrics/", GATEWAY),
        ("POST", "/v1/profiles", None),
        ("POST", "/api/1/otlp/v1/logs", GATEWAY),
        (
            "POST",
            "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            GATEWAY,
        ),
        (
            "POST",
            "/opentelemetry.proto.collector.profiles.v1/Export",
            GATEWAY,
        ),
        ("GET", "/", None),
        ("GET", "/assets/auth/x.js", None),
        ("GET", "/issues/5", None),
    ] {
        assert_eq!(role_of(method, path), expected, "{method} {path}");
    }
}

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
        ("/api//envelope/", None),
        ("/api/1/cron//", None),
        ("/", None),
    ] {
        assert_eq!(start_behind_prefix(path), start, "{path}");
    }
}

/// What the `.proto` files have.
#[test]
fn every_service_has_a_role() {
    let set = prost_types::FileDescriptorSet::decode(crate::FILE_DESCRIPTOR_SET)
        .expect("a sound descriptor set");
    let written = set.file.iter().flat_map(|file| {
        let name = |service: &prost_types::ServiceDescriptorProto| {
            format!("{}.{}", file.package(), service.name())
        };
        file.service.iter().map(name).collect::<Vec<_>>()
    });
    let ours = |name: &&str| name.starts_with("errata.");
    let listed = SERVICES.iter().map(|service| service.name).filter(ours);
    assert_eq!(
        listed.map(str::to_owned).collect::<BTreeSet<_>>(),
        written.collect::<BTreeSet<_>>(),
    );
}

/// Else a request would be two roles', and the first of the list would decide.
#[test]
fn no_method_of_a_path_is_listed_twice() {
    let mut seen = BTreeSet::new();
    for route in ROUTES {
        for method in route.methods {
            assert!(seen.insert((route.path, method)), "{method} {}", route.path);
        }
    }
}
