//! Issues that are much like one.

use event_model::{Decision, Event, IssueId, ProjectId};
use http::StatusCode;
use proto::v1::{self, issue_service_client::IssueServiceClient};
use read_model::issues::sketch::{PLACES, Sketch};
use rusqlite::params;
use tonic::{Code, Status};

use crate::{
    fixture::{Fixture, T0_MS, decisions, event},
    grpc::authorize,
};

/// An event of a stack of own functions, the oldest call first.
fn calling(n: u8, functions: &[&str]) -> Event {
    let mut event = event(n);
    event.fingerprint.clear();
    let error = &mut event.exceptions[1];
    let own = error.frames[1].clone();
    error.frames.clear();
    for function in functions {
        let mut frame = own.clone();
        (*function).clone_into(&mut frame.function);
        error.frames.push(frame);
    }
    event
}

/// An issue with one event.
fn opened(fixture: &Fixture, number: u64, event: &Event) -> IssueId {
    let project = event.project_id.0;
    let issue = fixture.issue_of(project, number, "TypeError: x is null", 3, T0_MS);
    let position = fixture.event(issue, event);
    fixture.alike(issue, event, position);
    issue
}

async fn similar(
    fixture: &Fixture,
    request: v1::ListSimilarIssuesRequest,
) -> Result<v1::ListSimilarIssuesResponse, Status> {
    let mut client = IssueServiceClient::with_interceptor(fixture.router(), authorize);
    Ok(client.list_similar_issues(request).await?.into_inner())
}

fn to(issue: IssueId) -> v1::ListSimilarIssuesRequest {
    v1::ListSimilarIssuesRequest {
        issue_id: issue.to_string(),
        ..Default::default()
    }
}

const STACK: [&str; 5] = ["main", "serve", "checkout", "charge", "send"];

fn ids(answer: &v1::ListSimilarIssuesResponse) -> Vec<&str> {
    let issues = answer.issues.iter();
    issues
        .map(|found| &*found.issue.as_ref().unwrap().id)
        .collect()
}

const RETRIED: [&str; 6] = ["main", "serve", "checkout", "retry", "charge", "send"];

#[tokio::test]
async fn those_alike_are_told_with_what_is_shared_what_differs_and_a_rule() {
    let fixture = Fixture::new();
    let one = opened(&fixture, 1, &calling(1, &STACK));
    opened(&fixture, 2, &calling(2, &RETRIED));
    let mut renamed = STACK;
    renamed[2] = "order";
    opened(&fixture, 3, &calling(3, &renamed));
    opened(&fixture, 4, &calling(4, &["poll", "read", "parse"]));
    // The same in another project.
    let mut foreign = calling(5, &RETRIED);
    foreign.project_id = ProjectId(2);
    opened(&fixture, 100, &foreign);
    fixture.settle().await;
    let answer = similar(&fixture, to(one)).await.unwrap();
    assert_eq!(ids(&answer), ["0000000000000002", "0000000000000003"]);
    let found = &answer.issues[0];
    assert_eq!(found.shared, "same error, 5 of 6 frames and same text");
    assert_eq!(found.differs, "frame `retry` there");
    let rule = "stack.function:retry stack.module:cart -group";
    assert_eq!(found.suggested_rule, rule);
    assert_eq!(
        (&*found.event_id, &*found.similar_event_id),
        (&*"01".repeat(16), &*"02".repeat(16))
    );
    assert_eq!(answer.events, 4);
    let scores: Vec<f64> = answer.issues.iter().map(|found| found.score).collect();
    assert!(
        scores[0] > scores[1] && scores[0] < 1.0 && scores[1] >= 0.5,
        "{scores:?}"
    );
    // From the other side the same.
    let back = similar(&fixture, to(IssueId(2))).await.unwrap();
    assert_eq!(back.issues[0].differs, "frame `retry` here");
    assert!((back.issues[0].score - scores[0]).abs() < f64::EPSILON);
    let (status, json) = fixture
        .get("/api/issues/0000000000000001/similar?limit=1")
        .await;
    assert_eq!(status, StatusCode::OK, "{json}");
    assert_eq!(json["issues"].as_array().unwrap().len(), 1);
    assert_eq!(json["issues"][0]["issue"]["id"], "0000000000000002");
    assert_eq!(json["issues"][0]["suggested_rule"], rule);
    assert_eq!(json["events"], 4);
}

#[tokio::test]
async fn a_rule_that_would_move_events_of_others_is_not_suggested() {
    let fixture = Fixture::new();
    let one = opened(&fixture, 1, &calling(1, &STACK));
    opened(&fixture, 2, &calling(2, &RETRIED));
    // Without `retry` it would be another issue.
    opened(&fixture, 3, &calling(3, &["main", "retry", "load"]));
    fixture.settle().await;
    let answer = similar(&fixture, to(one)).await.unwrap();
    let rule = "error.type:TypeError stack.function:send stack.module:cart -> type-error-send";
    assert_eq!(answer.issues[0].suggested_rule, rule);
    // Now there is one more that every such rule would take in.
    let position = fixture.event(
        IssueId(3),
        &calling(4, &["main", "checkout", "charge", "send", "load"]),
    );
    fixture.settle().await;
    let request = v1::ListSimilarIssuesRequest {
        after_position: position.0,
        ..to(one)
    };
    let answer = similar(&fixture, request).await.unwrap();
    let found = answer
        .issues
        .iter()
        .find(|found| found.similar_event_id == "02".repeat(16));
    assert_eq!(found.unwrap().suggested_rule, "", "{answer:?}");
}

#[tokio::test]
async fn rules_that_a_project_has_are_tried_with_the_one_that_is_suggested() {
    let mut before = decisions();
    before.push(Decision::SetGroupingRules {
        project_id: ProjectId(1),
        text: "# all\nstack.function:retry -group\n".to_owned(),
    });
    let fixture = Fixture::with(before);
    let one = opened(&fixture, 1, &calling(1, &STACK));
    opened(&fixture, 2, &calling(2, &RETRIED));
    fixture.settle().await;
    let answer = similar(&fixture, to(one)).await.unwrap();
    // They would be one if they came now.
    let found = &answer.issues[0];
    assert_eq!((&*found.differs, &*found.suggested_rule), ("", ""));
    assert!((found.score - 1.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn what_is_merged_discarded_or_gone_is_left_out() {
    let fixture = Fixture::new();
    let one = opened(&fixture, 1, &calling(1, &STACK));
    for number in 2..=4 {
        opened(&fixture, number, &calling(number as u8, &RETRIED));
    }
    let sql = "BEGIN;
        UPDATE fingerprint SET issue_id = 1 WHERE id = 2;
        DELETE FROM issue WHERE id = 2;
        INSERT INTO discarded VALUES (3);
        UPDATE fingerprint SET last_position = 1 WHERE id = 4;
        COMMIT;";
    fixture.db.execute_batch(sql).unwrap();
    fixture.settle().await;
    let answer = similar(&fixture, to(one)).await.unwrap();
    assert_eq!(ids(&answer), ["0000000000000004"]);
    // Its event is not there any more: the score is an estimate.
    let found = &answer.issues[0];
    assert_eq!(
        (&*found.shared, &*found.differs, &*found.suggested_rule),
        ("", "", "")
    );
    assert!((0.5..=1.0).contains(&found.score), "{found:?}");
    // By the id of what is part of it the same.
    let again = similar(&fixture, to(IssueId(2))).await.unwrap();
    assert_eq!(again, answer);
}

#[tokio::test]
async fn so_many_are_told_as_are_asked_for() {
    let fixture = Fixture::new();
    let one = opened(&fixture, 1, &calling(1, &STACK));
    for number in 2..=25 {
        let mut event = calling(number, &STACK);
        event.exceptions[1].frames[0].function = format!("main{}", "x".repeat(number.into()));
        opened(&fixture, number.into(), &event);
    }
    fixture.settle().await;
    for (limit, expected) in [(0, 5), (1, 1), (20, 20)] {
        let request = v1::ListSimilarIssuesRequest { limit, ..to(one) };
        let answer = similar(&fixture, request).await.unwrap();
        assert_eq!(answer.issues.len(), expected);
    }
    let request = v1::ListSimilarIssuesRequest {
        limit: 21,
        ..to(one)
    };
    let refused = similar(&fixture, request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(refused.metadata().get("errata-field").unwrap(), "limit");
    let refused = similar(&fixture, to(IssueId(77))).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    for (path, status) in [
        ("/api/issues/zz/similar", StatusCode::BAD_REQUEST),
        (
            "/api/issues/000000000000004d/similar",
            StatusCode::NOT_FOUND,
        ),
        (
            "/api/issues/0000000000000001/similar?limit=21",
            StatusCode::BAD_REQUEST,
        ),
        (
            "/api/issues/0000000000000001/similar?limit=0",
            StatusCode::BAD_REQUEST,
        ),
    ] {
        let (answered, json) = fixture.get(path).await;
        assert_eq!(answered, status, "{path}: {json}");
    }
}

/// Fingerprints of a large project, most of them in families of so many that are alike.
const MANY: u64 = 100_000;
const FAMILY: u64 = 50;

/// Issues of this range with nothing but sketches: whoever is found is found by them.
fn crowd(fixture: &Fixture, numbers: std::ops::Range<u64>) {
    let mixed = |seed: u64| {
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 31)) as u16
    };
    fixture.db.execute_batch("BEGIN").unwrap();
    for number in numbers {
        fixture.issue_of(1, number, "TypeError: x is null", 3, T0_MS);
        let family = number / FAMILY;
        let mut place = 0;
        let sketch = Sketch([0; PLACES].map(|_: u16| {
            place += 1;
            let own = place > PLACES as u64 * 3 / 4;
            mixed(place << 40 | if own { number << 20 } else { family })
        }));
        let sql = "INSERT INTO fingerprint_sketch VALUES (?1, ?2)";
        let mut row = fixture.db.prepare_cached(sql).unwrap();
        row.execute(params![number as i64, sketch.to_bytes()])
            .unwrap();
        let sql = "INSERT INTO fingerprint_band VALUES (1, ?1, ?2)";
        let mut row = fixture.db.prepare_cached(sql).unwrap();
        for band in sketch.bands() {
            row.execute(params![band, number as i64]).unwrap();
        }
    }
    fixture.db.execute_batch("COMMIT").unwrap();
}

/// Prints how long a look-up takes: of an issue with events, whose alikes are compared and a
/// rule for them tried, and of issues of which the log has nothing more.
#[tokio::test]
#[ignore = "for people"]
#[expect(clippy::print_stdout, reason = "that is what it is for")]
async fn how_long_a_look_up_takes_among_a_hundred_thousand() {
    let fixture = Fixture::new();
    for number in 1..=20 {
        let mut stack = RETRIED.to_vec();
        let own = format!("step{number}");
        stack.insert(2, &own);
        opened(&fixture, number, &calling(number as u8, &stack));
    }
    crowd(&fixture, 1_000..1_000 + MANY);
    fixture.settle().await;
    let asked = |from: u64, step: u64| (0..200).map(move |at| IssueId(from + at * step));
    for (what, issues) in [
        ("with events", asked(1, 0)),
        ("without", asked(1_000, MANY / 200)),
    ] {
        let mut micros = Vec::new();
        for issue in issues {
            let start = std::time::Instant::now();
            let answer = similar(&fixture, to(issue)).await.unwrap();
            micros.push(start.elapsed().as_micros());
            assert_eq!(answer.issues.len(), 5, "{issue}");
        }
        micros.sort_unstable();
        let ms = |at: usize| micros[at] as f64 / 1e3;
        println!("{what}: p50 {:.1} ms, p99 {:.1} ms", ms(100), ms(198));
    }
}
