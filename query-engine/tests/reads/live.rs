//! Live streams: order, coalescing, clean ends.

use event_model::IssueId;
use proto::v1::{self, live_service_client::LiveServiceClient};
use tokio::time::timeout;

use crate::{
    fixture::{Fixture, PATIENCE, T0_MS},
    grpc::authorize,
};

pub(crate) fn change(fixture: &Fixture, issues: &[u64], position: u64) {
    let rows: Vec<String> = issues
        .iter()
        .map(|id| format!("({id}, {position})"))
        .collect();
    fixture
        .db
        .execute_batch(&format!(
            "BEGIN; INSERT INTO change VALUES {} ON CONFLICT (issue_id) DO UPDATE SET position = excluded.position;
             UPDATE meta SET value = {position} WHERE key = 'position'; COMMIT;",
            rows.join(", ")
        ))
        .unwrap();
}

#[tokio::test]
async fn changes_come_in_order_coalesced_and_only_those_asked_for() {
    let fixture = Fixture::new();
    for id in [1, 2, 100] {
        fixture.issue(id, "a", 1, T0_MS);
    }
    change(&fixture, &[1], 5);
    let mut client = LiveServiceClient::with_interceptor(fixture.router(), authorize);
    let request = v1::StreamIssuesRequest {
        project_ids: vec![1],
        ..Default::default()
    };
    // The engine has seen position 5 once a read that waits for it answers.
    fixture.get("/api/issues?after_position=5").await;
    let mut stream = client.stream_issues(request).await.unwrap().into_inner();
    // Twenty changes of one issue in a row, one of another project, one new issue.
    for position in 6..26 {
        fixture.set(IssueId(1), "count = count + 1");
        change(&fixture, &[1], position);
    }
    change(&fixture, &[100], 26);
    fixture.set(IssueId(2), "opened = 27");
    change(&fixture, &[2], 27);
    let mut messages = Vec::new();
    while messages
        .last()
        .is_none_or(|(id, ..): &(String, u64, bool)| !id.ends_with('2'))
    {
        let message = timeout(PATIENCE, stream.message())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        let issue = message.issue.unwrap();
        messages.push((issue.id, issue.count, message.is_new));
    }
    assert!(messages.len() <= 4, "not coalesced: {messages:?}");
    assert!(
        messages.iter().all(|(id, ..)| id != "0000000000000064"),
        "{messages:?}"
    );
    assert!(
        messages.contains(&(format!("{:016x}", 1), 21, false)),
        "{messages:?}"
    );
    assert_eq!(messages.last().unwrap(), &(format!("{:016x}", 2), 1, true));
    fixture.engine.shutdown();
    let end = timeout(PATIENCE, stream.message()).await.unwrap();
    assert_eq!(end.unwrap(), None, "a shutdown ends the stream cleanly");
}

#[tokio::test]
async fn one_position_may_change_more_issues_than_a_page_holds() {
    let fixture = Fixture::new();
    let ids: Vec<u64> = (1..100).chain(100..700).collect();
    for id in &ids {
        fixture.issue(*id, "a", 1, T0_MS);
    }
    let mut client = LiveServiceClient::with_interceptor(fixture.router(), authorize);
    let request = v1::StreamIssuesRequest::default();
    let mut stream = client.stream_issues(request).await.unwrap().into_inner();
    change(&fixture, &ids, 9);
    let mut found = Vec::new();
    while found.len() < ids.len() {
        let message = timeout(PATIENCE, stream.message())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        found.push(u64::from_str_radix(&message.issue.unwrap().id, 16).unwrap());
    }
    assert_eq!(found, ids);
}

#[tokio::test]
async fn transitions_come_in_order_from_a_position_or_the_alert_cursor() {
    let fixture = Fixture::new();
    for id in [1, 2] {
        fixture.issue(id, "a", 1, T0_MS);
    }
    fixture
        .db
        .execute_batch(
            "INSERT INTO transition VALUES (3, 1, 1, 30, 30, x'01010101010101010101010101010101', 'a@1', 'production'),
                 (7, 2, 1, 70, 70, NULL, '', ''), (7, 1, 2, 70, 70, NULL, '', '');
             UPDATE meta SET value = 8 WHERE key = 'position';
             UPDATE meta SET value = 3 WHERE key = 'alert_cursor';",
        )
        .unwrap();
    fixture.get("/api/issues?after_position=8").await;
    let mut client = LiveServiceClient::with_interceptor(fixture.router(), authorize);
    for (after_position, expected) in [
        (0, vec![(7, 1), (7, 2), (8, 0)]),
        (1, vec![(3, 1), (7, 1), (7, 2), (8, 0)]),
        (7, vec![(8, 0)]),
    ] {
        let request = v1::StreamTransitionsRequest { after_position };
        let mut stream = client
            .stream_transitions(request)
            .await
            .unwrap()
            .into_inner();
        let mut found = Vec::new();
        for _ in &expected {
            let message = timeout(PATIENCE, stream.message())
                .await
                .unwrap()
                .unwrap()
                .unwrap();
            let issue = message.transition.map_or(0, |transition| {
                let id = transition.issue.unwrap().id;
                u64::from_str_radix(&id, 16).unwrap()
            });
            found.push((message.position, issue));
        }
        assert_eq!(found, expected, "after {after_position}");
    }
}

#[tokio::test]
async fn deliveries_are_listed_newest_first_by_state() {
    let fixture = Fixture::new();
    fixture
        .db
        .execute_batch(
            "INSERT INTO delivery VALUES (x'00000000000000000000000000000001', 5, 3, 1, 'new_issue', 'email', 'a@b', 2, 1, '', 100),
                 (x'00000000000000000000000000000002', 6, 4, 1, 'new_issue', 'email', 'a@b', 1, 0, '', 200);",
        )
        .unwrap();
    let mut client = LiveServiceClient::with_interceptor(fixture.router(), authorize);
    for (state, expected) in [
        (v1::DeliveryState::Unspecified, vec![4, 3]),
        (v1::DeliveryState::Sent, vec![3]),
        (v1::DeliveryState::Failed, vec![]),
    ] {
        let request = v1::ListDeliveriesRequest {
            state: state as i32,
            ..Default::default()
        };
        let list = client.list_deliveries(request).await.unwrap().into_inner();
        let found: Vec<u64> = list
            .deliveries
            .iter()
            .map(|d| d.transition_position)
            .collect();
        assert_eq!(found, expected, "{state:?}");
    }
}

/// Everything but what has ended below the cursor long ago, in pages of any size: what the
/// alerter must know when it starts, however much it is.
#[tokio::test]
async fn what_is_unsettled_is_listed_whole_over_pages() {
    const SENDING: i64 = 1;
    const SENT: i64 = 2;
    const HELD: i64 = 5;
    let fixture = Fixture::new();
    // Step's position, transition's position, state, time in seconds; the cursor is 1000.
    let mut rows = vec![
        (2000, 10, SENT, 1),
        (2001, 11, HELD, 1),
        (2002, 12, SENDING, 1),
        (2003, 13, SENT, 500),
    ];
    rows.extend((0..2500).map(|n| (3000 + n, 1001 + n, SENT, 1)));
    for (position, transition, state, at_s) in &rows {
        fixture
            .db
            .execute(
                "INSERT INTO delivery VALUES (?1, ?2, ?3, 1, 'new_issue', 'email', 'a@b', ?4, 1, '', ?5)",
                rusqlite::params![
                    u128::from(*position as u64).to_be_bytes(),
                    position,
                    transition,
                    state,
                    at_s * 1_000_000_000_i64
                ],
            )
            .unwrap();
    }
    fixture
        .db
        .execute(
            "INSERT OR REPLACE INTO meta VALUES ('alert_cursor', 1000)",
            [],
        )
        .unwrap();
    let mut client = LiveServiceClient::with_interceptor(fixture.router(), authorize);
    for limit in [7, 1000] {
        let mut request = v1::ListDeliveriesRequest {
            since: Some(prost_types::Timestamp {
                seconds: 400,
                nanos: 0,
            }),
            limit,
            unsettled: true,
            ..Default::default()
        };
        let mut found = Vec::new();
        loop {
            let page = client.list_deliveries(request.clone()).await.unwrap();
            let page = page.into_inner();
            assert!(page.deliveries.len() <= limit as usize);
            found.extend(page.deliveries.iter().map(|d| d.transition_position));
            request.cursor = page.next_cursor;
            if request.cursor.is_empty() {
                break;
            }
        }
        let expected: Vec<u64> = [11, 12, 13].into_iter().chain(1001..3501).collect();
        assert_eq!(found, expected, "pages of {limit}");
    }
}
