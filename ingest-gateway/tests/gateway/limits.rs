//! Limits from outside: what is refused, what is stored beside it, what clients are told.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use event_model::credential::Caller;
use futures_util::{StreamExt, stream};
use ground::Clock;
use http::{Request, StatusCode};
use ingest_gateway::{Gateway, GatewayConfig, fate::DropReason};
use proto::v1::{
    Plan, PlanKind, SendErrorsRequest, SetKeyLimitRequest, SetPlanRequest,
    ingest_service_client::IngestServiceClient,
};
use serde_json::{Value, json};
use tonic::Code;

use crate::support::{Answer, KEY, World, config, config_in, open_log, secret, send, wishes};

/// 10:30 of some day after all of the past 30.
const HALF_PAST_NS: i64 = 500_000 * 3_600_000_000_000 + 1_800_000_000_000;

fn standing() -> (GatewayConfig, Clock) {
    let clock = Clock::standing_at(HALF_PAST_NS);
    let config = GatewayConfig {
        clock: clock.clone(),
        ..config()
    };
    (config, clock)
}

async fn set_plan(world: &World, project_id: u32, events_per_hour: u64) {
    let request = SetPlanRequest {
        project_id,
        plan: Some(Plan {
            kind: PlanKind::Enterprise.into(),
            events_per_hour,
        }),
    };
    let commands = world.gateway.commands();
    commands.set_plan(Caller::Admin, request).await.unwrap();
}

/// A world on a clock that stands, where project 1 may store so many items an hour.
async fn world_of(events_per_hour: u64) -> (World, Clock) {
    let (config, clock) = standing();
    let world = World::with(config, wishes()).await;
    set_plan(&world, 1, events_per_hour).await;
    (world, clock)
}

fn envelope(items: &[(&str, Value)]) -> String {
    let item = |(kind, payload): &(&str, Value)| format!("{}\n{payload}\n", json!({"type": kind}));
    let items: Vec<String> = items.iter().map(item).collect();
    format!("{{}}\n{}", items.concat())
}

fn error(id: u8) -> (&'static str, Value) {
    (
        "event",
        json!({"event_id": format!("{id:032x}"), "message": "x"}),
    )
}

fn session() -> (&'static str, Value) {
    let session = json!({
        "sid": "00000000000000000000000000000001", "status": "ok", "init": true,
        "started": "2026-01-01T00:00:00Z", "attrs": {"release": "1"},
    });
    ("session", session)
}

fn report() -> (&'static str, Value) {
    let dropped = json!([{"reason": "ratelimit_backoff", "category": "error", "quantity": 3}]);
    ("client_report", json!({"discarded_events": dropped}))
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let value = answer.headers.get(name);
    value.map_or("", |value| value.to_str().unwrap())
}

fn limited(world: &World) -> u64 {
    let counts = world.gateway.counts().ended.into_iter();
    let limited = counts.filter(|(series, _)| series.reason == Some(DropReason::Limited));
    limited.map(|(_, quantity)| quantity).sum()
}

fn is_accounted(world: &World) {
    let tally = world.gateway.tally();
    assert_eq!(tally.in_flight, 0);
    assert_eq!(tally.received, tally.stored + tally.dropped, "{tally:?}");
}

#[tokio::test]
async fn a_batch_is_stored_up_to_the_quota_and_each_of_the_rest_says_why_not() {
    let (world, clock) = world_of(3).await;
    let post = async |ids: std::ops::Range<u8>| {
        let errors: Vec<Value> = ids
            .map(|id| json!({"id": format!("{id:032x}"), "error": {"type": "E"}}))
            .collect();
        let body = json!({"errors": errors}).to_string();
        world
            .post(&format!("/api/errors/batch?key={KEY}"), &[], body)
            .await
    };
    let answer = post(0..5).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let results = answer.json()["results"].clone();
    let codes: Vec<&str> = (0..5)
        .map(|at| results[at]["error"]["code"].as_str().unwrap_or("stored"))
        .collect();
    assert_eq!(codes, ["stored", "stored", "stored", "limited", "limited"]);
    let expected = r#""batches";r=19;t=3, "project";r=0;t=1800"#;
    assert_eq!(header(&answer, "ratelimit"), expected);
    let expected = r#""batches";q=20;w=60, "project";q=3;w=3600"#;
    assert_eq!(header(&answer, "ratelimit-policy"), expected);
    assert_eq!(world.gateway.tally().stored, 3);
    assert_eq!(limited(&world), 2);
    // Nothing of it could be stored: known by the key, whatever it holds.
    let answer = world
        .post(&format!("/api/errors/batch?key={KEY}"), &[], "no JSON")
        .await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(header(&answer, "retry-after"), "1800");
    assert_eq!(answer.json()["error"]["code"], "limited");
    clock.advance(Duration::from_mins(30));
    assert_eq!(post(3..5).await.status, StatusCode::ACCEPTED);
    assert_eq!(
        world.gateway.tally().stored,
        5,
        "what was limited came again"
    );
    is_accounted(&world);
}

#[tokio::test]
async fn repeated_and_filtered_events_cost_nothing() {
    let (world, _) = world_of(3).await;
    let send = async |id: u8| world.post_envelope(envelope(&[error(id)])).await;
    for id in [1, 1, 1, 2, 1, 2] {
        assert_eq!(send(id).await.status, StatusCode::OK);
    }
    assert_eq!(world.gateway.tally().stored, 2);
    let answer = send(3).await;
    assert_eq!(answer.status, StatusCode::OK, "the third of three");
    let told = "1800:error;event;security:project:quota";
    assert_eq!(
        header(&answer, "x-sentry-rate-limits"),
        told,
        "with the last one"
    );
    let answer = send(4).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(header(&answer, "x-sentry-rate-limits"), told);
    assert_eq!(header(&answer, "retry-after"), "1800");
    assert_eq!(limited(&world), 1);
    is_accounted(&world);
}

#[tokio::test]
async fn neighbours_of_a_limited_event_are_stored_and_its_files_are_not() {
    let (world, _) = world_of(2).await;
    for id in [1, 2] {
        world.post_envelope(envelope(&[error(id)])).await;
    }
    // It begins with an event: no more of it is read.
    let answer = world.post_envelope(envelope(&[error(3), session()])).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(limited(&world), 1);
    // Sessions and reports pass; the event among them does not, nor its file.
    let file = ("attachment", json!("a file"));
    let mixed = envelope(&[session(), error(4), report(), file]);
    let answer = world.post_envelope(mixed).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(limited(&world), 3);
    assert_eq!(world.gateway.tally().stored, 4);
    // Reports of SDKs are never limited, other categories for themselves.
    for (items, status, told) in [
        (
            vec![report(), report(), report()],
            200,
            "error;event;security",
        ),
        (vec![session()], 200, "session"),
        (vec![session()], 429, "session"),
        (vec![report()], 200, "session"),
    ] {
        let answer = world.post_envelope(envelope(&items)).await;
        assert_eq!(answer.status.as_u16(), status, "{items:?}");
        let header = header(&answer, "x-sentry-rate-limits");
        assert!(header.contains(told), "{header} of {items:?}");
    }
    is_accounted(&world);
}

#[tokio::test]
async fn who_is_limited_hears_of_it_before_the_body_is_there() {
    let (world, _) = world_of(1).await;
    world.post_envelope(envelope(&[error(1)])).await;
    let never = || stream::pending::<Result<Bytes, std::io::Error>>();
    for (path, headers) in [
        (format!("/api/errors?key={KEY}"), vec![]),
        (
            format!("/api/errors/batch?key={KEY}"),
            vec![("expect", "100-continue")],
        ),
        (format!("/api/1/store/?sentry_key={KEY}"), vec![]),
        (
            format!("/v1/logs?sentry_key={KEY}"),
            vec![("content-type", "application/json")],
        ),
    ] {
        let mut request = Request::post(&path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from_stream(never())).unwrap();
        let answer = world.send(request).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
    }
    // Of an envelope no more than the head of its first item is needed.
    let begun = stream::iter([Ok(Bytes::from("{}\n{\"type\":\"event\"}\n{\"mess"))]);
    let path = format!("/api/1/envelope/?sentry_key={KEY}");
    let body = Body::from_stream(begun.chain(never()));
    let answer = world.send(Request::post(path).body(body).unwrap()).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    is_accounted(&world);
}

#[tokio::test]
async fn a_restart_in_the_middle_of_an_hour_forgets_nothing() {
    let (world, clock) = world_of(4).await;
    for id in [1, 2, 1] {
        world.post_envelope(envelope(&[error(id)])).await;
    }
    world.post_envelope(envelope(&[session()])).await;
    let dir = world.stop();
    for remembered in [0, 1_000] {
        let config = GatewayConfig {
            clock: clock.clone(),
            // However few ids are remembered, the hour is counted whole.
            recent_events: remembered,
            ..config()
        };
        let log = open_log(dir.path());
        let config = config_in(dir.path(), config);
        let gateway = Gateway::start(config, log.clone(), secret(), wishes())
            .await
            .unwrap();
        let path = format!("/api/1/envelope/?sentry_key={KEY}");
        let post = async |items: &[(&str, Value)]| {
            let body = Body::from(envelope(items));
            let request = Request::post(&path).body(body).unwrap();
            send(&gateway.router(), request).await.status.as_u16()
        };
        if remembered == 0 {
            assert_eq!(
                [post(&[error(5)]).await, post(&[session()]).await],
                [200, 200]
            );
        } else {
            assert_eq!(
                [post(&[error(6)]).await, post(&[error(7)]).await],
                [200, 429]
            );
        }
        log.close().unwrap();
    }
}

#[tokio::test]
async fn a_keys_own_limit_stops_all_of_it_and_no_other_key() {
    let (config, clock) = standing();
    let world = World::with(config, wishes()).await;
    let limit = SetKeyLimitRequest {
        project_id: 1,
        public_key: KEY.to_owned(),
        items_per_minute: 2,
    };
    let commands = world.gateway.commands();
    commands.set_key_limit(Caller::Admin, limit).await.unwrap();
    let create = proto::v1::CreateKeyRequest {
        project_id: 1,
        label: String::new(),
    };
    let other = commands.create_key(Caller::Admin, create).await.unwrap();
    let answer = world
        .post_envelope(envelope(&[error(1), session(), session()]))
        .await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(world.gateway.tally().stored, 2);
    assert_eq!(header(&answer, "x-sentry-rate-limits"), "30::key:key_limit");
    assert_eq!(header(&answer, "retry-after"), "30");
    let path = format!("/api/1/envelope/?sentry_key={}", other.public_key);
    let answer = world.post(&path, &[], envelope(&[error(2)])).await;
    assert_eq!(answer.status, StatusCode::OK);

    let mut client = IngestServiceClient::new(world.gateway.router());
    let message = SendErrorsRequest {
        errors: vec![proto::v1::Event::default()],
        ..Default::default()
    };
    let mut request = tonic::Request::new(message);
    let bearer = format!("Bearer {KEY}").parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);
    let status = client.send_errors(request).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(status.metadata().get("retry-after").unwrap(), "30");
    assert!(!status.details().is_empty(), "google.rpc.RetryInfo");
    clock.advance(Duration::from_secs(30));
    let answer = world.post_envelope(envelope(&[error(3)])).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn native_paths_have_rates_of_their_own() {
    let (config, clock) = standing();
    let world = World::with(config, wishes()).await;
    let one = json!({"error": {"type": "E"}}).to_string();
    for _ in 0..100 {
        let answer = world.post_native(one.clone()).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
    }
    let answer = world.post_native(one.clone()).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(header(&answer, "ratelimit"), r#""errors";r=0;t=60"#);
    assert_eq!(header(&answer, "retry-after"), "1");
    // Sentry's paths have no such rate.
    let answer = world.post_envelope(envelope(&[error(1)])).await;
    assert_eq!(answer.status, StatusCode::OK);
    clock.advance(Duration::from_millis(600));
    assert_eq!(
        world.post_native(one.clone()).await.status,
        StatusCode::ACCEPTED
    );
    assert_eq!(
        world.post_native(one).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
    is_accounted(&world);
}

#[tokio::test]
async fn switched_off_nothing_is_limited() {
    let mut config = config();
    config.limits.enabled = false;
    let world = World::with(config, wishes()).await;
    set_plan(&world, 0, 1).await;
    for _ in 0..130 {
        let answer = world
            .post_native(json!({"error": {"type": "E"}}).to_string())
            .await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        assert_eq!(header(&answer, "ratelimit"), "");
    }
}
