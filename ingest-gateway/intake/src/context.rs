//! What a reading knows besides the bytes: the request, what is too much, what is masked.

use std::net::IpAddr;

use event_model::{Event, EventId, Level, ProjectId, free::Free};
use serde_json::{Map, Value};

use crate::scrub::Rules;

/// What a parser knows about the request besides its body.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The project the key belongs to.
    pub project_id: ProjectId,
    /// When the gateway had the body, Unix nanoseconds.
    pub received_ns: i64,
    /// The sender's address, for `{{auto}}`.
    pub client_ip: Option<IpAddr>,
    /// The request's `User-Agent`, filled in where a browser's event has none.
    pub user_agent: Option<&'a str>,
    /// What is too much.
    pub limits: &'a Limits,
    /// What is masked.
    pub scrub: &'a Rules,
}

/// What is too much. Sizes are of decompressed bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Longest payload of one event.
    pub event_bytes_max: usize,
    /// All attachments of one envelope together.
    pub attachments_bytes_max: usize,
    /// Items of one envelope; what follows is one [`Item::Broken`].
    pub items_max: usize,
    /// Events of one native batch.
    pub batch_max: usize,
    /// Frames kept of one stack, half from each end.
    pub frames_max: usize,
    /// Exceptions kept of one chain, the newest.
    pub exceptions_max: usize,
    /// Threads kept.
    pub threads_max: usize,
    /// Breadcrumbs kept, the newest.
    pub breadcrumbs_max: usize,
    /// Tags kept, the first.
    pub tags_max: usize,
    /// What a thread remembers of what it has read; 0: nothing. What is read is the same.
    pub remembered_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            event_bytes_max: 1 << 20,
            attachments_bytes_max: 40 << 20,
            items_max: 1_000,
            batch_max: 1_000,
            frames_max: 250,
            exceptions_max: 50,
            threads_max: 64,
            breadcrumbs_max: 100,
            tags_max: 100,
            remembered_bytes_max: 2 << 20,
        }
    }
}

impl Context<'_> {
    /// An event of which nothing is known but the request.
    pub(crate) fn empty_event(&self) -> Event {
        Event {
            id: EventId::random(),
            project_id: self.project_id,
            received_ns: self.received_ns,
            timestamp_ns: self.received_ns,
            level: Level::default(),
            count: 0,
            platform: String::new(),
            exceptions: Vec::new(),
            threads: Vec::new(),
            message: String::new(),
            message_template: String::new(),
            transaction: String::new(),
            logger: String::new(),
            release: String::new(),
            dist: String::new(),
            environment: String::new(),
            server_name: String::new(),
            tags: Vec::new(),
            user: None,
            request: Free::new(),
            contexts: Free::new(),
            breadcrumbs: Vec::new(),
            extra: Free::new(),
            fingerprint: Vec::new(),
            modules: Free::new(),
            sdk: Free::new(),
            debug_meta: Free::new(),
            scrubbed: Vec::new(),
            scrubbed_count: 0,
            problems: Vec::new(),
            other: Free::new(),
        }
    }

    /// A browser's event without a `User-Agent` header gets the request's.
    pub(crate) fn fill_user_agent(&self, event: &mut Event) {
        let Some(agent) = self.user_agent else {
            return;
        };
        if event.platform != "javascript" || !agent.contains("Mozilla/") {
            return;
        }
        let headers = event.request.get("headers");
        let mut headers = headers.map_or_else(Map::new, |headers| match headers.to_value() {
            Value::Object(map) => map,
            _ => Map::new(),
        });
        if !headers.contains_key("User-Agent") {
            headers.insert("User-Agent".to_owned(), agent.into());
            event.request.insert("headers", headers);
        }
    }
}
