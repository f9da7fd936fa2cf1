//! A gRPC client in Rust, as another team would write it.

use proto::v1::{
    CreateProjectRequest, DeliveryState, Error, Event, IssueFilter, IssueStatus,
    ListActivityRequest, ListDeliveriesRequest, ListIssuesRequest, SendErrorRequest,
    SendErrorsRequest, SetIssueStatusRequest, StreamIssuesRequest,
    command_service_client::CommandServiceClient, ingest_service_client::IngestServiceClient,
    issue_service_client::IssueServiceClient, live_service_client::LiveServiceClient, send_result,
};
use tonic::{Code, Request, metadata::MetadataValue, transport::Channel};

use crate::support::{KEY, Server, TOKEN, block_on};

async fn channel(server: &Server) -> Channel {
    channel_to(&server.url).await.unwrap()
}

pub(crate) async fn channel_to(url: &str) -> Result<Channel, tonic::transport::Error> {
    Channel::from_shared(url.to_owned())
        .unwrap()
        .connect()
        .await
}

pub(crate) fn with_bearer<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value: MetadataValue<_> = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

pub(crate) fn set_status(server: &Server, issue_id: &str, status: IssueStatus) -> u64 {
    block_on(async {
        let mut commands = CommandServiceClient::new(channel(server).await);
        let request = SetIssueStatusRequest {
            issue_ids: vec![issue_id.to_owned()],
            status: status.into(),
        };
        commands
            .set_issue_status(with_bearer(TOKEN, request))
            .await
            .unwrap()
            .into_inner()
            .position
    })
}

pub(crate) fn activity_kinds(server: &Server, issue_id: &str) -> Vec<String> {
    block_on(async {
        let mut issues = IssueServiceClient::new(channel(server).await);
        let request = ListActivityRequest {
            issue_id: issue_id.to_owned(),
            after_position: 0,
            ..Default::default()
        };
        let answer = issues
            .list_activity(with_bearer(TOKEN, request))
            .await
            .unwrap()
            .into_inner();
        answer
            .activities
            .into_iter()
            .map(|activity| activity.kind)
            .collect()
    })
}

/// How many notifications stand at this state.
pub(crate) fn deliveries(server: &Server, state: DeliveryState) -> usize {
    block_on(async {
        let mut live = LiveServiceClient::new(channel(server).await);
        let request = ListDeliveriesRequest {
            state: state.into(),
            limit: 1000,
            ..ListDeliveriesRequest::default()
        };
        let answer = live.list_deliveries(with_bearer(TOKEN, request)).await;
        answer.unwrap().into_inner().deliveries.len()
    })
}

fn error(ty: &str) -> Event {
    Event {
        error: Some(Error {
            r#type: ty.to_owned(),
            message: "by gRPC".to_owned(),
            ..Error::default()
        }),
        ..Event::default()
    }
}

#[test]
fn errors_sent_by_grpc_are_listed_by_grpc() {
    let server = Server::start();
    block_on(async {
        let channel = channel(&server).await;
        let mut ingest = IngestServiceClient::new(channel.clone());
        let one = SendErrorRequest {
            event: Some(error("Unary")),
        };
        let id = ingest
            .send_error(with_bearer(KEY, one))
            .await
            .unwrap()
            .into_inner()
            .id;
        assert_eq!(id.len(), 32);

        let batch = SendErrorsRequest {
            errors: vec![error("First"), Event::default(), error("Second")],
            ..SendErrorsRequest::default()
        };
        let results = ingest
            .send_errors(with_bearer(KEY, batch))
            .await
            .unwrap()
            .into_inner()
            .results;
        assert_eq!(results.len(), 3);
        assert!(
            matches!(results[0].result, Some(send_result::Result::Id(_))),
            "{results:?}"
        );
        let Some(send_result::Result::Error(problem)) = &results[1].result else {
            panic!("{results:?}")
        };
        assert!(problem.field.starts_with("error"), "{problem:?}");
        assert!(
            matches!(results[2].result, Some(send_result::Result::Id(_))),
            "{results:?}"
        );

        let stream = tokio_stream::iter((0..10).map(|_| SendErrorRequest {
            event: Some(error("Streamed")),
        }));
        let results = ingest
            .stream_errors(with_bearer(KEY, stream))
            .await
            .unwrap()
            .into_inner()
            .results;
        assert_eq!(results.len(), 10);

        let refused = ingest.send_error(with_bearer(
            &"f".repeat(32),
            SendErrorRequest {
                event: Some(error("X")),
            },
        ));
        assert_eq!(refused.await.unwrap_err().code(), Code::PermissionDenied);
    });
    server.wait_for_issues("", |issues| {
        issues.len() == 4 && issues.iter().any(|i| i["count"] == 10)
    });
}

#[test]
fn commands_are_read_back_at_their_position_and_refused_without_a_token() {
    let server = Server::start();
    let channel = block_on(channel(&server));
    block_on(async {
        let mut ingest = IngestServiceClient::new(channel.clone());
        ingest
            .send_error(with_bearer(
                KEY,
                SendErrorRequest {
                    event: Some(error("Mine")),
                },
            ))
            .await
            .unwrap();
    });
    let issues = server.wait_for_issues("", |issues| issues.len() == 1);
    let issue_id = issues[0]["id"].as_str().unwrap().to_owned();
    block_on(async {
        let mut commands = CommandServiceClient::new(channel.clone());
        let resolve = SetIssueStatusRequest {
            issue_ids: vec![issue_id],
            status: IssueStatus::Resolved.into(),
        };
        let refused = commands
            .set_issue_status(Request::new(resolve.clone()))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
        let id = refused.metadata().get("x-request-id").unwrap();
        assert_eq!(id.as_bytes().len(), 32, "what a person quotes: {id:?}");
        let position = commands
            .set_issue_status(with_bearer(TOKEN, resolve))
            .await
            .unwrap()
            .into_inner()
            .position;

        let mut reads = IssueServiceClient::new(channel.clone());
        let list = |statuses: Vec<i32>, after_position| ListIssuesRequest {
            filter: Some(IssueFilter {
                statuses,
                ..IssueFilter::default()
            }),
            after_position,
            ..ListIssuesRequest::default()
        };
        let resolved = list(vec![IssueStatus::Resolved.into()], position);
        let found = reads
            .list_issues(with_bearer(TOKEN, resolved))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(found.issues.len(), 1, "people read their own writes");
        assert!(found.position >= position);
        let unresolved = list(vec![IssueStatus::Unresolved.into()], position);
        assert_eq!(
            reads
                .list_issues(with_bearer(TOKEN, unresolved))
                .await
                .unwrap()
                .into_inner()
                .total,
            0
        );

        let create = CreateProjectRequest {
            name: "Default".to_owned(),
            platform: String::new(),
        };
        let taken = commands
            .create_project(with_bearer(TOKEN, create))
            .await
            .unwrap_err();
        assert_eq!(taken.code(), Code::AlreadyExists, "{taken}");
    });
}

#[test]
fn a_live_stream_tells_of_a_new_issue() {
    let server = Server::start();
    block_on(async {
        let channel = channel(&server).await;
        let mut live = LiveServiceClient::new(channel.clone());
        let mut stream = live
            .stream_issues(with_bearer(TOKEN, StreamIssuesRequest::default()))
            .await
            .unwrap()
            .into_inner();
        let mut ingest = IngestServiceClient::new(channel);
        ingest
            .send_error(with_bearer(
                KEY,
                SendErrorRequest {
                    event: Some(error("Live")),
                },
            ))
            .await
            .unwrap();
        let told = tokio::time::timeout(crate::support::DEADLINE, async {
            loop {
                let message = stream.message().await.unwrap().expect("the stream goes on");
                if let Some(issue) = message.issue {
                    return (issue, message.is_new);
                }
            }
        });
        let (issue, is_new) = told.await.unwrap();
        assert_eq!(issue.title, "Live: by gRPC");
        assert!(is_new);
    });
}

/// Asks one version of the reflection service, given as its module, for all names.
macro_rules! reflected {
    ($server:expr, $version:ident, $bearer:expr) => {{
        use tonic_reflection::pb::$version::{
            ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
            server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
        };
        let mut client = ServerReflectionClient::new(channel($server).await);
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let request = match $bearer {
            "" => tonic::Request::new(tokio_stream::once(request)),
            bearer => with_bearer(bearer, tokio_stream::once(request)),
        };
        match client.server_reflection_info(request).await {
            Err(status) => Err(status.code()),
            Ok(answers) => {
                let mut answers = answers.into_inner();
                match answers.message().await.unwrap().unwrap().message_response {
                    Some(MessageResponse::ListServicesResponse(list)) => Ok(list
                        .service
                        .into_iter()
                        .map(|service| service.name)
                        .collect::<Vec<_>>()),
                    other => panic!("{other:?}"),
                }
            }
        }
    }};
}

#[test]
fn reflection_names_every_service_to_whoever_may_read() {
    let server = Server::start();
    let dir = std::sync::Arc::new(tempfile::TempDir::new().unwrap());
    let gateway = Server::start_roles(&dir, "gateway", &Server::bootstrap(&[]));
    gateway.wait_for_readiness();
    // A gateway alone has its own way to tell who asks.
    for server in [&server, &gateway] {
        let (v1, v1alpha) = block_on(async {
            (
                reflected!(server, v1, TOKEN).unwrap(),
                // What Python's grpcio-reflection and older grpcurl speak.
                reflected!(server, v1alpha, TOKEN).unwrap(),
            )
        });
        for service in [
            "Ingest", "Command", "Project", "Issue", "Event", "Stats", "Live",
        ] {
            let name = format!("errata.v1.{service}Service");
            for names in [&v1, &v1alpha] {
                assert!(names.contains(&name), "{name} in {names:?}");
            }
        }
        for (bearer, code) in [
            ("", Code::Unauthenticated),
            ("errata_made_up", Code::PermissionDenied),
            // A project's key can only write.
            (KEY, Code::PermissionDenied),
        ] {
            let refused = block_on(async {
                [
                    reflected!(server, v1, bearer),
                    reflected!(server, v1alpha, bearer),
                ]
            });
            assert_eq!(refused, [Err(code), Err(code)], "{bearer:?}");
        }
    }
}
