//! Lists of events: their order, their filters, and ids typed into a search.

use event_model::{Event, Level};
use http::StatusCode;
use proto::v1::{
    self, event_service_client::EventServiceClient, issue_service_client::IssueServiceClient,
};

use crate::{
    fixture::{Fixture, T0_MS, event},
    grpc::authorize,
};

/// Event `n`, which happened `minutes` after T0 and came `late_s` later.
fn at(n: u8, minutes: i64, late_s: i64) -> Event {
    let timestamp_ns = (T0_MS + minutes * 60_000) * 1_000_000;
    Event {
        timestamp_ns,
        received_ns: timestamp_ns + late_s * 1_000_000_000,
        ..event(n)
    }
}

/// Errors that the event of nobody stands for.
const FOLDED: u32 = 250;

fn five() -> Fixture {
    let fixture = Fixture::new();
    let one = fixture.issue(1, "TypeError: x is null", 4, T0_MS + 240_000);
    let two = fixture.issue(2, "Error: Ошибка", 1, T0_MS);
    let staging = Event {
        environment: "staging".to_owned(),
        release: "a@3".to_owned(),
        level: Level::Fatal,
        tags: vec![("browser".to_owned(), "Safari".to_owned())],
        ..at(3, 2, 1)
    };
    let nobody = Event {
        user: None,
        count: FOLDED,
        ..at(4, 4, 1)
    };
    fixture.event(one, &at(1, 1, 1));
    fixture.event(one, &nobody);
    // Comes after the newest, happened before it.
    fixture.event(one, &at(2, 3, 3600));
    fixture.event(one, &staging);
    fixture.event(two, &at(5, 0, 1));
    fixture
}

fn number(summary: &v1::EventSummary) -> u8 {
    u8::from_str_radix(&summary.id[..2], 16).unwrap()
}

#[tokio::test]
async fn events_stand_where_they_happened_and_late_ones_are_marked() {
    let fixture = five();
    fixture.settle().await;
    let mut client = EventServiceClient::with_interceptor(fixture.router(), authorize);
    for (ascending, expected) in [(false, [4, 2, 3, 1, 5]), (true, [5, 1, 3, 2, 4])] {
        let mut walked = Vec::new();
        let mut cursor = String::new();
        loop {
            let request = v1::ListEventsRequest {
                limit: 2,
                cursor,
                ascending,
                with_total: true,
                ..Default::default()
            };
            let page = client.list_events(request).await.unwrap().into_inner();
            assert_eq!((page.total, page.total_errors), (5, 4 + u64::from(FOLDED)));
            for summary in &page.events {
                assert_eq!(summary.is_late, number(summary) == 2);
                let stands_for = if number(summary) == 4 { FOLDED } else { 1 };
                assert_eq!(summary.count, stands_for);
            }
            walked.extend(page.events.iter().map(number));
            cursor = page.next_cursor;
            if cursor.is_empty() {
                break;
            }
        }
        assert_eq!(walked, expected);
    }
}

#[tokio::test]
async fn an_issue_tells_how_many_rows_its_list_has() {
    let fixture = five();
    fixture.settle().await;
    let mut client = IssueServiceClient::with_interceptor(fixture.router(), authorize);
    for (issue_id, rows) in [("0000000000000001", 4), ("0000000000000002", 1)] {
        let request = v1::GetIssueRequest {
            issue_id: issue_id.to_owned(),
            ..Default::default()
        };
        let answer = client.get_issue(request).await.unwrap().into_inner();
        assert_eq!(answer.kept_events, rows, "{issue_id}");
    }
}

#[tokio::test]
async fn events_are_filtered_by_all_that_they_carry() {
    let fixture = five();
    fixture.settle().await;
    let minute = |minutes: i64| (T0_MS / 1000 + minutes * 60).to_string();
    for (query, expected) in [
        ("", vec![4, 2, 3, 1, 5]),
        ("?issue=0000000000000001", vec![4, 2, 3, 1]),
        ("?environment=staging", vec![3]),
        ("?environment=stag", vec![]),
        ("?release=a@2&environment=production", vec![4, 2, 1, 5]),
        ("?level=fatal", vec![3]),
        ("?level=fatal,error&issue=0000000000000002", vec![5]),
        ("?user=42", vec![2, 3, 1, 5]),
        ("?user=id:42", vec![2, 3, 1, 5]),
        ("?user=4", vec![]),
        ("?tag=browser", vec![4, 2, 3, 1, 5]),
        ("?tag=browser:Safari", vec![3]),
        ("?tag=plan:pro&level=error", vec![4, 2, 1, 5]),
        ("?tag=plan:free", vec![]),
        (&format!("?to={}", minute(3)), vec![3, 1, 5]),
        (&format!("?from={}&to={}", minute(1), minute(3)), vec![3, 1]),
        ("?from=2026-11-22T10:03:00Z", vec![4, 2]),
        ("?order=asc&limit=2", vec![5, 1]),
        ("?query=TYPEERROR", vec![4, 2, 3, 1, 5]),
        (&format!("?query={}", "03".repeat(16)), vec![3]),
    ] {
        let (status, list) = fixture.get(&format!("/api/errors{query}")).await;
        assert_eq!(status, StatusCode::OK, "{query}: {list}");
        let found = list["errors"].as_array().unwrap().iter();
        let found: Vec<u8> = found
            .map(|line| u8::from_str_radix(&line["id"].as_str().unwrap()[..2], 16).unwrap())
            .collect();
        assert_eq!(found, expected, "{query}");
    }
    for (query, field) in [
        ("?level=loud", "level"),
        ("?from=yesterday", "from"),
        ("?order=up", "order"),
        ("?tag=:x", "tag"),
    ] {
        let (status, answer) = fixture.get(&format!("/api/errors{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer["error"]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn an_id_typed_into_the_search_leads_to_its_issue() {
    let fixture = five();
    fixture.settle().await;
    let event_id = "05".repeat(16);
    let hyphens = format!("{}-0505-0505-0505-{}", "05".repeat(4), "05".repeat(6));
    for (query, expected) in [
        (event_id.as_str(), vec!["0000000000000002"]),
        (hyphens.as_str(), vec!["0000000000000002"]),
        ("0000000000000001", vec!["0000000000000001"]),
        (
            "%D0%BE%D1%88%D0%B8%D0%B1%D0%BA%D0%B0",
            vec!["0000000000000002"],
        ),
        ("ffffffffffffffff", vec![]),
    ] {
        let (_, list) = fixture.get(&format!("/api/issues?query={query}")).await;
        let found = list["issues"].as_array().unwrap().iter();
        let found: Vec<&str> = found.map(|issue| issue["id"].as_str().unwrap()).collect();
        assert_eq!(found, expected, "{query}");
    }
}
