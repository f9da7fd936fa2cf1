//! Senders of events and of decisions, the ledger of what was acknowledged to them, and the audit of a server
//! against it.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

use proto::v1::{
    CreateProjectRequest, ListProjectsRequest, command_service_client::CommandServiceClient,
    project_service_client::ProjectServiceClient,
};
use serde_json::json;

use super::{Client, KEY, Server, TOKEN, block_on, wait_for};
use crate::grpc::{channel_to, with_bearer};

/// Half of them send native JSON, half Sentry envelopes.
const SENDERS: usize = 4;
/// Decisions of one load: people make few.
const PROJECTS_MAX: usize = 10;

/// What was acknowledged, outside of whatever crashes.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Acknowledged>>);

#[derive(Clone, Default)]
struct Acknowledged {
    /// Ids.
    events: Vec<String>,
    /// Ids and names.
    projects: Vec<(u32, String)>,
}

impl Ledger {
    /// Ids of acknowledged events.
    pub(crate) fn events(&self) -> Vec<String> {
        self.0.lock().unwrap().events.clone()
    }

    /// How many events and projects there are.
    pub(crate) fn lengths(&self) -> (usize, usize) {
        let acknowledged = self.0.lock().unwrap();
        (acknowledged.events.len(), acknowledged.projects.len())
    }

    /// Forgets what came after these [`Ledger::lengths`].
    pub(crate) fn truncate(&self, (events, projects): (usize, usize)) {
        let mut acknowledged = self.0.lock().unwrap();
        acknowledged.events.truncate(events);
        acknowledged.projects.truncate(projects);
    }
}

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
                        Answer::Acknowledged(id) => ledger.0.lock().unwrap().events.push(id),
                        Answer::Later => {
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                        Answer::None => thread::yield_now(),
                    }
                }
            }));
        }
        let (url, name) = (server.url.clone(), name.to_owned());
        let (ledger, stop) = (ledger.clone(), load.stop.clone());
        load.senders.push(thread::spawn(move || {
            for number in 0..PROJECTS_MAX {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let name = format!("{name} project {number}");
                if let Some(id) = create_project(&url, &name) {
                    ledger.0.lock().unwrap().projects.push((id, name));
                }
            }
        }));
        load
    }

    /// Waits until so many more events are acknowledged.
    pub(crate) fn wait_for_acknowledged(&self, more: usize) {
        let (before, _) = self.ledger.lengths();
        wait_for("acknowledgements", || {
            (self.ledger.lengths().0 >= before + more).then_some(())
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

/// The new project's id; none without a server or without room.
fn create_project(url: &str, name: &str) -> Option<u32> {
    block_on(async {
        let mut commands = CommandServiceClient::new(channel_to(url).await.ok()?);
        let request = CreateProjectRequest {
            name: name.to_owned(),
            platform: String::new(),
        };
        let answer = commands.create_project(with_bearer(TOKEN, request)).await;
        Some(answer.ok()?.into_inner().project_id)
    })
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

/// Holds that every acknowledged event is readable and listed once, that issues count what is listed, and that every
/// acknowledged project is there under its id. Events that were written but not acknowledged before a crash may be
/// there too.
pub(crate) fn audit(server: &Server, ledger: &Ledger) {
    let Acknowledged { events, projects } = ledger.0.lock().unwrap().clone();
    let client = Client::new(server);
    for id in &events {
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
        let is_whole = events.iter().all(|id| ids.contains(id));
        (is_whole && counted == listed.len() as u64).then_some(())
    });
    assert!(!projects.is_empty(), "no project was ever created");
    let found = list_projects(server);
    for project in &projects {
        assert!(found.contains(project), "{project:?} is not in {found:?}");
    }
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

/// Ids and names of all projects.
fn list_projects(server: &Server) -> Vec<(u32, String)> {
    block_on(async {
        let mut projects = ProjectServiceClient::new(channel_to(&server.url).await.unwrap());
        let request = ListProjectsRequest { after_position: 0 };
        let answer = projects.list_projects(with_bearer(TOKEN, request)).await;
        let projects = answer.unwrap().into_inner().projects;
        projects
            .into_iter()
            .map(|project| (project.id, project.name))
            .collect()
    })
}
