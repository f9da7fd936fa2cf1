//! One request, as far as its outcomes tell of it.
//!
//! An arrival belongs to the task that answers its request, like a tracing span:
//! whoever makes an item, reads the body or finds the key adds to it without being
//! handed it, so that no door can forget to. Texts are cut and masked when they
//! come in ([`text`]).

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicU64, Ordering},
    },
    time::Instant,
};

use event_model::{Event, EventId, ProjectId, PublicKey};
use http::{HeaderMap, Method, Uri, header};
use url::form_urlencoded;

use crate::error::ApiError;

/// Longest text of an outcome, bytes: a path, a client's name, an error message.
const TEXT_BYTES_MAX: usize = 300;
/// Longest run of letters and digits that is no secret: versions and ids of issues
/// are shorter, keys and tokens are not.
const WORD_CHARS_MAX: usize = 24;
/// The same of letters alone: names of fields and modules.
const NAME_CHARS_MAX: usize = 60;
/// "Not known yet", where 0 bytes is a size.
const UNKNOWN: u64 = u64::MAX;

tokio::task_local! {
    static CURRENT: Arc<Arrival>;
}

/// A request on its way through.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// When its head was there, Unix nanoseconds.
    pub(crate) at_ns: i64,
    started: Instant,
    /// As sent, without its query, keys masked; empty outside of a request.
    pub(crate) path: Box<str>,
    pub(crate) method: Box<str>,
    /// `sentry_client`, or the `User-Agent`.
    pub(crate) client: Box<str>,
    is_sentry_client: bool,
    /// `Content-Encoding`.
    pub(crate) encoding: Box<str>,
    received_bytes: AtomicU64,
    decompressed_bytes: AtomicU64,
    owner: OnceLock<(ProjectId, PublicKey)>,
    status: AtomicU16,
    grpc_code: AtomicU16,
    is_gone: AtomicBool,
    items: AtomicU32,
}

impl Arrival {
    /// The request of this task; an empty one outside of any (a test, a background
    /// task), so that counting never depends on it.
    pub(crate) fn current() -> Arc<Self> {
        CURRENT
            .try_with(Arc::clone)
            .unwrap_or_else(|_| Arc::new(Self::new(&Method::POST, &Uri::default(), None, 0)))
    }

    /// The key of this task's request and its project, once known.
    pub(crate) fn current_owner() -> Option<(ProjectId, PublicKey)> {
        CURRENT.try_with(|arrival| arrival.owner()).ok().flatten()
    }

    /// Does something with the request of this task, if it has one.
    pub(crate) fn with_current(act: impl FnOnce(&Self)) {
        // Without a request there is nobody to tell.
        let _ = CURRENT.try_with(|arrival| act(arrival));
    }

    /// Runs `work` as a part of this request.
    pub(crate) async fn scope<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        CURRENT.scope(Arc::clone(self), work).await
    }

    pub(crate) fn new(method: &Method, uri: &Uri, headers: Option<&HeaderMap>, at_ns: i64) -> Self {
        let get = |name: &str| headers?.get(name)?.to_str().ok();
        let sentry_client = get("x-sentry-auth")
            .or_else(|| get("authorization"))
            .and_then(|list| {
                let mut parts = list.split(',').filter_map(|part| part.split_once('='));
                let found = parts.find(|(name, _)| name.trim().ends_with("sentry_client"));
                found.map(|(_, value)| text(value))
            });
        let sentry_client = sentry_client.or_else(|| {
            let query = uri
                .query()
                .filter(|query| query.contains("sentry_client"))?;
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find_map(|(name, value)| (name == "sentry_client").then(|| text(&value)))
        });
        let is_sentry_client = sentry_client.is_some();
        let client = sentry_client
            .or_else(|| get(header::USER_AGENT.as_str()).map(text))
            .unwrap_or_default();
        Self {
            at_ns,
            started: Instant::now(),
            path: text(uri.path()),
            method: method.as_str().chars().take(10).collect(),
            client,
            is_sentry_client,
            encoding: get(header::CONTENT_ENCODING.as_str()).map_or_else(Box::default, text),
            received_bytes: UNKNOWN.into(),
            decompressed_bytes: UNKNOWN.into(),
            owner: OnceLock::new(),
            status: 0.into(),
            grpc_code: 0.into(),
            is_gone: false.into(),
            items: 0.into(),
        }
    }

    /// Whether the request itself names the SDK.
    pub(crate) fn names_sdk(&self) -> bool {
        self.is_sentry_client
    }

    /// The key it came with, and that key's project, once known (enabled or not).
    pub(crate) fn owner(&self) -> Option<(ProjectId, PublicKey)> {
        self.owner.get().copied()
    }

    pub(crate) fn set_owner(&self, project: ProjectId, key: PublicKey) {
        // A second look-up of the same request finds the same key or is refused.
        let _ = self.owner.set((project, key));
    }

    /// Body bytes that came, so far.
    pub(crate) fn set_received(&self, bytes: usize) {
        self.received_bytes.store(bytes as u64, Ordering::Relaxed);
    }

    /// Body bytes after decompression, so far.
    pub(crate) fn set_decompressed(&self, bytes: usize) {
        self.decompressed_bytes
            .store(bytes as u64, Ordering::Relaxed);
    }

    /// Body bytes received and decompressed; `None`: not known.
    pub(crate) fn sizes(&self) -> (Option<u64>, Option<u64>) {
        let known = |bytes: &AtomicU64| {
            let bytes = bytes.load(Ordering::Relaxed);
            (bytes != UNKNOWN).then_some(bytes)
        };
        (known(&self.received_bytes), known(&self.decompressed_bytes))
    }

    /// The answer went out.
    pub(crate) fn answered(&self, status: u16, grpc_code: Option<u16>) {
        self.status.store(status, Ordering::Relaxed);
        self.grpc_code
            .store(grpc_code.map_or(0, |code| code + 1), Ordering::Relaxed);
    }

    /// The client went away before its answer.
    pub(crate) fn set_gone(&self) {
        self.is_gone.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Relaxed)
    }

    /// The HTTP status and, of gRPC, its code; 0 and `None` before the answer.
    pub(crate) fn status(&self) -> (u16, Option<u16>) {
        let code = self.grpc_code.load(Ordering::Relaxed);
        (self.status.load(Ordering::Relaxed), code.checked_sub(1))
    }

    pub(crate) fn count_item(&self) {
        self.items.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn has_items(&self) -> bool {
        self.items.load(Ordering::Relaxed) > 0
    }

    pub(super) fn elapsed_us(&self, now: Instant) -> u64 {
        u64::try_from((now - self.started).as_micros()).unwrap_or(u64::MAX)
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.path.len()
            + self.method.len()
            + self.client.len()
            + self.encoding.len()
    }
}

/// What is known of one item beside its request.
#[derive(Debug, Default)]
pub(crate) struct Detail {
    pub(crate) event_id: Option<EventId>,
    /// The item type as the client named it.
    pub(crate) kind: Box<str>,
    /// `name/version` from the payload.
    pub(crate) sdk: Box<str>,
    /// Of a refusal.
    pub(crate) message: Box<str>,
    /// The path of the offending field.
    pub(crate) field: Box<str>,
}

impl Detail {
    pub(crate) fn set_kind(&mut self, kind: &str) {
        self.kind = text(kind);
    }

    /// As [`sdk_of`] has it; empty: not known.
    pub(crate) fn set_sdk(&mut self, sdk: &str) {
        if !sdk.is_empty() {
            self.sdk = text(sdk);
        }
    }

    pub(crate) fn set_error(&mut self, error: &ApiError) {
        self.message = text(&error.message);
        self.field = text(&error.field);
    }

    pub(super) fn bytes(&self) -> usize {
        let texts = [&self.kind, &self.sdk, &self.message, &self.field];
        size_of::<Self>() + texts.iter().map(|text| text.len()).sum::<usize>()
    }
}

/// `name/version` of the SDK that made an event; empty if it does not say.
pub(crate) fn sdk_of(event: &Event) -> String {
    let part = |name: &str| event.sdk.get(name)?.as_str();
    match part("name") {
        Some(name) => format!("{name}/{}", part("version").unwrap_or_default()),
        None => String::new(),
    }
}

/// A text fit to be kept: one line, cut at [`TEXT_BYTES_MAX`], and each run of
/// letters and digits that is long enough to be a key or a token replaced by "…".
/// Event ids go that way too: an outcome has its own field for them.
pub(crate) fn text(raw: &str) -> Box<str> {
    let mut kept = String::with_capacity(raw.len().min(TEXT_BYTES_MAX));
    let mut run = Run::default();
    for c in raw.chars() {
        if kept.len() + c.len_utf8() > TEXT_BYTES_MAX {
            kept.push('…');
            break;
        }
        if !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '=')) {
            kept.push(if c.is_control() { ' ' } else { c });
            run = Run {
                start: kept.len(),
                ..Run::default()
            };
            continue;
        }
        run.has_digit |= c.is_ascii_digit();
        if run.is_masked {
            continue;
        }
        let max = if run.has_digit {
            WORD_CHARS_MAX
        } else {
            NAME_CHARS_MAX
        };
        if kept.len() - run.start >= max {
            kept.truncate(run.start);
            kept.push('…');
            run.is_masked = true;
        } else {
            kept.push(c);
        }
    }
    kept.into_boxed_str()
}

/// A run of letters and digits.
#[derive(Default)]
struct Run {
    /// Where it begins in what is kept.
    start: usize,
    has_digit: bool,
    is_masked: bool,
}
