//! The failures of gRPC, also those that tonic answers by itself.

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt;
use http::Request;
use proto::v1::{
    Error, Event, SendErrorRequest, SendErrorsRequest, ingest_service_client::IngestServiceClient,
};
use tonic::Code;

use super::check::{Case, difference, post, small};
use crate::{
    outcomes::check_equation,
    support::{KEY, id, other_key},
};

fn grpc(case: &Case) -> IngestServiceClient<axum::Router> {
    IngestServiceClient::new(case.world.gateway.router())
}

fn request(number: u32, ty: &str) -> SendErrorRequest {
    let error = Error {
        r#type: ty.to_owned(),
        ..Error::default()
    };
    SendErrorRequest {
        event: Some(Event {
            id: id(number),
            error: Some(error),
            ..Event::default()
        }),
    }
}

/// A call as bytes, with the key.
fn call(method: &str, body: impl Into<Body>) -> Request<Body> {
    let bearer = format!("Bearer {KEY}");
    let headers = [
        ("content-type", "application/grpc"),
        ("authorization", bearer.as_str()),
    ];
    let mut request = post(
        &format!("/errata.v1.IngestService/{method}"),
        &headers,
        body,
    );
    *request.version_mut() = http::Version::HTTP_2;
    request
}

fn with_key<T>(message: T, key: &str) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let value = format!("Bearer {key}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

#[tokio::test]
async fn grpc_says_the_same_in_its_own_codes() {
    let (case, _guard) = Case::new(small()).await;
    let wide = "x".repeat(9_000);
    let cases: [(&str, tonic::Request<SendErrorRequest>, Code, &str); 7] = [
        ("good", with_key(request(1, "E"), KEY), Code::Ok, "stored"),
        (
            "again",
            with_key(request(1, "E"), KEY),
            Code::Ok,
            "duplicate",
        ),
        (
            "no key",
            tonic::Request::new(request(2, "E")),
            Code::Unauthenticated,
            "unauthenticated",
        ),
        (
            "unknown key",
            with_key(request(2, "E"), &other_key()),
            Code::PermissionDenied,
            "forbidden",
        ),
        (
            "nothing",
            with_key(SendErrorRequest { event: None }, KEY),
            Code::InvalidArgument,
            "invalid",
        ),
        (
            "large",
            with_key(request(2, &wide), KEY),
            Code::OutOfRange,
            "too_large",
        ),
        // tonic refuses it before the service sees it.
        (
            "larger",
            with_key(request(2, &wide.repeat(3)), KEY),
            Code::OutOfRange,
            "too_large",
        ),
    ];
    for (name, request, code, reason) in cases {
        let (before, newest) = (case.counts(), case.newest().await);
        let found = match grpc(&case).send_error(request).await {
            Ok(_) => Code::Ok,
            Err(status) => {
                assert!(
                    status.metadata().get("retry-after").is_none(),
                    "{name}: {status}"
                );
                status.code()
            }
        };
        assert_eq!(found, code, "{name}");
        case.settled(name, &before, newest, 200, &[(reason, 1)])
            .await;
        let outcomes = case.outcomes(newest).await;
        assert_eq!(
            outcomes[0]["grpc_code"], code as i32,
            "{name}: {outcomes:?}"
        );
        assert_eq!(outcomes[0]["path"], "/errata.v1.IngestService/SendError");
    }
    let (before, newest) = (case.counts(), case.newest().await);
    let batch = SendErrorsRequest {
        errors: vec![request(3, "E").event.unwrap(), Event::default()],
        ..SendErrorsRequest::default()
    };
    grpc(&case).send_errors(with_key(batch, KEY)).await.unwrap();
    let fates = [("invalid", 1), ("stored", 1)];
    case.settled("batch", &before, newest, 200, &fates).await;
    case.world.gateway.begin_shutdown();
    let refused = grpc(&case)
        .send_error(with_key(request(5, "E"), KEY))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(refused.metadata().get("retry-after").unwrap(), "5");
}

#[tokio::test]
async fn unreadable_messages_and_streams_that_end_early_are_counted() {
    let (case, _guard) = Case::new(small()).await;
    let (before, newest) = (case.counts(), case.newest().await);
    let mut frame = vec![0, 0, 0, 0, 3];
    frame.extend_from_slice(&[0xff, 0xff, 0xff]);
    let answer = case.world.send(call("SendError", frame.clone())).await;
    assert_ne!(answer.headers["grpc-status"], "0");
    case.settled("unreadable", &before, newest, 200, &[("invalid", 1)])
        .await;
    assert_eq!(case.outcomes(newest).await[0]["public_key"], KEY);

    // Two good events of a stream, then one that cannot be read.
    let (before, newest) = (case.counts(), case.newest().await);
    let mut stream = Vec::new();
    for number in [1, 2] {
        let message = prost::Message::encode_to_vec(&request(number, "E"));
        stream.push(0);
        stream.extend_from_slice(&(message.len() as u32).to_be_bytes());
        stream.extend_from_slice(&message);
    }
    let good = stream.clone();
    stream.extend_from_slice(&frame);
    case.world.send(call("StreamErrors", stream)).await;
    let fates = [("invalid", 1), ("stored", 2)];
    case.settled("stream", &before, newest, 200, &fates).await;

    // One that stands still, and one whose client goes away in the middle: what it
    // had sent and was not stored yet is counted, each event.
    let unfinished = |bytes: Vec<u8>| {
        let first = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from(bytes))]);
        Body::from_stream(first.chain(futures_util::stream::pending()))
    };
    let (before, newest) = (case.counts(), case.newest().await);
    case.world
        .send(call("StreamErrors", unfinished(good.clone())))
        .await;
    let fates = [("aborted", 1), ("duplicate", 2)];
    case.settled("stands still", &before, newest, 200, &fates)
        .await;
    let before = case.counts();
    {
        let sending = case.world.send(call("StreamErrors", unfinished(good)));
        tokio::pin!(sending);
        for _ in 0..3 {
            assert!(futures_util::poll!(sending.as_mut()).is_pending());
        }
        assert_eq!(case.world.gateway.tally().in_flight, 2);
        check_equation(&case.handle, &case.world);
    }
    check_equation(&case.handle, &case.world);
    assert_eq!(difference(&before, &case.counts()), [("aborted", 2)]);

    // A message that is still on its way when its client leaves.
    let before = case.counts();
    {
        let sending = case.world.send(call("SendError", unfinished(vec![0, 0])));
        tokio::pin!(sending);
        assert!(futures_util::poll!(sending.as_mut()).is_pending());
    }
    check_equation(&case.handle, &case.world);
    assert_eq!(difference(&before, &case.counts()), [("aborted", 1)]);
}
