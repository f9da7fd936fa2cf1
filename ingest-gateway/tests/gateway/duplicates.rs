use http::StatusCode;

use crate::support::{World, config, envelope, id, native_event, wishes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_event_sent_at_once_is_stored_once_and_answered_alike() {
    let world = std::sync::Arc::new(World::new().await);
    let mut sends = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let world = std::sync::Arc::clone(&world);
        sends.spawn(async move { world.post_envelope(envelope(&id(7))).await });
    }
    let mut answers = 0;
    while let Some(answer) = sends.join_next().await {
        let answer = answer.unwrap();
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json()["id"], id(7));
        answers += 1;
    }
    assert_eq!(answers, 32);
    assert_eq!(world.stored_ids(), [id(7)]);
    let tally = world.gateway.tally();
    assert_eq!((tally.received, tally.stored, tally.dropped), (32, 1, 31));
}

#[tokio::test]
async fn twins_within_one_batch_are_stored_once() {
    let world = World::new().await;
    let event = native_event(&id(3));
    let path = format!("/api/errors/batch?key={}", crate::support::KEY);
    let batch = format!("{{\"errors\":[{event},{event}]}}");
    let answer = world.post(&path, &[], batch).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let results = answer.json()["results"].clone();
    assert_eq!(results[0], results[1]);
    assert_eq!(world.stored_ids(), [id(3)]);
}

#[tokio::test]
async fn ids_are_remembered_across_a_restart() {
    let world = World::new().await;
    assert_eq!(
        world.post_envelope(envelope(&id(1))).await.status,
        StatusCode::OK
    );
    let dir = world.stop();
    let world = World::in_dir(dir, config(), wishes()).await;
    let again = world.post_envelope(envelope(&id(1))).await;
    assert_eq!(
        (again.status, again.json()["id"].clone()),
        (StatusCode::OK, id(1).into())
    );
    assert_eq!(world.stored_ids(), [id(1)]);
}

#[tokio::test]
async fn another_project_may_use_the_same_id() {
    let world = World::new().await;
    let request = proto::v1::CreateProjectRequest {
        name: "second".to_owned(),
        platform: String::new(),
    };
    let caller = event_model::credential::Caller::Admin;
    let second = world
        .gateway
        .commands()
        .create_project(caller, request)
        .await
        .unwrap();
    world.post_envelope(envelope(&id(1))).await;
    let path = format!("/api/2/envelope/?sentry_key={}", second.public_key);
    world.post(&path, &[], envelope(&id(1))).await;
    assert_eq!(world.stored_ids(), [id(1), id(1)]);
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_lose_the_fate_of_its_event() {
    let world = World::new().await;
    {
        let send = world.post_envelope(envelope(&id(1)));
        tokio::pin!(send);
        // Polled until the event is appended, then dropped like a closed connection.
        let _ = futures_util::poll!(send.as_mut());
    }
    assert!(world.gateway.drain(std::time::Duration::from_secs(5)).await);
    let tally = world.gateway.tally();
    assert_eq!((tally.received, tally.in_flight), (1, 0));
    assert_eq!(tally.stored, world.stored_ids().len() as u64);
}
