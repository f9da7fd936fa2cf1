//! Files, feedback and what arrived.

use axum::body::Body;
use bytes::Bytes;
use event_log::blobs::Blobs;
use event_model::{EventId, ProjectId};
use http::Request;
use http_body_util::BodyExt;
use proto::v1::{self, project_service_client::ProjectServiceClient};
use rusqlite::params;
use tower::ServiceExt;

use crate::{
    fixture::{Fixture, T0_MS, TOKEN, event},
    grpc::authorize,
};

/// Names a file of an event in the database.
fn name(fixture: &Fixture, event: EventId, position: i64, name: &str, sha256: [u8; 32]) {
    let sql = "INSERT INTO attachment (project_id, event_id, name, sha256, position, number,
                   content_type, attachment_type, size_bytes, received)
               VALUES (1, ?1, ?2, ?3, ?4, 0, 'text/html', 'event.attachment', 5, ?5)";
    let values = params![event.0, name, sha256, position, T0_MS];
    fixture.db.execute(sql, values).unwrap();
}

fn say(fixture: &Fixture, number: u8, about: Option<EventId>, message: &str) {
    let sql = "INSERT INTO feedback VALUES (1, ?1, ?2, ?3, 'Jane', '', ?4, '', '', '', ?5)";
    let about = about.map(|id| id.0);
    let values = params![[number; 16], number, about, message, T0_MS];
    fixture.db.execute(sql, values).unwrap();
}

#[tokio::test]
async fn a_file_is_a_download_of_what_was_sent_and_nothing_that_runs() {
    let fixture = Fixture::new();
    let blobs = Blobs::open(&fixture.blobs_dir()).unwrap();
    let page = Bytes::from_static(b"<script>alert(1)</script>");
    let (hash, _) = blobs
        .put(&blobs.naming().await, ProjectId(1), page.clone(), 0)
        .await
        .unwrap();
    let event = event(7);
    let issue = fixture.issue(1, "a", 1, T0_MS);
    fixture.event(issue, &event);
    name(&fixture, event.id, 2, "page.html", hash.0);
    name(&fixture, event.id, 3, "gone.txt", [9; 32]);
    fixture.settle().await;
    let path = format!("/api/errors/{}", event.id);
    let (_, shown) = fixture.get(&path).await;
    assert_eq!(shown["attachments"][0]["name"], "page.html");
    assert_eq!(shown["attachments"][0]["sha256"], hash.to_string());
    assert_eq!(shown["attachments"][1]["number"], 1);

    let request = Request::get(format!("{path}/attachments/0"))
        .header("authorization", format!("Bearer {TOKEN}"))
        .body(Body::empty())
        .unwrap();
    let response = fixture.router().oneshot(request).await.unwrap();
    let headers = response.headers().clone();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        page
    );
    for (name, expected) in [
        ("content-type", "application/octet-stream"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        (
            "content-disposition",
            "attachment; filename=\"page.html\"; filename*=UTF-8''page.html",
        ),
    ] {
        assert_eq!(headers[name], expected);
    }
    for (path, status) in [
        (format!("{path}/attachments/1"), 404),
        (format!("{path}/attachments/2"), 404),
        (format!("{path}/attachments/x"), 400),
        ("/api/errors/nothing/attachments/0".to_owned(), 400),
    ] {
        assert_eq!(fixture.get(&path).await.0, status, "{path}");
    }
    let anonymous = fixture
        .get_with(&format!("{path}/attachments/0"), &[])
        .await;
    assert_eq!(anonymous.0, 401);
}

#[tokio::test]
async fn feedback_is_found_by_the_issue_of_its_event() {
    let fixture = Fixture::new();
    let (one, two) = (
        fixture.issue(1, "a", 1, T0_MS),
        fixture.issue(2, "b", 1, T0_MS),
    );
    let (first, second) = (event(1), event(2));
    fixture.event(one, &first);
    fixture.event(two, &second);
    say(&fixture, 1, Some(first.id), "about one");
    say(&fixture, 2, Some(second.id), "about two");
    say(&fixture, 3, None, "about nothing");
    say(
        &fixture,
        4,
        Some(EventId([0xee; 16])),
        "about an event that is not kept",
    );
    fixture.settle().await;
    let mut client = ProjectServiceClient::with_interceptor(fixture.router(), authorize);
    let of_issue = v1::ListFeedbackRequest {
        issue_id: one.to_string(),
        ..Default::default()
    };
    let found = client.list_feedback(of_issue).await.unwrap().into_inner();
    let messages: Vec<_> = found.feedback.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(messages, ["about one"]);
    assert_eq!(found.feedback[0].issue_id, one.to_string());

    let mut cursor = String::new();
    let mut pages = Vec::new();
    loop {
        let page = v1::ListFeedbackRequest {
            project_id: 1,
            limit: 3,
            cursor,
            ..Default::default()
        };
        let page = client.list_feedback(page).await.unwrap().into_inner();
        pages.push(
            page.feedback
                .iter()
                .map(|f| (f.id[..2].to_owned(), f.issue_id.clone()))
                .collect::<Vec<_>>(),
        );
        cursor = page.next_cursor;
        if cursor.is_empty() {
            break;
        }
    }
    let line = |id: &str, issue: &str| (id.to_owned(), issue.to_owned());
    let expected = [
        vec![line("04", ""), line("03", ""), line("02", &two.to_string())],
        vec![line("01", &one.to_string())],
    ];
    assert_eq!(pages, expected);
}

#[tokio::test]
async fn what_arrived_is_summed_over_the_hours_asked_for() {
    let fixture = Fixture::new();
    let hour = fixture.clock.now_s() / 3_600;
    fixture
        .db
        .execute_batch(&format!(
            "INSERT INTO arrival_hour VALUES
                 (1, {hour}, 1, 'error', '', 3), (1, {yesterday}, 1, 'error', '', 4),
                 (1, {hour}, 1, 'span', 'type_not_stored', 9), (1, {hour}, 2, 'error', 'before_send', 2),
                 (2, {hour}, 1, 'error', '', 100);",
            yesterday = hour - 30,
        ))
        .unwrap();
    let mut client = ProjectServiceClient::with_interceptor(fixture.router(), authorize);
    for (hours, errors) in [(0, 3), (24, 3), (168, 7)] {
        let request = v1::ListArrivalsRequest {
            project_id: 1,
            hours,
            after_position: 0,
        };
        let found = client.list_arrivals(request).await.unwrap().into_inner();
        let line = |a: &v1::Arrival| (a.category.clone(), a.reason.clone(), a.count);
        let received: Vec<_> = found.received.iter().map(line).collect();
        let span = ("span".to_owned(), "type_not_stored".to_owned(), 9);
        assert_eq!(
            received,
            [span, ("error".to_owned(), String::new(), errors)]
        );
        let clients: Vec<_> = found.dropped_by_clients.iter().map(line).collect();
        assert_eq!(clients, [("error".to_owned(), "before_send".to_owned(), 2)]);
    }
}
