//! What rules of grouping would do.

use event_model::Event;
use http::{Request, StatusCode};
use proto::v1::{self, RuleTokenKind, grouping_service_client::GroupingServiceClient};
use tonic::{Code, Status};

use crate::{
    fixture::{Fixture, T0_MS, TOKEN, event},
    grpc::authorize,
};

pub(crate) fn id(n: u8) -> String {
    format!("{n:02x}").repeat(16)
}

/// An event of its own function.
fn in_function(n: u8, function: &str) -> Event {
    let mut event = event(n);
    event.fingerprint.clear();
    function.clone_into(&mut event.exceptions[1].frames[1].function);
    event
}

async fn check(
    fixture: &Fixture,
    request: v1::CheckRulesRequest,
) -> Result<v1::CheckRulesResponse, Status> {
    let mut client = GroupingServiceClient::with_interceptor(fixture.router(), authorize);
    Ok(client.check_rules(request).await?.into_inner())
}

fn asking(text: &str) -> v1::CheckRulesRequest {
    v1::CheckRulesRequest {
        project_id: 1,
        text: text.to_owned(),
        ..Default::default()
    }
}

/// Line, events, newest event of each rule that holds.
fn told(answer: &v1::CheckRulesResponse) -> Vec<(u32, u32, &str)> {
    let matches = answer.matches.iter();
    matches
        .map(|found| (found.line, found.events, found.event_id.as_str()))
        .collect()
}

#[tokio::test]
async fn rules_are_asked_of_the_newest_events_of_the_project() {
    let fixture = Fixture::new();
    let one = fixture.issue(1, "TypeError: x is null", 3, T0_MS);
    for (n, function) in [(1, "pay"), (2, "pay"), (3, "refund")] {
        fixture.event(one, &in_function(n, function));
    }
    let other = fixture.issue(100, "TypeError: x is null", 1, T0_MS);
    let mut foreign = in_function(4, "pay");
    foreign.project_id = event_model::ProjectId(2);
    fixture.event(other, &foreign);
    fixture.settle().await;
    let rules = "# pay\nstack.function:pay -> pay\nerror.type:* -> rest\n\
                 stack.function:refund -group\nrelease:none -> never\n";
    let answer = check(&fixture, asking(rules)).await.unwrap();
    assert_eq!((answer.rules, answer.events, answer.moved), (4, 3, 3));
    let (pay, refund) = (id(2), id(3));
    // Of fingerprint rules the first that holds decides.
    assert_eq!(
        told(&answer),
        [(2, 2, &*pay), (3, 1, &*refund), (4, 1, &*refund)]
    );
    assert_eq!(answer.matches[0].rule, "stack.function:pay -> pay");
    assert!(!answer.cut_short && answer.over_budget == 0 && answer.faults.is_empty());
    let newest = v1::CheckRulesRequest {
        events: 1,
        ..asking(rules)
    };
    let answer = check(&fixture, newest).await.unwrap();
    assert_eq!((answer.events, told(&answer).len()), (1, 2), "{answer:?}");
    let named = v1::CheckRulesRequest {
        event_id: id(1),
        ..asking(rules)
    };
    let answer = check(&fixture, named).await.unwrap();
    let first = id(1);
    assert_eq!(told(&answer), [(2, 1, &*first)]);
}

#[tokio::test]
async fn all_that_is_wrong_is_told_with_its_place_and_lines_are_told_in_pieces() {
    let fixture = Fixture::new();
    let one = fixture.issue(1, "TypeError: x is null", 1, T0_MS);
    fixture.event(one, &in_function(1, "pay"));
    fixture.settle().await;
    let answer = check(&fixture, asking("type:x -> y # why\nerror.typ:é -> y"))
        .await
        .unwrap();
    let fault = &answer.faults[0];
    assert_eq!((answer.faults.len(), fault.line, fault.column), (1, 2, 1));
    assert_eq!(fault.suggestion, "error.type:é");
    assert!(fault.message.contains("nothing that can be matched"));
    let pieces: Vec<(u32, u32, u32, RuleTokenKind)> = answer
        .tokens
        .iter()
        .map(|token| (token.line, token.column, token.length, token.kind()))
        .collect();
    assert_eq!(pieces[0], (1, 1, 5, RuleTokenKind::Matcher));
    assert_eq!(pieces[4], (1, 13, 5, RuleTokenKind::Comment));
    assert_eq!(pieces[5], (2, 1, 10, RuleTokenKind::Matcher));
    assert_eq!((answer.rules, answer.events), (0, 0));
}

#[tokio::test]
async fn what_a_check_may_cost_is_bounded_and_told() {
    let fixture = Fixture::new();
    let one = fixture.issue(1, "TypeError: x is null", 3, T0_MS);
    for n in 1..=120 {
        let mut long = in_function(n, &"a".repeat(200));
        long.exceptions[1].value = "a".repeat(1_000);
        fixture.event(one, &long);
    }
    fixture.settle().await;
    let stars = format!("{}b", "*a".repeat(100));
    let hostile = format!("error.value:{stars} -> x\n").repeat(1_000);
    let request = v1::CheckRulesRequest {
        events: 1_000,
        ..asking(&hostile)
    };
    let answer = check(&fixture, request).await.unwrap();
    assert!(answer.cut_short);
    assert_eq!(answer.over_budget, answer.events);
    // A million comparisons an event, fifty in all.
    assert_eq!(answer.events, 50);
    assert!(answer.matches.is_empty());
    let many = "type:x -> y\n".repeat(10_001);
    let answer = check(&fixture, asking(&many)).await.unwrap();
    assert_eq!(answer.faults[0].message, "more than 10000 rules");
    let long = format!("{} -> y", "x".repeat((1 << 20) - 10));
    let answer = check(&fixture, asking(&long)).await.unwrap();
    assert!(answer.faults[0].message.len() < 500);
    assert!(answer.tokens.len() <= 20_000);
}

#[tokio::test]
async fn what_is_asked_for_wrongly_is_named() {
    let fixture = Fixture::new();
    let one = fixture.issue(1, "TypeError: x is null", 1, T0_MS);
    fixture.event(one, &in_function(1, "pay"));
    fixture.settle().await;
    let rules = "type:x -> y";
    for (request, code, field) in [
        (
            v1::CheckRulesRequest {
                project_id: 9,
                ..asking(rules)
            },
            Code::NotFound,
            "project_id",
        ),
        (
            v1::CheckRulesRequest {
                events: 1_001,
                ..asking(rules)
            },
            Code::InvalidArgument,
            "events",
        ),
        (
            v1::CheckRulesRequest {
                event_id: id(7),
                ..asking(rules)
            },
            Code::NotFound,
            "event_id",
        ),
        (
            v1::CheckRulesRequest {
                event_id: "x".into(),
                ..asking(rules)
            },
            Code::InvalidArgument,
            "event_id",
        ),
        // Of another project.
        (
            v1::CheckRulesRequest {
                project_id: 2,
                event_id: id(1),
                ..asking(rules)
            },
            Code::NotFound,
            "event_id",
        ),
        (asking(&"#".repeat((1 << 20) + 1)), Code::OutOfRange, "text"),
    ] {
        let refused = check(&fixture, request).await.unwrap_err();
        assert_eq!(refused.code(), code, "{field}: {refused:?}");
        assert_eq!(refused.metadata().get("errata-field").unwrap(), field);
    }
    let rest = async |path: &str, body: &str| {
        let request = Request::post(path).header("authorization", format!("Bearer {TOKEN}"));
        fixture
            .send(request.body(body.to_owned().into()).unwrap())
            .await
    };
    let path = "/api/projects/1/grouping-rules/check";
    let (status, answer) = rest(path, "error.type:* -> y").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["matches"][0]["event_id"], id(1));
    assert_eq!(answer["moved"], 1);
    assert_eq!(answer["matches"][0]["issue_id"], "0000000000000001");
    let (status, answer) = rest(&format!("{path}?events=x"), "").await;
    assert_eq!(
        (status, &answer["error"]["field"]),
        (StatusCode::BAD_REQUEST, &"events".into())
    );
    let (status, answer) = rest(&format!("{path}?event={}", id(7)), "").await;
    assert_eq!(
        (status, &answer["error"]["field"]),
        (StatusCode::NOT_FOUND, &"event".into())
    );
}
