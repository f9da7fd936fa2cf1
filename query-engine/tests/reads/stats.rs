//! Statistics and facets of queries, from outside: every number is that of a list.

use event_model::{Event, IssueId, ProjectId};
use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proto::v1::{
    self, event_service_client::EventServiceClient, stats_service_client::StatsServiceClient,
};
use serde_json::{Value, json};

use crate::{
    figures::stamp,
    fixture::{Fixture, T0_MS, event},
    grpc::authorize,
};

const HOUR_MS: i64 = 3_600_000;

/// Forty events of two projects and four issues, one an hour; every seventh stands for ten.
fn forty() -> Fixture {
    let fixture = Fixture::new();
    for number in 1..=4 {
        let project = 1 + number as u32 % 2;
        fixture.issue_of(project, number, &format!("issue {number}"), 10, T0_MS);
    }
    for n in 0..40_u8 {
        let issue = 1 + u64::from(n % 4);
        let at_ns = (T0_MS + i64::from(n) * HOUR_MS) * 1_000_000;
        let mut event = Event {
            project_id: ProjectId(1 + issue as u32 % 2),
            timestamp_ns: at_ns,
            received_ns: at_ns,
            release: ["", "shop@1", "shop 2"][usize::from(n % 3)].to_owned(),
            tags: vec![("browser".to_owned(), format!("b*{}", n % 5))],
            count: if n % 7 == 0 { 10 } else { 1 },
            ..event(n + 1)
        };
        if let Some(user) = &mut event.user {
            user.id = (n % 6).to_string();
        }
        fixture.event(IssueId(issue), &event);
    }
    fixture
}

fn scope(query: &str) -> v1::EventScope {
    v1::EventScope {
        query: query.to_owned(),
        from: Some(stamp(T0_MS)),
        to: Some(stamp(T0_MS + 40 * HOUR_MS)),
        ..Default::default()
    }
}

/// What the list of a query says: rows, and the errors they stand for.
async fn listed(fixture: &Fixture, query: &str) -> (u64, u64) {
    let mut events = EventServiceClient::with_interceptor(fixture.router(), authorize);
    let request = v1::ListEventsRequest {
        query: query.to_owned(),
        from: Some(stamp(T0_MS)),
        to: Some(stamp(T0_MS + 40 * HOUR_MS)),
        limit: 1000,
        with_total: true,
        ..Default::default()
    };
    let list = events.list_events(request).await.unwrap().into_inner();
    assert_eq!(list.events.len() as u64, list.total, "{query}");
    (list.total, list.total_errors)
}

#[tokio::test]
async fn every_sum_is_that_of_the_list_of_its_term() {
    let fixture = forty();
    fixture.settle().await;
    let mut stats = StatsServiceClient::with_interceptor(fixture.router(), authorize);
    for query in [
        "",
        "browser:\"b\\*1\" OR release:shop*",
        "is:unresolved project:shop",
    ] {
        for (group_by, most) in [
            ("", 0),
            ("project", 2),
            ("issue", 4),
            ("release", 3),
            ("browser", 5),
            ("level", 1),
            ("environment", 1),
            ("user", 6),
            ("transaction", 1),
        ] {
            let request = v1::QueryStatsRequest {
                scope: Some(scope(query)),
                interval: "6h".to_owned(),
                group_by: group_by.to_owned(),
                limit: 3,
                with_users: true,
                with_before: true,
                ..Default::default()
            };
            let found = stats.query_stats(request).await.unwrap().into_inner();
            let range = found.range.unwrap();
            let total = range.total.unwrap();
            let name = format!("{query} by {group_by}");
            assert_eq!(
                (total.events, total.errors),
                listed(&fixture, query).await,
                "{name}"
            );
            assert_eq!(total.counts.iter().sum::<u64>(), total.errors, "{name}");
            assert_eq!(total.counts.len(), range.starts.len(), "{name}");
            assert!(found.values <= most, "{name}: {}", found.values);
            let mut sum = range.others.unwrap_or_default().errors;
            for group in &range.groups {
                let both = format!("({query}) {}", group.term).replace("() ", "");
                let expected = listed(&fixture, &both).await;
                assert_eq!((group.events, group.errors), expected, "{name}: {group:?}");
                assert!(group.users > 0 && group.users <= 6, "{group:?}");
                sum += group.errors;
            }
            if group_by.is_empty() {
                assert!(range.groups.is_empty());
            } else {
                assert_eq!(sum, total.errors, "{name}");
            }
            let before = found.before.unwrap();
            assert_eq!(before.total.unwrap().events, 0, "{name}");
            assert_eq!(before.groups.len(), range.groups.len(), "{name}");
        }
    }
}

#[tokio::test]
async fn facets_count_what_the_lists_of_their_terms_hold() {
    let fixture = forty();
    fixture.settle().await;
    let mut stats = StatsServiceClient::with_interceptor(fixture.router(), authorize);
    let mut fields = Vec::new();
    for query in ["", "release:shop@1", "nowhere"] {
        let request = v1::ListEventFacetsRequest {
            scope: Some(scope(query)),
            limit: 50,
            ..Default::default()
        };
        let found = stats.list_event_facets(request).await.unwrap().into_inner();
        let total = found.range.unwrap().total.unwrap();
        assert_eq!((total.events, total.errors), listed(&fixture, query).await);
        for facet in found.facets {
            fields.push(facet.field.clone());
            assert_eq!(facet.distinct as usize, facet.values.len());
            let mut sum = 0;
            for value in facet.values {
                let both = format!("{query} {}", value.term);
                assert_eq!(listed(&fixture, &both).await.0, value.count, "{both}");
                sum += value.count;
            }
            assert_eq!(sum, facet.count, "{}", facet.field);
        }
    }
    fields.sort();
    fields.dedup();
    let expected = [
        "environment",
        "level",
        "project",
        "release",
        "tag.browser",
        "user",
    ];
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn over_rest_the_same_is_told_and_what_makes_no_sense_is_refused_by_name() {
    let fixture = forty();
    fixture.settle().await;
    let (from, to) = (T0_MS / 1000, (T0_MS + 40 * HOUR_MS) / 1000);
    let path = format!(
        "/api/stats?from={from}&to={to}&interval=1d&time_zone=Europe/Berlin&group_by=project&users=true&before=true&query={}",
        utf8_percent_encode("user.id:1 OR user.id:2", NON_ALPHANUMERIC)
    );
    let (status, found) = fixture.get(&path).await;
    assert_eq!(status, StatusCode::OK, "{found}");
    assert_eq!(found["interval"], "1d");
    // The first at 11 o'clock in Berlin.
    assert_eq!(
        found["starts"],
        json!([
            "2026-11-22T10:00:00Z",
            "2026-11-22T23:00:00Z",
            "2026-11-23T23:00:00Z"
        ])
    );
    let counts = found["total"]["counts"].as_array().unwrap();
    let sum: u64 = counts.iter().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(found["total"]["errors"], sum);
    assert_eq!(found["total"]["users"], 2);
    assert_eq!(
        found["groups"][0]["term"].as_str().map(|term| &term[..8]),
        Some("project:")
    );
    assert_eq!(found["before"]["total"]["events"], 0);
    assert_eq!(found["others"], Value::Null);
    for (query, field) in [
        ("group_by=title", "group_by"),
        ("group_by=assigned", "group_by"),
        ("interval=7m", "interval"),
        ("interval=1m&from=0", "interval"),
        ("limit=51", "limit"),
        ("from=2026-11-22T10:00:00Z&to=2026-11-21T10:00:00Z", "from"),
        ("query=(", "query"),
        ("users=perhaps", "users"),
        ("time_zone=Mars/Base", "time_zone"),
        ("project=x", "project"),
        (
            "interval=15m&users=true&limit=50&group_by=user&from=2026-11-01",
            "from",
        ),
        (
            "interval=15m&users=true&limit=50&group_by=user&from=2026-11-01T00:00:00Z&to=2026-11-03T00:00:00Z",
            "interval",
        ),
    ] {
        let (status, answer) = fixture.get(&format!("/api/stats?{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}: {answer}");
        assert_eq!(answer["error"]["field"], field, "{query}: {answer}");
    }
}
