//! Senders of events, the ledger of what was acknowledged to them, and the audit of a server against it.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

use serde_json::json;

use super::{Client, KEY, Server, block_on, wait_for};

/// Half of them send native JSON, half Sentry envelopes.
const SENDERS: usize = 4;

/// Ids of acknowledged events, outside of whatever crashes.
pub(crate) type Ledger = Arc<Mutex<Vec<String>>>;

/// Senders that run until they are stopped, also while there is no server.
pub(crate) struct Load {
    ledger: Ledger,
    refused: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    senders: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts to send to `server`. `name` tells these events from those of other loads.
    pub(crate) fn start(server: &Server, name: &str, ledger: &Ledger) -> Self {
        let mut load = Self {
            ledger: ledger.clone(),
            refused: Arc::default(),
            stop: Arc::default(),
            senders: Vec::new(),
        };
        for number in 0..SENDERS {
            let sender = Sender {
                http: reqwest::Client::new(),
                url: server.url.clone(),
                name: format!("{name} sender {number}"),
                is_native: number % 2 == 0,
            };
            let (ledger, refused) = (ledger.clone(), load.refused.clone());
            let stop = load.stop.clone();
            load.senders.push(thread::spawn(move || {
                for event in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    match sender.send(event) {
                        Answer::Acknowledged(id) => ledger.lock().unwrap().push(id),
                        Answer::Later => {
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                        Answer::None => thread::yield_now(),
                    }
                }
            }));
        }
        load
    }

    /// Waits until so many more events are acknowledged.
    pub(crate) fn wait_for_acknowledged(&self, more: usize) {
        let before = self.ledger.lock().unwrap().len();
        wait_for("acknowledgements", || {
            (self.ledger.lock().unwrap().len() >= before + more).then_some(())
        });
    }

    /// Waits until a sender is told to come back later.
    pub(crate) fn wait_for_refused(&self) {
        let before = self.refused.load(Ordering::Relaxed);
        wait_for("a 503 with Retry-After", || {
            (self.refused.load(Ordering::Relaxed) > before).then_some(())
        });
    }

    /// Ends the senders, each with an answer to its last event.
    pub(crate) fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for sender in self.senders.drain(..) {
            sender.join().unwrap();
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

struct Sender {
    http: reqwest::Client,
    url: String,
    name: String,
    is_native: bool,
}

enum Answer {
    Acknowledged(String),
    /// 503 with `Retry-After`.
    Later,
    /// No server, or none that lived long enough.
    None,
}

impl Sender {
    /// Sends one event. An answer that is neither a promise nor "later" is a failure of the test.
    fn send(&self, number: usize) -> Answer {
        block_on(async {
            let Ok(response) = self.request(number).send().await else {
                return Answer::None;
            };
            let status = response.status().as_u16();
            let has_retry_after = response.headers().contains_key("retry-after");
            let Ok(body) = response.text().await else {
                return Answer::None;
            };
            match status {
                200 | 202 => {
                    let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
                    Answer::Acknowledged(answer["id"].as_str().unwrap().to_owned())
                }
                503 if has_retry_after => Answer::Later,
                _ => panic!("{}: {status}: {body}", self.name),
            }
        })
    }

    fn request(&self, number: usize) -> reqwest::RequestBuilder {
        let message = format!("event {number}");
        // Not to be compressed away: a disk is to be filled.
        let noise: Vec<u64> = (0..64).map(|n| fold(&self.name, number, n)).collect();
        if self.is_native {
            let body = json!({
                "error": {"type": &self.name, "message": message},
                "extra": {"noise": noise},
            });
            let request = self.http.post(format!("{}/api/errors", self.url));
            return request.bearer_auth(KEY).body(body.to_string());
        }
        let event = json!({
            "exception": {"values": [{"type": &self.name, "value": message}]},
            "extra": {"noise": noise},
        });
        let body = format!("{{}}\n{{\"type\":\"event\"}}\n{event}\n");
        let url = format!("{}/api/1/envelope/?sentry_key={KEY}", self.url);
        self.http.post(url).body(body)
    }
}

/// FNV-1a over all of them.
fn fold(name: &str, number: usize, n: usize) -> u64 {
    let numbers = [number, n].map(usize::to_le_bytes).concat();
    name.bytes()
        .chain(numbers)
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

/// Holds that every acknowledged event is readable and listed once, and that issues count what is listed. Events
/// that were written but not acknowledged before a crash may be there too.
pub(crate) fn audit(server: &Server, ledger: &Ledger) {
    let acknowledged = ledger.lock().unwrap().clone();
    let client = Client::new(server);
    for id in &acknowledged {
        wait_for(&format!("acknowledged event {id}"), || {
            (client.get(&format!("/api/errors/{id}")).0 == 200).then_some(())
        });
    }
    // Each index catches up with the log on its own.
    wait_for("lists that hold all, and issues that count them", || {
        let listed = list(&client);
        let ids: BTreeSet<_> = listed.iter().collect();
        assert_eq!(ids.len(), listed.len(), "an event is listed twice");
        let (status, body) = client.get("/api/issues?limit=1000");
        assert_eq!(status, 200, "{body}");
        let issues = body["issues"].as_array().unwrap().iter();
        let counted: u64 = issues.map(|issue| issue["count"].as_u64().unwrap()).sum();
        let is_whole = acknowledged.iter().all(|id| ids.contains(id));
        (is_whole && counted == listed.len() as u64).then_some(())
    });
}

/// Ids of all events.
fn list(client: &Client) -> Vec<String> {
    let mut listed = Vec::new();
    let mut cursor = String::new();
    loop {
        let (status, page) = client.get(&format!("/api/errors?limit=1000&cursor={cursor}"));
        assert_eq!(status, 200, "{page}");
        let errors = page["errors"].as_array().unwrap();
        listed.extend(
            errors
                .iter()
                .map(|error| error["id"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return listed,
        }
    }
}
