//! A log with projects, users and a token, and a read model to fill by hand.

use std::{sync::Mutex, time::Duration};

use axum::{Router, body::Body};
use event_log::{LogConfig, LogWriter};
use event_model::{
    Actor, Command, Decision, Event, EventId, Fingerprint, Head, IssueId, Level, Position,
    ProjectId, PublicKey, Role, StoredEvent, TokenScope, UserId,
    credential::{ServerSecret, Uses, sha256},
    proxy::TrustedProxies,
};
use ground::Clock;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use query_engine::{QueryConfig, QueryEngine, ReadLimits};
use read_model::{
    Generation, WriterLock,
    issues::{
        sketch::Sketch,
        writer::{Durability, IssueWriter},
    },
    search::{SearchDocument, SearchWriter},
};
use rusqlite::{Connection, params};
use serde_json::Value;
use tower::ServiceExt;

pub(crate) const TOKEN: &str = "errata_token_of_the_test";
pub(crate) const KEY: PublicKey = PublicKey([0x11; 16]);
/// 2026-11-22T10:00:00Z.
pub(crate) const T0_MS: i64 = 1_795_341_600_000;
/// Longest wait for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Fixture {
    pub(crate) engine: QueryEngine,
    pub(crate) secret: ServerSecret,
    pub(crate) clock: Clock,
    pub(crate) log: LogWriter,
    pub(crate) db: Connection,
    search: Mutex<SearchWriter>,
    _lock: WriterLock,
    dir: tempfile::TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with(decisions())
    }

    /// Over a control log of these, read as often as one likes.
    pub(crate) fn with(decisions: Vec<Decision>) -> Self {
        Self::paced(decisions, 1_000_000)
    }

    /// Read so often a minute, lists and single things each.
    pub(crate) fn paced(decisions: Vec<Decision>, per_minute: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = LogConfig::new(dir.path().join("log"));
        config.events_segment_bytes = 4 * 1024 * 1024;
        config.control_segment_bytes = 1024 * 1024;
        let log = LogWriter::open(config).unwrap();
        for decision in decisions {
            command(&log, decision);
        }
        let root = dir.path().join("read-model");
        let lock = WriterLock::acquire(&root).unwrap();
        let generation = Generation::create_new(&lock).unwrap();
        drop(IssueWriter::create(&generation.issues_path(), Durability::Live).unwrap());
        let db = Connection::open(generation.issues_path()).unwrap();
        let search = SearchWriter::open(&generation.search_path()).unwrap();
        generation.publish(&lock).unwrap();
        let secret = ServerSecret::new([7; 32]);
        // It stands: no test is at the end of one hour and at the beginning of the next.
        let clock = Clock::standing_at(Clock::MACHINE.now_ns());
        let config = QueryConfig {
            clock: clock.clone(),
            past: None,
            public_url: "https://errata.example/sub".to_owned(),
            read_model_dir: root,
            blobs_dir: dir.path().join("blobs"),
            cold: read_model::cold::Place::folder(dir.path().join("cold")),
            retention: Vec::new(),
            floor: event_log::Floor::default(),
            version: "0.1.0-test".to_owned(),
            mail_configured: false,
            trusted_proxies: TrustedProxies::default(),
            uses: Uses::default(),
            limits: ReadLimits {
                enabled: true,
                lists_per_minute: per_minute,
                details_per_minute: 2 * per_minute,
            },
        };
        let engine = QueryEngine::start(config, log.reader(), secret.clone()).unwrap();
        Self {
            engine,
            clock,
            secret,
            log,
            db,
            search: Mutex::new(search),
            _lock: lock,
            dir,
        }
    }

    /// Inserts an issue of project 1 that saw `count` events, the last one at
    /// `last_ms`; answers its id.
    pub(crate) fn issue(&self, number: u64, title: &str, count: u64, last_ms: i64) -> IssueId {
        let project = if number >= 100 { 2 } else { 1 };
        self.issue_of(project, number, title, count, last_ms)
    }

    /// The same of a project.
    pub(crate) fn issue_of(
        &self,
        project: u32,
        number: u64,
        title: &str,
        count: u64,
        last_ms: i64,
    ) -> IssueId {
        self.db
            .execute(
                "INSERT INTO issue (id, project_id, title, culprit, type, value, level, platform,
                     handled, status, count, users, first_seen, last_seen, first_position,
                     last_position, first_event_id, last_event_id, first_release, last_release,
                     opened, folded)
                 VALUES (?1, ?2, ?3, 'checkout in cart', 'TypeError', 'x is null',
                     4, 'node', 2, 1, ?4, 3, ?5, ?6, 1, 1, ?7, ?7, 'a@1', 'a@2', 1, ?8)",
                params![
                    number as i64,
                    project,
                    title,
                    count as i64,
                    T0_MS,
                    last_ms,
                    [9u8; 16],
                    read_model::fold::fold(&format!("{title}\ncheckout in cart")),
                ],
            )
            .unwrap();
        self.db
            .execute(
                "INSERT OR IGNORE INTO project_total VALUES (?1, 5, ?2)",
                params![project, T0_MS],
            )
            .unwrap();
        self.db
            .execute(
                "INSERT INTO fingerprint (id, project_id, fingerprint, title, culprit, type, value,
                     level, platform, handled, count, users, first_seen, last_seen, first_position,
                     last_position, first_event_id, last_event_id, first_release, last_release,
                     first_release_at, last_release_at, opened, issue_id)
                 SELECT id, project_id, ?2, title, culprit, type, value, level, platform, handled,
                     count, users, first_seen, last_seen, first_position, last_position,
                     first_event_id, last_event_id, first_release, last_release, 0, 0, opened, id
                 FROM issue WHERE id = ?1",
                params![number as i64, fingerprint_of(IssueId(number)).0],
            )
            .unwrap();
        IssueId(number)
    }

    /// Sets columns of an issue, SQL as given.
    pub(crate) fn set(&self, issue: IssueId, columns: &str) {
        let sql = format!("UPDATE issue SET {columns} WHERE id = ?1");
        self.db.execute(&sql, [issue.0 as i64]).unwrap();
    }

    /// The folder of blobs.
    pub(crate) fn blobs_dir(&self) -> std::path::PathBuf {
        self.dir.path().join("blobs")
    }

    /// Says that an event is the newest of an issue's fingerprint, and that it was its first:
    /// those alike are found by it.
    pub(crate) fn alike(&self, issue: IssueId, event: &Event, position: Position) {
        let stored = StoredEvent::of(&Head::of(event, 0)).unwrap();
        let sketch = grouping::Grouper::standard()
            .sketch(stored.whole())
            .unwrap();
        let sketch = Sketch(sketch);
        let (id, project) = (issue.0 as i64, event.project_id.0);
        self.db
            .execute(
                "UPDATE fingerprint SET last_position = ?2, last_event_id = ?3 WHERE id = ?1",
                params![id, position.0 as i64, event.id.0],
            )
            .unwrap();
        let sql = "INSERT INTO fingerprint_sketch VALUES (?1, ?2)";
        self.db
            .execute(sql, params![id, sketch.to_bytes()])
            .unwrap();
        for band in sketch.bands() {
            let sql = "INSERT INTO fingerprint_band VALUES (?1, ?2, ?3)";
            self.db.execute(sql, params![project, band, id]).unwrap();
        }
    }

    /// Says that the issue projection has reached a position.
    pub(crate) fn reach(&self, position: u64) {
        self.db
            .execute(
                "UPDATE meta SET value = ?1 WHERE key = 'position'",
                [position as i64],
            )
            .unwrap();
    }

    /// Appends an event and indexes it under the fingerprint of `issue`.
    pub(crate) fn event(&self, issue: IssueId, event: &Event) -> Position {
        let position = self.append(event);
        self.index(issue, event, position);
        position
    }

    pub(crate) fn append(&self, event: &Event) -> Position {
        let body = serde_json::to_vec(event).unwrap();
        let ticket = self.log.append_event(&Head::of(event, 0), body).unwrap();
        ticket.wait().unwrap()
    }

    pub(crate) fn index(&self, issue: IssueId, event: &Event, position: Position) {
        let fingerprint = fingerprint_of(issue);
        let title = event
            .exceptions
            .last()
            .map(|e| format!("{}: {}", e.ty, e.value));
        let title = title.unwrap_or_else(|| event.message.clone());
        let head = Head::of(event, 0);
        let tags: Vec<(&str, &str)> = head
            .tags
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        let document = SearchDocument {
            event_id: event.id,
            fingerprint,
            project_id: event.project_id,
            level: event.level,
            position,
            weight: u64::from(head.weight),
            timestamp_ns: event.timestamp_ns,
            received_ns: event.received_ns,
            message: &[&title],
            texts: &[],
            stack: 0,
            attributes: &[],
            environment: &head.environment,
            release: &head.release,
            user: &head.user,
            tags: &tags,
        };
        let mut search = self.search.lock().unwrap();
        search.add(&document).unwrap();
        search.commit(position).unwrap();
    }

    /// Says that the search index has reached a position, without an event of it.
    pub(crate) fn pass_over(&self, position: Position) {
        self.search.lock().unwrap().commit(position).unwrap();
    }

    /// Waits until the engine sees the whole log as far as search and issues say.
    pub(crate) async fn settle(&self) {
        let end = self.log.reader().end().0;
        self.reach(end);
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let lag = self.engine.lag();
            if lag.open && lag.issues == 0 && lag.search == 0 {
                return;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "still behind: {lag:?}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn router(&self) -> Router {
        self.engine.router_with_ui()
    }

    /// GETs with the API token.
    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.get_with(path, &[("authorization", &format!("Bearer {TOKEN}"))])
            .await
    }

    pub(crate) async fn get_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (StatusCode, Value) {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.router().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
}

pub(crate) fn command(log: &LogWriter, decision: Decision) -> Position {
    let command = Command {
        actor: Actor::System,
        at_ns: T0_MS * 1_000_000,
        decision,
    };
    log.append_command_blocking(command).unwrap().position
}

pub(crate) fn decisions() -> Vec<Decision> {
    let project = |id, name: &str| Decision::CreateProject {
        id: ProjectId(id),
        name: name.to_owned(),
        platform: "node".to_owned(),
        public_key: if id == 1 {
            KEY
        } else {
            PublicKey([id as u8; 16])
        },
        key_label: "first".to_owned(),
        algorithm: 1,
    };
    vec![
        Decision::CreateOrganization {
            name: "Acme".to_owned(),
        },
        project(1, "default"),
        project(2, "shop"),
        Decision::CreateUser {
            id: UserId(1),
            email: "ada@acme.example".to_owned(),
            name: "Ada".to_owned(),
            role: Role::Owner,
            password_hash: String::new(),
            link: None,
        },
        Decision::CreateToken {
            id: event_model::TokenId(1),
            user_id: UserId(1),
            label: "test".to_owned(),
            token_sha256: sha256(TOKEN),
            scope: TokenScope::Full,
            expires_ns: None,
        },
    ]
}

/// A whole event, number `n` of project 1.
pub(crate) fn event(n: u8) -> Event {
    serde_json::from_value(serde_json::json!({
        "id": EventId([n; 16]).to_string(),
        "project_id": 1,
        "received_ns": T0_MS * 1_000_000 + i64::from(n) * 1_000_000_000,
        "timestamp_ns": T0_MS * 1_000_000 + i64::from(n) * 1_000_000_000 - 250_000_000,
        "level": Level::Error,
        "platform": "node",
        "release": "a@2",
        "environment": "production",
        "exceptions": [
            {"type": "IoError", "value": "reset", "frames": []},
            {"type": "TypeError", "value": "x is null", "module": "cart",
             "mechanism": {"type": "onerror", "handled": false, "data": {"k": [1, null]}},
             "frames": [
                {"function": "main", "filename": "main.js", "lineno": 1, "in_app": false},
                {"function": "checkout", "module": "cart", "filename": "cart.js", "lineno": 7,
                 "colno": 3, "in_app": true, "context_line": "x.y()", "pre_context": ["let x"],
                 "vars": {"x": null}}
            ]}
        ],
        "tags": [["browser", "Firefox"], ["plan", "pro"]],
        "user": {"id": "42", "email": "joe@example.org", "data": {"shoe": 43}},
        "request": {"url": "https://shop.example/cart", "method": "POST"},
        "contexts": {"os": {"name": "Linux"}},
        "breadcrumbs": [{"timestamp_ns": T0_MS * 1_000_000, "type": "ui", "category": "ui.click",
                         "message": "button#pay"}],
        "extra": {"cart": 3},
        "fingerprint": ["{{ default }}", "pay"],
        "sdk": {"name": "errata.node", "version": "0.1.0"}
    }))
    .unwrap()
}

/// The one fingerprint of an issue of the fixture.
fn fingerprint_of(issue: IssueId) -> Fingerprint {
    Fingerprint(u128::from(issue.0).to_be_bytes())
}
