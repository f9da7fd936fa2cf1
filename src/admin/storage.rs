//! `errata storage`.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use proto::v1::{GetStorageRequest, GetStorageResponse, stats_service_client::StatsServiceClient};
use tonic::{Code, transport::Channel};

use super::said;

/// What to print.
pub(super) async fn print(channel: Channel) -> Result<String> {
    let mut client = StatsServiceClient::new(channel);
    match client.get_storage(GetStorageRequest {}).await {
        Ok(storage) => Ok(table(&storage.into_inner())),
        Err(status) if status.code() == Code::Unimplemented => {
            bail!("only a running server with the query role knows what takes how much")
        }
        Err(status) => Err(said(&status)),
    }
}

fn table(storage: &GetStorageResponse) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = writeln!(
        text,
        "disk        {} bytes, {} free, {} kept free{}",
        storage.disk_bytes,
        storage.free_bytes,
        storage.kept_bytes,
        if storage.is_full {
            ": events are refused"
        } else {
            ""
        }
    );
    let _ = writeln!(text, "read model  {} bytes", storage.read_model_bytes);
    let _ = writeln!(
        text,
        "{:<10} {:>16} {:>16} {:>16}",
        "project", "log", "blobs", "cold"
    );
    let mut row = |name: &str, [log, blobs, cold]: [u64; 3]| {
        let _ = writeln!(text, "{name:<10} {log:>16} {blobs:>16} {cold:>16}");
    };
    let (log, blobs, cold) = (storage.log_bytes, storage.blob_bytes, storage.cold_bytes);
    row("all", [log, blobs, cold]);
    for own in &storage.projects {
        let bytes = [own.log_bytes, own.blob_bytes, own.cold_bytes];
        row(&own.project_id.to_string(), bytes);
    }
    text
}

#[cfg(test)]
mod tests {
    use proto::v1::ProjectStorage;

    use super::*;

    #[test]
    fn a_line_says_what_a_project_has() {
        let storage = GetStorageResponse {
            disk_bytes: 1_000,
            free_bytes: 100,
            kept_bytes: 120,
            is_full: true,
            log_bytes: 500,
            blob_bytes: 60,
            cold_bytes: 7,
            read_model_bytes: 8,
            projects: vec![ProjectStorage {
                project_id: 3,
                log_bytes: 250,
                blob_bytes: 60,
                cold_bytes: 7,
            }],
        };
        let text = table(&storage);
        let lines: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert!(text.contains("1000 bytes, 100 free, 120 kept free: events are refused"));
        assert_eq!(lines[3], ["all", "500", "60", "7"]);
        assert_eq!(lines[4], ["3", "250", "60", "7"]);
    }
}
