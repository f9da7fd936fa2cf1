//! The floor of free space: kept under a storm, a refusal for events and for nothing else,
//! healed by itself; and what gives way so that it is not reached.

use std::{
    fs::{self, File},
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use proto::v1::{CreateProjectRequest, command_service_client::CommandServiceClient};
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use serde_json::json;

use super::{ACKNOWLEDGED_MIN, IMAGE_MEBIBYTES, SEGMENTS, assert_readable};
use crate::{
    attacks::wire,
    grpc::{channel_to, with_bearer},
    image::{EXT4, Image},
    separate::with_own_mounts,
    support::{
        Client, KEY, Ledger, Load, OWNER_EMAIL, OWNER_PASSWORD, Server, TOKEN, audit, block_on,
        errata, wait_for,
    },
};

const MIB: u64 = 1 << 20;

fn free_bytes(path: &Path) -> u64 {
    let found = statvfs(path).unwrap();
    found.f_bavail * found.f_frsize
}

/// Takes so much of a disk.
fn take_space(path: &Path, bytes: u64) {
    let file = File::create(path).unwrap();
    fallocate(&file, FallocateFlags::empty(), 0, bytes).unwrap();
    file.sync_all().unwrap();
}

/// A mounted disk of which all but so much is the floor.
fn disk_with_room_for(dir: &Path, bytes: u64) -> (Image, u64) {
    let mut image = Image::create(dir, EXT4, IMAGE_MEBIBYTES).unwrap();
    image.mount("defaults").unwrap();
    let floor = free_bytes(image.path()) - bytes;
    (image, floor)
}

fn sign_in(client: &Client) -> u16 {
    let body = json!({"email": OWNER_EMAIL, "password": OWNER_PASSWORD}).to_string();
    let headers = [("content-type", "application/json")];
    client.post("/auth/sign-in", &headers, body).0
}

fn create_project(server: &Server, name: &str) {
    let request = CreateProjectRequest {
        name: name.to_owned(),
        platform: String::new(),
    };
    block_on(async {
        let channel = channel_to(&server.url).await.unwrap();
        let mut commands = CommandServiceClient::new(channel);
        commands
            .create_project(with_bearer(TOKEN, request))
            .await
            .unwrap();
    });
}

/// Every door says why, and when to come again.
fn assert_refused(client: &Client) {
    let event = json!({"error": {"type": "E"}}).to_string();
    let envelope = format!("{{}}\n{{\"type\":\"event\"}}\n{event}\n");
    for (path, body) in [
        (format!("/api/errors?key={KEY}"), event.clone()),
        (format!("/api/1/envelope/?sentry_key={KEY}"), envelope),
        (format!("/api/1/store/?sentry_key={KEY}"), event),
        (format!("/v1/logs?key={KEY}"), "{}".to_owned()),
    ] {
        let headers = [("content-type", "application/json")];
        let (status, headers, answer) = client.post(&path, &headers, body);
        assert_eq!(status, 503, "{path}: {answer}");
        assert_eq!(headers["retry-after"], "30", "{path}");
        let said = answer.to_string();
        assert!(said.contains("disk of the server is nearly full"), "{said}");
    }
}

#[test]
fn the_floor_stays_free_under_a_storm_while_all_else_goes_on() {
    with_own_mounts(
        "faults::floor::the_floor_stays_free_under_a_storm_while_all_else_goes_on",
        |dir| {
            let (mut image, floor) = disk_with_room_for(dir, 24 * MIB);
            let ballast = image.path().join("ballast");
            take_space(&ballast, 8 * MIB);
            let bytes_min = floor.to_string();
            let env = [
                SEGMENTS[0],
                SEGMENTS[1],
                ("ERRATA_LOG__FREE_BYTES_MIN", &*bytes_min),
            ];
            let server = Server::start_in(&image.path().join("data"), &env);
            let client = Client::new(&server);
            let ledger = Ledger::default();
            let (least, stop) = (AtomicU64::new(u64::MAX), AtomicBool::new(false));
            thread::scope(|scope| {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        least.fetch_min(free_bytes(image.path()), Ordering::Relaxed);
                        thread::yield_now();
                    }
                });
                let load = Load::start(&server, "storm", &ledger);
                load.wait_for_acknowledged(ACKNOWLEDGED_MIN);
                load.wait_for_refused();
                assert_readable(&server, &ledger);
                assert_eq!(sign_in(&client), 204);
                create_project(&server, "made on a full disk");
                load.stop();
                wait_for("projections to have written what they owe", || {
                    let lag = |name| {
                        server.metric(&format!(
                            "errata_projector_lag_records{{projection=\"{name}\"}}"
                        ))
                    };
                    (lag("issues") + lag("search") == 0.0).then_some(())
                });
                stop.store(true, Ordering::Relaxed);
            });
            let least = least.load(Ordering::Relaxed);
            assert!(least >= floor, "{least} bytes were free, {floor} are kept");
            // Once the issue database has given back what its log took, the door is shut for good.
            wait_for("the room of a WAL", || {
                let read_model = fs::read_dir(image.path().join("data/read-model")).unwrap();
                let mut wals = read_model
                    .map(|generation| generation.unwrap().path().join("issues.sqlite3-wal"))
                    .filter(|wal| wal.exists());
                wals.all(|wal| fs::metadata(wal).unwrap().len() == 0)
                    .then_some(())
            });
            let rest = image.path().join("rest");
            take_space(&rest, free_bytes(image.path()) - floor);
            wait_for("a full disk to be seen", || {
                let free = server.metric("errata_disk_free_bytes");
                (free <= server.metric("errata_disk_kept_bytes")).then_some(())
            });
            assert_refused(&client);
            let dropped = "errata_ingest_items_total{outcome=\"dropped\",reason=\"disk_full\"";
            assert!(server.metric(dropped) > 0.0);

            fs::remove_file(rest).unwrap();
            fs::remove_file(ballast).unwrap();
            let load = Load::start(&server, "healed", &ledger);
            load.wait_for_acknowledged(ACKNOWLEDGED_MIN);
            load.stop();
            audit(&server, &ledger);
            drop(server);
            image.unmount().unwrap();
        },
    );
}

/// Sends an event with a file of so many bytes that do not repeat; the event's id.
fn with_file(server: &Server, number: u64, bytes: usize) -> String {
    let id = format!("{number:032x}");
    let head = format!(
        "{{\"event_id\":\"{id}\"}}\n{{\"type\":\"event\"}}\n{{\"message\":\"m\"}}\n\
         {{\"type\":\"attachment\",\"length\":{bytes},\"filename\":\"a\"}}\n"
    );
    let mut state = number;
    let noise = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    });
    let body: Vec<u8> = head.bytes().chain(noise.take(bytes)).collect();
    let path = format!("/api/1/envelope/?sentry_key={KEY}");
    assert_eq!(wire::post(server, &path, &[], &body), 200);
    id
}

#[test]
fn what_may_give_way_goes_in_its_order_and_is_written_down() {
    with_own_mounts(
        "faults::floor::what_may_give_way_goes_in_its_order_and_is_written_down",
        |dir| {
            let (mut image, floor) = disk_with_room_for(dir, 20 * MIB);
            let data = image.path().join("data");
            // A day that nothing else has.
            let old_day = data.join("cold/events/date=2020-01-01");
            fs::create_dir_all(&old_day).unwrap();
            let old_file = "00000-000000000000001-000000000000001.parquet";
            take_space(&old_day.join(old_file), 4 * MIB);
            let bytes_min = (floor / 8).to_string();
            let kept_elsewhere = image.path().join("neighbour");
            take_space(&kept_elsewhere, floor - floor / 8);
            let mut server = Server::start_in(
                &data,
                &[
                    SEGMENTS[0],
                    SEGMENTS[1],
                    ("ERRATA_LOG__FREE_BYTES_MIN", &bytes_min),
                    ("ERRATA_LOG__RETENTION__SHED", "cold, blobs, events"),
                    ("ERRATA_LOG__RETENTION__LOOK_EVERY_S", "1"),
                ],
            );
            let client = Client::new(&server);
            let file = with_file(&server, 1, 3 << 20);
            let path = format!("/api/errors/{file}/attachments/0");
            wait_for("the attachment", || {
                (client.download(&path).0 == 200).then_some(())
            });
            let ledger = Ledger::default();
            let load = Load::start(&server, "more than fits", &ledger);
            wait_for("events to give way", || {
                (server.metric("errata_shed_bytes_total{tier=\"events\"}") > 0.0).then_some(())
            });
            load.wait_for_acknowledged(ACKNOWLEDGED_MIN);
            load.stop();
            assert!(!old_day.exists());
            for tier in ["cold", "blobs"] {
                let name = format!("errata_shed_files_total{{tier=\"{tier}\"}}");
                assert!(server.metric(&name) >= 1.0, "{tier}");
            }
            let (status, answer) = client.get(&path);
            assert_eq!(status, 404, "{answer}");
            // Issues are kept and count what is gone.
            let acknowledged = ledger.events().len() as u64 + 1;
            server.wait_for_issues("limit=1000", |issues| {
                let counts = issues.iter().map(|issue| issue["count"].as_u64().unwrap());
                counts.sum::<u64>() >= acknowledged
            });
            // Its segment is gone, and the newest day of Parquet files never is.
            let first = ledger.events()[0].clone();
            let (_, old) = client.get(&format!("/api/errors/{first}"));
            assert_eq!(old["id"], first, "{old}");

            server.stop();
            let dump = errata(&data, &["log", "dump", "--log", "control"]);
            let dump = String::from_utf8_lossy(&dump.stdout).into_owned();
            let at = |word: &str| {
                dump.find(word)
                    .unwrap_or_else(|| panic!("no {word}: {dump}"))
            };
            assert!(at("cold_shed") < at("files_shed"), "{dump}");
            assert!(at("files_shed") < at("range_dropped"), "{dump}");
            assert!(at("\"space\"") > at("range_dropped"), "{dump}");
            // What went is not missed, also by a read model that is built anew.
            let replayed = errata(&data, &["replay"]);
            let said = String::from_utf8_lossy(&replayed.stderr).into_owned();
            assert!(replayed.status.success(), "{said}");
            drop(server);
            image.unmount().unwrap();
        },
    );
}
