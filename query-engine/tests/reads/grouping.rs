//! Why an event is in its issue, and why two are not in one.

use event_model::{Decision, Event, ProjectId};
use http::StatusCode;
use proto::v1::{self, event_service_client::EventServiceClient};
use serde_json::Value;
use tonic::Code;

use crate::{
    fixture::{Fixture, T0_MS, command, event},
    grpc::authorize,
};

/// An event of another function, without the client's own fingerprint.
fn sold(n: u8) -> Event {
    let mut sold = event(n);
    sold.fingerprint.clear();
    "sell".clone_into(&mut sold.exceptions[1].frames[1].function);
    sold
}

fn bought(n: u8) -> Event {
    let mut bought = event(n);
    bought.fingerprint.clear();
    bought
}

fn id(n: u8) -> String {
    format!("{n:02x}").repeat(16)
}

#[tokio::test]
async fn an_event_says_what_of_it_counts_and_where_in_it_that_stands() {
    let fixture = Fixture::new();
    let one = fixture.issue(1, "TypeError: x is null", 1, T0_MS);
    fixture.event(one, &bought(1));
    fixture.settle().await;
    let (status, told) = fixture
        .get(&format!("/api/errors/{}/grouping", id(1)))
        .await;
    assert_eq!(status, StatusCode::OK, "{told}");
    insta::assert_json_snapshot!(told);
    for (path, status, field) in [
        ("zz", StatusCode::BAD_REQUEST, Value::from("id")),
        (&*id(9), StatusCode::NOT_FOUND, Value::Null),
    ] {
        let (answered, body) = fixture.get(&format!("/api/errors/{path}/grouping")).await;
        assert_eq!(answered, status, "{path}");
        assert_eq!(body["error"]["field"], field, "{path}: {body}");
    }
}

#[tokio::test]
async fn two_events_say_where_they_first_differ() {
    let fixture = Fixture::new();
    let one = fixture.issue(1, "TypeError: x is null", 2, T0_MS);
    let other = fixture.issue(2, "TypeError: x is null", 1, T0_MS);
    fixture.event(one, &bought(1));
    fixture.event(one, &bought(2));
    fixture.event(other, &sold(3));
    fixture.settle().await;
    let mut client = EventServiceClient::with_interceptor(fixture.router(), authorize);
    for (first, second, expected) in [
        (1, 2, None),
        (1, 3, Some(("error 2, frame", "checkout", "sell"))),
        (3, 1, Some(("error 2, frame", "sell", "checkout"))),
    ] {
        let request = v1::WhyApartRequest {
            first_event_id: id(first),
            second_event_id: id(second),
            ..Default::default()
        };
        let answer = client.why_apart(request).await.unwrap().into_inner();
        let (one, other) = (answer.first.unwrap(), answer.second.unwrap());
        assert_eq!(one.event.unwrap().id, id(first));
        assert_eq!(other.event.unwrap().id, id(second));
        assert_eq!(one.fingerprint == other.fingerprint, expected.is_none());
        let told = answer.difference.map(|difference| {
            let named = |side: Option<v1::GroupingComponent>| side.unwrap().parts[1].value.clone();
            (
                difference.path.join(", "),
                named(difference.first),
                named(difference.second),
            )
        });
        let expected = expected
            .map(|(path, first, second)| (path.to_owned(), first.to_owned(), second.to_owned()));
        assert_eq!(told, expected, "{first} and {second}");
    }
    for (second, code, field) in [
        (id(9), Code::NotFound, "second_event_id"),
        ("x".to_owned(), Code::InvalidArgument, "second_event_id"),
    ] {
        let request = v1::WhyApartRequest {
            first_event_id: id(1),
            second_event_id: second,
            ..Default::default()
        };
        let refused = client.why_apart(request).await.unwrap_err();
        assert_eq!(refused.code(), code, "{refused:?}");
        assert!(refused.message().starts_with(field) || !refused.details().is_empty());
    }
}

#[tokio::test]
async fn an_event_is_explained_by_the_rules_in_force_where_it_stands() {
    let fixture = Fixture::new();
    let one = fixture.issue(1, "TypeError: x is null", 3, T0_MS);
    let set = |text: &str| {
        let decision = Decision::SetGroupingRules {
            project_id: ProjectId(1),
            text: text.to_owned(),
        };
        command(&fixture.log, decision);
    };
    fixture.event(one, &bought(1));
    set("error.type:* -> first");
    fixture.event(one, &bought(2));
    set("# changed\nerror.type:* -> second");
    fixture.event(one, &bought(3));
    fixture.settle().await;
    let mut client = EventServiceClient::with_interceptor(fixture.router(), authorize);
    let mut prints = Vec::new();
    for (n, why) in [
        (1, "an error and its causes, oldest first"),
        (2, "the rule on line 1: error.type:* -> first"),
        (3, "the rule on line 2: error.type:* -> second"),
    ] {
        let request = v1::ExplainGroupingRequest {
            event_id: id(n),
            ..Default::default()
        };
        let told = client.explain_grouping(request).await.unwrap().into_inner();
        let told = told.explanation.unwrap();
        assert_eq!(told.root.unwrap().why, why);
        prints.push(told.fingerprint);
    }
    prints.dedup();
    assert_eq!(prints.len(), 3);
    let request = v1::WhyApartRequest {
        first_event_id: id(2),
        second_event_id: id(3),
        ..Default::default()
    };
    let answer = client.why_apart(request).await.unwrap().into_inner();
    let (one, other) = (answer.first.unwrap(), answer.second.unwrap());
    assert_eq!(
        [&one.fingerprint, &other.fingerprint],
        [&prints[1], &prints[2]]
    );
    assert_eq!(answer.difference.unwrap().path, ["entry"]);
}
