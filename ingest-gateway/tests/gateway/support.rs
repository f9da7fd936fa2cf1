//! A gateway to talk to, and what it stored.

use std::path::Path;

use axum::{Router, body::Body};
use bytes::Bytes;
use event_log::{Entry, LogConfig, LogWriter};
use event_model::{PublicKey, credential::ServerSecret};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use ingest_gateway::{Bootstrap, BootstrapOwner, Gateway, GatewayConfig};
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) const KEY: &str = "a94ae32be2584e0bbd7a4cbb95971fee";
pub(crate) const OWNER: &str = "owner@example.com";
pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const TOKEN: &str = "errata_0123456789abcdef";

pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) log: LogWriter,
    dir: Option<TempDir>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e} in {} {:?}", self.status, self.body))
    }
}

pub(crate) fn config() -> GatewayConfig {
    // The folder of blobs is the world's own.
    let blobs_dir = std::path::PathBuf::new();
    GatewayConfig::new("http://127.0.0.1:8470".parse().unwrap(), blobs_dir)
}

/// With blobs in this folder.
pub(crate) fn config_in(dir: &Path, config: GatewayConfig) -> GatewayConfig {
    GatewayConfig {
        blobs_dir: dir.join("blobs"),
        ..config
    }
}

pub(crate) fn wishes() -> Bootstrap {
    Bootstrap {
        key: Some(KEY.parse().unwrap()),
        owner: Some(BootstrapOwner {
            email: OWNER.to_owned(),
            password: PASSWORD.to_owned(),
        }),
        token: Some(TOKEN.to_owned()),
    }
}

pub(crate) fn secret() -> ServerSecret {
    ServerSecret::new([7; 32])
}

pub(crate) fn open_log(dir: &Path) -> LogWriter {
    let mut config = LogConfig::new(dir);
    // Preallocating 128 MiB a test would be slow.
    config.events_segment_bytes = 4 << 20;
    config.control_segment_bytes = 1 << 20;
    LogWriter::open(config).unwrap()
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(config(), wishes()).await
    }

    pub(crate) async fn with(config: GatewayConfig, wishes: Bootstrap) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::in_dir(dir, config, wishes).await
    }

    pub(crate) async fn in_dir(dir: TempDir, config: GatewayConfig, wishes: Bootstrap) -> Self {
        let config = config_in(dir.path(), config);
        let log = open_log(dir.path());
        let gateway = Gateway::start(config, log.clone(), secret(), wishes)
            .await
            .unwrap();
        Self {
            gateway,
            log,
            dir: Some(dir),
        }
    }

    /// Ends this one; the folder stays for the next.
    pub(crate) fn stop(mut self) -> TempDir {
        self.log.close().unwrap();
        self.dir.take().unwrap()
    }

    /// The whole server as the binary builds it.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        send(&self.gateway.router(), request).await
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::post(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    /// A native event with the right key.
    pub(crate) async fn post_native(&self, body: impl Into<Body>) -> Answer {
        let path = format!("/api/errors?key={KEY}");
        self.post(&path, &[], body).await
    }

    /// An envelope with the right key.
    pub(crate) async fn post_envelope(&self, body: impl Into<Body>) -> Answer {
        let path = format!("/api/1/envelope/?sentry_key={KEY}");
        self.post(&path, &[], body).await
    }

    /// The folder of all that it stores.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.as_ref().unwrap().path()
    }

    /// What was decided, in order.
    pub(crate) fn decisions(&self) -> Vec<event_model::Decision> {
        let reader = self.log.reader();
        let items = reader.read_after(event_model::Position::default());
        let decisions = items.filter_map(|item| match item.unwrap().entry {
            Entry::Command { command, .. } => Some(command.decision),
            _ => None,
        });
        decisions.collect()
    }

    /// The notes in the log, in order.
    pub(crate) fn notes(&self) -> Vec<event_model::Note> {
        let reader = self.log.reader();
        let items = reader.read_after(event_model::Position::default());
        items
            .filter_map(|item| match item.unwrap().entry {
                Entry::Note(note) => Some(note),
                _ => None,
            })
            .collect()
    }

    /// The bytes of a blob of the first project.
    pub(crate) async fn blob(&self, sha256: [u8; 32]) -> Option<Bytes> {
        let blobs = event_log::blobs::Blobs::open(&self.dir().join("blobs")).unwrap();
        let hash = event_log::blobs::BlobHash(sha256);
        blobs.get(event_model::ProjectId(1), hash).await.unwrap()
    }

    /// Ids of the events in the log, in order.
    pub(crate) fn stored_ids(&self) -> Vec<String> {
        let reader = self.log.reader();
        let items = reader.read_after(event_model::Position::default());
        items
            .filter_map(|item| match item.unwrap().entry {
                Entry::Event(event) => Some(event_model::EventId(event.head().event_id)),
                _ => None,
            })
            .map(|id| id.to_string())
            .collect()
    }
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Answer {
    use tower::Layer;
    let server = ingest_gateway::path::prefix_layer().layer(router.clone());
    let response = server.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

pub(crate) fn native_event(id: &str) -> String {
    serde_json::json!({
        "id": id,
        "error": {"type": "TypeError", "message": "x is undefined"},
        "platform": "javascript",
    })
    .to_string()
}

/// An envelope with one event.
pub(crate) fn envelope(id: &str) -> String {
    format!(
        "{{\"event_id\":\"{id}\"}}\n{{\"type\":\"event\"}}\n{}",
        sentry_event(id)
    )
}

pub(crate) fn sentry_event(id: &str) -> String {
    serde_json::json!({
        "event_id": id,
        "exception": {"values": [{"type": "ValueError", "value": "bad value"}]},
        "platform": "python",
    })
    .to_string()
}

/// The n-th id of a test; never all zeros, which counts as none.
pub(crate) fn id(number: u32) -> String {
    format!("e{number:031x}")
}

pub(crate) fn other_key() -> String {
    PublicKey([0x11; 16]).to_string()
}
