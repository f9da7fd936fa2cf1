//! The rules that a project's events are grouped by: what is accepted, what is told.

use axum::body::Body;
use event_model::{Decision, DiscardedIssue, IssueId, ProjectId, credential::Caller};
use http::{Request, StatusCode};
use proto::v1::{
    CreateProjectRequest, GetGroupingRulesRequest, GroupingRules, SetGroupingAlgorithmRequest,
    SetGroupingRulesRequest, project_settings_service_client::ProjectSettingsServiceClient,
};
use tonic::{Code, Status};

use crate::support::{Answer, TOKEN, World, config, wishes};

fn client(world: &World) -> ProjectSettingsServiceClient<axum::Router> {
    ProjectSettingsServiceClient::new(world.gateway.router())
}

fn by_owner<T>(message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let value = format!("Bearer {TOKEN}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

async fn set(world: &World, text: &str, expected: Option<u32>) -> Result<u64, Status> {
    let request = SetGroupingRulesRequest {
        project_id: 1,
        text: text.to_owned(),
        expected_version: expected,
    };
    let set = client(world).set_grouping_rules(by_owner(request)).await?;
    Ok(set.into_inner().position)
}

async fn get(world: &World, version: u32) -> Result<GroupingRules, Status> {
    let request = GetGroupingRulesRequest {
        project_id: 1,
        version,
    };
    let got = client(world).get_grouping_rules(by_owner(request)).await?;
    Ok(got.into_inner())
}

fn field(status: &Status) -> &str {
    status
        .metadata()
        .get("errata-field")
        .unwrap()
        .to_str()
        .unwrap()
}

async fn rest(world: &World, method: &str, path: &str, body: &str) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("authorization", format!("Bearer {TOKEN}"));
    let body = Body::from(body.to_owned());
    world.send(request.body(body).unwrap()).await
}

const PATH: &str = "/api/projects/1/grouping-rules";

#[tokio::test]
async fn rules_are_kept_with_who_set_them_and_when() {
    let world = World::new().await;
    let none = get(&world, 0).await.unwrap();
    assert_eq!((none.text.as_str(), none.version), ("", 0));
    assert!(none.history.is_empty());
    assert_eq!(none.algorithms.last(), Some(&none.algorithm), "the newest");
    let first = "# mine\nerror.type:Käse -> käse\n";
    let position = set(&world, first, Some(0)).await.unwrap();
    assert_eq!(position, world.log.reader().end().0);
    let answer = rest(
        &world,
        "PUT",
        &format!("{PATH}?expected_version=1"),
        "type:B -> b",
    )
    .await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    set(&world, "", None).await.unwrap();
    // It survives a restart, as it is in the log.
    let world = World::in_dir(world.stop(), config(), wishes()).await;
    let held = get(&world, 0).await.unwrap();
    assert_eq!((held.text.as_str(), held.version), ("", 3));
    let told: Vec<(u32, &str, u32)> = held
        .history
        .iter()
        .map(|set| (set.version, set.actor.as_str(), set.bytes))
        .collect();
    let bytes = first.len() as u32;
    assert_eq!(
        told,
        [(3, "user:1", 0), (2, "user:1", 11), (1, "user:1", bytes)]
    );
    for (version, text) in [(1, first), (2, "type:B -> b"), (3, ""), (0, "")] {
        assert_eq!(get(&world, version).await.unwrap().text, text, "{version}");
        let answer = rest(&world, "GET", &format!("{PATH}?version={version}"), "").await;
        assert_eq!(answer.json()["text"], text);
        assert_eq!(answer.json()["history"].as_array().unwrap().len(), 3);
    }
    let refused = get(&world, 4).await.unwrap_err();
    assert_eq!(
        (refused.code(), field(&refused)),
        (Code::NotFound, "version")
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_its_place_and_leaves_no_trace() {
    let world = World::new().await;
    let end = world.log.reader().end();
    let long = "x".repeat(1 << 20);
    let named = format!("{}:x -> y", &long[..200_000]);
    let many = "type:x -> y\n".repeat(10_001);
    let errors = "a\n".repeat(500);
    for (text, code, wanted, said) in [
        (
            "# fine\n  error.typ:x -> y",
            Code::InvalidArgument,
            "text:2:3",
            "did you mean `error.type:x`?",
        ),
        (
            "type:x -> {{ tpye }}",
            Code::InvalidArgument,
            "text:1:11",
            "did you mean `{{ type }}`?",
        ),
        (
            "ü:x -app\nb",
            Code::InvalidArgument,
            "text:1:1",
            "and 1 more",
        ),
        (
            &many,
            Code::InvalidArgument,
            "text:1:1",
            "more than 10000 rules",
        ),
        (
            &named,
            Code::InvalidArgument,
            "text:1:1",
            "is nothing that can be matched",
        ),
        (&errors, Code::InvalidArgument, "text:1:2", "and 99 more"),
        (
            &format!("{long}#"),
            Code::OutOfRange,
            "text",
            "at most 1048576 bytes",
        ),
    ] {
        let shown: String = text.chars().take(40).collect();
        let refused = set(&world, text, None).await.unwrap_err();
        assert_eq!((refused.code(), field(&refused)), (code, wanted), "{shown}");
        assert!(refused.message().contains(said), "{shown}: {refused:?}");
        assert!(
            refused.message().len() < 500,
            "a megabyte of it is no message"
        );
    }
    let answer = rest(&world, "PUT", PATH, "type:x").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.json()["error"]["field"], "text:1:7");
    let answer = rest(&world, "PUT", PATH, &format!("{long}#")).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let refused = set(&world, "", Some(1)).await.unwrap_err();
    assert_eq!(
        (refused.code(), field(&refused)),
        (Code::AlreadyExists, "expected_version")
    );
    let request = SetGroupingAlgorithmRequest {
        project_id: 1,
        algorithm: 1_000,
    };
    let refused = client(&world)
        .set_grouping_algorithm(by_owner(request))
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(
        (refused.code(), field(&refused)),
        (Code::InvalidArgument, "algorithm")
    );
    assert_eq!(world.log.reader().end(), end, "nothing was decided");
    // As many as there may be.
    let most = "type:x -> y\n".repeat(10_000);
    set(&world, &most, None).await.unwrap();
    assert_eq!(get(&world, 0).await.unwrap().text, most);
}

#[tokio::test]
async fn what_events_were_known_by_at_the_door_ends_with_a_change_of_grouping() {
    let world = World::new().await;
    let commands = world.gateway.commands();
    let project = CreateProjectRequest {
        name: "other".to_owned(),
        platform: String::new(),
    };
    commands
        .create_project(Caller::Admin, project)
        .await
        .unwrap();
    let discard = |issue, project| Decision::DiscardIssues {
        issues: vec![DiscardedIssue {
            id: IssueId(issue),
            project_id: ProjectId(project),
            stacks: vec![7],
        }],
    };
    let core = commands.core();
    let decide = async |decision: Decision| {
        let decided = core.decide(event_model::Actor::System, |_| Ok((decision, ())));
        decided.await.unwrap();
    };
    let stacks = |issue| core.state().read().discarded[&IssueId(issue)].stacks.len();
    decide(discard(1, 1)).await;
    decide(discard(2, 2)).await;
    assert_eq!((stacks(1), stacks(2)), (1, 1));
    set(&world, "tags.region:eu -> eu, {{ default }}", None)
        .await
        .unwrap();
    assert_eq!(
        (stacks(1), stacks(2)),
        (0, 1),
        "its events may be others' now"
    );
    decide(discard(3, 1)).await;
    assert_eq!(stacks(3), 0, "one stack may be several issues'");
    set(&world, "", None).await.unwrap();
    decide(discard(3, 1)).await;
    assert_eq!(stacks(3), 1);
    let version = core.state().read().settings_version(ProjectId(1));
    let request = SetGroupingAlgorithmRequest {
        project_id: 1,
        algorithm: get(&world, 0).await.unwrap().algorithm,
    };
    client(&world)
        .set_grouping_algorithm(by_owner(request))
        .await
        .unwrap();
    assert_eq!(stacks(3), 0);
    assert!(
        core.state().read().settings_version(ProjectId(1)) > version,
        "compiled anew"
    );
}
