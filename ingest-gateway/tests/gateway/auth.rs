use base64::{Engine, engine::general_purpose::STANDARD};
use http::StatusCode;

use crate::support::{KEY, World, envelope, id, native_event, other_key, sentry_event};

type Headers = Vec<(&'static str, String)>;

async fn check(world: &World, path: &str, headers: &Headers, body: String, expected: u16) {
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let answer = world.post(path, &headers, body).await;
    assert_eq!(
        answer.status.as_u16(),
        expected,
        "{path} {headers:?} {:?}",
        answer.body
    );
    if expected >= 400 && !path.contains("/api/errors") {
        assert!(answer.headers.contains_key("x-sentry-error"), "{path}");
        assert!(answer.json()["detail"].is_string());
        assert!(answer.json()["causes"].is_array());
    }
}

#[tokio::test]
async fn keys_are_found_in_all_places_of_sentry_clients() {
    let world = World::new().await;
    let other = other_key();
    let basic = |user: &str| format!("Basic {}", STANDARD.encode(format!("{user}:")));
    let auth = |key: &str| format!("Sentry sentry_version=7, sentry_client=x/1, sentry_key={key}");
    let plain = "/api/1/store/".to_owned();
    let with_query = format!("/api/1/store/?sentry_version=7&sentry_key={KEY}");
    let cases: Vec<(&str, Headers, u16)> = vec![
        (&plain, vec![("x-sentry-auth", auth(KEY))], 200),
        (
            &plain,
            vec![("x-sentry-auth", format!("sentry sentry_key={KEY}"))],
            200,
        ),
        (
            &plain,
            vec![(
                "X-Sentry-Auth",
                format!("Sentry sentry_key={KEY},sentry_version=5"),
            )],
            200,
        ),
        (&plain, vec![("authorization", auth(KEY))], 200),
        (&plain, vec![("authorization", basic(KEY))], 200),
        (&with_query, vec![], 200),
        // The same key twice (sentry-ruby), and a proxy's own credentials.
        (&with_query, vec![("x-sentry-auth", auth(KEY))], 200),
        (
            &with_query,
            vec![("authorization", "Bearer proxy".to_owned())],
            200,
        ),
        // None, malformed, contradictory.
        (&plain, vec![], 401),
        (&plain, vec![("x-sentry-auth", "Bearer x".to_owned())], 401),
        (
            &plain,
            vec![("x-sentry-auth", "Sentry sentry_version=7".to_owned())],
            401,
        ),
        (&plain, vec![("x-sentry-auth", auth("short"))], 401),
        (&plain, vec![("authorization", basic("me"))], 401),
        (&with_query, vec![("x-sentry-auth", auth(&other))], 401),
        // A later protocol.
        (
            &plain,
            vec![(
                "x-sentry-auth",
                format!("Sentry sentry_version=8, sentry_key={KEY}"),
            )],
            400,
        ),
        // Well-formed but unknown.
        (&plain, vec![("x-sentry-auth", auth(&other))], 403),
    ];
    for (number, (path, headers, expected)) in cases.into_iter().enumerate() {
        let body = sentry_event(&id(number as u32));
        check(&world, path, &headers, body, expected).await;
    }
}

#[tokio::test]
async fn the_project_of_the_path_must_be_the_keys() {
    let world = World::new().await;
    let created = world
        .gateway
        .commands()
        .create_project(
            event_model::credential::Caller::Admin,
            proto::v1::CreateProjectRequest {
                name: "second".to_owned(),
                platform: String::new(),
            },
        )
        .await
        .unwrap();
    assert_eq!(created.project_id, 2);
    for (path, key, expected) in [
        ("/api/1/store/", KEY, 200),
        ("/api/2/store/", created.public_key.as_str(), 200),
        ("/api/2/store/", KEY, 403),
        ("/api/3/store/", KEY, 404),
        ("/api/none/store/", KEY, 404),
        ("/api/store/", created.public_key.as_str(), 200),
    ] {
        let path = format!("{path}?sentry_key={key}");
        check(&world, &path, &vec![], sentry_event(""), expected).await;
    }
}

#[tokio::test]
async fn a_tunnel_names_the_key_in_the_envelope() {
    let world = World::new().await;
    let with_dsn = |dsn: &str| {
        let event = sentry_event("");
        format!("{{\"dsn\":\"{dsn}\"}}\n{{\"type\":\"event\"}}\n{event}")
    };
    let dsn = |key: &str, project: u32| format!("https://{key}@some.proxy.example/{project}");
    let path = "/api/1/envelope/";
    let with_key = format!("{path}?sentry_key={KEY}");
    let other = other_key();
    for (path, dsn, expected) in [
        (path, dsn(KEY, 1), 200),
        (with_key.as_str(), dsn(KEY, 1), 200),
        (path, dsn(&other, 1), 403),
        (path, dsn(KEY, 9), 400),
        (with_key.as_str(), dsn(&other, 1), 400),
        (with_key.as_str(), dsn(KEY, 2), 400),
    ] {
        check(&world, path, &vec![], with_dsn(&dsn), expected).await;
    }
    check(&world, path, &vec![], envelope(&id(1)), 401).await;
}

#[tokio::test]
async fn native_keys_come_as_bearer_or_in_the_query() {
    let world = World::new().await;
    let bearer = |key: &str| vec![("authorization", format!("Bearer {key}"))];
    let query = format!("/api/errors?key={KEY}");
    let plain = "/api/errors";
    for (path, headers, expected) in [
        (plain, bearer(KEY), 202),
        (plain, vec![("authorization", format!("bearer {KEY}"))], 202),
        (query.as_str(), vec![], 202),
        (query.as_str(), bearer(KEY), 202),
        (query.as_str(), bearer(&other_key()), 401),
        (plain, bearer(&other_key()), 403),
        (plain, bearer("short"), 401),
        (plain, vec![("authorization", KEY.to_owned())], 401),
        (plain, vec![], 401),
    ] {
        check(&world, path, &headers, native_event(""), expected).await;
    }
}

#[tokio::test]
async fn a_disabled_key_stops_at_once() {
    let world = World::new().await;
    let accepted = world.post_native(native_event("")).await;
    assert_eq!(accepted.status, StatusCode::ACCEPTED);
    world
        .gateway
        .commands()
        .disable_key(
            event_model::credential::Caller::Admin,
            proto::v1::DisableKeyRequest {
                project_id: 1,
                public_key: KEY.to_owned(),
            },
        )
        .await
        .unwrap();
    let refused = world.post_native(native_event("")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.json()["error"]["code"], "forbidden");
}
