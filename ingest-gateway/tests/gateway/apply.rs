//! Rules of grouping applied to events that are there, and taken back: what is decided, what
//! is refused and why, what is told of it.

use axum::body::Body;
use event_log::{Retention, retention::Recorded};
use event_model::{Actor, Decision, Position, ProjectId, credential::Caller};
use http::{Request, StatusCode};
use proto::v1::{
    ApplyGroupingRulesRequest, CreateProjectRequest, GetGroupingRulesRequest, GroupingApplication,
    GroupingRules, SetGroupingRulesRequest, UndoGroupingRulesRequest,
    project_settings_service_client::ProjectSettingsServiceClient,
};
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::{
    accounts::{by, member},
    support::{Answer, TOKEN, World, config, wishes},
};

const RULES: &str = "/api/projects/1/grouping-rules";
const FIRST: &str = "error.type:A -> a";
const SECOND: &str = "error.type:B -> b";

fn client(world: &World) -> ProjectSettingsServiceClient<axum::Router> {
    ProjectSettingsServiceClient::new(world.gateway.router())
}

fn wanted(text: Option<&str>) -> ApplyGroupingRulesRequest {
    ApplyGroupingRulesRequest {
        project_id: 1,
        text: text.map(str::to_owned),
        ..Default::default()
    }
}

async fn apply(
    world: &World,
    token: &str,
    request: ApplyGroupingRulesRequest,
) -> Result<u64, Status> {
    let applied = client(world).apply_grouping_rules(by(token, request)).await;
    Ok(applied?.into_inner().position)
}

async fn undo(world: &World, token: &str, application: u64) -> Result<u64, Status> {
    let request = UndoGroupingRulesRequest {
        project_id: 1,
        application,
    };
    let undone = client(world).undo_grouping_rules(by(token, request)).await;
    Ok(undone?.into_inner().position)
}

async fn set(world: &World, text: &str) {
    let request = SetGroupingRulesRequest {
        project_id: 1,
        text: text.to_owned(),
        expected_version: None,
    };
    let set = client(world).set_grouping_rules(by(TOKEN, request)).await;
    set.unwrap();
}

async fn get(world: &World, version: u32) -> GroupingRules {
    let request = GetGroupingRulesRequest {
        project_id: 1,
        version,
    };
    let got = client(world).get_grouping_rules(by(TOKEN, request)).await;
    got.unwrap().into_inner()
}

/// Of the applications, newest first.
async fn applications(world: &World) -> Vec<GroupingApplication> {
    get(world, 0).await.applications
}

fn check(status: &Status, code: Code, field: &str, said: &str) {
    let told = status.metadata().get("errata-field").unwrap();
    assert_eq!((status.code(), told.to_str().unwrap()), (code, field));
    assert_eq!(status.message(), format!("{field}: {said}"));
}

async fn rest(world: &World, token: &str, method: &str, path: &str, body: &str) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("authorization", format!("Bearer {token}"));
    let body = Body::from(body.to_owned());
    world.send(request.body(body).unwrap()).await
}

#[tokio::test]
async fn rules_applied_hold_and_the_log_says_from_where() {
    let world = World::new().await;
    let algorithm = get(&world, 0).await.algorithm;
    set(&world, FIRST).await;
    let request = ApplyGroupingRulesRequest {
        expected_version: Some(1),
        ..wanted(Some(SECOND))
    };
    let position = apply(&world, TOKEN, request).await.unwrap();
    assert_eq!(position, world.log.reader().end().0);
    let held = get(&world, 0).await;
    assert_eq!((held.text.as_str(), held.version), (SECOND, 2));
    // Those in force: no version is added.
    apply(&world, TOKEN, wanted(None)).await.unwrap();
    assert_eq!(get(&world, 0).await.version, 2);
    let from = world.log.reader().first();
    assert_ne!(from, Position::default());
    let decision = |text: &str| Decision::ApplyGrouping {
        project_id: ProjectId(1),
        text: text.to_owned(),
        algorithm,
        from: from.0,
    };
    let decided = world.decisions();
    let newest = &decided[decided.len() - 2..];
    assert_eq!(newest, [decision(SECOND), decision(SECOND)]);
    // None is a text, too.
    apply(&world, TOKEN, wanted(Some(""))).await.unwrap();
    let held = get(&world, 0).await;
    assert_eq!((held.text.as_str(), held.version), ("", 3));
}

#[tokio::test]
async fn what_cannot_be_applied_is_refused_with_its_reason_and_leaves_no_trace() {
    let world = World::new().await;
    let commands = world.gateway.commands();
    let other = CreateProjectRequest {
        name: "other".to_owned(),
        ..Default::default()
    };
    commands.create_project(Caller::Admin, other).await.unwrap();
    let (_, token) = member(&world, "ada@example.com").await;
    let algorithms = get(&world, 0).await.algorithms;
    let end = world.log.reader().end();
    let base = wanted(Some(FIRST));
    let unread = wanted(Some("# fine\n  error.typ:x -> y"));
    let said = "line 2, column 3: `error.typ` is nothing that can be matched \
                (did you mean `error.type:x`?)";
    let refused = apply(&world, TOKEN, unread).await.unwrap_err();
    check(&refused, Code::InvalidArgument, "text:2:3", said);
    let unknown = ApplyGroupingRulesRequest {
        algorithm: 1_000,
        ..base.clone()
    };
    let refused = apply(&world, TOKEN, unknown).await.unwrap_err();
    let known: Vec<String> = algorithms.iter().map(u32::to_string).collect();
    let said = format!("must be one of {}", known.join(", "));
    check(&refused, Code::InvalidArgument, "algorithm", &said);
    let meanwhile = ApplyGroupingRulesRequest {
        expected_version: Some(1),
        ..base.clone()
    };
    let refused = apply(&world, TOKEN, meanwhile).await.unwrap_err();
    let said = "version 0 holds by now";
    check(&refused, Code::AlreadyExists, "expected_version", said);
    let nowhere = ApplyGroupingRulesRequest {
        project_id: 9,
        ..base.clone()
    };
    let refused = apply(&world, TOKEN, nowhere).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    // A member may see the project, and not this.
    for request in [base.clone(), wanted(None)] {
        let refused = apply(&world, &token, request).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    let refused = undo(&world, &token, 0).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(world.log.reader().end(), end, "nothing was decided");
    assert!(applications(&world).await.is_empty());
    apply(&world, TOKEN, base).await.unwrap();
}

#[tokio::test]
async fn the_newest_application_is_taken_back_once_and_while_nothing_else_was_set() {
    let world = World::new().await;
    let none = "no rules were applied to events that are there";
    let refused = undo(&world, TOKEN, 0).await.unwrap_err();
    check(&refused, Code::NotFound, "application", none);
    apply(&world, TOKEN, wanted(Some(FIRST))).await.unwrap();
    apply(&world, TOKEN, wanted(Some(SECOND))).await.unwrap();
    let told = applications(&world).await;
    let [newest, older] = &told[..] else {
        panic!("{told:?}");
    };
    let only = "only the newest application can be taken back, once";
    let refused = undo(&world, TOKEN, older.id).await.unwrap_err();
    check(&refused, Code::AlreadyExists, "application", only);
    let refused = undo(&world, TOKEN, 77).await.unwrap_err();
    let nothing = "there is no application 77";
    check(&refused, Code::NotFound, "application", nothing);
    let position = undo(&world, TOKEN, newest.id).await.unwrap();
    assert_eq!(position, world.log.reader().end().0);
    let undone = Decision::UndoGrouping {
        project_id: ProjectId(1),
        applied: newest.id,
    };
    assert_eq!(world.decisions().last(), Some(&undone));
    assert_eq!(get(&world, 0).await.text, FIRST);
    // Neither again nor the one before it, whose issues those of the next were made of.
    for again in [newest.id, older.id] {
        let refused = undo(&world, TOKEN, again).await.unwrap_err();
        check(&refused, Code::AlreadyExists, "application", only);
    }
    let refused = undo(&world, TOKEN, 0).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    // Other rules, or another algorithm.
    apply(&world, TOKEN, wanted(Some(SECOND))).await.unwrap();
    set(&world, "").await;
    let refused = undo(&world, TOKEN, 0).await.unwrap_err();
    let since = "rules or an algorithm were set since";
    check(&refused, Code::AlreadyExists, "application", since);
    assert!(!applications(&world).await[0].is_undoable);
    // The same ones again are what was applied.
    set(&world, SECOND).await;
    assert!(applications(&world).await[0].is_undoable);
    undo(&world, TOKEN, 0).await.unwrap();
}

/// Text that does not compress, so that segments fill.
fn noise(seed: u64) -> String {
    let next = |state: &u64| {
        Some(
            state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407),
        )
    };
    let letters = std::iter::successors(Some(seed), next);
    let letters = letters.map(|state| char::from(b'a' + (state >> 59) as u8 % 26));
    letters.take(4_000).collect()
}

/// Stores events of more than a segment.
async fn fill(world: &World) {
    for n in 0..200 {
        let extra: serde_json::Map<String, Value> = (0..10)
            .map(|key| (format!("noise{key}"), json!(noise(n * 10 + key))))
            .collect();
        let event = json!({"error": {"type": "Old"}, "extra": extra});
        let answer = world.post_native(event.to_string()).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{:?}", answer.body);
    }
}

/// What retention may drop goes.
async fn drop_old(world: &World) {
    let (log, core) = (world.log.clone(), world.gateway.commands().core().clone());
    let handle = tokio::runtime::Handle::current();
    let retention = Retention {
        bytes_max: Some(1),
        ..Retention::default()
    };
    let before = log.reader().first();
    let dropped = tokio::task::spawn_blocking(move || {
        let recorded = Recorded::from(&*core.state().read());
        log.retain(&retention, recorded, 0, |decision| {
            let decided = core.decide(Actor::System, |_| Ok((decision, ())));
            handle.block_on(decided).map(|_| ())
        })
    });
    let retained = dropped.await.unwrap().unwrap();
    assert!(retained.first > before, "nothing went: {retained:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_since_has_to_be_in_the_log() {
    let mut config = config();
    config.limits.enabled = false;
    let world = World::with(config, wishes()).await;
    fill(&world).await;
    apply(&world, TOKEN, wanted(Some(FIRST))).await.unwrap();
    // What goes came before it was applied.
    drop_old(&world).await;
    assert!(applications(&world).await[0].is_undoable);
    undo(&world, TOKEN, 0).await.unwrap();
    // Where the log begins by then is where it groups from.
    apply(&world, TOKEN, wanted(Some(FIRST))).await.unwrap();
    let first = world.log.reader().first().0;
    let newest = world.decisions().pop();
    let is_from_there =
        matches!(newest, Some(Decision::ApplyGrouping { from, .. }) if from == first);
    assert!(is_from_there, "{newest:?}");
    fill(&world).await;
    drop_old(&world).await;
    assert!(!applications(&world).await[0].is_undoable);
    let refused = undo(&world, TOKEN, 0).await.unwrap_err();
    let said = "the log has no more all events that came since";
    check(&refused, Code::AlreadyExists, "application", said);
    // It can be applied again, and that be taken back.
    apply(&world, TOKEN, wanted(None)).await.unwrap();
    undo(&world, TOKEN, 0).await.unwrap();
}

#[tokio::test]
async fn applications_are_told_newest_first_and_survive_a_restart() {
    let world = World::new().await;
    let algorithm = get(&world, 0).await.algorithm;
    apply(&world, TOKEN, wanted(Some(FIRST))).await.unwrap();
    apply(&world, TOKEN, wanted(Some("# two\n"))).await.unwrap();
    undo(&world, TOKEN, 0).await.unwrap();
    apply(&world, TOKEN, wanted(None)).await.unwrap();
    let world = World::in_dir(world.stop(), config(), wishes()).await;
    let told = applications(&world).await;
    let seen: Vec<(&str, u32, u32, &str, bool)> = told
        .iter()
        .map(|applied| {
            assert!(applied.applied_at.unwrap().seconds > 1_700_000_000);
            assert_eq!(applied.undone_at.is_some(), !applied.undone_by.is_empty());
            let (by, undone_by) = (applied.actor.as_str(), applied.undone_by.as_str());
            let (algorithm, bytes) = (applied.algorithm, applied.bytes);
            (by, algorithm, bytes, undone_by, applied.is_undoable)
        })
        .collect();
    let expected = [
        ("user:1", algorithm, 17, "", true),
        ("user:1", algorithm, 6, "user:1", false),
        ("user:1", algorithm, 17, "", false),
    ];
    assert_eq!(seen, expected);
    assert!(told.is_sorted_by(|newer, older| newer.id > older.id));
    // The text of each version: set by an application, and by taking one back.
    let held = get(&world, 0).await;
    let versions: Vec<u32> = held.history.iter().map(|set| set.version).collect();
    assert_eq!(versions, [3, 2, 1]);
    for (version, text) in [(1, FIRST), (2, "# two\n"), (3, FIRST), (0, FIRST)] {
        assert_eq!(get(&world, version).await.text, text, "{version}");
    }
    let answer = rest(&world, TOKEN, "GET", &format!("{RULES}?version=2"), "").await;
    let answer = answer.json();
    assert_eq!(answer["text"], "# two\n");
    let told: Vec<(Value, Value, bool, Value)> = answer["applications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|applied| {
            let of = |name: &str| applied[name].clone();
            let undone = of("undone_at").is_string();
            (of("id"), of("undone_by"), undone, of("is_undoable"))
        })
        .collect();
    let ids: Vec<u64> = held.applications.iter().map(|applied| applied.id).collect();
    let expected = [
        (json!(ids[0]), Value::Null, false, json!(true)),
        (json!(ids[1]), json!("user:1"), true, json!(false)),
        (json!(ids[2]), Value::Null, false, json!(false)),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn rest_applies_and_takes_back_as_the_service_does() {
    let world = World::new().await;
    let (_, token) = member(&world, "ada@example.com").await;
    let long = format!("#{}", "x".repeat(1 << 20));
    let (apply, undo) = (format!("{RULES}/apply"), format!("{RULES}/undo"));
    for (path, body, status, field) in [
        (format!("{apply}?algorithm=1000"), FIRST, 400, "algorithm"),
        (format!("{apply}?algorithm=x"), FIRST, 400, "algorithm"),
        (
            format!("{apply}?expected_version=4"),
            FIRST,
            409,
            "expected_version",
        ),
        (format!("{apply}?in_force=maybe"), FIRST, 400, "in_force"),
        (apply.clone(), "error.typ:x -> y", 400, "text:1:1"),
        (apply.clone(), &long, 413, "text"),
        (undo.clone(), "", 404, "application"),
        (format!("{undo}?application=x"), "", 400, "application"),
        (format!("{undo}?application=7"), "", 404, "application"),
    ] {
        let answer = rest(&world, TOKEN, "POST", &path, body).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {:?}", answer.body);
        assert_eq!(answer.json()["error"]["field"], field, "{path}");
    }
    for path in [&apply, &undo] {
        let answer = rest(&world, &token, "POST", path, FIRST).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        let nowhere = path.replace('1', "9");
        let answer = rest(&world, TOKEN, "POST", &nowhere, FIRST).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
    let decided = |answer: Answer| {
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        let end = world.log.reader().end().0.to_string();
        assert_eq!(answer.json(), json!({ "position": end }));
    };
    let algorithm = get(&world, 0).await.algorithm;
    let path = format!("{apply}?expected_version=0&algorithm={algorithm}&in_force=false");
    decided(rest(&world, TOKEN, "POST", &path, FIRST).await);
    let path = format!("{apply}?in_force=true");
    // What stands in the body is not read then.
    decided(rest(&world, TOKEN, "POST", &path, "error.typ:x -> y").await);
    let told = applications(&world).await;
    assert_eq!(told.len(), 2);
    let older = format!("{undo}?application={}", told[1].id);
    let answer = rest(&world, TOKEN, "POST", &older, "").await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let newest = format!("{undo}?application={}", told[0].id);
    decided(rest(&world, TOKEN, "POST", &newest, "").await);
    assert_eq!(get(&world, 0).await.text, FIRST);
}
