//! People, sessions, tokens and keys: made, listed, taken back.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use event_model::credential::Caller;
use http::StatusCode;
use ingest_gateway::others::{Answer, Others, TestMail};
use proto::v1::{
    AssignIssuesRequest, CreatePasswordLinkRequest, CreateTokenRequest, CreateUserRequest,
    DisableUserRequest, EnableUserRequest, EndSessionRequest, EndSessionsRequest,
    ListSessionsRequest, ListTokensRequest, ListUsersRequest, MemberStatus, RenameUserRequest,
    RevokeTokenRequest, Role, SendTestMailRequest, SetRoleRequest, TokenScope,
    account_service_client::AccountServiceClient, command_service_client::CommandServiceClient,
};
use serde_json::json;
use tonic::{Code, Request, Status};

use crate::support::{OWNER, PASSWORD, TOKEN, World, config, wishes};

const JSON: (&str, &str) = ("content-type", "application/json");

pub(crate) fn commands(world: &World) -> CommandServiceClient<axum::Router> {
    CommandServiceClient::new(world.gateway.router())
}

pub(crate) fn accounts(world: &World) -> AccountServiceClient<axum::Router> {
    AccountServiceClient::new(world.gateway.router())
}

pub(crate) fn by<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

pub(crate) fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code) -> String {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), code, "{status:?}");
    status.message().to_owned()
}

pub(crate) async fn post(
    world: &World,
    path: &str,
    body: serde_json::Value,
) -> crate::support::Answer {
    world.post(path, &[JSON], body.to_string()).await
}

/// A member with a password; their id and a token of theirs.
pub(crate) async fn member(world: &World, email: &str) -> (u32, String) {
    let commands = world.gateway.commands();
    let request = CreateUserRequest {
        email: email.to_owned(),
        role: Role::Member.into(),
        password: PASSWORD.to_owned(),
        ..Default::default()
    };
    let user_id = commands.create_user(Caller::Admin, request).await.unwrap();
    let user_id = user_id.user_id;
    let request = CreateTokenRequest {
        label: "theirs".to_owned(),
        user_id,
        ..Default::default()
    };
    let token = commands.create_token(Caller::Admin, request).await.unwrap();
    (user_id, token.token)
}

/// Signs in; the cookie.
pub(crate) async fn sign_in(world: &World, email: &str) -> String {
    let answer = post(
        world,
        "/auth/sign-in",
        json!({"email": email, "password": PASSWORD}),
    )
    .await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

pub(crate) async fn opens(world: &World, header: &str, value: &str) -> bool {
    let request = http::Request::get("/api/projects/1/ingest").header(header, value);
    let answer = world.send(request.body(Body::empty()).unwrap()).await;
    answer.status == StatusCode::OK
}

#[tokio::test]
async fn who_is_removed_is_out_at_once_and_comes_back_with_nothing() {
    let world = World::new().await;
    let (user_id, token) = member(&world, "ada@example.com").await;
    let session = sign_in(&world, "ada@example.com").await;
    let bearer = format!("Bearer {token}");
    assert!(opens(&world, "cookie", &session).await);
    assert!(opens(&world, "authorization", &bearer).await);

    let mut client = commands(&world);
    let disable = DisableUserRequest { user_id };
    refused(
        client.disable_user(by(&token, disable)).await,
        Code::PermissionDenied,
    );
    client.disable_user(by(TOKEN, disable)).await.unwrap();
    assert!(!opens(&world, "cookie", &session).await);
    assert!(!opens(&world, "authorization", &bearer).await);
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let answer = post(&world, "/auth/sign-in", body.clone()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    // Nothing is given to who is gone, and nobody takes the address.
    let assign = AssignIssuesRequest {
        issue_ids: vec!["00000000000000aa".to_owned()],
        user_id,
    };
    refused(
        client.assign_issues(by(TOKEN, assign)).await,
        Code::InvalidArgument,
    );
    let link = CreatePasswordLinkRequest { user_id };
    refused(
        client.create_password_link(by(TOKEN, link)).await,
        Code::InvalidArgument,
    );
    let again = CreateUserRequest {
        email: "ADA@example.com".to_owned(),
        role: Role::Member.into(),
        ..Default::default()
    };
    let message = refused(
        client.create_user(by(TOKEN, again)).await,
        Code::AlreadyExists,
    );
    assert!(message.contains("bring them back"), "{message}");

    let enable = EnableUserRequest { user_id };
    client.enable_user(by(TOKEN, enable)).await.unwrap();
    assert!(!opens(&world, "cookie", &session).await);
    assert!(!opens(&world, "authorization", &bearer).await);
    let answer = post(&world, "/auth/sign-in", body).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn there_is_always_an_owner_who_can_sign_in() {
    let world = World::new().await;
    let mut client = commands(&world);
    let set_role = |user_id, role: Role| SetRoleRequest {
        user_id,
        role: role.into(),
    };
    let remove = |user_id| DisableUserRequest { user_id };
    let last = "is the last owner";
    let message = refused(
        client.set_role(by(TOKEN, set_role(1, Role::Member))).await,
        Code::AlreadyExists,
    );
    assert!(message.contains(last), "{message}");
    refused(
        client.disable_user(by(TOKEN, remove(1))).await,
        Code::AlreadyExists,
    );
    // An invited owner cannot sign in yet.
    let invited = CreateUserRequest {
        email: "eve@example.com".to_owned(),
        role: Role::Owner.into(),
        ..Default::default()
    };
    client.create_user(by(TOKEN, invited)).await.unwrap();
    refused(
        client.disable_user(by(TOKEN, remove(1))).await,
        Code::AlreadyExists,
    );
    let (ada, _) = member(&world, "ada@example.com").await;
    client
        .set_role(by(TOKEN, set_role(ada, Role::Owner)))
        .await
        .unwrap();
    client
        .set_role(by(TOKEN, set_role(1, Role::Member)))
        .await
        .unwrap();
    refused(
        client.set_role(by(TOKEN, set_role(1, Role::Owner))).await,
        Code::PermissionDenied,
    );
}

#[tokio::test]
async fn a_new_link_ends_the_earlier_ones_and_lets_who_forgot_the_password_back_in() {
    let world = World::new().await;
    let (user_id, _) = member(&world, "ada@example.com").await;
    let session = sign_in(&world, "ada@example.com").await;
    let mut client = commands(&world);
    let mut link = async || {
        let request = CreatePasswordLinkRequest { user_id };
        let made = client.create_password_link(by(TOKEN, request)).await;
        let link = made.unwrap().into_inner().password_link;
        link.split_once('#').unwrap().1.to_owned()
    };
    let (first, second) = (link().await, link().await);
    let set = |secret: &str| json!({"secret": secret, "password": "brand new one"});
    let answer = post(&world, "/auth/set-password", set(&first)).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(
        opens(&world, "cookie", &session).await,
        "a link alone changes nothing"
    );
    let users = accounts(&world)
        .list_users(by(TOKEN, ListUsersRequest {}))
        .await;
    let users = users.unwrap().into_inner().users;
    assert!(users[1].link_expires_at.is_some());
    let answer = post(&world, "/auth/set-password", set(&second)).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(!opens(&world, "cookie", &session).await);
}

#[tokio::test]
async fn people_are_listed_with_what_an_owner_needs_to_know() {
    let world = World::new().await;
    let (ada, token) = member(&world, "ada@example.com").await;
    sign_in(&world, "ada@example.com").await;
    let mut client = commands(&world);
    let invited = CreateUserRequest {
        email: "bob@example.com".to_owned(),
        role: Role::Member.into(),
        ..Default::default()
    };
    client.create_user(by(TOKEN, invited)).await.unwrap();
    let rename = RenameUserRequest {
        name: " Ada L. ".to_owned(),
        ..Default::default()
    };
    client
        .rename_user(by(&token, rename.clone()))
        .await
        .unwrap();
    let others = RenameUserRequest {
        user_id: 1,
        ..rename
    };
    refused(
        client.rename_user(by(&token, others)).await,
        Code::PermissionDenied,
    );

    let list = async |token: &str| {
        let answer = accounts(&world)
            .list_users(by(token, ListUsersRequest {}))
            .await;
        answer.unwrap().into_inner().users
    };
    let users = list(TOKEN).await;
    let shown = |at: usize| {
        (
            users[at].email.as_str(),
            users[at].name.as_str(),
            users[at].status(),
        )
    };
    assert_eq!(shown(0), (OWNER, "", MemberStatus::Active));
    assert_eq!(
        shown(1),
        ("ada@example.com", "Ada L.", MemberStatus::Active)
    );
    assert_eq!(shown(2), ("bob@example.com", "", MemberStatus::Invited));
    assert!(users[0].last_sign_in_at.is_none() && users[1].last_sign_in_at.is_some());
    assert!(users[2].link_expires_at.is_some());
    // A member sees their own sign-in, and nobody else's.
    let users = list(&token).await;
    assert!(users[1].last_sign_in_at.is_some() && users[2].link_expires_at.is_none());
    assert_eq!(users[1].id, ada);
    let internal = world_internal(ListUsersRequest {});
    refused(
        accounts(&world).list_users(internal).await,
        Code::PermissionDenied,
    );
}

fn world_internal<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let token = crate::support::secret().internal_token().parse().unwrap();
    request.metadata_mut().insert("x-errata-internal", token);
    request
}

#[tokio::test]
async fn sessions_are_listed_with_device_and_end_one_by_one_or_all_with_the_tokens() {
    let world = World::new().await;
    let (user_id, token) = member(&world, "ada@example.com").await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD}).to_string();
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let headers = [JSON, ("user-agent", agent)];
    world.post("/auth/sign-in", &headers, body).await;
    let second = sign_in(&world, "ada@example.com").await;
    let mine = async |cookie: &str| {
        let mut request = Request::new(ListSessionsRequest::default());
        request
            .metadata_mut()
            .insert("cookie", cookie.parse().unwrap());
        let answer = accounts(&world).list_sessions(request).await;
        answer.unwrap().into_inner().sessions
    };
    let sessions = mine(&second).await;
    assert_eq!(sessions.len(), 2);
    assert_eq!((sessions[0].current, sessions[1].current), (true, false));
    assert!(sessions[0].last_used_at.is_some() && sessions[1].last_used_at.is_none());
    assert_eq!(sessions[1].device, "Firefox on Linux");

    let mut client = commands(&world);
    let end = |session_id: &str| EndSessionRequest {
        session_id: session_id.to_owned(),
    };
    client
        .end_session(by(&token, end(&sessions[1].id)))
        .await
        .unwrap();
    assert_eq!(mine(&second).await.len(), 1);
    // Another's session is not even there; an owner may end it.
    let (_, mallory) = member(&world, "mallory@example.com").await;
    let theirs = end(&sessions[0].id);
    refused(
        client.end_session(by(&mallory, theirs.clone())).await,
        Code::NotFound,
    );
    let named = ListSessionsRequest { user_id };
    refused(
        accounts(&world).list_sessions(by(&mallory, named)).await,
        Code::PermissionDenied,
    );
    let all = EndSessionsRequest {
        user_id,
        end_tokens: true,
    };
    refused(
        client.end_sessions(by(&mallory, all)).await,
        Code::PermissionDenied,
    );
    client.end_sessions(by(TOKEN, all)).await.unwrap();
    assert!(!opens(&world, "cookie", &second).await);
    assert!(!opens(&world, "authorization", &format!("Bearer {token}")).await);
    refused(client.end_session(by(TOKEN, theirs)).await, Code::NotFound);
}

#[tokio::test]
async fn tokens_are_listed_with_scope_end_and_last_use_and_revoked_by_whose_they_are() {
    let world = World::new().await;
    let (user_id, token) = member(&world, "ada@example.com").await;
    let mut client = commands(&world);
    let reader = CreateTokenRequest {
        label: "dashboard".to_owned(),
        scope: TokenScope::Read.into(),
        expires_in_days: 30,
        ..Default::default()
    };
    let reader = client
        .create_token(by(&token, reader))
        .await
        .unwrap()
        .into_inner();
    let list = async |token: &str, all| {
        let answer = accounts(&world)
            .list_tokens(by(token, ListTokensRequest { all }))
            .await;
        answer.map(|answer| answer.into_inner().tokens)
    };
    let own = list(&token, false).await.unwrap();
    let labels: Vec<&str> = own.iter().map(|token| token.label.as_str()).collect();
    assert_eq!(labels, ["theirs", "dashboard"]);
    assert_eq!(own[1].scope(), TokenScope::Read);
    assert!(own[1].expires_at.is_some() && own[0].expires_at.is_none());
    assert!(own[0].last_used_at.is_some() && own[1].last_used_at.is_none());
    refused(list(&token, true).await, Code::PermissionDenied);
    let all = list(TOKEN, true).await.unwrap();
    assert_eq!(all.len(), 3);
    assert!(all.iter().filter(|token| token.user_id == user_id).count() == 2);

    // A token that reads only changes nothing, not even by plain HTTP.
    assert!(opens(&world, "authorization", &format!("Bearer {}", reader.token)).await);
    let rename = RenameUserRequest::default();
    refused(
        client.rename_user(by(&reader.token, rename)).await,
        Code::PermissionDenied,
    );
    let bearer = format!("Bearer {}", reader.token);
    let answer = world
        .post(
            "/auth/sign-out-everywhere",
            &[JSON, ("authorization", &bearer)],
            "{}",
        )
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);

    let (_, mallory) = member(&world, "mallory@example.com").await;
    let revoke = RevokeTokenRequest {
        token_id: reader.token_id,
    };
    refused(
        client.revoke_token(by(&mallory, revoke)).await,
        Code::PermissionDenied,
    );
    client.revoke_token(by(&token, revoke)).await.unwrap();
    assert!(!opens(&world, "authorization", &bearer).await);
    let too_long = CreateTokenRequest {
        label: "x".to_owned(),
        expires_in_days: 4_000,
        ..Default::default()
    };
    refused(
        client.create_token(by(&token, too_long)).await,
        Code::InvalidArgument,
    );
}

/// A mail server that says what it is told to.
#[derive(Debug, Default)]
struct Mail(Mutex<Vec<String>>);

impl TestMail for Mail {
    fn send_test(&self, to: String) -> Answer<'_, Result<(), String>> {
        Box::pin(async move {
            self.0.lock().unwrap().push(to);
            Err("550 no relay".to_owned())
        })
    }
}

#[tokio::test]
async fn an_owner_tries_whether_mail_goes_out() {
    let without = World::new().await;
    let test = SendTestMailRequest {};
    let message = refused(
        commands(&without).send_test_mail(by(TOKEN, test)).await,
        Code::InvalidArgument,
    );
    assert!(message.contains("smtp.url"), "{message}");
    let mail = Arc::new(Mail::default());
    let mut config = config();
    let sender: Arc<dyn TestMail> = mail.clone();
    config.others = Others {
        mail: Some(sender),
        ..Others::default()
    };
    let world = World::with(config, wishes()).await;
    let answer = commands(&world)
        .send_test_mail(by(TOKEN, test))
        .await
        .unwrap();
    assert_eq!(answer.get_ref().to, OWNER);
    assert_eq!(answer.get_ref().error, "550 no relay");
    let (_, token) = member(&world, "ada@example.com").await;
    refused(
        commands(&world).send_test_mail(by(&token, test)).await,
        Code::PermissionDenied,
    );
    assert_eq!(*mail.0.lock().unwrap(), [OWNER]);
}
