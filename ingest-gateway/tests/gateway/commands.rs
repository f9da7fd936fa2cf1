use event_model::credential::Caller;
use proto::v1::{
    AdvanceAlertCursorRequest, AssignIssuesRequest, CreateKeyRequest, CreateProjectRequest,
    CreateTokenRequest, CreateUserRequest, DisableKeyRequest, IssueStatus, RecordDeliveryRequest,
    RevokeTokenRequest, Role, SetIssueStatusRequest, command_service_client::CommandServiceClient,
};
use tonic::{Code, Request, Status};

use crate::support::{KEY, TOKEN, World, secret};

fn client(world: &World) -> CommandServiceClient<axum::Router> {
    CommandServiceClient::new(world.gateway.router())
}

fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

fn internal<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = secret().internal_token().parse().unwrap();
    request.metadata_mut().insert("x-errata-internal", value);
    request
}

fn project(name: &str) -> CreateProjectRequest {
    CreateProjectRequest {
        name: name.to_owned(),
        platform: "python".to_owned(),
    }
}

fn user(email: &str, password: &str) -> CreateUserRequest {
    CreateUserRequest {
        email: email.to_owned(),
        name: String::new(),
        role: Role::Member as i32,
        password: password.to_owned(),
    }
}

/// A member's API token.
async fn member(world: &World) -> (u32, String) {
    let commands = world.gateway.commands();
    let created = commands
        .create_user(Caller::Admin, user("member@example.com", "long enough"))
        .await
        .unwrap();
    let request = CreateTokenRequest {
        label: "ci".to_owned(),
        user_id: created.user_id,
        ..Default::default()
    };
    let token = commands.create_token(Caller::Admin, request).await.unwrap();
    (created.user_id, token.token)
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, field: &str) {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), code, "{status}");
    let named = status
        .metadata()
        .get("errata-field")
        .map(|f| f.to_str().unwrap());
    assert_eq!(named.unwrap_or_default(), field, "{status}");
}

#[tokio::test]
async fn an_owner_makes_projects_keys_and_users() {
    let world = World::new().await;
    let mut client = client(&world);
    let created = client
        .create_project(with_token(project("shop"), TOKEN))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(created.project_id, 2);
    assert!(created.position > 0);
    let dsn = format!("http://{}@127.0.0.1:8470/2", created.public_key);
    assert_eq!(created.dsn, dsn);
    let taken = client
        .create_project(with_token(project("SHOP"), TOKEN))
        .await;
    refused(taken, Code::AlreadyExists, "name");

    let request = CreateKeyRequest {
        project_id: 2,
        label: "second".to_owned(),
    };
    let key = client
        .create_key(with_token(request, TOKEN))
        .await
        .unwrap()
        .into_inner();
    assert!(key.position > created.position, "commands stand in order");
    let request = DisableKeyRequest {
        project_id: 1,
        public_key: key.public_key.clone(),
    };
    let foreign = client.disable_key(with_token(request, TOKEN)).await;
    refused(foreign, Code::NotFound, "public_key");
    let request = DisableKeyRequest {
        project_id: 2,
        public_key: key.public_key,
    };
    client
        .disable_key(with_token(request, TOKEN))
        .await
        .unwrap();

    let invited = client
        .create_user(with_token(user("new@example.com", ""), TOKEN))
        .await
        .unwrap()
        .into_inner();
    assert!(invited.password_link.contains("/welcome#"));
    let twice = client
        .create_user(with_token(user("NEW@example.com", ""), TOKEN))
        .await;
    refused(twice, Code::AlreadyExists, "email");
}

#[tokio::test]
async fn shapes_are_checked_and_the_field_is_named() {
    let world = World::new().await;
    let mut client = client(&world);
    for name in ["", "   ", &"x".repeat(65), "line\nbreak"] {
        let answer = client
            .create_project(with_token(project(name), TOKEN))
            .await;
        refused(answer, Code::InvalidArgument, "name");
    }
    for email in ["", "nobody", "@", "a b@c"] {
        let answer = client.create_user(with_token(user(email, ""), TOKEN)).await;
        refused(answer, Code::InvalidArgument, "email");
    }
    let answer = client
        .create_user(with_token(user("a@b.c", "short"), TOKEN))
        .await;
    refused(answer, Code::InvalidArgument, "password");
    let issues = |ids: &[&str], status| SetIssueStatusRequest {
        issue_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        status,
    };
    let good = "0123456789abcdef";
    let resolved = IssueStatus::Resolved as i32;
    for (request, field) in [
        (issues(&[], resolved), "issue_ids"),
        (issues(&[good, "bad"], resolved), "issue_ids[1]"),
        (issues(&[good], 0), "status"),
        (issues(&[good], 99), "status"),
        (issues(&vec![good; 1001], resolved), "issue_ids"),
    ] {
        let answer = client.set_issue_status(with_token(request, TOKEN)).await;
        refused(answer, Code::InvalidArgument, field);
    }
    let request = CreateKeyRequest {
        project_id: 9,
        label: String::new(),
    };
    let answer = client.create_key(with_token(request, TOKEN)).await;
    refused(answer, Code::NotFound, "project_id");
    let request = AssignIssuesRequest {
        issue_ids: vec![good.to_owned()],
        user_id: 9,
    };
    let answer = client.assign_issues(with_token(request, TOKEN)).await;
    refused(answer, Code::NotFound, "user_id");
    let commands = world.log.reader().commands_after(0).count();
    assert_eq!(commands, 4, "what is refused leaves no trace");
}

#[tokio::test]
async fn a_member_triages_but_does_not_manage() {
    let world = World::new().await;
    let (_, token) = member(&world).await;
    let mut client = client(&world);
    let request = SetIssueStatusRequest {
        issue_ids: vec!["0123456789abcdef".to_owned()],
        status: IssueStatus::Ignored as i32,
    };
    client
        .set_issue_status(with_token(request, &token))
        .await
        .unwrap();
    let request = AssignIssuesRequest {
        issue_ids: vec!["0123456789abcdef".to_owned()],
        user_id: 1,
    };
    client
        .assign_issues(with_token(request, &token))
        .await
        .unwrap();

    let answer = client
        .create_project(with_token(project("mine"), &token))
        .await;
    refused(answer, Code::PermissionDenied, "");
    let answer = client
        .create_user(with_token(user("x@y.z", ""), &token))
        .await;
    refused(answer, Code::PermissionDenied, "");
    let another = CreateTokenRequest {
        label: "owner's".to_owned(),
        user_id: 1,
        ..Default::default()
    };
    let answer = client.create_token(with_token(another, &token)).await;
    refused(answer, Code::PermissionDenied, "");
    let own = CreateTokenRequest {
        label: "mine".to_owned(),
        user_id: 0,
        ..Default::default()
    };
    let own = client
        .create_token(with_token(own, &token))
        .await
        .unwrap()
        .into_inner();
    let request = RevokeTokenRequest { token_id: 1 };
    let answer = client.revoke_token(with_token(request, &token)).await;
    refused(answer, Code::PermissionDenied, "");
    let request = RevokeTokenRequest {
        token_id: own.token_id,
    };
    client
        .revoke_token(with_token(request, &token))
        .await
        .unwrap();
    let request = RevokeTokenRequest { token_id: 99 };
    let answer = client.revoke_token(with_token(request, &own.token)).await;
    refused(answer, Code::PermissionDenied, "");
}

#[tokio::test]
async fn only_roles_of_this_installation_record_deliveries() {
    let world = World::new().await;
    let step = RecordDeliveryRequest {
        notification_id: "ab".repeat(16),
        issue_id: "0123456789abcdef".to_owned(),
        rule: "new_issue".to_owned(),
        channel: "email".to_owned(),
        target: OWNERS.to_owned(),
        state: 1,
        error: "line\nbreak".repeat(100),
        ..RecordDeliveryRequest::default()
    };
    let mut client = client(&world);
    client
        .record_delivery(internal(step.clone()))
        .await
        .unwrap();
    let cursor = AdvanceAlertCursorRequest { position: 5 };
    client.advance_alert_cursor(internal(cursor)).await.unwrap();
    let answer = client
        .record_delivery(with_token(step.clone(), TOKEN))
        .await;
    refused(answer, Code::PermissionDenied, "");
    let answer = client.advance_alert_cursor(with_token(cursor, TOKEN)).await;
    refused(answer, Code::PermissionDenied, "");
    let bad = RecordDeliveryRequest { state: 0, ..step };
    let answer = client.record_delivery(internal(bad)).await;
    refused(answer, Code::InvalidArgument, "state");
}

#[tokio::test]
async fn the_internal_token_decides_nothing_in_peoples_name() {
    let world = World::new().await;
    let mut client = client(&world);
    let issue_ids = vec!["0123456789abcdef".to_owned()];
    let status = SetIssueStatusRequest {
        issue_ids: issue_ids.clone(),
        status: IssueStatus::Resolved.into(),
    };
    let assign = AssignIssuesRequest {
        issue_ids,
        user_id: 0,
    };
    let key = CreateKeyRequest {
        project_id: 1,
        label: String::new(),
    };
    let token = CreateTokenRequest {
        label: "mine".to_owned(),
        user_id: 1,
        ..Default::default()
    };
    let revoke = RevokeTokenRequest { token_id: 1 };
    macro_rules! refuses {
        ($($call:ident($request:expr))*) => {
            $(refused(client.$call(internal($request)).await, Code::PermissionDenied, "");)*
        };
    }
    refuses! {
        set_issue_status(status)
        assign_issues(assign)
        create_project(project("p"))
        create_key(key)
        create_user(user("c@example.com", "long enough"))
        create_token(token)
        revoke_token(revoke)
    }
}

const OWNERS: &str = "a@example.com, b@example.com";

#[tokio::test]
async fn nobody_decides_without_a_credential_and_the_admin_socket_needs_none() {
    let world = World::new().await;
    let mut client = client(&world);
    let answer = client.create_project(Request::new(project("x"))).await;
    refused(answer, Code::Unauthenticated, "");
    // As everywhere: a token that nobody holds is forbidden, not missing.
    let answer = client.create_project(with_token(project("x"), KEY)).await;
    refused(answer, Code::PermissionDenied, "");

    let socket = world.gateway.router().layer(axum::Extension(Caller::Admin));
    let mut admin = CommandServiceClient::new(socket);
    admin
        .create_project(Request::new(project("x")))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_cookie_counts_only_from_our_own_pages() {
    let world = World::new().await;
    let session = secret().sign_session(
        event_model::UserId(1),
        0,
        event_model::SessionId::random(),
        now_ns(),
    );
    let request = |origin: &str| {
        let mut request = Request::new(project(&format!("from {origin}")));
        let metadata = request.metadata_mut();
        metadata.insert(
            "cookie",
            format!("a=b; errata_session={session}").parse().unwrap(),
        );
        metadata.insert("origin", origin.parse().unwrap());
        request
    };
    let mut client = client(&world);
    client
        .create_project(request("http://127.0.0.1:8470"))
        .await
        .unwrap();
    let answer = client.create_project(request("https://evil.example")).await;
    refused(answer, Code::PermissionDenied, "");
}

fn now_ns() -> i64 {
    ground::Clock::MACHINE.now_ns()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_stay_unique_and_ids_dense_under_concurrency() {
    let world = World::new().await;
    let commands = world.gateway.commands();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..20 {
        let commands = commands.clone();
        let name = format!("project {}", number % 10);
        tasks.spawn(async move { commands.create_project(Caller::Admin, project(&name)).await });
    }
    let mut ids = Vec::new();
    while let Some(created) = tasks.join_next().await {
        if let Ok(created) = created.unwrap() {
            ids.push(created.project_id);
        }
    }
    ids.sort_unstable();
    assert_eq!(ids, (2..12).collect::<Vec<u32>>());
    // What is folded live is what the log says.
    let live = commands.core().state().read().clone();
    let folded = event_log::fold_control(&world.log.reader()).unwrap();
    assert_eq!(live, folded);
}
