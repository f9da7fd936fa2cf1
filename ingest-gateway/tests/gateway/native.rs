use event_model::Note;
use http::{Request, StatusCode, header};
use serde_json::json;

use crate::support::{KEY, World, config, config_in, id, native_event, secret, wishes};

#[tokio::test]
async fn one_event_is_answered_with_its_id_once_it_is_durable() {
    let world = World::new().await;
    for path in ["/api/errors", "/api/errors/", "/behind/a/proxy/api/errors"] {
        let bearer = format!("Bearer {KEY}");
        let event = native_event("");
        let answer = world.post(path, &[("authorization", &bearer)], event).await;
        assert_eq!(
            answer.status,
            StatusCode::ACCEPTED,
            "{path} {:?}",
            answer.body
        );
        let given = answer.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(world.stored_ids().last(), Some(&given), "{path}");
    }
}

#[tokio::test]
async fn a_batch_answers_in_order_and_a_broken_item_costs_nobody() {
    let world = World::new().await;
    let batch = format!(
        r#"{{"errors":[{},{{"error":{{}}}},{},{{"error":{{"type":5}}}}]}}"#,
        native_event(&id(1)),
        native_event(&id(2)),
    );
    let path = format!("/api/errors/batch?key={KEY}");
    let answer = world
        .post(&path, &[("content-type", "text/plain")], batch)
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let results = answer.json()["results"].clone();
    assert_eq!(results[0], json!({"id": id(1)}));
    assert_eq!(results[2], json!({"id": id(2)}));
    for (index, field) in [(1, "error"), (3, "error.type")] {
        let error = &results[index]["error"];
        assert_eq!(error["code"], "invalid", "{error}");
        let named = error["field"].as_str().unwrap();
        assert!(named.contains(field), "{error}");
        assert!(error["message"].as_str().is_some_and(|m| !m.is_empty()));
    }
    assert_eq!(world.stored_ids(), [id(1), id(2)]);
}

/// The rows of the client reports in the log, and counts of items by category and reason.
fn reported(world: &World) -> Vec<(String, String, u64)> {
    let reports = world.notes().into_iter().map(|note| match note {
        Note::ClientReport(report) => report.drops,
        note => panic!("{note:?}"),
    });
    let rows = reports.flatten();
    rows.map(|row| (row.reason, row.category, row.quantity))
        .collect()
}

#[tokio::test]
async fn what_a_client_dropped_is_kept_like_a_client_report_and_costs_no_event() {
    let world = World::new().await;
    let path = format!("/api/errors/batch?key={KEY}");
    let batch = |n: Option<u32>, discarded: serde_json::Value| {
        let errors = n.map(|n| json!({"id": id(n), "error": {"type": "E"}}));
        json!({ "errors": Vec::from_iter(errors), "discarded_events": discarded }).to_string()
    };
    let full = json!([{"reason": "queue_full", "category": "error", "quantity": 3}]);
    let odd = json!([{"reason": "queue_full", "quantity": "many"}]);
    let field = "discarded_events[0].quantity";
    // With an event and alone; what cannot be counted is said, and refuses only itself.
    let beside = world.post(&path, &[], batch(Some(1), full.clone())).await;
    assert_eq!(beside.status, StatusCode::ACCEPTED, "{:?}", beside.body);
    assert_eq!(beside.json(), json!({"results": [{"id": id(1)}]}));
    let alone = world.post(&path, &[], batch(None, full)).await;
    assert_eq!(alone.status, StatusCode::ACCEPTED);
    assert_eq!(alone.json(), json!({"results": []}));
    let beside = world.post(&path, &[], batch(Some(2), odd.clone())).await;
    assert_eq!(beside.status, StatusCode::ACCEPTED);
    assert_eq!(beside.json()["results"], json!([{"id": id(2)}]));
    assert_eq!(beside.json()["discarded_events_error"]["code"], "invalid");
    assert_eq!(beside.json()["discarded_events_error"]["field"], field);
    let alone = world.post(&path, &[], batch(None, odd)).await;
    assert_eq!(alone.status, StatusCode::BAD_REQUEST);
    assert_eq!(alone.json()["error"]["field"], field);
    let row = || ("queue_full".to_owned(), "error".to_owned(), 3);
    assert_eq!(reported(&world), [row(), row()]);
    assert_eq!(world.stored_ids(), [id(1), id(2)]);
    let tally = world.gateway.tally();
    assert_eq!((tally.received, tally.stored, tally.dropped), (6, 4, 2));
    assert_eq!(tally.in_flight, 0);
}

#[tokio::test]
async fn drops_are_not_counted_by_a_batch_that_is_to_come_again() {
    let world = World::new().await;
    world.log.close().unwrap();
    let path = format!("/api/errors/batch?key={KEY}");
    for errors in [json!([]), json!([{"error": {"type": "E"}}])] {
        let batch =
            json!({ "errors": errors, "discarded_events": [{"reason": "a", "quantity": 1}] });
        let answer = world.post(&path, &[], batch.to_string()).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    }
    let tally = world.gateway.tally();
    assert_eq!((tally.received, tally.dropped, tally.in_flight), (3, 3, 0));
}

#[tokio::test]
async fn malformed_bodies_are_400_with_the_field() {
    let world = World::new().await;
    for (body, field) in [
        ("", None),
        ("not json", None),
        ("[]", None),
        ("{}", Some("error")),
        (r#"{"error":{"type":7}}"#, Some("error.type")),
    ] {
        let answer = world.post_native(body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        let error = answer.json()["error"].clone();
        assert_eq!(error["code"], "invalid", "{body}");
        if let Some(field) = field {
            let named = error["field"].as_str().unwrap_or_default();
            assert!(named.starts_with(field), "{body}: {error}");
        }
    }
    assert!(world.stored_ids().is_empty());
    assert_eq!(world.gateway.tally().in_flight, 0);
}

#[tokio::test]
async fn preflight_needs_no_key_and_every_answer_allows_any_page() {
    let world = World::new().await;
    for path in [
        "/api/errors",
        "/api/errors/batch",
        "/api/1/envelope/",
        "/p/api/1/store",
    ] {
        let request = Request::options(path)
            .header(header::ORIGIN, "https://shop.example")
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .body(axum::body::Body::empty());
        let answer = world.send(request.unwrap()).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{path}");
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        let allowed = answer.headers["access-control-allow-headers"]
            .to_str()
            .unwrap();
        assert!(allowed.contains("x-sentry-auth") && allowed.contains("content-encoding"));

        let refused = world.post(path, &[], "{}").await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(refused.headers["access-control-allow-origin"], "*");
        let exposed = refused.headers["access-control-expose-headers"]
            .to_str()
            .unwrap();
        assert_eq!(
            exposed,
            "x-sentry-error, x-sentry-rate-limits, retry-after, ratelimit, ratelimit-policy"
        );
    }
    let other = world.post("/auth/sign-out", &[], "{}").await;
    assert!(!other.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn after_the_end_has_begun_new_events_hear_503() {
    let world = World::new().await;
    assert!(
        world
            .gateway
            .drain(std::time::Duration::from_secs(10))
            .await
    );
    let answer = world.post_native(native_event(&id(1))).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers.contains_key(header::RETRY_AFTER));
    assert_eq!(answer.json()["error"]["code"], "overloaded");
}

#[tokio::test]
async fn a_closed_log_is_503_with_retry_after() {
    let world = World::new().await;
    world.log.close().unwrap();
    let native = world.post_native(native_event(&id(1))).await;
    let sentry = world.post_envelope(crate::support::envelope(&id(2))).await;
    for answer in [native, sentry] {
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers[header::RETRY_AFTER], "5");
    }
    let tally = world.gateway.tally();
    assert_eq!((tally.received, tally.dropped, tally.in_flight), (2, 2, 0));
}

#[tokio::test]
async fn a_full_queue_is_503_and_the_event_may_be_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut log_config = event_log::LogConfig::new(dir.path());
    log_config.queue_bytes_max = 1;
    let log = event_log::LogWriter::open(log_config).unwrap();
    let gateway = ingest_gateway::Gateway::start(
        config_in(dir.path(), config()),
        log.clone(),
        secret(),
        wishes(),
    )
    .await;
    let router = gateway.unwrap().router();
    let path = format!("/api/errors?key={KEY}");
    let request = Request::post(path).body(native_event(&id(1)).into());
    let answer = crate::support::send(&router, request.unwrap()).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers[header::RETRY_AFTER], "5");
    log.close().unwrap();
    drop(log);
    let world = World::in_dir(dir, config(), wishes()).await;
    let answer = world.post_native(native_event(&id(1))).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(world.stored_ids(), [id(1)]);
}

#[tokio::test]
async fn the_router_merges_with_reads_on_the_same_paths() {
    use axum::{Router, routing::get};
    let world = World::new().await;
    let reads = Router::new()
        .route("/api/errors", get(async || "list"))
        .route("/api/errors/{id}", get(async || "one"))
        .fallback(async || "page");
    let router = world.gateway.router().merge(reads);
    for (path, expected) in [
        ("/api/errors", "list"),
        ("/api/errors/0123", "one"),
        ("/issues", "page"),
    ] {
        let request = Request::get(path).body(axum::body::Body::empty());
        let answer = crate::support::send(&router, request.unwrap()).await;
        assert_eq!(answer.body, expected, "{path}");
        let allowed = answer.headers.get("access-control-allow-origin");
        assert_eq!(allowed, None, "{path}: reads are for our own pages");
    }
    let path = format!("/api/errors?key={KEY}");
    let request = Request::post(path).body(native_event(&id(1)).into());
    let answer = crate::support::send(&router, request.unwrap()).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
}
