//! Who may do what at the gateway: every method by every role, and writes to projects and
//! issues that a member does not see.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::body::Body;
use event_model::{
    IssueId, ProjectId,
    access::{
        Denied, Kind,
        door::{self, METHODS, Need},
    },
    credential::Caller,
};
use http::{Request, StatusCode, Version};
use http_body_util::BodyExt;
use ingest_gateway::others::{Answer, IssueLookup, KnownIssue, LocatedIssue};
use prost::Message;
use proto::{
    error::Refusal,
    v1::{
        self, AssignIssuesRequest, CreateProjectRequest, CreateTokenRequest, DiscardIssuesRequest,
        IssueStatus, ListUsersRequest, SetIssueStatusRequest, SetUserProjectsRequest, TokenScope,
        UndiscardIssuesRequest,
    },
};
use tonic::Code;
use tower::ServiceExt;

use crate::{
    accounts::{accounts, by, commands, member},
    support::{TOKEN, World, config, secret, wishes},
};

const SERVICES: [&str; 4] = [
    "AccountService",
    "CommandService",
    "IngestDebugService",
    "ProjectSettingsService",
];

/// Issue 0xa is of project 1, 0xb of project 2.
#[derive(Debug, Default)]
struct ReadModel {
    asked: AtomicUsize,
}

fn project_of(id: IssueId) -> Option<ProjectId> {
    match id.0 {
        0xa => Some(ProjectId(1)),
        0xb => Some(ProjectId(2)),
        _ => None,
    }
}

impl IssueLookup for ReadModel {
    fn find(&self, id: IssueId) -> Answer<'_, Result<Option<KnownIssue>, Refusal>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let known = project_of(id).map(|project_id| KnownIssue {
            id,
            project_id,
            fingerprints: Vec::new(),
            positions: Vec::new(),
        });
        Box::pin(async move { Ok(known) })
    }

    fn locate(&self, ids: Vec<IssueId>) -> Answer<'_, Result<Vec<LocatedIssue>, Refusal>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let place = |id| {
            Some(LocatedIssue {
                asked: id,
                lead: id,
                project_id: project_of(id)?,
                opened: event_model::Position(id.0),
                fingerprints: 1,
            })
        };
        let places = ids.into_iter().filter_map(place).collect();
        Box::pin(async move { Ok(places) })
    }
}

/// Projects 1 and 2, and a member who sees the first; their id and token.
async fn world() -> (World, Arc<ReadModel>, u32, String) {
    let read_model = Arc::new(ReadModel::default());
    let mut config = config();
    let lookup: Arc<dyn IssueLookup> = read_model.clone();
    config.others.issues = Some(lookup);
    let world = World::with(config, wishes()).await;
    let request = CreateProjectRequest {
        name: "second".to_owned(),
        ..Default::default()
    };
    let made = commands(&world).create_project(by(TOKEN, request)).await;
    assert_eq!(made.unwrap().into_inner().project_id, 2);
    let (user_id, token) = member(&world, "ada@example.com").await;
    sees(&world, user_id, &[1]).await;
    (world, read_model, user_id, token)
}

async fn sees(world: &World, user_id: u32, projects: &[u32]) {
    let request = SetUserProjectsRequest {
        user_id,
        all_projects: false,
        project_ids: projects.to_vec(),
    };
    let set = commands(world).set_user_projects(by(TOKEN, request)).await;
    set.unwrap();
}

/// Code and message of a call.
async fn call(
    world: &World,
    path: &str,
    request: &impl Message,
    header: Option<Header>,
) -> (Code, String) {
    let body = request.encode_to_vec();
    let mut framed = vec![0];
    framed.extend((body.len() as u32).to_be_bytes());
    framed.extend(body);
    let mut request = Request::post(format!("/errata.v1.{path}"))
        .version(Version::HTTP_2)
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let request = request.body(Body::from(framed)).unwrap();
    let response = world.gateway.router().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let trailers = body.collect().await.unwrap().trailers().cloned();
    let headers = trailers.filter(|t| t.contains_key("grpc-status"));
    let headers = headers.unwrap_or(parts.headers);
    let text = |name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let code: i32 = text("grpc-status").unwrap().parse().unwrap();
    (Code::from(code), text("grpc-message").unwrap_or_default())
}

/// What is shown: a header.
type Header = (&'static str, String);

fn bearer(token: &str) -> Header {
    ("authorization", format!("Bearer {token}"))
}

#[tokio::test]
async fn every_method_opens_to_whom_the_table_says() {
    let (world, _, user_id, token) = world().await;
    let read_only = async |user_id| {
        let request = CreateTokenRequest {
            label: "reads".to_owned(),
            user_id,
            scope: TokenScope::Read.into(),
            ..Default::default()
        };
        let made = world
            .gateway
            .commands()
            .create_token(Caller::Admin, request)
            .await;
        made.unwrap().token
    };
    let (owner_reads, member_reads) = (read_only(1).await, read_only(user_id).await);
    let internal = Some(("x-errata-internal", secret().internal_token()));
    let callers = [
        (None, None),
        (Some((Kind::Owner, false)), Some(bearer(TOKEN))),
        (Some((Kind::Owner, true)), Some(bearer(&owner_reads))),
        (Some((Kind::Member, false)), Some(bearer(&token))),
        (Some((Kind::Member, true)), Some(bearer(&member_reads))),
        (Some((Kind::Role, false)), internal),
    ];
    let mut cells = 0;
    for (name, need) in METHODS {
        let is_ours = |service: &&str| name.starts_with(&format!("{service}/"));
        if !SERVICES.iter().any(is_ours) {
            continue;
        }
        let Need::Right(action) = need else {
            panic!("{name} needs no right");
        };
        for (caller, header) in &callers {
            // Nothing named: whoever may do it is told what is missing.
            let (code, message) =
                call(&world, name, &v1::ListUsersRequest {}, header.clone()).await;
            let refused = [Code::PermissionDenied, Code::Unauthenticated].contains(&code);
            let expected = match caller {
                None => Some(Code::Unauthenticated),
                Some((kind, reads_only)) => match action.may(*kind) {
                    Ok(()) if *reads_only && !action.rights().reads => Some(Denied::ReadOnly),
                    Ok(()) => None,
                    Err(denied) => Some(denied),
                }
                .map(|_| Code::PermissionDenied),
            };
            // Outcomes of no project in particular are an owner's.
            let is_members = matches!(caller, Some((Kind::Member, _)));
            let is_unattributed = *name == "IngestDebugService/ListOutcomes" && is_members;
            let expected = if is_unattributed {
                Some(Code::PermissionDenied)
            } else {
                expected
            };
            assert_eq!(
                refused.then_some(code),
                expected,
                "{name} by {caller:?}: {message}"
            );
            cells += 1;
        }
    }
    assert!(cells >= 6 * 30, "{cells}");
    assert_eq!(door::of_method("/errata.v1.CommandService/Unheard"), None);
}

#[tokio::test]
async fn a_foreign_project_is_answered_like_one_that_is_not_there() {
    let (world, _, _, token) = world().await;
    let mut seen = BTreeMap::new();
    for path in [
        "AccountService/ListKeys",
        "CommandService/CreateKey",
        "CommandService/DisableKey",
        "CommandService/EnableKey",
        "CommandService/RenameKey",
        "CommandService/RenameProject",
        "IngestDebugService/ListOutcomes",
        "ProjectSettingsService/GetGroupingRules",
        "ProjectSettingsService/GetProjectSettings",
        "ProjectSettingsService/SetFilters",
        "ProjectSettingsService/SetGroupingAlgorithm",
        "ProjectSettingsService/SetGroupingRules",
        "ProjectSettingsService/SetRetention",
        "ProjectSettingsService/SetScrubbing",
        "ProjectSettingsService/SetSpikeProtection",
        "ProjectSettingsService/TrySettings",
    ] {
        // The project is the first field of each of them.
        let of = |project_id| v1::ListKeysRequest { project_id };
        let (foreign, said) = call(&world, path, &of(2), Some(bearer(&token))).await;
        let (unknown, expected) = call(&world, path, &of(77), Some(bearer(&token))).await;
        assert_eq!(foreign, unknown, "{path}");
        // A blank is %20 on the wire.
        assert_eq!(said.replace("%202", "%2077"), expected, "{path}");
        *seen.entry(format!("{foreign:?}")).or_insert(0) += 1;
        let (own, _) = call(&world, path, &of(2), Some(bearer(TOKEN))).await;
        assert_ne!(own, Code::PermissionDenied, "{path}");
    }
    assert_eq!(seen["NotFound"], 4, "reads, which a member may: {seen:?}");
    let outcomes = async |project: &str| {
        let request = Request::get(format!("/api/projects/{project}/ingest"));
        let request = request.header("authorization", format!("Bearer {token}"));
        let answer = world.send(request.body(Body::empty()).unwrap()).await;
        (answer.status, answer.json()["error"]["message"].to_string())
    };
    let ((status, said), (unknown, expected)) = (outcomes("2").await, outcomes("77").await);
    assert_eq!(
        (status, unknown),
        (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND)
    );
    assert_eq!(said.replace('2', "77"), expected);
    assert_eq!(outcomes("1").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_foreign_issue_is_decided_about_like_one_that_is_not_there() {
    let (world, read_model, user_id, token) = world().await;
    let id = |issue: u64| IssueId(issue).to_string();
    let calls = async |issues: &[u64], token: &str| {
        let issue_ids: Vec<String> = issues.iter().copied().map(id).collect();
        let status = SetIssueStatusRequest {
            issue_ids: issue_ids.clone(),
            status: IssueStatus::Resolved.into(),
        };
        let assign = AssignIssuesRequest {
            issue_ids: issue_ids.clone(),
            user_id: 0,
        };
        let discard = DiscardIssuesRequest {
            issue_ids: issue_ids.clone(),
        };
        let keep = UndiscardIssuesRequest { issue_ids };
        let header = Some(bearer(token));
        [
            call(
                &world,
                "CommandService/SetIssueStatus",
                &status,
                header.clone(),
            )
            .await,
            call(
                &world,
                "CommandService/AssignIssues",
                &assign,
                header.clone(),
            )
            .await,
            call(
                &world,
                "CommandService/DiscardIssues",
                &discard,
                header.clone(),
            )
            .await,
            call(&world, "CommandService/UndiscardIssues", &keep, header).await,
        ]
    };
    for answer in calls(&[0xa], &token).await {
        assert_eq!(answer, (Code::Ok, String::new()));
    }
    let version = || world.gateway.commands().core().state().read().version;
    let before = version();
    for (foreign, unknown) in [(vec![0xb], vec![0xc]), (vec![0xa, 0xb], vec![0xa, 0xc])] {
        let expected = calls(&unknown, &token).await;
        for ((code, said), (_, expected)) in
            calls(&foreign, &token).await.into_iter().zip(&expected)
        {
            assert_eq!(code, Code::NotFound, "{said}");
            assert_eq!(&said.replace(&id(0xb), &id(0xc)), expected);
        }
    }
    assert_eq!(version(), before, "nothing was recorded");
    // Who sees all asks nobody, but for what a discard needs.
    let asked = read_model.asked.load(Ordering::Relaxed);
    let answers = calls(&[0xb], TOKEN).await;
    assert!(
        answers.iter().all(|(code, _)| *code == Code::Ok),
        "{answers:?}"
    );
    assert_eq!(read_model.asked.load(Ordering::Relaxed) - asked, 1);

    // Nobody is given what they do not see.
    let mut client = commands(&world);
    let assign = |issue| AssignIssuesRequest {
        issue_ids: vec![id(issue)],
        user_id,
    };
    client.assign_issues(by(TOKEN, assign(0xa))).await.unwrap();
    let refused = client
        .assign_issues(by(TOKEN, assign(0xb)))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    sees(&world, user_id, &[2]).await;
    client.assign_issues(by(&token, assign(0xb))).await.unwrap();
    let refused = client
        .assign_issues(by(&token, assign(0xa)))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::NotFound, "taken off, at once");
}

#[tokio::test]
async fn what_a_member_sees_is_set_by_owners_and_shown_as_far_as_the_asker_sees() {
    let (world, _, user_id, token) = world().await;
    let (other, others) = member(&world, "bob@example.com").await;
    sees(&world, other, &[2, 1, 2]).await;
    let shown = async |token: &str| {
        let users = accounts(&world)
            .list_users(by(token, ListUsersRequest {}))
            .await;
        let users = users.unwrap().into_inner().users.into_iter();
        let shown = users.map(|user| (user.id, (user.all_projects, user.project_ids)));
        shown.collect::<BTreeMap<_, _>>()
    };
    let all = (true, vec![]);
    for (token, bobs) in [
        (TOKEN, vec![1, 2]),
        (others.as_str(), vec![1, 2]),
        (token.as_str(), vec![1]),
    ] {
        let shown = shown(token).await;
        assert_eq!(shown[&1], all, "the owner");
        assert_eq!(shown[&user_id], (false, vec![1]));
        assert_eq!(shown[&other], (false, bobs));
    }
    let mut client = commands(&world);
    for (request, code) in [
        ((user_id, true, vec![1]), Code::InvalidArgument),
        ((user_id, false, vec![1, 77]), Code::NotFound),
        ((77, false, vec![1]), Code::NotFound),
        ((user_id, false, vec![1; 1001]), Code::InvalidArgument),
    ] {
        let (user_id, all_projects, project_ids) = request;
        let request = SetUserProjectsRequest {
            user_id,
            all_projects,
            project_ids,
        };
        let refused = client
            .set_user_projects(by(TOKEN, request))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), code, "{refused:?}");
    }
    let request = SetUserProjectsRequest {
        user_id,
        all_projects: true,
        project_ids: vec![],
    };
    let refused = client.set_user_projects(by(&token, request.clone())).await;
    assert_eq!(
        refused.unwrap_err().code(),
        Code::PermissionDenied,
        "not by themselves"
    );
    client.set_user_projects(by(TOKEN, request)).await.unwrap();
    assert_eq!(shown(TOKEN).await[&user_id], all);
}
