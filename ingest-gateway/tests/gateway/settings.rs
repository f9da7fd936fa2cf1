use std::sync::{Arc, Mutex};

use event_log::Entry;
use event_model::{IssueId, Position, ProjectId, credential::Caller};
use ingest_gateway::{
    error::{ErrorCode, Refusal},
    others::{Answer, IssueLookup, KnownIssue, LocatedIssue},
};
use proto::v1::{
    CreateTokenRequest, CreateUserRequest, DiscardIssuesRequest, Filters,
    GetProjectSettingsRequest, Role, ScrubMethod, ScrubRule, Scrubbing, SetFiltersRequest,
    SetScrubbingRequest, SourceLines, TrySettingsRequest, UndiscardIssuesRequest,
    project_settings_service_client::ProjectSettingsServiceClient,
};
use serde_json::{Value, json};
use tonic::{Code, Request};

use crate::support::{KEY, TOKEN, World, config, id, wishes};

fn client(world: &World) -> ProjectSettingsServiceClient<axum::Router> {
    ProjectSettingsServiceClient::new(world.gateway.router())
}

fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

fn rule(place: &str, what: &str, how: ScrubMethod) -> ScrubRule {
    ScrubRule {
        r#where: place.to_owned(),
        what: what.to_owned(),
        how: how.into(),
    }
}

async fn set_scrubbing(world: &World, scrubbing: Scrubbing) {
    let request = SetScrubbingRequest {
        project_id: 1,
        scrubbing: Some(scrubbing),
    };
    client(world)
        .set_scrubbing(with_token(request, TOKEN))
        .await
        .unwrap();
}

async fn set_filters(world: &World, filters: Filters) {
    let request = SetFiltersRequest {
        project_id: 1,
        filters: Some(filters),
    };
    client(world)
        .set_filters(with_token(request, TOKEN))
        .await
        .unwrap();
}

/// Bodies of the events in the log, in order.
fn stored(world: &World) -> Vec<(Position, Value)> {
    let reader = world.log.reader();
    let items = reader.read_after(Position::default());
    items
        .filter_map(|item| {
            let item = item.unwrap();
            match item.entry {
                Entry::Event(event) => {
                    let body = reader.body(item.position, &event).unwrap();
                    Some((item.position, serde_json::from_slice(&body).unwrap()))
                }
                _ => None,
            }
        })
        .collect()
}

async fn send(world: &World, number: u32, mut event: Value) {
    event["event_id"] = id(number).into();
    let path = format!("/api/1/store/?sentry_key={KEY}");
    let answer = world.post(&path, &[], event.to_string()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json()["id"],
        id(number),
        "the SDK hears nothing of a filter"
    );
}

#[tokio::test]
async fn rules_of_a_project_hold_from_the_next_event_on() {
    let world = World::new().await;
    let event = || {
        json!({"message": "card 4111 1111 1111 1111 of jane@shop.example", "extra": {
            "customer_no": "K-77", "same": {"customer_no": "K-77"}, "secret": "x",
            "public_token": "abc", "pin": 1234}})
    };
    send(&world, 1, event()).await;
    set_scrubbing(
        &world,
        Scrubbing {
            rules: vec![
                rule("customer_no", "", ScrubMethod::Hash),
                rule("extra.pin", "", ScrubMethod::Remove),
            ],
            allow: vec!["public_token".to_owned()],
            emails: true,
            ip_addresses: false,
            source_lines: SourceLines::Unspecified.into(),
        },
    )
    .await;
    send(&world, 2, event()).await;
    let stored = stored(&world);
    let (before, after) = (&stored[0].1, &stored[1].1);
    assert_eq!(before["message"], "card [Filtered] of jane@shop.example");
    assert_eq!(before["extra"]["customer_no"], "K-77");
    assert_eq!(before["extra"]["public_token"], "[Filtered]");
    assert_eq!(after["message"], "card [Filtered] of [Filtered]");
    assert_eq!(after["extra"]["public_token"], "abc");
    assert_eq!(after["extra"]["pin"], "");
    assert_eq!(after["extra"]["secret"], "[Filtered]");
    let hash = after["extra"]["customer_no"].as_str().unwrap();
    assert!(hash.starts_with("[Hash:") && hash.len() == 31, "{hash}");
    assert_eq!(after["extra"]["same"]["customer_no"], hash, "comparable");
    assert_eq!(after["scrubbed_count"], 5);
    let noted = after["scrubbed"].as_array().unwrap();
    assert!(
        noted.contains(&json!("extra.same.customer_no")),
        "{noted:?}"
    );
}

#[tokio::test]
async fn settings_are_read_back_and_survive_a_restart() {
    let world = World::new().await;
    let scrubbing = Scrubbing {
        rules: vec![rule("extra.**.iban", "@iban", ScrubMethod::Mask)],
        ip_addresses: true,
        source_lines: SourceLines::Remove.into(),
        ..Scrubbing::default()
    };
    let filters = Filters {
        releases: vec!["0.*".to_owned()],
        crawlers: true,
        ..Filters::default()
    };
    set_scrubbing(&world, scrubbing.clone()).await;
    set_filters(&world, filters.clone()).await;
    let dir = world.stop();
    let world = World::in_dir(dir, config(), wishes()).await;
    let request = GetProjectSettingsRequest { project_id: 1 };
    let settings = client(&world)
        .get_project_settings(with_token(request, TOKEN))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(settings.scrubbing, Some(scrubbing));
    assert_eq!(settings.filters, Some(filters));
    send(&world, 1, json!({"message": "x", "release": "0.9"})).await;
    assert!(world.stored_ids().is_empty());
}

#[tokio::test]
async fn unwanted_events_are_answered_counted_and_not_stored() {
    let world = World::new().await;
    set_filters(
        &world,
        Filters {
            environments: vec!["staging".to_owned()],
            noise: true,
            ..Filters::default()
        },
    )
    .await;
    let before = world.gateway.tally();
    send(&world, 1, json!({"message": "x", "environment": "staging"})).await;
    send(&world, 2, json!({"message": "Script error."})).await;
    send(
        &world,
        3,
        json!({"message": "x", "environment": "production"}),
    )
    .await;
    assert_eq!(world.stored_ids(), [id(3)]);
    let after = world.gateway.tally();
    assert_eq!(after.dropped - before.dropped, 2);
    assert_eq!(after.stored - before.stored, 1);
    assert_eq!(after.in_flight, 0);
    // The same event once it is wanted is no duplicate.
    set_filters(&world, Filters::default()).await;
    send(&world, 1, json!({"message": "x", "environment": "staging"})).await;
    assert_eq!(world.stored_ids(), [id(3), id(1)]);
}

#[tokio::test]
async fn files_of_an_unwanted_event_are_turned_away_with_it() {
    let world = World::new().await;
    let filters = Filters {
        environments: vec!["staging".to_owned()],
        ..Filters::default()
    };
    set_filters(&world, filters).await;
    let send = async |number: u32, environment: &str| {
        let event = json!({"message": "x", "environment": environment});
        let id = id(number);
        let body = format!(
            "{{\"event_id\":\"{id}\"}}\n{{\"type\":\"event\"}}\n{event}\n\
             {{\"type\":\"attachment\",\"length\":5,\"filename\":\"a.txt\"}}\nhello\n"
        );
        assert_eq!(world.post_envelope(body).await.status, 200);
    };
    let before = world.gateway.tally();
    send(1, "staging").await;
    assert!(world.notes().is_empty() && world.stored_ids().is_empty());
    assert_eq!(world.gateway.tally().dropped - before.dropped, 2);
    send(2, "production").await;
    assert_eq!(world.notes().len(), 1);
    assert_eq!(world.stored_ids(), [id(2)]);
}

/// A read model that knows one issue, or does not answer.
#[derive(Debug, Default)]
struct ReadModel(Mutex<Option<KnownIssue>>);

impl IssueLookup for ReadModel {
    fn find(&self, id: IssueId) -> Answer<'_, Result<Option<KnownIssue>, Refusal>> {
        Box::pin(async move {
            let known = self.0.lock().unwrap().clone();
            let known = known.ok_or_else(|| Refusal::new(ErrorCode::Overloaded, "not yet"))?;
            Ok((id == IssueId(0xab)).then_some(known))
        })
    }

    fn locate(&self, ids: Vec<IssueId>) -> Answer<'_, Result<Vec<LocatedIssue>, Refusal>> {
        Box::pin(async move {
            let mut places = Vec::new();
            for id in ids {
                let known = self.find(id).await?;
                places.extend(known.map(|known| LocatedIssue {
                    asked: id,
                    lead: known.id,
                    project_id: known.project_id,
                    opened: Position(1),
                    fingerprints: 1,
                }));
            }
            Ok(places)
        })
    }
}

#[tokio::test]
async fn a_discarded_stack_is_turned_away_at_the_door() {
    let read_model = Arc::new(ReadModel::default());
    let mut config = config();
    let lookup: Arc<dyn IssueLookup> = read_model.clone();
    config.others.issues = Some(lookup);
    let world = World::with(config, wishes()).await;
    let event = |function: &str, value: &str| {
        json!({"platform": "python", "exception": {"values": [{"type": "ValueError", "value": value,
            "stacktrace": {"frames": [{"function": function, "module": "app.views",
                "filename": "app/views.py", "lineno": 7, "in_app": true}]}}]}})
    };
    send(&world, 1, event("cart", "a")).await;
    // What a client says is nothing but the issue's id: whose stacks they are, the
    // server looks up itself.
    let discard = |id: &str| DiscardIssuesRequest {
        issue_ids: vec![id.to_owned(), id.to_owned()],
    };
    let commands = world.gateway.commands();
    let unanswered = commands.discard_issues(Caller::Admin, discard("00000000000000ab"));
    let unanswered = unanswered.await.unwrap_err();
    assert_eq!(
        unanswered.code,
        ErrorCode::Overloaded,
        "{}",
        unanswered.message
    );
    let position = stored(&world)[0].0;
    *read_model.0.lock().unwrap() = Some(KnownIssue {
        id: IssueId(0xab),
        fingerprints: Vec::new(),
        project_id: ProjectId(1),
        positions: vec![position, Position(999_999)],
    });
    let unknown = commands.discard_issues(Caller::Admin, discard("00000000000000ff"));
    assert_eq!(unknown.await.unwrap_err().field, "issue_ids[0]");
    commands
        .discard_issues(Caller::Admin, discard("00000000000000ab"))
        .await
        .unwrap();
    send(&world, 2, event("cart", "another value")).await;
    send(&world, 3, event("checkout", "a")).await;
    assert_eq!(world.stored_ids(), [id(1), id(3)]);
    let undiscard = UndiscardIssuesRequest {
        issue_ids: vec!["00000000000000ab".to_owned()],
    };
    commands
        .undiscard_issues(Caller::Admin, undiscard)
        .await
        .unwrap();
    send(&world, 4, event("cart", "b")).await;
    assert_eq!(world.stored_ids(), [id(1), id(3), id(4)]);
}

#[tokio::test]
async fn a_look_shows_what_would_be_stored_and_stores_nothing() {
    let world = World::new().await;
    let look = |request| {
        let mut client = client(&world);
        async move {
            let answer = client.try_settings(with_token(request, TOKEN)).await;
            answer.unwrap().into_inner()
        }
    };
    let request = |text: &str| TrySettingsRequest {
        project_id: 1,
        scrubbing: Some(Scrubbing {
            emails: true,
            ..Scrubbing::default()
        }),
        filters: Some(Filters {
            releases: vec!["1.*".to_owned()],
            ..Filters::default()
        }),
        text: text.to_owned(),
        path: String::new(),
    };
    let before = world.gateway.tally();
    let event = look(request(
        r#"{"message":"jane@shop.example","release":"1.2"}"#,
    ))
    .await;
    assert!(event.is_event);
    assert_eq!(event.filtered, "filtered_release");
    assert_eq!(event.scrubbed, ["message"]);
    let stored: Value = serde_json::from_str(&event.stored).unwrap();
    assert_eq!(stored["message"], "[Filtered]");
    let text = look(request("password=x for jane@shop.example")).await;
    assert_eq!(text.stored, "password=[Filtered] for [Filtered]");
    assert!(!text.is_event);
    let named = look(TrySettingsRequest {
        path: "extra.api_key".to_owned(),
        ..request("plain")
    })
    .await;
    assert_eq!(named.stored, "[Filtered]");
    assert!(world.stored_ids().is_empty());
    assert_eq!(world.gateway.tally(), before);
}

#[tokio::test]
async fn settings_are_for_owners_and_checked_by_field() {
    let world = World::new().await;
    let mut client = client(&world);
    let wrong = SetScrubbingRequest {
        project_id: 1,
        scrubbing: Some(Scrubbing {
            rules: vec![rule("a", "(", ScrubMethod::Mask)],
            ..Scrubbing::default()
        }),
    };
    let refused = client
        .set_scrubbing(with_token(wrong, TOKEN))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let field = refused.metadata().get("errata-field").unwrap();
    assert_eq!(field, "scrubbing.rules[0].what");
    let wrong = SetFiltersRequest {
        project_id: 1,
        filters: Some(Filters {
            ip_ranges: vec!["192.0.2.0/33".to_owned()],
            ..Filters::default()
        }),
    };
    let refused = client
        .set_filters(with_token(wrong, TOKEN))
        .await
        .unwrap_err();
    let field = refused.metadata().get("errata-field").unwrap();
    assert_eq!(field, "filters.ip_ranges[0]");

    let commands = world.gateway.commands();
    let user = CreateUserRequest {
        email: "member@example.com".to_owned(),
        name: String::new(),
        role: Role::Member.into(),
        password: "long enough".to_owned(),
    };
    let user = commands.create_user(Caller::Admin, user).await.unwrap();
    let token = CreateTokenRequest {
        label: "ci".to_owned(),
        user_id: user.user_id,
        ..Default::default()
    };
    let member = commands
        .create_token(Caller::Admin, token)
        .await
        .unwrap()
        .token;
    let request = SetFiltersRequest {
        project_id: 1,
        filters: None,
    };
    let refused = client
        .set_filters(with_token(request, &member))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let look = TrySettingsRequest {
        project_id: 1,
        ..TrySettingsRequest::default()
    };
    let refused = client
        .try_settings(with_token(look, &member))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let read = GetProjectSettingsRequest { project_id: 1 };
    client
        .get_project_settings(with_token(read, &member))
        .await
        .unwrap();
    let unknown = GetProjectSettingsRequest { project_id: 7 };
    let refused = client
        .get_project_settings(with_token(unknown, TOKEN))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}
