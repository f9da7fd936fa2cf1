//! kill -9 under load: what was acknowledged is readable and counted.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use serde_json::json;

use crate::support::{Client, KEY, Server, wait_for};

const PRODUCERS: usize = 4;
const ROUNDS: usize = 3;
/// Acknowledgements to collect before each kill.
const ACKNOWLEDGED_MIN: usize = 150;

#[test]
fn kill_9_under_load_loses_nothing_acknowledged() {
    let mut server = Server::start();
    let ledger: Arc<Mutex<Vec<String>>> = Arc::default();
    for round in 0..ROUNDS {
        let before = ledger.lock().unwrap().len();
        let stop = Arc::new(AtomicBool::new(false));
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|producer| {
                let (url, ledger, stop) = (server.url.clone(), ledger.clone(), stop.clone());
                thread::spawn(move || produce(&url, round, producer, &ledger, &stop))
            })
            .collect();
        wait_for("acknowledgements", || {
            (ledger.lock().unwrap().len() >= before + ACKNOWLEDGED_MIN).then_some(())
        });
        server.kill();
        stop.store(true, Ordering::Relaxed);
        for producer in producers {
            producer.join().unwrap();
        }
        server.restart();
    }

    let acknowledged = ledger.lock().unwrap().clone();
    assert!(acknowledged.len() >= ROUNDS * ACKNOWLEDGED_MIN);
    let client = Client::new(&server);
    for id in &acknowledged {
        wait_for(&format!("acknowledged event {id}"), || {
            (client.get(&format!("/api/errors/{id}")).0 == 200).then_some(())
        });
    }
    // Counted: each acknowledged once. Events written but not acknowledged before a
    // kill may add to it, never lessen it; each is listed exactly once.
    let mut listed = Vec::new();
    let mut cursor = String::new();
    loop {
        let (status, page) = client.get(&format!("/api/errors?limit=1000&cursor={cursor}"));
        assert_eq!(status, 200, "{page}");
        listed.extend(
            page["errors"]
                .as_array()
                .unwrap()
                .iter()
                .map(|e| e["id"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    let total = listed.len();
    listed.sort();
    listed.dedup();
    assert_eq!(listed.len(), total, "an event is listed twice");
    assert!(
        acknowledged
            .iter()
            .all(|id| listed.binary_search(id).is_ok())
    );
    let issues = server.wait_for_issues("", |issues| {
        issues
            .iter()
            .map(|issue| issue["count"].as_u64().unwrap())
            .sum::<u64>()
            == total as u64
    });
    assert!(!issues.is_empty());
}

fn produce(
    url: &str,
    round: usize,
    producer: usize,
    ledger: &Mutex<Vec<String>>,
    stop: &AtomicBool,
) {
    let http = reqwest::Client::new();
    for n in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let body = json!({
            "error": {"type": format!("Load{producer}"), "message": format!("round {round} event {n}")},
            "user": {"id": format!("{producer}-{n}")},
        });
        let sent = crate::support::block_on(async {
            let request = http
                .post(format!("{url}/api/errors"))
                .bearer_auth(KEY)
                .body(body.to_string());
            let response = request.send().await.ok()?;
            let accepted = response.status() == 202;
            let answer: serde_json::Value = response.json().await.ok()?;
            accepted.then(|| answer["id"].as_str().map(str::to_owned))?
        });
        match sent {
            Some(id) => ledger.lock().unwrap().push(id),
            // The server is gone: wait for the word to stop.
            None => thread::yield_now(),
        }
    }
}
