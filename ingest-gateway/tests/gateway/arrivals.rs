//! "Where is my event?", by gRPC and REST.

use axum::body::Body;
use event_model::credential::{Caller, INTERNAL_TOKEN_HEADER};
use http::{Request, StatusCode};
use proto::v1::{
    CreateProjectRequest, ListOutcomesRequest, OutcomeKind, Role,
    ingest_debug_service_client::IngestDebugServiceClient,
};
use serde_json::{Value, json};
use tonic::Code;

use crate::support::{Answer, KEY, TOKEN, World, envelope, id, native_event, other_key, secret};

async fn get(world: &World, path: &str, token: &str) -> Answer {
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    world.send(request.body(Body::empty()).unwrap()).await
}

async fn outcomes(world: &World, path: &str) -> Vec<Value> {
    let answer = get(world, path, TOKEN).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {:?}", answer.body);
    assert_eq!(answer.headers["cache-control"], "no-store");
    answer.json()["outcomes"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_stored_event_and_a_refused_one_tell_all_of_themselves() {
    let world = World::new().await;
    let auth = format!("Sentry sentry_key={KEY}, sentry_client=sentry.python/2.75.0");
    let body = zstd::encode_all(envelope(&id(1)).as_bytes(), 1).unwrap();
    let headers = [
        ("x-sentry-auth", auth.as_str()),
        ("content-encoding", "zstd"),
    ];
    let received = body.len();
    world.post("/pre/api/1/envelope/", &headers, body).await;
    world
        .post(
            "/api/errors",
            &[
                ("authorization", &format!("Bearer {KEY}")),
                ("user-agent", "curl/8.1"),
            ],
            "{\"error\":{\"type\":5}}",
        )
        .await;

    let all = outcomes(&world, "/api/projects/1/ingest").await;
    assert_eq!(all.len(), 2, "{all:?}");
    let (refused, stored) = (&all[0], &all[1]);
    for (name, expected) in [
        ("kind", json!("stored")),
        ("reason", json!("")),
        ("message", json!("")),
        ("event_id", json!(id(1))),
        ("sdk", json!({"name": "sentry.python", "version": "2.75.0"})),
        ("path", json!("/api/1/envelope/")),
        ("method", json!("POST")),
        ("http_status", json!(200)),
        ("grpc_code", Value::Null),
        ("encoding", json!("zstd")),
        ("received_bytes", json!(received)),
        ("decompressed_bytes", json!(envelope(&id(1)).len())),
        ("category", json!("error")),
        ("quantity", json!(1)),
        ("public_key", json!(KEY)),
        ("project_id", json!(1)),
        ("client_gone", json!(false)),
    ] {
        assert_eq!(stored[name], expected, "{name} of {stored}");
    }
    assert!(stored["took_us"].as_u64().is_some_and(|took| took > 0));
    assert!(stored["received_at"].as_str().unwrap().ends_with('Z'));
    for (name, expected) in [
        ("kind", json!("refused")),
        ("reason", json!("invalid")),
        ("field", json!("error.type")),
        ("http_status", json!(400)),
        ("sdk", json!({"name": "curl", "version": "8.1"})),
        ("event_id", json!("")),
    ] {
        assert_eq!(refused[name], expected, "{name} of {refused}");
    }
    for name in ["message", "explanation", "advice"] {
        assert!(
            !refused[name].as_str().unwrap().is_empty(),
            "{name} of {refused}"
        );
    }
}

#[tokio::test]
async fn the_payload_names_the_sdk_where_the_request_does_not() {
    let world = World::new().await;
    let event = json!({"event_id": id(1), "message": "m", "sdk": {"name": "sentry.javascript.browser", "version": "5.30.0"}});
    let path = format!("/api/1/store/?sentry_key={KEY}");
    world
        .post(
            &path,
            &[("user-agent", "Mozilla/5.0 (X11)")],
            event.to_string(),
        )
        .await;
    let found = &outcomes(&world, "/api/projects/1/ingest").await[0];
    assert_eq!(
        found["sdk"],
        json!({"name": "sentry.javascript.browser", "version": "5.30.0"})
    );
    assert_eq!(found["client"], "Mozilla/5.0 (X11)");
}

#[tokio::test]
async fn outcomes_are_chosen_by_key_kind_number_and_age() {
    let world = World::new().await;
    let commands = world.gateway.commands();
    let second = CreateProjectRequest {
        name: "second".to_owned(),
        platform: String::new(),
    };
    let second = commands
        .create_project(Caller::Admin, second)
        .await
        .unwrap();
    for number in 0..3 {
        world.post_native(native_event(&id(number))).await;
    }
    world.post_native("broken").await;
    world.post_native(native_event(&id(0))).await;
    let path = format!("/api/errors?key={}", second.public_key);
    world.post(&path, &[], native_event(&id(9))).await;

    let count = async |path: &str| outcomes(&world, path).await.len();
    assert_eq!(count("/api/projects/1/ingest").await, 5);
    assert_eq!(count("/api/projects/2/ingest").await, 1);
    assert_eq!(count(&format!("/api/projects/1/ingest?key={KEY}")).await, 5);
    assert_eq!(count("/api/projects/1/ingest?kind=stored").await, 3);
    assert_eq!(count("/api/projects/1/ingest?kind=refused").await, 1);
    assert_eq!(count("/api/projects/1/ingest?kind=not_kept").await, 1);
    assert_eq!(count("/api/projects/1/ingest?limit=2").await, 2);
    assert_eq!(count("/api/projects/unattributed/ingest").await, 0);

    let newest = get(&world, "/api/projects/1/ingest", TOKEN).await.json()["newest"].clone();
    let after = format!("/api/projects/1/ingest?after={}", newest.as_str().unwrap());
    assert_eq!(count(&after).await, 0);
    world.post_native(native_event(&id(7))).await;
    let newer = outcomes(&world, &after).await;
    assert_eq!(newer.len(), 1);
    assert_eq!(newer[0]["event_id"], id(7));
}

#[tokio::test]
async fn malformed_questions_are_refused_with_the_parameter() {
    let world = World::new().await;
    for (query, status, field) in [
        ("1/ingest?limit=201", 400, "limit"),
        ("1/ingest?limit=x", 400, "limit"),
        ("1/ingest?after=-1", 400, "after"),
        ("1/ingest?kind=lost", 400, "kind"),
        ("1/ingest?key=abc", 400, "key"),
        (&format!("1/ingest?key={}", other_key()), 404, "public_key"),
        ("2/ingest", 404, "project_id"),
    ] {
        let answer = get(&world, &format!("/api/projects/{query}"), TOKEN).await;
        assert_eq!(answer.status.as_u16(), status, "{query}");
        assert_eq!(answer.json()["error"]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn members_see_their_projects_and_owners_the_rest() {
    let world = World::new().await;
    world
        .post("/api/errors?key=short", &[], native_event(&id(1)))
        .await;
    world
        .post(
            "/api/9/envelope/?sentry_key=a94ae32be2584e0bbd7a4cbb95971fee",
            &[],
            envelope(&id(1)),
        )
        .await;
    world
        .post(
            &format!("/api/errors?key={}", other_key()),
            &[],
            native_event(&id(1)),
        )
        .await;
    let lost = outcomes(&world, "/api/projects/unattributed/ingest").await;
    let reasons: Vec<_> = lost
        .iter()
        .map(|one| one["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["forbidden", "unknown_project", "unauthenticated"]);
    // The one with a project's key is its project's as well.
    assert_eq!(outcomes(&world, "/api/projects/1/ingest").await.len(), 1);

    let commands = world.gateway.commands();
    let member = proto::v1::CreateUserRequest {
        email: "m@example.com".to_owned(),
        role: Role::Member.into(),
        password: "long enough 12".to_owned(),
        ..Default::default()
    };
    let member = commands.create_user(Caller::Admin, member).await.unwrap();
    let caller = Caller::User {
        id: event_model::UserId(member.user_id),
        role: event_model::Role::Member,
        via: event_model::credential::Via::Token {
            id: event_model::TokenId(9),
            scope: event_model::TokenScope::Full,
        },
    };
    let token = proto::v1::CreateTokenRequest {
        label: "t".to_owned(),
        ..Default::default()
    };
    let token = commands.create_token(caller, token).await.unwrap().token;
    for (project, token, status) in [
        ("1", token.as_str(), 200),
        ("unattributed", token.as_str(), 403),
        ("1", KEY, 403),
        ("1", "", 401),
    ] {
        let answer = get(&world, &format!("/api/projects/{project}/ingest"), token).await;
        assert_eq!(answer.status.as_u16(), status, "{project} {token}");
    }
    let internal = Request::get("/api/projects/1/ingest")
        .header(INTERNAL_TOKEN_HEADER, secret().internal_token());
    let answer = world.send(internal.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn grpc_tells_the_same() {
    let world = World::new().await;
    world.post_native(native_event(&id(1))).await;
    let mut client = IngestDebugServiceClient::new(world.gateway.router());
    let ask = |request: ListOutcomesRequest, token: &str| {
        let mut request = tonic::Request::new(request);
        let value = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
        request
    };
    let request = ListOutcomesRequest {
        project_id: 1,
        kind: OutcomeKind::Stored.into(),
        ..Default::default()
    };
    let answer = client
        .list_outcomes(ask(request.clone(), TOKEN))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.outcomes.len(), 1);
    assert_eq!(answer.outcomes[0].event_id, id(1));
    assert!(answer.newest >= answer.outcomes[0].sequence);
    let refused = client
        .list_outcomes(ask(request, "nobody"))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let odd = ListOutcomesRequest {
        project_id: 1,
        kind: 99,
        ..Default::default()
    };
    let refused = client.list_outcomes(ask(odd, TOKEN)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn nothing_secret_of_a_request_is_kept() {
    let world = World::new().await;
    let secrets = [
        "hunter2hunter2hunter2hunter2x9",
        "c0ffee00c0ffee00c0ffee00c0ffee00",
        "s3cr3tPathTokenThatIsLong0",
    ];
    let query = format!(
        "/api/1/envelope/?sentry_key={}&token={}",
        other_key(),
        secrets[0]
    );
    world
        .post(
            &query,
            &[("authorization", &format!("Bearer {}", secrets[1]))],
            secrets[0],
        )
        .await;
    world
        .post(
            &format!("/api/1/unreal/{}/", secrets[1]),
            &[("user-agent", secrets[2])],
            secrets[0],
        )
        .await;
    let with_key = format!("/api/{}/envelope/?sentry_key={KEY}", secrets[2]);
    world.post(&with_key, &[], secrets[0]).await;
    let auth = format!(
        "Sentry sentry_key={KEY}, sentry_secret={}, sentry_client={}",
        secrets[1], secrets[2]
    );
    let body = format!("{{}}\n{{\"type\":\"{}\"}}\n{}\n", secrets[1], secrets[0]);
    world
        .post("/api/1/envelope/", &[("x-sentry-auth", &auth)], body)
        .await;
    let native = format!(
        "{{\"error\":{{\"type\":\"{}\"}},\"{}\":1}}",
        secrets[0], secrets[1]
    );
    world.post_native(native).await;
    let mut seen = 0;
    for project in ["1", "unattributed"] {
        let answer = get(&world, &format!("/api/projects/{project}/ingest"), TOKEN).await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        seen += answer.json()["outcomes"].as_array().unwrap().len();
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(!text.contains(&other_key()), "{text}");
    }
    assert!(seen >= 5, "{seen}");
}
