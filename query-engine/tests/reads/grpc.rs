//! The gRPC services, called through tonic clients on the router.

use http_body_util::BodyExt;
use proto::v1::{
    self, event_service_client::EventServiceClient, issue_service_client::IssueServiceClient,
    project_service_client::ProjectServiceClient, stats_service_client::StatsServiceClient,
};
use tonic::{Code, Request, Status, metadata::MetadataValue};
use tower::ServiceExt;

use crate::fixture::{Fixture, KEY, T0_MS, TOKEN, event};

#[expect(clippy::unnecessary_wraps, reason = "the shape of an interceptor")]
pub(crate) fn authorize(mut request: Request<()>) -> Result<Request<()>, Status> {
    let value = MetadataValue::try_from(format!("Bearer {TOKEN}")).unwrap();
    request.metadata_mut().insert("authorization", value);
    Ok(request)
}

#[tokio::test]
async fn calls_without_a_credential_are_unauthenticated() {
    let fixture = Fixture::new();
    let mut client = IssueServiceClient::new(fixture.router());
    let status = client
        .list_issues(v1::ListIssuesRequest::default())
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn the_internal_token_opens_what_the_alerter_needs_and_nothing_else() {
    let fixture = Fixture::new();
    let issue_id = fixture.issue(1, "a", 1, T0_MS).to_string();
    let token = fixture.secret.internal_token();
    let internal = move |mut request: Request<()>| {
        let value = token.parse().unwrap();
        request.metadata_mut().insert("x-errata-internal", value);
        Ok(request)
    };
    let mut projects = ProjectServiceClient::with_interceptor(fixture.router(), internal.clone());
    let mut issues = IssueServiceClient::with_interceptor(fixture.router(), internal.clone());
    let mut stats = StatsServiceClient::with_interceptor(fixture.router(), internal);
    let get = v1::GetIssueRequest {
        issue_id,
        ..Default::default()
    };
    issues.get_issue(get).await.unwrap();
    projects
        .list_members(v1::ListMembersRequest {})
        .await
        .unwrap();
    let refused = [
        issues
            .list_issues(v1::ListIssuesRequest::default())
            .await
            .map(drop),
        projects.get_viewer(v1::GetViewerRequest {}).await.map(drop),
        stats
            .get_pipeline_status(v1::GetPipelineStatusRequest {})
            .await
            .map(drop),
    ];
    for answer in refused {
        assert_eq!(answer.unwrap_err().code(), Code::PermissionDenied);
    }
}

#[tokio::test]
async fn projects_have_keys_with_dsns_and_totals() {
    let fixture = Fixture::new();
    fixture.issue(1, "a", 1, T0_MS);
    let mut client = ProjectServiceClient::with_interceptor(fixture.router(), authorize);
    let list = client
        .list_projects(v1::ListProjectsRequest::default())
        .await
        .unwrap();
    let projects = list.into_inner().projects;
    let shown: Vec<(u32, &str, u64, u64)> = projects
        .iter()
        .map(|p| (p.id, p.name.as_str(), p.events, p.unresolved_issues))
        .collect();
    assert_eq!(shown, [(1, "default", 5, 1), (2, "shop", 0, 0)]);
    assert!(projects[1].last_event_at.is_none());
    let request = v1::GetProjectRequest {
        project_id: 1,
        after_position: 0,
    };
    let keys = client.get_project(request).await.unwrap().into_inner().keys;
    assert_eq!(keys[0].dsn, format!("https://{KEY}@errata.example/sub/1"));
    let request = v1::GetProjectRequest {
        project_id: 9,
        after_position: 0,
    };
    assert_eq!(
        client.get_project(request).await.unwrap_err().code(),
        Code::NotFound
    );
    let viewer = client
        .get_viewer(v1::GetViewerRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(viewer.viewer.unwrap().email, "ada@acme.example");
    assert_eq!(
        (viewer.plan.as_str(), viewer.organization.as_str()),
        ("unlimited", "Acme")
    );
}

#[tokio::test]
async fn an_issue_shows_releases_tags_and_who_did_what() {
    let fixture = Fixture::new();
    let issue = fixture.issue(1, "a", 1, T0_MS);
    fixture
        .db
        .execute_batch(
            "INSERT INTO name VALUES (1, 'a@1'), (2, 'a@2'), (3, 'staging'), (4, 'production');
             INSERT INTO issue_release VALUES (1, 1, 5, 10, 20), (1, 2, 1, 15, 30);
             INSERT INTO issue_environment VALUES (1, 3, 2, 0, 0), (1, 4, 7, 0, 0);
             INSERT INTO fingerprint_tag VALUES (1, 'browser', 'Firefox', 2), (1, 'browser', 'Chrome', 4),
                 (1, 'browser', '', 9), (1, 'plan', 'pro', 1);
             INSERT INTO activity VALUES (1, 5, 'new', 1000000000, 'system', ''),
                 (1, 8, 'assigned', 2000000000, 'user:1', '1'), (1, 9, 'notified', 3000000000, 'alerter', 'x@y');",
        )
        .unwrap();
    let issue_id = issue.to_string();
    let mut client = IssueServiceClient::with_interceptor(fixture.router(), authorize);
    let request = v1::GetIssueRequest {
        issue_id: issue_id.clone(),
        ..Default::default()
    };
    let found = client.get_issue(request).await.unwrap().into_inner();
    let releases: Vec<&str> = found.releases.iter().map(|r| r.version.as_str()).collect();
    assert_eq!(releases, ["a@2", "a@1"]);
    assert_eq!(found.environments[0].value, "production");
    // A day of hours, and the next one in an hour's last minute: events may be ahead so much.
    let buckets = found.issue.unwrap().sparkline.len();
    assert!((25..=26).contains(&buckets), "{buckets}");
    let request = v1::ListTagsRequest {
        issue_id: issue_id.clone(),
        after_position: 0,
        ..Default::default()
    };
    let tags = client.list_tags(request).await.unwrap().into_inner().tags;
    let browser: Vec<(&str, u64)> = tags[0]
        .values
        .iter()
        .map(|v| (v.value.as_str(), v.count))
        .collect();
    assert_eq!((tags[0].count, tags[0].distinct), (15, 2));
    assert_eq!(browser, [("Chrome", 4), ("Firefox", 2), ("", 9)]);
    let request = v1::ListActivityRequest {
        issue_id,
        after_position: 0,
        ..Default::default()
    };
    let entries = client
        .list_activity(request)
        .await
        .unwrap()
        .into_inner()
        .activities;
    let shown: Vec<(&str, &str, &str)> = entries
        .iter()
        .map(|a| (a.kind.as_str(), a.actor.as_str(), a.detail.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("notified", "alerter", "x@y"),
            ("assigned", "ada@acme.example", "ada@acme.example"),
            ("new", "errata", ""),
        ]
    );
}

#[tokio::test]
async fn an_event_knows_its_neighbours_and_its_whole() {
    let fixture = Fixture::new();
    let (one, two) = (
        fixture.issue(1, "a", 3, T0_MS),
        fixture.issue(2, "b", 1, T0_MS),
    );
    let first = fixture.event(one, &event(1));
    fixture.event(two, &event(9));
    fixture.event(one, &event(2));
    let last = fixture.event(one, &event(3));
    fixture.set(
        one,
        &format!("first_position = {first}, last_position = {last}"),
    );
    fixture.settle().await;
    let mut client = EventServiceClient::with_interceptor(fixture.router(), authorize);
    let hex = |n: u8| format!("{n:02x}").repeat(16);
    for (asked, id, newer, older) in [
        ("latest".to_owned(), 3, String::new(), hex(2)),
        ("oldest".to_owned(), 1, hex(2), String::new()),
        (hex(2), 2, hex(3), hex(1)),
    ] {
        let request = v1::GetEventRequest {
            event_id: asked.clone(),
            issue_id: one.to_string(),
            after_position: 0,
        };
        let found = client.get_event(request).await.unwrap().into_inner();
        assert_eq!(found.summary.unwrap().id, hex(id), "{asked}");
        assert_eq!(
            (found.newer_event_id, found.older_event_id),
            (newer, older),
            "{asked}"
        );
        let detail = found.detail.unwrap();
        assert_eq!(detail.exceptions[1].frames[1].context_line, "x.y()");
        assert_eq!(detail.tags["plan"], "pro");
        let stored: event_model::Event = serde_json::from_str(&detail.raw_json).unwrap();
        assert_eq!(stored, event(id), "the raw view is the stored document");
    }
    let request = v1::GetEventRequest {
        event_id: "latest".to_owned(),
        ..Default::default()
    };
    assert_eq!(
        client.get_event(request).await.unwrap_err().code(),
        Code::InvalidArgument
    );
}

#[tokio::test]
async fn series_are_zero_filled_and_cut_at_bucket_edges() {
    use v1::SeriesGroup::{Level, Project, Unspecified};
    let fixture = Fixture::new();
    fixture.issue(1, "a", 1, T0_MS);
    fixture.issue(100, "b", 1, T0_MS);
    let hour = T0_MS / 3_600_000;
    fixture
        .db
        .execute_batch(&format!(
            "INSERT INTO project_hour VALUES (1, {before}, 4, 1, 100), (1, {hour}, 4, 1, 1),
                 (1, {hour}, 5, 2, 2), (2, {last}, 4, 1, 4), (1, {after}, 4, 1, 100);
             INSERT INTO fingerprint_hour VALUES (1, {hour}, 1, 3), (1, {after}, 1, 100);",
            before = hour - 1,
            last = hour + 2,
            after = hour + 3,
        ))
        .unwrap();
    let mut client = StatsServiceClient::with_interceptor(fixture.router(), authorize);
    let stamp = |s: i64| {
        Some(prost_types::Timestamp {
            seconds: s,
            nanos: 0,
        })
    };
    let request =
        |group: v1::SeriesGroup, projects: &[u32], issue: &str| v1::GetTimeSeriesRequest {
            project_ids: projects.to_vec(),
            issue_id: issue.to_owned(),
            from: stamp(hour * 3600),
            to: stamp((hour + 3) * 3600),
            bucket_s: 3600,
            group: group as i32,
            ..Default::default()
        };
    let issue = format!("{:016x}", 1);
    for (request, expected) in [
        (request(Unspecified, &[], ""), vec![("", vec![3, 0, 4])]),
        (request(Unspecified, &[1], ""), vec![("", vec![3, 0, 0])]),
        (request(Unspecified, &[7], ""), vec![("", vec![0, 0, 0])]),
        (
            request(Level, &[], ""),
            vec![("error", vec![1, 0, 4]), ("fatal", vec![2, 0, 0])],
        ),
        (
            request(Project, &[], ""),
            vec![("default", vec![3, 0, 0]), ("shop", vec![0, 0, 4])],
        ),
        (request(Unspecified, &[], &issue), vec![("", vec![3, 0, 0])]),
    ] {
        let answer = client
            .get_time_series(request.clone())
            .await
            .unwrap()
            .into_inner();
        let found: Vec<(&str, Vec<u64>)> = answer
            .series
            .iter()
            .map(|s| (s.name.as_str(), s.counts.clone()))
            .collect();
        assert_eq!(found, expected, "{request:?}");
        assert_eq!(answer.from, stamp(hour * 3600));
    }
}

#[tokio::test]
async fn a_browser_calls_over_http_1_with_grpc_web() {
    let fixture = Fixture::new();
    for (token, status) in [(TOKEN, "0"), ("nobody", "7")] {
        let request = http::Request::post("/errata.v1.ProjectService/GetViewer")
            .version(http::Version::HTTP_11)
            .header("content-type", "application/grpc-web+proto")
            .header("authorization", format!("Bearer {token}"))
            .body(axum::body::Body::from(vec![0; 5]))
            .unwrap();
        let response = fixture.router().oneshot(request).await.unwrap();
        assert_eq!(response.status(), http::StatusCode::OK);
        let kind = &response.headers()["content-type"];
        assert_eq!(kind, "application/grpc-web+proto");
        let header = response.headers().get("grpc-status").cloned();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&body);
        let told = header.is_some_and(|value| value == status)
            || text.contains(&format!("grpc-status:{status}"));
        assert!(told, "{text}");
        assert_eq!(text.contains("ada@acme.example"), token == TOKEN);
    }
}

#[tokio::test]
async fn a_list_of_tags_is_bounded_in_bytes_and_the_frequent_ones_are_in_it() {
    const BYTES_MAX: usize = 256 * 1024;
    let fixture = Fixture::new();
    let issue = fixture.issue(1, "a", 1, T0_MS);
    // 200 keys of ten values, 2.0 MB: what clients can bring about.
    fixture
        .db
        .execute_batch(
            "WITH RECURSIVE key(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM key WHERE n < 199),
                 value(m) AS (SELECT 0 UNION ALL SELECT m + 1 FROM value WHERE m < 9)
             INSERT INTO fingerprint_tag
                 SELECT 1, printf('key-%03d', n), printf('%s%d', hex(zeroblob(500)), m), 1000 - n FROM key, value;",
        )
        .unwrap();
    let mut client = IssueServiceClient::with_interceptor(fixture.router(), authorize);
    let request = v1::ListTagsRequest {
        issue_id: issue.to_string(),
        after_position: 0,
        ..Default::default()
    };
    let tags = client.list_tags(request).await.unwrap().into_inner().tags;
    let bytes_of = |tag: &v1::TagKey| {
        let values = tag.values.iter().map(|value| value.value.len());
        tag.key.len() + values.sum::<usize>()
    };
    let bytes: usize = tags.iter().map(bytes_of).sum();
    assert!(bytes <= BYTES_MAX, "{bytes}");
    assert!(
        bytes + bytes_of(&tags[0]) > BYTES_MAX,
        "no less than fits: {bytes}"
    );
    for (number, tag) in tags.iter().enumerate() {
        assert_eq!(
            tag.key,
            format!("key-{number:03}"),
            "the most frequent first"
        );
        assert_eq!((tag.count, tag.distinct), (10 * (1000 - number as u64), 10));
        assert_eq!(tag.values.len(), 10);
    }
}
