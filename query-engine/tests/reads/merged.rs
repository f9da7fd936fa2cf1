//! An issue that was merged into another one: its id leads there, everywhere.

use event_model::IssueId;
use http::{Request, header::CONTENT_LOCATION};
use proto::v1::{
    self, issue_service_client::IssueServiceClient, live_service_client::LiveServiceClient,
};
use tokio::time::timeout;
use tower::ServiceExt;

use crate::{
    fixture::{Fixture, PATIENCE, T0_MS, TOKEN, event},
    grpc::authorize,
    live::change,
};

/// Issues 1 and 2 of two events, and 3; 2 is part of 1.
fn merged() -> Fixture {
    let fixture = Fixture::new();
    let issues = [1, 2, 3].map(|id| fixture.issue(id, "a", 1, T0_MS));
    fixture.event(issues[0], &event(1));
    fixture.event(issues[1], &event(2));
    fixture.event(issues[2], &event(3));
    let sql = "BEGIN;
        UPDATE fingerprint SET issue_id = 1 WHERE id = 2;
        DELETE FROM issue WHERE id = 2;
        INSERT INTO fingerprint_tag VALUES (1, 'os', 'linux', 2), (2, 'os', 'linux', 3);
        INSERT INTO activity VALUES (2, 4, 'resolved', 0, 'system', ''),
            (1, 5, 'merged', 0, 'admin', '0000000000000002'),
            (2, 5, 'merged_into', 0, 'admin', '0000000000000001');
        INSERT INTO transition VALUES (4, 2, 3, 0, 0, NULL, '', '');
        COMMIT;";
    fixture.db.execute_batch(sql).unwrap();
    fixture
}

const OLD: &str = "0000000000000002";
const LEAD: &str = "0000000000000001";

#[tokio::test]
async fn the_id_of_a_merged_issue_leads_to_the_one_it_is_part_of() {
    let fixture = merged();
    fixture.settle().await;
    let mut client = IssueServiceClient::with_interceptor(fixture.router(), authorize);
    let wanted = |id: &str| v1::GetIssueRequest {
        issue_id: id.to_owned(),
        ..Default::default()
    };
    for (asked, merged_id) in [(LEAD, ""), (OLD, OLD)] {
        let found = client.get_issue(wanted(asked)).await.unwrap().into_inner();
        let issue = found.issue.unwrap();
        assert_eq!((issue.id.as_str(), issue.fingerprints), (LEAD, 2));
        assert_eq!(found.merged_id, merged_id);
        let parts: Vec<&str> = found
            .fingerprints
            .iter()
            .map(|one| &*one.issue_id)
            .collect();
        assert_eq!(parts, [LEAD, OLD]);
        assert_eq!(found.kept_events, 2);
        let request = v1::ListActivityRequest {
            issue_id: asked.to_owned(),
            after_position: 0,
            ..Default::default()
        };
        let activities = client.list_activity(request).await.unwrap().into_inner();
        let kinds = activities.activities.iter().map(|one| one.kind.as_str());
        assert_eq!(kinds.collect::<Vec<_>>(), ["merged", "resolved"]);
        let request = v1::ListTagsRequest {
            issue_id: asked.to_owned(),
            after_position: 0,
            ..Default::default()
        };
        let tags = client.list_tags(request).await.unwrap().into_inner().tags;
        assert_eq!((tags.len(), tags[0].count, tags[0].distinct), (1, 5, 1));
        let (_, list) = fixture.get(&format!("/api/errors?issue={asked}")).await;
        assert_eq!(list["errors"].as_array().unwrap().len(), 2, "{list}");
        let (_, issue) = fixture
            .get(&format!("/api/issues/{asked}?fingerprints=true"))
            .await;
        let parts = issue["fingerprints"].as_array().unwrap();
        let mut opened: Vec<&str> = parts
            .iter()
            .map(|part| part["issue_id"].as_str().unwrap())
            .collect();
        opened.sort_unstable();
        let mut both = [LEAD, OLD];
        both.sort_unstable();
        assert_eq!(opened, both, "{issue}");
        for part in parts {
            assert_eq!(part["count"], 1, "{issue}");
            assert_eq!(part["sample_event_id"], "09".repeat(16), "{issue}");
        }
        let request = Request::get(format!("/api/issues/{asked}"));
        let request = request.header("authorization", format!("Bearer {TOKEN}"));
        let request = request.body(axum::body::Body::empty()).unwrap();
        let answer = fixture.router().oneshot(request).await.unwrap();
        let place = answer.headers().get(CONTENT_LOCATION);
        let place = place.map(|place| place.to_str().unwrap().to_owned());
        let expected = (asked == OLD).then(|| format!("/api/issues/{LEAD}"));
        assert_eq!(place, expected);
    }
    let request = v1::LocateIssuesRequest {
        issue_ids: vec![OLD.to_owned(), "00000000000000ff".to_owned()],
    };
    let located = client
        .locate_issues(request)
        .await
        .unwrap()
        .into_inner()
        .issues;
    assert_eq!(located.len(), 1);
    assert_eq!((&*located[0].id, &*located[0].lead_id), (OLD, LEAD));
    assert_eq!(located[0].fingerprints, 2);
    let (_, list) = fixture.get("/api/issues").await;
    assert_eq!(list["issues"].as_array().unwrap().len(), 2, "{list}");
    // A list does not tell what each is made of.
    assert_eq!(list["issues"][0].get("fingerprints"), None, "{list}");
    let (_, list) = fixture.get(&format!("/api/issues?query={OLD}")).await;
    assert_eq!(list["issues"][0]["id"], LEAD, "{list}");
}

#[tokio::test]
async fn streams_tell_what_an_issue_was_merged_into() {
    let fixture = merged();
    change(&fixture, &[3], 4);
    fixture.get("/api/issues?after_position=4").await;
    let mut client = LiveServiceClient::with_interceptor(fixture.router(), authorize);
    // Who looks at the page of the old one goes on with the new one.
    let request = v1::StreamIssuesRequest {
        issue_id: IssueId(2).to_string(),
        ..Default::default()
    };
    let mut stream = client.stream_issues(request).await.unwrap().into_inner();
    change(&fixture, &[1, 2, 3], 5);
    let mut told = Vec::new();
    for _ in 0..2 {
        let message = timeout(PATIENCE, stream.message()).await.unwrap();
        let message = message.unwrap().unwrap();
        told.push((message.issue.unwrap().id, message.merged_id));
    }
    let expected = [(LEAD, ""), (LEAD, OLD)].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(told, expected);
    let request = v1::StreamTransitionsRequest { after_position: 1 };
    let mut stream = client
        .stream_transitions(request)
        .await
        .unwrap()
        .into_inner();
    let message = timeout(PATIENCE, stream.message()).await.unwrap();
    let transition = message.unwrap().unwrap().transition.unwrap();
    assert_eq!(transition.issue.unwrap().id, LEAD);
    assert_eq!(
        transition.issue_id, OLD,
        "a notification's id does not change"
    );
}
