//! Spike protection at the door: what is stored of a storm, what is counted, and what the
//! sender hears.

use std::sync::{Arc, Mutex};

use event_log::Entry;
use event_model::{EventId, Note, Position, ProjectId, note::Sampled};
use ground::Clock;
use http::StatusCode;
use ingest_gateway::{
    GatewayConfig,
    error::Refusal,
    others::{Answer, History},
};
use proto::v1::{
    GetProjectSettingsRequest, SetSpikeProtectionRequest,
    project_settings_service_client::ProjectSettingsServiceClient,
};
use serde_json::{Value, json};
use tonic::Request;

use crate::support::{TOKEN, World, config, id, wishes};

const FLOOR: u32 = 50;

/// A gateway whose minute does not end, with a floor that a test can pass.
fn low() -> GatewayConfig {
    let mut config = config();
    config.limits.spike_floor_per_minute = FLOOR;
    config.limits.errors_per_minute = 100_000;
    config.limits.batches_per_minute = 100_000;
    config.clock = Clock::standing_at(1_795_341_600_000_000_000);
    config
}

fn error(number: u32, message: &str) -> Value {
    json!({
        "id": id(number), "error": {"type": "E", "message": message},
        "user": {"id": (number % 7).to_string()}, "release": "shop@1",
    })
}

/// What is in the log: events, tallies.
fn stored(world: &World) -> (usize, Vec<Sampled>) {
    let (mut events, mut tallies) = (0, Vec::new());
    for item in world.log.reader().read_after(Position(0)) {
        match item.unwrap().entry {
            Entry::Event(_) => events += 1,
            Entry::Note(Note::Sampled(note)) => tallies.push(note),
            _ => {}
        }
    }
    (events, tallies)
}

/// `received = stored + sampled + Σ dropped + in flight`, and how many of the first two.
fn counted(world: &World) -> (u64, u64) {
    let tally = world.gateway.tally();
    let ended = tally.stored + tally.sampled + tally.dropped;
    assert_eq!(tally.received, ended + tally.in_flight);
    assert_eq!(tally.in_flight, 0);
    (tally.stored, tally.sampled)
}

#[tokio::test]
async fn of_a_storm_a_sample_is_stored_and_the_rest_is_counted_before_it_is_answered() {
    let world = World::with(low(), wishes()).await;
    for number in 1..=200 {
        let answer = world.post_native(error(number, "storm").to_string()).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        assert_eq!(answer.json(), json!({"id": id(number)}));
        // Whoever has heard of success is in the log, one way or the other.
        let (events, tallies) = stored(&world);
        let items: u64 = tallies.iter().map(Sampled::items).sum();
        assert_eq!(events as u64 + items, u64::from(number));
    }
    let (events, tallies) = stored(&world);
    // Up to the floor all, then ten.
    assert_eq!((events, counted(&world)), (60, (60, 140)));
    let (mut users, mut kinds) = (Vec::new(), Vec::new());
    for note in &tallies {
        assert_eq!(note.project_id, 1);
        assert_eq!(EventId(note.sample_id).to_string(), id(60));
        assert_eq!(note.parts.len(), 1);
        assert_eq!(note.parts[0].release, "shop@1");
        users.extend(note.parts[0].users.iter().copied());
        kinds.push(note.kind);
    }
    users.sort_unstable();
    users.dedup();
    kinds.dedup();
    assert_eq!((users.len(), kinds.len()), (7, 1));
    // The rare one gets through, whole.
    for number in 1_000..1_005 {
        world.post_native(error(number, "rare").to_string()).await;
    }
    assert_eq!(stored(&world).0, 65);
}

/// Each of a batch for itself; ids of counted ones are not kept, so they count again.
#[tokio::test]
async fn a_batch_is_judged_one_by_one_and_counted_ids_are_not_known() {
    let world = World::with(low(), wishes()).await;
    let batch = |from: u32| {
        let errors: Vec<Value> = (from..from + 100)
            .map(|number| match number % 10 {
                0 => error(number, &format!("rare {}", number % 50)),
                _ => error(number, "storm"),
            })
            .collect();
        json!({"errors": errors}).to_string()
    };
    let path = format!("/api/errors/batch?key={}", crate::support::KEY);
    let mut expected = Vec::new();
    for round in 0..3 {
        let answer = world.post(&path, &[], batch(1)).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{round}");
        let ids: Vec<Value> = (1..=100).map(|number| json!({"id": id(number)})).collect();
        assert_eq!(answer.json()["results"], Value::Array(ids));
        expected.push(counted(&world));
    }
    let (events, tallies) = stored(&world);
    let items: u64 = tallies.iter().map(Sampled::items).sum();
    assert_eq!((events as u64, items), expected[2]);
    // Requests are stored 64 items at a time: what is counted of the first one is of the
    // second piece, when the event it is counted under was durable. What is stored is a
    // duplicate when it comes again, what was counted is not.
    assert_eq!(expected, [(68, 32), (68, 64), (68, 96)]);
    let answer = world.post(&path, &[], batch(101)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(counted(&world), (78, 186), "ten rare ones are stored");
}

#[tokio::test]
async fn an_owner_switches_it_off_and_on_and_the_configuration_for_all() {
    let world = World::with(low(), wishes()).await;
    let mut client = ProjectSettingsServiceClient::new(world.gateway.router());
    let with_token = |message| {
        let mut request = Request::new(message);
        let value = format!("Bearer {TOKEN}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
        request
    };
    let mut number = 0;
    for (is_on, counted_by) in [(true, 40), (false, 0), (true, 100)] {
        let request = SetSpikeProtectionRequest {
            project_id: 1,
            is_on,
        };
        let set = client.set_spike_protection(with_token(request)).await;
        assert!(set.unwrap().into_inner().position > 0);
        let before = counted(&world).1;
        for _ in 0..100 {
            number += 1;
            world.post_native(error(number, "storm").to_string()).await;
        }
        assert_eq!(counted(&world).1 - before, counted_by, "{is_on}");
        let mut request = Request::new(GetProjectSettingsRequest { project_id: 1 });
        let value = format!("Bearer {TOKEN}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
        let settings = client.get_project_settings(request).await.unwrap();
        assert_eq!(settings.into_inner().spike_protection, is_on);
    }
    let mut off = low();
    off.limits.enabled = false;
    let world = World::with(off, wishes()).await;
    for number in 1..=200 {
        world.post_native(error(number, "storm").to_string()).await;
    }
    assert_eq!(counted(&world), (200, 0));
}

/// Says what was asked, and that 6,000 events an hour are usual.
#[derive(Debug, Default)]
struct Past(Mutex<Vec<(ProjectId, i64, i64)>>);

impl History for Past {
    fn hours(
        &self,
        project: ProjectId,
        until_hour: i64,
        count: i64,
    ) -> Answer<'_, Result<Vec<u64>, Refusal>> {
        self.0.lock().unwrap().push((project, until_hour, count));
        Box::pin(async { Ok(vec![6_000; 48]) })
    }
}

#[tokio::test]
async fn what_is_usual_is_asked_for_and_holds_above_the_floor() {
    let past = Arc::new(Past::default());
    let mut config = low();
    config.others.history = Some(Arc::clone(&past) as Arc<dyn History>);
    let world = World::with(config, wishes()).await;
    assert!(world.gateway.upkeep().usual.learn().await);
    let hour = 1_795_341_600 / 3_600;
    assert_eq!(*past.0.lock().unwrap(), [(ProjectId(1), hour, 4 * 7 * 24)]);
    // Five times 100 a minute.
    for number in 1..=600 {
        world.post_native(error(number, "storm").to_string()).await;
    }
    assert_eq!(counted(&world), (510, 90));
}
