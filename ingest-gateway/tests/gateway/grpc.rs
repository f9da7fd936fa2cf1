use proto::v1::{
    DiscardedEvents, Error, Event, SendErrorRequest, SendErrorsRequest,
    ingest_service_client::IngestServiceClient, send_result::Result as Sent,
};
use tonic::{Code, Request};

use crate::support::{KEY, World, config, id, other_key, wishes};

type Client = IngestServiceClient<axum::Router>;

fn client(world: &World) -> Client {
    IngestServiceClient::new(world.gateway.router())
}

fn event(id: &str, ty: &str) -> Event {
    Event {
        id: id.to_owned(),
        error: Some(Error {
            r#type: ty.to_owned(),
            ..Error::default()
        }),
        ..Event::default()
    }
}

fn with_key<T>(message: T, key: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {key}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

#[tokio::test]
async fn one_event_is_stored_and_answered_with_its_id() {
    let world = World::new().await;
    let request = SendErrorRequest {
        event: Some(event(&id(1), "TypeError")),
    };
    let answer = client(&world)
        .send_error(with_key(request, KEY))
        .await
        .unwrap();
    assert_eq!(answer.into_inner().id, id(1));
    assert_eq!(world.stored_ids(), [id(1)]);
}

#[tokio::test]
async fn refusals_have_grpc_codes() {
    let world = World::new().await;
    let good = || SendErrorRequest {
        event: Some(event("", "E")),
    };
    let empty = SendErrorRequest {
        event: Some(Event::default()),
    };
    let none = SendErrorRequest { event: None };
    for (request, code) in [
        (Request::new(good()), Code::Unauthenticated),
        (with_key(good(), "short"), Code::Unauthenticated),
        (with_key(good(), &other_key()), Code::PermissionDenied),
        (with_key(empty, KEY), Code::InvalidArgument),
        (with_key(none, KEY), Code::InvalidArgument),
    ] {
        let refused = client(&world).send_error(request).await.unwrap_err();
        assert_eq!(refused.code(), code, "{refused}");
        assert!(!refused.message().is_empty());
    }
    let tally = world.gateway.tally();
    assert_eq!((tally.received, tally.dropped, tally.in_flight), (5, 5, 0));
}

#[tokio::test]
async fn a_batch_and_a_stream_answer_in_order() {
    let world = World::new().await;
    let events = vec![event(&id(1), "A"), Event::default(), event(&id(2), "B")];
    let request = SendErrorsRequest {
        errors: events.clone(),
        ..SendErrorsRequest::default()
    };
    let batch = client(&world)
        .send_errors(with_key(request, KEY))
        .await
        .unwrap();
    let stream = futures_util::stream::iter(
        events
            .into_iter()
            .map(|event| SendErrorRequest { event: Some(event) }),
    );
    let stream = client(&world)
        .stream_errors(with_key(stream, KEY))
        .await
        .unwrap();
    for answer in [batch, stream] {
        let results: Vec<Sent> = answer
            .into_inner()
            .results
            .into_iter()
            .map(|one| one.result.unwrap())
            .collect();
        assert_eq!(results[0], Sent::Id(id(1)));
        assert_eq!(results[2], Sent::Id(id(2)));
        let Sent::Error(problem) = &results[1] else {
            panic!("an event without an error was stored");
        };
        assert_eq!(problem.code, "invalid");
        assert!(problem.field.starts_with("error"), "{problem:?}");
    }
    assert_eq!(world.stored_ids(), [id(1), id(2)]);
    assert_eq!(world.gateway.tally().in_flight, 0);
}

#[tokio::test]
async fn what_a_client_dropped_comes_with_a_batch() {
    let world = World::new().await;
    for (quantity, field) in [(3, None), (0, Some("discarded_events[0].quantity"))] {
        let request = SendErrorsRequest {
            errors: vec![event(&id(quantity), "A")],
            discarded_events: vec![DiscardedEvents {
                reason: "before_send".to_owned(),
                category: String::new(),
                quantity,
            }],
        };
        let answer = client(&world).send_errors(with_key(request, KEY)).await;
        let answer = answer.unwrap().into_inner();
        assert_eq!(answer.results.len(), 1);
        let problem = answer.discarded_events_error.map(|problem| problem.field);
        assert_eq!(problem.as_deref(), field);
    }
    assert_eq!(world.stored_ids(), [id(3), id(0)]);
    assert_eq!(world.notes().len(), 1);
    let tally = world.gateway.tally();
    assert_eq!((tally.received, tally.stored, tally.dropped), (4, 3, 1));
}

#[tokio::test]
async fn too_long_batches_and_streams_are_refused() {
    let mut config = config();
    config.limits.batch_events_max = 2;
    config.limits.stream_events_max = 2;
    let world = World::with(config, wishes()).await;
    let events: Vec<Event> = (0..3).map(|n| event(&id(n), "E")).collect();
    let request = SendErrorsRequest {
        errors: events.clone(),
        ..SendErrorsRequest::default()
    };
    let refused = client(&world)
        .send_errors(with_key(request, KEY))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange);
    let stream = futures_util::stream::iter(
        events
            .into_iter()
            .map(|event| SendErrorRequest { event: Some(event) }),
    );
    let refused = client(&world)
        .stream_errors(with_key(stream, KEY))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange);
    // The stream's first two have their fate: stored, and may be sent again.
    assert_eq!(world.stored_ids(), [id(0), id(1)]);
    let tally = world.gateway.tally();
    assert_eq!((tally.stored, tally.in_flight), (2, 0));
    assert_eq!(tally.received, tally.dropped + tally.stored);
}

#[tokio::test]
async fn messages_beyond_the_memory_budget_are_unavailable() {
    let mut config = config();
    config.limits.in_flight_bytes_max = 1_000;
    let world = World::with(config, wishes()).await;
    let request = SendErrorRequest {
        event: Some(event("", &"x".repeat(1_001))),
    };
    let refused = client(&world)
        .send_error(with_key(request, KEY))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused}");
    let small = SendErrorRequest {
        event: Some(event("", "E")),
    };
    client(&world)
        .send_error(with_key(small, KEY))
        .await
        .unwrap();
}

#[tokio::test]
async fn grpc_web_is_understood() {
    let world = World::new().await;
    let message = prost::Message::encode_to_vec(&SendErrorRequest {
        event: Some(event(&id(1), "E")),
    });
    let mut body = vec![0u8];
    body.extend_from_slice(&(message.len() as u32).to_be_bytes());
    body.extend_from_slice(&message);
    let bearer = format!("Bearer {KEY}");
    let headers = [
        ("content-type", "application/grpc-web+proto"),
        ("authorization", bearer.as_str()),
    ];
    let answer = world
        .post("/errata.v1.IngestService/SendError", &headers, body)
        .await;
    assert_eq!(answer.status.as_u16(), 200);
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(
        text.contains(&id(1)) && text.contains("grpc-status:0"),
        "{text:?}"
    );
}
