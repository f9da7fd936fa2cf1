//! What takes how much of the disk, and whose it is: by API, on the command line, and in
//! metrics.

use proto::v1::{GetStorageRequest, GetStorageResponse, stats_service_client::StatsServiceClient};
use serde_json::json;

use crate::{
    grpc::{channel_to, with_bearer},
    support::{Client, KEY, Server, TOKEN, block_on, errata, wait_for},
};

fn storage(server: &Server) -> GetStorageResponse {
    block_on(async {
        let channel = channel_to(&server.url).await.unwrap();
        let mut stats = StatsServiceClient::new(channel);
        let asked = with_bearer(TOKEN, GetStorageRequest {});
        stats.get_storage(asked).await.unwrap().into_inner()
    })
}

/// Sends so many events, the last of them with a file; then waits for their issue.
fn send(server: &Server, path: &str, events: usize, file_bytes: usize) {
    let client = Client::new(server);
    for number in 0..events {
        let event = json!({"message": "m", "extra": {"number": number}});
        let body = format!("{{}}\n{{\"type\":\"event\"}}\n{event}\n");
        let (status, _, answer) = client.post(path, &[], body);
        assert_eq!(status, 200, "{answer}");
    }
    let file = "f".repeat(file_bytes);
    let body = format!(
        "{{\"event_id\":\"{:032x}\"}}\n\
         {{\"type\":\"attachment\",\"length\":{file_bytes},\"filename\":\"a\"}}\n{file}\n",
        7
    );
    let (status, _, answer) = client.post(path, &[], body);
    assert_eq!(status, 200, "{answer}");
}

#[test]
fn each_project_is_told_what_of_the_disk_is_its_own() {
    let server = Server::start();
    let data = server.data_dir();
    let made = errata(&data, &["project", "create", "shop"]);
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    let dsn = said
        .lines()
        .find_map(|line| line.strip_prefix("DSN "))
        .unwrap();
    let key = dsn.split("//").nth(1).unwrap().split('@').next().unwrap();
    send(
        &server,
        &format!("/api/1/envelope/?sentry_key={KEY}"),
        10,
        1_000,
    );
    send(
        &server,
        &format!("/api/2/envelope/?sentry_key={key}"),
        40,
        5_000,
    );

    let found = wait_for("both projects' events to be counted", || {
        let found = storage(&server);
        let logs: Vec<u64> = found.projects.iter().map(|own| own.log_bytes).collect();
        // Alike events: their number tells.
        let is_whole = logs.len() == 2 && logs[0] > 0 && (3..=5).contains(&(logs[1] / logs[0]));
        is_whole.then_some(found)
    });
    let blobs: Vec<u64> = found.projects.iter().map(|own| own.blob_bytes).collect();
    assert_eq!(blobs, [1_000, 5_000]);
    assert_eq!(found.blob_bytes, 6_000);
    let logs: u64 = found.projects.iter().map(|own| own.log_bytes).sum();
    assert!(
        logs <= found.log_bytes && logs + 2 >= found.log_bytes,
        "{found:?}"
    );
    assert!(
        found.read_model_bytes > 0 && found.kept_bytes > 0,
        "{found:?}"
    );
    assert!(
        found.free_bytes < found.disk_bytes && !found.is_full,
        "{found:?}"
    );

    let printed = errata(&data, &["storage"]);
    let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
    let row = |name: &str| {
        let mut rows = printed
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        rows.find(|row| row.first() == Some(&name))
            .unwrap_or_else(|| panic!("{printed}"))
    };
    assert_eq!(row("2")[2], "5000");
    assert_eq!(row("all")[2], "6000");
    wait_for("the metric", || {
        let free = server.metric("errata_disk_free_bytes");
        let model = server.metric("errata_storage_bytes{tier=\"read_model\"");
        (free > 0.0 && model > 0.0).then_some(())
    });
}
