//! A range means the same in totals, lists and on every page.

use proto::v1::{
    self, issue_service_client::IssueServiceClient, stats_service_client::StatsServiceClient,
};

use crate::{
    fixture::{Fixture, T0_MS},
    grpc::authorize,
};

const HOUR_MS: i64 = 3_600_000;

pub(crate) fn stamp(ms: i64) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: ms.div_euclid(1000),
        nanos: 0,
    }
}

/// Twelve issues with 1 to 12 events in T0's hour, of which every third is staging's,
/// and 100 events each an hour later.
fn twelve() -> Fixture {
    let fixture = Fixture::new();
    let hour = T0_MS / HOUR_MS;
    for n in 1..=12u64 {
        let id = fixture.issue(n, "a", n + 100, T0_MS + HOUR_MS);
        let scene = if n % 3 == 0 { 2 } else { 1 };
        fixture
            .db
            .execute_batch(&format!(
                "INSERT INTO fingerprint_hour VALUES ({id}, {hour}, {scene}, {n}), ({id}, {next}, 1, 100);
                 INSERT INTO project_hour VALUES (1, {hour}, 4, {scene}, {n})
                     ON CONFLICT DO UPDATE SET count = count + excluded.count;
                 INSERT INTO issue_environment VALUES ({id}, {scene}, {n}, {T0_MS}, {T0_MS});",
                id = id.0,
                next = hour + 1,
            ))
            .unwrap();
    }
    fixture
        .db
        .execute_batch(
            "INSERT INTO name VALUES (1, 'production'), (2, 'staging');
             INSERT INTO scene VALUES (1, 1, 0), (2, 2, 0);",
        )
        .unwrap();
    fixture.set(event_model::IssueId(4), "status = 2");
    fixture
}

#[tokio::test]
async fn every_figure_opens_a_list_of_that_many_rows() {
    let fixture = twelve();
    let mut stats = StatsServiceClient::with_interceptor(fixture.router(), authorize);
    let mut issues = IssueServiceClient::with_interceptor(fixture.router(), authorize);
    let (from, to) = (Some(stamp(T0_MS)), Some(stamp(T0_MS + HOUR_MS)));
    for (environment, expected) in [("", 12), ("staging", 4), ("nowhere", 0)] {
        let request = v1::GetSummaryRequest {
            from,
            to,
            environment: environment.to_owned(),
            ..Default::default()
        };
        let summary = stats.get_summary(request).await.unwrap().into_inner();
        let range = summary.range.unwrap();
        assert_eq!(range.issues, expected, "{environment}");
        for (figure, statuses, is_new) in [
            (range.issues, vec![], false),
            (range.new_issues, vec![], true),
            (
                range.unresolved_issues,
                vec![v1::IssueStatus::Unresolved as i32],
                false,
            ),
        ] {
            let mut counted = 0;
            let mut rows = 0;
            let mut cursor = String::new();
            let mut last = u64::MAX;
            // Each page asks for another time, as a page that counts back from now does.
            let mut later_ms = 0;
            loop {
                let filter = v1::IssueFilter {
                    environment: environment.to_owned(),
                    statuses: statuses.clone(),
                    is_new,
                    from: Some(stamp(T0_MS + later_ms)),
                    to: Some(stamp(T0_MS + HOUR_MS + later_ms)),
                    ..Default::default()
                };
                let request = v1::ListIssuesRequest {
                    filter: Some(filter),
                    sort: v1::IssueSort::Count as i32,
                    limit: 5,
                    cursor,
                    ..Default::default()
                };
                let page = issues.list_issues(request).await.unwrap().into_inner();
                assert_eq!(u64::from(page.total), figure, "{environment}");
                assert_eq!((page.from, page.to), (from, to));
                for issue in &page.issues {
                    assert!(issue.range_count <= last, "most events first");
                    assert_eq!(
                        issue.range_count,
                        issue.sparkline.iter().map(|n| u64::from(*n)).sum::<u64>()
                    );
                    assert!(issue.count > 100, "since the beginning");
                    last = issue.range_count;
                    counted += issue.range_count;
                    rows += 1;
                }
                cursor = page.next_cursor;
                later_ms += HOUR_MS;
                if cursor.is_empty() {
                    break;
                }
            }
            assert_eq!(rows, figure, "{environment}");
            if figure == range.issues {
                assert_eq!(counted, range.events, "{environment}");
            }
        }
        let request = v1::ListTopIssuesRequest {
            from,
            to,
            environment: environment.to_owned(),
            limit: 3,
            ..Default::default()
        };
        let top = stats.list_top_issues(request).await.unwrap().into_inner();
        let most: Vec<u64> = top.issues.iter().map(|issue| issue.range_count).collect();
        let expected: &[u64] = match environment {
            "" => &[12, 11, 10],
            "staging" => &[12, 9, 6],
            _ => &[],
        };
        assert_eq!(most, expected, "{environment}");
    }
}
