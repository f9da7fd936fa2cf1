//! The cold tier, read by a stranger: DuckDB.

use serde_json::{Value, json};

use crate::support::{Client, KEY, Server, errata, python, wait_for};

#[test]
fn duckdb_finds_every_event_once() {
    // Small segments, so that some end.
    let server = Server::start_with(&[("ERRATA_LOG__EVENTS_SEGMENT_BYTES", "1048576")]);
    let client = Client::new(&server);
    let bearer = format!("Bearer {KEY}");
    // Does not compress well, so that segments fill.
    let mut noise = 0x9e37_79b9_u64;
    let mut filler = || {
        let mut next = || {
            noise = noise
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            format!("{:016x}", noise ^ (noise >> 29))
        };
        (0..512).map(|_| next()).collect::<String>()
    };
    let mut sent = Vec::new();
    for n in 0..40 {
        let errors: Vec<Value> = (0..20)
            .map(|k| json!({"error": {"type": "Cold", "message": format!("event {n}.{k}")}, "extra": {"filler": filler()}}))
            .collect();
        let batch = json!({ "errors": errors }).to_string();
        let (status, _, answer) =
            client.post("/api/errors/batch", &[("authorization", &bearer)], batch);
        assert_eq!(status, 202, "{answer}");
        let ids = answer["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["id"].as_str().unwrap().to_owned());
        sent.extend(ids);
    }
    let cold = server.data_dir().join("cold");
    let ended = segments_ended(&server);
    assert!(
        ended >= 2,
        "the log has to roll for this test: {ended} segments ended"
    );
    wait_for("Parquet files of the segments that ended", || {
        let files = walk(&cold.join("events"));
        (files >= ended).then_some(())
    });
    let found: Value =
        serde_json::from_str(&python("read_parquet.py", &[cold.to_str().unwrap()])).unwrap();
    assert_eq!(
        found["rows"], found["distinct_ids"],
        "an event stands twice"
    );
    let ids: Vec<&str> = found["ids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    assert!(
        !ids.is_empty() && ids.len() < sent.len(),
        "all but the running segment: {}",
        ids.len()
    );
    assert!(
        ids.iter().zip(&sent).all(|(found, sent)| found == sent),
        "every event of the ended segments, in order"
    );
    assert_eq!(
        found["sample"]["exceptions"][0]["type"], "Cold",
        "whole: {}",
        found["sample"]
    );
}

fn segments_ended(server: &Server) -> usize {
    let stat = errata(&server.data_dir(), &["log", "stat", "--log", "events"]);
    assert!(stat.status.success(), "{stat:?}");
    let names = std::fs::read_dir(server.data_dir().join("log/events")).unwrap();
    // Raw or sealed by now, or both for a moment: a number counts once.
    let segments: std::collections::BTreeSet<String> = names
        .filter_map(|name| {
            let name = name.unwrap().file_name().into_string().unwrap();
            let raw = name.strip_suffix(".zst").unwrap_or(&name);
            raw.strip_suffix(".log").map(str::to_owned)
        })
        .collect();
    // The last one runs, and one more may be preallocated.
    segments.len().saturating_sub(2)
}

fn walk(dir: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return 0;
    };
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            if path.is_dir() {
                walk(&path)
            } else {
                usize::from(path.extension().is_some_and(|e| e == "parquet"))
            }
        })
        .sum()
}
