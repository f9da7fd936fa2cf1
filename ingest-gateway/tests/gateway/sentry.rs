use axum::body::Body;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Request, StatusCode};
use serde_json::json;

use crate::support::{KEY, World, envelope, id, sentry_event};

#[tokio::test]
async fn an_envelope_is_taken_behind_any_prefix_with_or_without_the_last_slash() {
    let world = World::new().await;
    let paths = [
        "/api/1/envelope/",
        "/api/1/envelope",
        "/sentry/sub/api/1/envelope/",
        "/a/api/api/1/envelope",
    ];
    for (number, path) in paths.into_iter().enumerate() {
        let id = id(number as u32);
        let path = format!("{path}?sentry_key={KEY}");
        let answer = world.post(&path, &[], envelope(&id)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.json(), json!({ "id": id }));
        assert!(!answer.headers.contains_key("x-sentry-rate-limits"));
    }
    assert_eq!(world.stored_ids().len(), paths.len());
}

#[tokio::test]
async fn items_that_are_not_kept_are_answered_200_and_limited() {
    let world = World::new().await;
    let envelope = "{}\n{\"type\":\"transaction\"}\n{}\n{\"type\":\"session\"}\n{}\n\
                    {\"type\":\"replay_event\"}\n{}\n{\"type\":\"from_the_future\"}\n{}\n";
    let answer = world.post_envelope(envelope).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    let limits = &answer.headers["x-sentry-rate-limits"];
    assert_eq!(limits, "86400:replay;transaction:organization");
    let tally = world.gateway.tally();
    assert_eq!((tally.received, tally.dropped, tally.in_flight), (4, 4, 0));

    let session = world
        .post_envelope("{}\n{\"type\":\"session\"}\n{}\n")
        .await;
    assert_eq!(session.status, StatusCode::OK);
    assert!(!session.headers.contains_key("x-sentry-rate-limits"));
    assert!(world.stored_ids().is_empty());
}

#[tokio::test]
async fn an_empty_envelope_is_taken_and_a_broken_one_refused() {
    let world = World::new().await;
    let empty = world.post_envelope("{}").await;
    assert_eq!((empty.status, empty.json()), (StatusCode::OK, json!({})));
    for broken in [
        "",
        "no json\n",
        "[]\n",
        "{}\n{\"type\":\"event\"}\n{not json",
    ] {
        let answer = world.post_envelope(broken).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{broken:?}");
        assert!(answer.headers.contains_key("x-sentry-error"), "{broken:?}");
    }
    let tally = world.gateway.tally();
    assert_eq!((tally.received, tally.dropped, tally.in_flight), (5, 5, 0));
}

#[tokio::test]
async fn a_broken_item_never_loses_its_good_neighbours() {
    let world = World::new().await;
    let event = sentry_event(&id(1));
    let body = format!(
        "{{\"event_id\":\"{}\"}}\n{{\"type\":\"session\"}}\n{{}}\n{{\"type\":\"event\"}}\n{event}\n\
         {{\"type\":\"attachment\",\"length\":9999}}\nshort",
        id(1)
    );
    let answer = world.post_envelope(body).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert_eq!(answer.json()["id"], id(1));
    assert_eq!(world.stored_ids(), [id(1)]);
}

#[tokio::test]
async fn store_takes_json_base64_and_get() {
    let world = World::new().await;
    let path = format!("/api/1/store/?sentry_key={KEY}");
    let plain = world.post(&path, &[], sentry_event(&id(1))).await;
    assert_eq!(
        (plain.status, plain.json()),
        (StatusCode::OK, json!({"id": id(1)}))
    );
    let encoded = STANDARD.encode(sentry_event(&id(2)));
    let base64 = world.post(&path, &[], encoded).await;
    assert_eq!(base64.json(), json!({"id": id(2)}));
    let data: String =
        url::form_urlencoded::byte_serialize(sentry_event(&id(3)).as_bytes()).collect();
    let request = Request::get(format!("{path}&sentry_data={data}")).body(Body::empty());
    let pixel = world.send(request.unwrap()).await;
    assert_eq!(pixel.status, StatusCode::OK);
    assert_eq!(pixel.headers["content-type"], "image/gif");
    assert!(pixel.body.starts_with(b"GIF89a"));
    assert_eq!(world.stored_ids(), [id(1), id(2), id(3)]);
}

#[tokio::test]
async fn the_other_paths_answer_as_sdks_expect_and_are_counted() {
    let world = World::new().await;
    let event = id(1);
    let cases = [
        ("/api/1/security/", 200),
        ("/api/1/csp-report", 200),
        ("/api/1/nel/", 200),
        ("/api/1/minidump/", 400),
        ("/api/1/cron/nightly/", 400),
        (&format!("/api/1/events/{event}/attachments/"), 400),
        ("/api/1/events/nothing/attachments/", 400),
        (&format!("/api/1/unreal/{KEY}/"), 200),
    ];
    let count = cases.len() as u64;
    for (path, expected) in cases {
        let path = format!("{path}?sentry_key={KEY}");
        let answer = world.post(&path, &[], "{\"csp-report\":{}}").await;
        assert_eq!(answer.status.as_u16(), expected, "{path}");
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        let refused = world.post("/api/1/nel/", &[], "{}").await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    }
    let tally = world.gateway.tally();
    assert_eq!((tally.received, tally.stored), (2 * count, 0));
    assert_eq!(tally.dropped, tally.received);
}

#[tokio::test]
async fn what_is_no_ingestion_path_is_404_or_405() {
    let world = World::new().await;
    let answer = world.post("/api/1/nothing/", &[], "").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let request = Request::put("/api/1/envelope/")
        .body(Body::empty())
        .unwrap();
    let answer = world.send(request).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.json()["detail"], "PUT is not answered here");
    assert_eq!(
        answer.headers["connection"], "close",
        "its body goes unread"
    );
}
