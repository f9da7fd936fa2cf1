//! The search language at the door of REST and gRPC.

#![allow(clippy::assigning_clones)]

use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proto::v1::{
    self, event_service_client::EventServiceClient, issue_service_client::IssueServiceClient,
};
use serde_json::{Value, json};
use tonic::Code;

use crate::{
    fixture::{Fixture, T0_MS, event},
    grpc::authorize,
};

fn path(of: &str, query: &str) -> String {
    format!(
        "/api/{of}?query={}",
        utf8_percent_encode(query, NON_ALPHANUMERIC)
    )
}

fn ids(list: &Value, of: &str) -> Vec<u64> {
    let rows = list[of].as_array().unwrap().iter();
    let id = |row: &Value| u64::from_str_radix(&row["id"].as_str().unwrap()[..16], 16).unwrap();
    rows.map(id).collect()
}

/// Two issues: one unresolved with events 1 to 3, of which 3 is of staging and fatal; one
/// resolved with event 4.
fn two() -> Fixture {
    let fixture = Fixture::new();
    let one = fixture.issue(1, "TypeError: x is null", 3, T0_MS);
    let two = fixture.issue(2, "RangeError: too far", 1, T0_MS);
    for n in [1, 2, 3] {
        let mut event = event(n);
        if n == 3 {
            event.environment = "staging".to_owned();
            event.level = event_model::Level::Fatal;
        }
        fixture.event(one, &event);
    }
    let mut other = event(4);
    other.exceptions[1].ty = "RangeError".to_owned();
    other.exceptions[1].value = "too far".to_owned();
    fixture.event(two, &other);
    fixture.set(two, "status = 2, assignee = 1, users = 9");
    fixture
        .db
        .execute_batch(
            "INSERT INTO name VALUES (1, 'production'), (2, 'staging');
             INSERT INTO issue_environment VALUES (1, 1, 2, 0, 0), (1, 2, 1, 0, 0), (2, 1, 1, 0, 0);
             INSERT INTO fingerprint_tag VALUES (1, 'browser', 'Safari', 1);",
        )
        .unwrap();
    fixture
}

fn event_id(n: u64) -> u64 {
    n * 0x0101_0101_0101_0101
}

#[tokio::test]
async fn one_language_finds_issues_and_events() {
    let fixture = two();
    fixture.settle().await;
    for (query, issues, events) in [
        ("", vec![1, 2], vec![4, 3, 2, 1]),
        ("is:unresolved", vec![1], vec![3, 2, 1]),
        ("!is:unresolved", vec![2], vec![4]),
        ("assigned:me", vec![2], vec![4]),
        ("users:>5 OR environment:staging", vec![1, 2], vec![4, 3]),
        ("environment:stag* is:unresolved", vec![1], vec![3]),
        ("NOT (typeerror null)", vec![2], vec![4]),
        ("title:range*", vec![2], vec![4]),
        ("project:1 issue:0000000000000002", vec![2], vec![4]),
        ("id:04040404040404040404040404040404", vec![2], vec![4]),
        ("id:05050505050505050505050505050505", vec![], vec![]),
        (
            "first_seen:2026-11-22 last_seen:>=2026-11-22",
            vec![1, 2],
            vec![4, 3, 2, 1],
        ),
        ("culprit:cart times_seen:1..2", vec![2], vec![4]),
        // What an issue's events say finds the issue.
        ("message:\"too far\"", vec![2], vec![4]),
        ("stack.function:nothing", vec![], vec![]),
    ] {
        let (status, list) = fixture.get(&path("issues", query)).await;
        assert_eq!(status, StatusCode::OK, "{query}: {list}");
        assert_eq!(ids(&list, "issues"), issues, "{query}");
        let (status, list) = fixture.get(&path("errors", query)).await;
        assert_eq!(status, StatusCode::OK, "{query}: {list}");
        let mut found = ids(&list, "errors");
        found.sort_unstable();
        let mut expected: Vec<u64> = events.into_iter().map(event_id).collect();
        expected.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test]
async fn a_query_that_cannot_be_read_is_refused_at_its_character() {
    let fixture = two();
    fixture.settle().await;
    for (of, query, offset, length, suggestion) in [
        ("issues", "ä is:unresolvd", 5, 9, json!("unresolved")),
        ("errors", "level:eror", 6, 4, json!("error")),
        ("issues", "(a", 0, 1, Value::Null),
        ("issues", "a assigned:nobody@x", 2, 17, Value::Null),
        ("issues", "timestamp:-1h", 0, 13, Value::Null),
        ("issues", "user:a*", 0, 7, Value::Null),
    ] {
        let (status, answer) = fixture.get(&path(of, query)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {answer}");
        let error = &answer["error"];
        assert_eq!(error["code"], "invalid", "{query}");
        assert_eq!(error["field"], "query", "{query}");
        assert_eq!(
            error["position"],
            json!({"offset": offset, "length": length}),
            "{query}: {answer}"
        );
        assert_eq!(error["suggestion"], suggestion, "{query}: {answer}");
    }
    let (status, answer) = fixture.get("/api/issues?query=a&time_zone=Mars/Base").await;
    assert_eq!(
        (status, &answer["error"]["field"]),
        (StatusCode::BAD_REQUEST, &json!("time_zone"))
    );
    for zone in ["Europe/Berlin", "UTC", ""] {
        let (status, _) = fixture
            .get(&format!("/api/errors?query=at:today&time_zone={zone}"))
            .await;
        assert_eq!(status, StatusCode::OK, "{zone}");
    }
}

#[tokio::test]
async fn grpc_tells_the_same_place() {
    let fixture = two();
    fixture.settle().await;
    let mut issues = IssueServiceClient::with_interceptor(fixture.router(), authorize);
    let filter = v1::IssueFilter {
        text: "is:unresolvd".to_owned(),
        ..Default::default()
    };
    let request = v1::ListIssuesRequest {
        filter: Some(filter),
        ..Default::default()
    };
    let refused = issues.list_issues(request).await.unwrap_err();
    let mut events = EventServiceClient::with_interceptor(fixture.router(), authorize);
    let request = v1::ListEventsRequest {
        query: "is:unresolvd".to_owned(),
        ..Default::default()
    };
    let also = events.list_events(request).await.unwrap_err();
    for status in [refused, also] {
        assert_eq!(status.code(), Code::InvalidArgument);
        let place = proto::error::Refusal::of_status(&status).place.unwrap();
        assert_eq!((place.offset, place.length), (3, 9));
        assert_eq!(place.suggestion, "unresolved");
    }
}

#[tokio::test]
async fn pages_of_a_query_with_relative_times_belong_together() {
    let fixture = two();
    fixture.settle().await;
    let (_, first) = fixture
        .get("/api/issues?limit=1&query=last_seen:%3E-9999d")
        .await;
    let cursor = first["next_cursor"].as_str().unwrap();
    fixture.clock.advance(std::time::Duration::from_secs(2));
    let (status, second) = fixture
        .get(&format!(
            "/api/issues?limit=1&query=last_seen:%3E-9999d&cursor={cursor}"
        ))
        .await;
    assert_eq!(status, StatusCode::OK, "{second}");
    assert_eq!(
        (ids(&first, "issues"), ids(&second, "issues")),
        (vec![1], vec![2])
    );
}

#[tokio::test]
async fn what_is_typed_is_completed_by_keys_and_by_values_most_frequent_first() {
    let fixture = two();
    fixture.settle().await;
    fixture
        .db
        .execute_batch(
            "INSERT INTO release VALUES (1, 'shop@1.4', 3, 0, 0), (1, 'shop 1', 9, 0, 0), (2, 'till@1', 99, 0, 0);
             INSERT INTO environment VALUES (1, 'production', 5);
             INSERT INTO fingerprint_tag VALUES (1, 'browser', 'Chrome', 7), (2, 'a b', 'x', 1);",
        )
        .unwrap();
    let mut client = IssueServiceClient::with_interceptor(fixture.router(), authorize);
    for (text, place, expected) in [
        ("ä lev", (2, 3), vec!["level:"]),
        ("level:wa", (6, 2), vec!["warning"]),
        ("release:", (8, 0), vec!["\"shop 1\"", "shop@1.4"]),
        ("release:\"SHOP@", (8, 6), vec!["shop@1.4"]),
        ("environment:prod", (12, 4), vec!["production"]),
        ("!brow", (1, 4), vec!["browser:"]),
        ("browser:", (8, 0), vec!["Chrome", "Safari"]),
        ("has:a b", (6, 1), vec!["breadcrumb:"]),
        ("has:bro", (4, 3), vec!["browser"]),
        ("has:\"a", (4, 2), vec!["\"a b\""]),
        ("nothing:", (8, 0), vec![]),
    ] {
        let request = v1::CompleteQueryRequest {
            text: text.to_owned(),
            at: text.chars().count() as u32,
            project_ids: vec![1],
        };
        let answer = client.complete_query(request).await.unwrap().into_inner();
        assert_eq!((answer.offset, answer.length), place, "{text}");
        let found: Vec<&str> = answer
            .completions
            .iter()
            .map(|each| each.text.as_str())
            .collect();
        match text {
            "has:a b" => assert!(found.contains(&"browser:"), "{found:?}"),
            "has:\"a" => assert!(found.contains(&expected[0]), "{found:?}"),
            _ => assert_eq!(found, expected, "{text}"),
        }
    }
}
