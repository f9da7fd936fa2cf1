//! An installation: a log with small segments, the projector, the engine.

use std::{
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, body::Body};
use event_log::{Entry, LogConfig, LogReader, LogWriter};
use event_model::{
    Actor, Command, Decision, Event, Head, Position, ProjectId, PublicKey, Role, Sight, TokenId,
    TokenScope, UserId,
    credential::{ServerSecret, Uses, sha256},
    proxy::TrustedProxies,
};
use ground::Clock;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use projector::{Projector, ProjectorConfig};
use query_engine::{QueryConfig, QueryEngine, ReadLimits};
use serde_json::{Value, json};
use sql_engine::{
    SqlConfig, SqlEngine,
    cold::{ColdFiles, KeptFiles},
};
use tower::ServiceExt;

pub const OWNER: &str = "errata_owner_of_the_test";
/// Sees project 1 alone.
pub const MEMBER: &str = "errata_member_of_the_test";
/// Sees nothing.
pub const STRANGER: &str = "errata_stranger_of_the_test";
/// 2026-11-22T10:00:00Z.
pub const T0_MS: i64 = 1_795_341_600_000;
const PATIENCE: Duration = Duration::from_mins(1);

pub const BOUNDS: SqlConfig = SqlConfig {
    memory_bytes: 64 * 1024 * 1024,
    queries_max: 4,
    time_max: Duration::from_secs(30),
    rows_max: 10_000,
    stream_rows_max: 100_000,
};

pub struct World {
    pub sql: SqlEngine,
    pub log: LogWriter,
    pub engine: QueryEngine,
    pub projector: Projector,
    pub dir: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        Self::with(BOUNDS, |files| files)
    }

    /// With other bounds, and with files as somebody else lists them.
    pub fn with(
        bounds: SqlConfig,
        files: impl FnOnce(Arc<dyn ColdFiles>) -> Arc<dyn ColdFiles>,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = LogConfig::new(dir.path().join("log"));
        config.events_segment_bytes = 256 * 1024;
        config.control_segment_bytes = 1024 * 1024;
        let log = LogWriter::open(config).unwrap();
        for decision in decisions() {
            let command = Command {
                actor: Actor::System,
                at_ns: T0_MS * 1_000_000,
                decision,
            };
            log.append_command_blocking(command).unwrap();
        }
        let config = ProjectorConfig::new(dir.path());
        let projector = Projector::start(&config, log.reader()).unwrap();
        let engine = QueryEngine::start(
            QueryConfig {
                clock: Clock::MACHINE,
                past: None,
                public_url: "https://errata.example".to_owned(),
                read_model_dir: config.read_model_dir,
                blobs_dir: dir.path().join("blobs"),
                cold: config.cold.clone(),
                retention: Vec::new(),
                floor: event_log::Floor::default(),
                version: "test".to_owned(),
                mail_configured: false,
                trusted_proxies: TrustedProxies::default(),
                uses: Uses::default(),
                limits: ReadLimits {
                    enabled: false,
                    lists_per_minute: 1,
                    details_per_minute: 1,
                },
            },
            log.reader(),
            ServerSecret::new([7; 32]),
        )
        .unwrap();
        let folder = KeptFiles::open(&config.cold, log.reader()).unwrap();
        let sql = SqlEngine::start(bounds, engine.reads(), files(Arc::new(folder))).unwrap();
        Self {
            sql,
            log,
            engine,
            projector,
            dir,
        }
    }

    pub fn append(&self, event: &Event) -> Position {
        append(&self.log, event)
    }

    /// Waits until all that is in the log is in the issues, and complete segments are files.
    pub fn settle(&self) {
        wait("the projections", || {
            let reader = self.log.reader();
            let behind = self.engine.lag();
            behind.open && behind.issues == 0 && cold_through(&self.projector) >= complete(&reader)
        });
    }

    pub async fn ask(&self, query: &str) -> Answer {
        self.ask_as(OWNER, &json!({ "query": query })).await
    }

    pub async fn ask_as(&self, token: &str, body: &Value) -> Answer {
        send(&self.sql.router(), token, "application/json", body).await
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The rows of an answer that must be one.
    pub fn rows(&self) -> Vec<Vec<Value>> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        let json = self.json();
        assert_eq!(json["error"], Value::Null, "{}", self.text);
        serde_json::from_value(json["rows"].clone()).unwrap()
    }

    /// The only value.
    pub fn one(&self) -> Value {
        self.rows()[0][0].clone()
    }

    /// The message of a refusal.
    pub fn message(&self) -> String {
        let json = self.json();
        let message = json["error"]["message"].as_str();
        message
            .unwrap_or_else(|| panic!("no refusal: {}", self.text))
            .to_owned()
    }
}

/// The world is made, waited for and left outside of a runtime, as its parts have some of
/// their own.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(future)
}

pub async fn send(router: &Router, token: &str, accept: &str, body: &Value) -> Answer {
    let request = Request::post("/api/sql")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("accept", accept)
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Answer {
        status,
        text: String::from_utf8_lossy(&bytes).into_owned(),
    }
}

pub fn append(log: &LogWriter, event: &Event) -> Position {
    let body = serde_json::to_vec(event).unwrap();
    let ticket = log.append_event(&Head::of(event, 0), body).unwrap();
    ticket.wait().unwrap()
}

pub fn wait(what: &str, mut probe: impl FnMut() -> bool) {
    let start = Instant::now();
    while !probe() {
        assert!(start.elapsed() < PATIENCE, "waited for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn cold_through(projector: &Projector) -> Position {
    let status = projector.status();
    let cold = status.iter().find(|status| status.name == "cold").unwrap();
    cold.position
}

/// The last record of the last complete segment.
pub fn complete(reader: &LogReader) -> Position {
    let mut last = Position(0);
    let mut next = reader.first();
    while let Some(segment) = reader.segment_of(next).filter(|segment| segment.complete) {
        last = Position(segment.end.0 - 1);
        next = segment.end;
    }
    last
}

/// Every event of the log, as it stands there.
pub fn events(reader: &LogReader) -> Vec<(Position, event_model::StoredEvent)> {
    let items = reader.read_after(Position(0)).map(Result::unwrap);
    let events = items.filter_map(|item| match item.entry {
        Entry::Event(event) => Some((item.position, event)),
        _ => None,
    });
    events.collect()
}

/// Event number `n`: its fields go by its number.
pub fn event(n: u64) -> Event {
    let received_ns = T0_MS * 1_000_000 + n.cast_signed() * 1_000_000_000;
    let kinds = ["TypeError", "ValueError", "IoError"];
    let kind = kinds[n as usize % kinds.len()];
    let level = ["error", "fatal", "warning"][n as usize % 3];
    // Fills segments: it does not compress.
    let mut noise = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut filler = String::new();
    for _ in 0..64 {
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let _ = write!(filler, "{:016x}", noise ^ (noise >> 29));
    }
    serde_json::from_value(json!({
        "id": format!("{n:032x}"),
        "project_id": if n.is_multiple_of(5) { 2 } else { 1 },
        "received_ns": received_ns,
        "timestamp_ns": received_ns - 250_000_000,
        "level": level,
        "platform": "python",
        "release": format!("shop@1.{}", n % 4),
        "environment": if n.is_multiple_of(7) { "staging" } else { "production" },
        "exceptions": [{"type": kind, "value": format!("cannot handle order {}", n % 11), "frames": [
            {"function": "main", "module": "shop.app", "filename": "app.py", "lineno": 3, "in_app": true},
            {"function": format!("step_{}", n % 3), "module": "shop.cart", "filename": "cart.py", "lineno": 7, "in_app": true},
        ]}],
        "tags": [["browser", if n.is_multiple_of(2) { "Firefox" } else { "Safari" }]],
        "user": {"id": format!("{}", n % 13)},
        "request": {"url": format!("https://shop.example/{n}")},
        "extra": {"filler": filler},
    }))
    .unwrap()
}

fn decisions() -> Vec<Decision> {
    let project = |id: u32, name: &str| Decision::CreateProject {
        id: ProjectId(id),
        name: name.to_owned(),
        platform: "python".to_owned(),
        public_key: PublicKey([id as u8; 16]),
        key_label: "first".to_owned(),
        algorithm: 1,
    };
    let user = |id: u32, role| Decision::CreateUser {
        id: UserId(id),
        email: format!("{id}@acme.example"),
        name: String::new(),
        role,
        password_hash: String::new(),
        link: None,
    };
    let sight = |id: u32, sight| Decision::SetUserProjects {
        id: UserId(id),
        sight,
    };
    let token = |id: u32, token: &str| Decision::CreateToken {
        id: TokenId(id),
        user_id: UserId(id),
        label: "test".to_owned(),
        token_sha256: sha256(token),
        scope: TokenScope::Full,
        expires_ns: None,
    };
    vec![
        Decision::CreateOrganization {
            name: "Acme".to_owned(),
        },
        project(1, "default"),
        project(2, "secret plans"),
        user(1, Role::Owner),
        user(2, Role::Member),
        user(3, Role::Member),
        sight(2, Sight::only([ProjectId(1)])),
        sight(3, Sight::NOTHING),
        token(1, OWNER),
        token(2, MEMBER),
        token(3, STRANGER),
    ]
}
