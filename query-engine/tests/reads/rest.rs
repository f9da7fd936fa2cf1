//! The REST reads as DESIGN.md promises them.

use axum::body::Body;
use event_model::IssueId;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::fixture::{Fixture, KEY, T0_MS, TOKEN, decisions, event};

fn ids(list: &Value) -> Vec<u64> {
    let rows = list["issues"].as_array().unwrap();
    rows.iter()
        .map(|row| u64::from_str_radix(row["id"].as_str().unwrap(), 16).unwrap())
        .collect()
}

/// Five issues; the last one belongs to project 2.
fn five() -> Fixture {
    let fixture = Fixture::new();
    for (number, title, count, last) in [
        (1, "TypeError: x is null", 10, 5),
        (2, "RangeError: out of range", 50, 4),
        (3, "Error: 100% full_disk", 30, 3),
        (4, "Oops", 20, 2),
        (100, "TypeError: y is null", 40, 1),
    ] {
        fixture.issue(number, title, count, T0_MS + last * 1000);
    }
    fixture.set(IssueId(2), "status = 2, level = 5");
    fixture.set(
        IssueId(3),
        "status = 3, first_seen = first_seen + 9000, assignee = 1",
    );
    fixture.set(
        IssueId(4),
        "culprit = 'pay in till', folded = 'oops' || char(10) || 'pay in till', users = 99",
    );
    fixture
        .db
        .execute_batch(
            "INSERT INTO name VALUES (1, 'production'), (2, 'staging'), (3, 'a@1');
             INSERT INTO issue_environment VALUES (1, 1, 9, 0, 0), (4, 2, 1, 0, 0);
             INSERT INTO issue_release VALUES (1, 3, 5, 0, 0), (2, 3, 6, 0, 0);",
        )
        .unwrap();
    fixture
}

/// Status, tag and length of an answer.
async fn tagged(fixture: &Fixture, path: &str, known: Option<&str>) -> (StatusCode, String, usize) {
    let mut request = Request::get(path)
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("accept-encoding", "gzip");
    if let Some(known) = known {
        request = request.header("if-none-match", known);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = fixture.router().oneshot(request).await.unwrap();
    let (status, tag) = (response.status(), response.headers().get("etag").cloned());
    let tag = tag.map(|tag| tag.to_str().unwrap().to_owned());
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    (status, tag.unwrap_or_default(), body.unwrap().len())
}

#[tokio::test]
async fn an_answer_that_is_as_it_was_is_not_sent_again() {
    let fixture = five();
    let path = "/api/issues?sort=count";
    let (status, tag, length) = tagged(&fixture, path, None).await;
    assert!(
        status == StatusCode::OK && length > 0 && tag.starts_with("W/\""),
        "{tag}"
    );
    let same = tagged(&fixture, path, Some(&tag)).await;
    assert_eq!(same, (StatusCode::NOT_MODIFIED, tag.clone(), 0));
    let (status, other, _) = tagged(&fixture, "/api/issues?sort=users", Some(&tag)).await;
    assert!(status == StatusCode::OK && other != tag);
    fixture.set(IssueId(2), "count = count + 1");
    let (status, newer, _) = tagged(&fixture, path, Some(&tag)).await;
    assert!(status == StatusCode::OK && newer != tag);
    // What is refused has none.
    let (status, none, _) = tagged(&fixture, "/api/issues?sort=luck", Some("*")).await;
    assert_eq!((status, none.as_str()), (StatusCode::BAD_REQUEST, ""));
}

#[tokio::test]
async fn issues_are_filtered_and_sorted() {
    let fixture = five();
    for (query, expected) in [
        ("", vec![1, 2, 3, 4, 100]),
        ("?sort=first_seen", vec![3, 1, 2, 4, 100]),
        ("?sort=count", vec![2, 100, 3, 4, 1]),
        ("?sort=users", vec![4, 1, 2, 3, 100]),
        ("?project=2", vec![100]),
        ("?project=1,2&status=resolved,ignored", vec![2, 3]),
        ("?query=is:unresolved", vec![1, 4, 100]),
        ("?query=TYPEERROR+null", vec![1, 100]),
        ("?query=till", vec![4]),
        ("?query=100%25+full_", vec![3]),
        ("?query=fullxdisk", vec![]),
        ("?query=level:fatal", vec![2]),
        ("?level=error&status=ignored", vec![3]),
        ("?environment=staging", vec![4]),
        ("?query=environment:production", vec![1]),
        ("?release=a@1&sort=count", vec![2, 1]),
        ("?query=release:a@1+is:resolved", vec![2]),
        ("?limit=2", vec![1, 2]),
    ] {
        let (status, list) = fixture.get(&format!("/api/issues{query}")).await;
        assert_eq!(status, StatusCode::OK, "{query}: {list}");
        assert_eq!(ids(&list), expected, "{query}");
    }
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip_while_rows_change() {
    let fixture = five();
    for sort in ["last_seen", "first_seen", "count", "users"] {
        let (_, all) = fixture.get(&format!("/api/issues?sort={sort}")).await;
        let mut walked = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/api/issues?sort={sort}&limit=2&cursor={cursor}");
            let (status, page) = fixture.get(&path).await;
            assert_eq!(status, StatusCode::OK, "{page}");
            walked.extend(ids(&page));
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(walked, ids(&all), "{sort}");
    }
    // One already shown gets an event between two pages: it is not shown again.
    let (_, first) = fixture.get("/api/issues?limit=2").await;
    fixture.set(IssueId(2), "last_seen = last_seen + 100000");
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, second) = fixture
        .get(&format!("/api/issues?limit=2&cursor={cursor}"))
        .await;
    assert_eq!((ids(&first), ids(&second)), (vec![1, 2], vec![3, 4]));
}

#[tokio::test]
async fn malformed_parameters_are_named() {
    let fixture = five();
    let (_, page) = fixture.get("/api/issues?limit=1").await;
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    for (path, status, field) in [
        ("/api/issues?limit=0".to_owned(), 400, "limit"),
        ("/api/issues?limit=1001".to_owned(), 400, "limit"),
        ("/api/errors?limit=x".to_owned(), 400, "limit"),
        ("/api/issues?sort=age".to_owned(), 400, "sort"),
        ("/api/issues?status=open".to_owned(), 400, "status"),
        ("/api/issues?level=loud".to_owned(), 400, "level"),
        ("/api/issues?query=is:open".to_owned(), 400, "query"),
        (
            format!("/api/issues?query={}", "a".repeat(4097)),
            400,
            "query",
        ),
        ("/api/issues?project=x".to_owned(), 400, "project"),
        ("/api/issues?project=77".to_owned(), 404, "project"),
        ("/api/errors?project=77".to_owned(), 404, "project"),
        ("/api/errors?issue=12".to_owned(), 400, "issue"),
        ("/api/issues?cursor=forged".to_owned(), 400, "cursor"),
        (
            format!("/api/issues?sort=count&cursor={cursor}"),
            400,
            "cursor",
        ),
        (format!("/api/errors?cursor={cursor}"), 400, "cursor"),
        (
            "/api/issues?after_position=-1".to_owned(),
            400,
            "after_position",
        ),
        ("/api/issues/zz".to_owned(), 400, "id"),
        (
            "/api/issues/0000000000000003?fingerprints=1".to_owned(),
            400,
            "fingerprints",
        ),
        ("/api/errors/zz".to_owned(), 400, "id"),
        (format!("/api/issues/{:016x}", 77), 404, ""),
        (format!("/api/errors/{:032x}", 77), 404, ""),
        (format!("/api/errors?issue={:016x}", 77), 404, ""),
        ("/api/nothing".to_owned(), 404, ""),
    ] {
        let (found, body) = fixture.get(&path).await;
        assert_eq!(found.as_u16(), status, "{path}: {body}");
        let error = &body["error"];
        assert!(
            error["code"].is_string() && error["message"].is_string(),
            "{path}: {body}"
        );
        assert_eq!(
            error["field"].as_str().unwrap_or(""),
            field,
            "{path}: {body}"
        );
    }
}

#[tokio::test]
async fn only_signed_in_people_and_tokens_read() {
    let fixture = five();
    let session = |epoch| {
        let now_ns = fixture.clock.now_ns();
        let value = fixture.secret.sign_session(
            event_model::UserId(1),
            epoch,
            event_model::SessionId::random(),
            now_ns,
        );
        format!("other=1; __Secure-errata_session={value}")
    };
    let internal = fixture.secret.internal_token();
    for (header, value, expected) in [
        ("x-nothing", String::new(), 401),
        ("authorization", TOKEN.to_owned(), 401),
        ("authorization", "Bearer ".to_owned(), 401),
        ("authorization", format!("Bearer {KEY}"), 403),
        ("authorization", "Bearer nobody".to_owned(), 403),
        ("authorization", format!("bearer {TOKEN}"), 200),
        ("cookie", session(0), 200),
        ("cookie", session(1), 401),
        ("x-errata-internal", internal, 403),
        ("x-errata-internal", "wrong".to_owned(), 403),
    ] {
        for path in ["/api/issues", "/api/errors", "/api/issues/0000000000000001"] {
            let (status, body) = fixture.get_with(path, &[(header, &value)]).await;
            assert_eq!(
                status.as_u16(),
                expected,
                "{header}: {value} on {path}: {body}"
            );
            assert_eq!(body["error"].is_object(), expected != 200, "{body}");
        }
    }
}

#[tokio::test]
async fn an_issue_has_exactly_the_promised_fields() {
    let fixture = five();
    let (_, list) = fixture.get("/api/issues?query=disk").await;
    insta::assert_json_snapshot!("issue_list", list);
    let (_, issue) = fixture.get("/api/issues/0000000000000003").await;
    assert_eq!(issue, list["issues"][0]);
}

#[tokio::test]
async fn an_error_has_exactly_the_promised_fields() {
    let fixture = Fixture::new();
    let issue = fixture.issue(1, "TypeError: x is null", 2, T0_MS);
    fixture.event(issue, &event(1));
    fixture.event(issue, &event(2));
    fixture.settle().await;
    let (_, mut list) = fixture.get("/api/errors?limit=1").await;
    assert!(list["next_cursor"].take().is_string());
    insta::assert_json_snapshot!("error_list", list);
    let (status, detail) = fixture.get(&format!("/api/errors/{}", event(2).id)).await;
    assert_eq!(status, StatusCode::OK, "{detail}");
    insta::assert_json_snapshot!("error_detail", detail);
}

#[tokio::test]
async fn an_error_with_nothing_has_every_field() {
    let fixture = Fixture::new();
    let issue = fixture.issue(1, "hello", 1, T0_MS);
    let bare = serde_json::from_value(json!({
        "id": "ab".repeat(16), "project_id": 1, "message": "hello",
        "received_ns": T0_MS * 1_000_000, "timestamp_ns": T0_MS * 1_000_000
    }));
    fixture.event(issue, &bare.unwrap());
    fixture.settle().await;
    let (_, detail) = fixture
        .get(&format!("/api/errors/{}", "AB".repeat(16)))
        .await;
    insta::assert_json_snapshot!("error_bare", detail);
}

#[tokio::test]
async fn errors_are_listed_by_issue_words_and_id() {
    let fixture = Fixture::new();
    let (one, two) = (
        fixture.issue(1, "TypeError: x is null", 3, T0_MS),
        fixture.issue(2, "RangeError: too far", 1, T0_MS),
    );
    for n in [1, 2, 3] {
        fixture.event(one, &event(n));
    }
    let mut other = event(4);
    other.exceptions[1].ty = "RangeError".to_owned();
    other.exceptions[1].value = "too far".to_owned();
    fixture.event(two, &other);
    fixture.settle().await;
    let hex = |n: u8| format!("{n:02x}").repeat(16);
    for (query, expected) in [
        (String::new(), vec![4, 3, 2, 1]),
        (format!("?issue={one}"), vec![3, 2, 1]),
        (format!("?issue={two}"), vec![4]),
        ("?query=rangeerror+FAR".to_owned(), vec![4]),
        (format!("?query={}", hex(2)), vec![2]),
        (format!("?query={}&issue={two}", hex(2)), vec![]),
        ("?project=1&limit=2".to_owned(), vec![4, 3]),
        ("?project=2".to_owned(), vec![]),
        (format!("?project=2&issue={one}"), vec![]),
    ] {
        let (status, list) = fixture.get(&format!("/api/errors{query}")).await;
        assert_eq!(status, StatusCode::OK, "{query}: {list}");
        let found: Vec<&str> = list["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_str().unwrap())
            .collect();
        let expected: Vec<String> = expected.into_iter().map(hex).collect();
        assert_eq!(found, expected, "{query}");
    }
    let (_, first) = fixture.get("/api/errors?limit=3").await;
    fixture.event(one, &event(5));
    fixture.settle().await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, last) = fixture
        .get(&format!("/api/errors?limit=3&cursor={cursor}"))
        .await;
    assert_eq!(last["errors"][0]["id"], hex(1), "a new event moves no page");
    assert_eq!(last["next_cursor"], Value::Null);
}

#[tokio::test]
async fn an_error_not_yet_indexed_is_found_in_the_log() {
    let fixture = Fixture::new();
    let issue = fixture.issue(1, "TypeError: x is null", 1, T0_MS);
    fixture.event(issue, &event(1));
    fixture.settle().await;
    fixture.append(&event(2));
    let (status, detail) = fixture.get(&format!("/api/errors/{}", event(2).id)).await;
    assert_eq!(status, StatusCode::OK, "{detail}");
    assert_eq!(detail["issue_id"], "", "its issue is not known yet");
    assert_eq!(detail["message"], "x is null");
}

#[tokio::test]
async fn a_read_waits_for_the_readers_own_write() {
    let fixture = five();
    fixture.reach(10);
    let read = fixture.get("/api/issues?after_position=11&status=resolved");
    let write = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        fixture
            .db
            .execute_batch(
                "BEGIN; UPDATE issue SET status = 2; UPDATE meta SET value = 11 WHERE key = 'position'; COMMIT;",
            )
            .unwrap();
    };
    let ((_, list), ()) = tokio::join!(read, write);
    assert_eq!(ids(&list).len(), 5);
    let (status, _) = fixture.get("/api/issues?after_position=999").await;
    assert_eq!(
        status,
        StatusCode::OK,
        "after a second it answers with what there is"
    );
}

#[tokio::test]
async fn a_method_that_is_not_for_a_path_is_told_in_words() {
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    let fixture = five();
    for path in ["/api/issues", "/api/issues/0000000000000001", "/api/errors"] {
        let request = http::Request::delete(path).body(axum::body::Body::empty());
        let response = fixture.router().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(answer["error"]["code"], "method_not_allowed", "{path}");
    }
}

#[tokio::test]
async fn lists_and_single_things_are_read_so_often_a_minute_by_each_token() {
    let fixture = Fixture::paced(decisions(), 3);
    let issue = fixture.issue(1, "a", 1, T0_MS);
    let get = async |path: &str| {
        let request = Request::get(path).header("authorization", format!("Bearer {TOKEN}"));
        let request = request.body(Body::empty()).unwrap();
        let response = fixture.router().oneshot(request).await.unwrap();
        let header = |name: &str| {
            let value = response.headers().get(name);
            value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
        };
        (
            response.status().as_u16(),
            header("ratelimit"),
            header("retry-after"),
        )
    };
    let one = format!("/api/issues/{issue}");
    let said = |status: u16, ratelimit: &str, retry: &str| {
        (status, ratelimit.to_owned(), retry.to_owned())
    };
    for (path, expected) in [
        ("/api/issues", said(200, "\"lists\";r=2;t=20", "")),
        ("/api/errors", said(200, "\"lists\";r=1;t=40", "")),
        ("/api/issues?limit=0", said(400, "\"lists\";r=0;t=60", "")),
        ("/api/issues", said(429, "\"lists\";r=0;t=60", "21")),
        (one.as_str(), said(200, "\"details\";r=5;t=10", "")),
    ] {
        assert_eq!(get(path).await, expected, "{path}");
    }
    fixture.clock.advance(std::time::Duration::from_secs(20));
    assert_eq!(get("/api/issues").await.0, 200);
    assert_eq!(get("/api/issues").await.0, 429);
    // Who is not known has no cell, and hears of that instead.
    let request = Request::get("/api/issues").body(Body::empty()).unwrap();
    let response = fixture.router().oneshot(request).await.unwrap();
    assert_eq!(response.status().as_u16(), 401);
    assert!(response.headers().get("ratelimit").is_none());
}
