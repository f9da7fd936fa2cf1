//! What the gateway is told by the binary: configuration and first-start wishes.
//!
//! Invariant: every limit has its unit in its name and a default here; nothing in
//! this crate reads the environment or a file.

use std::{path::PathBuf, time::Duration};

use event_log::Floor;
use event_model::{credential::Uses, proxy::TrustedProxies};
use ground::Clock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::others::Others;

/// How the gateway is set up.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// Where people and clients reach the server; DSNs and links are built from it.
    pub public_url: Url,
    /// Caps and time-outs (`limits.*`).
    pub limits: GatewayLimits,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// Where it is noted when sessions and tokens were used last; shared with the query
    /// engine of the same process.
    pub uses: Uses,
    /// What the gateway asks of other roles.
    pub others: Others,
    /// The folder of blobs (`data/blobs`).
    pub blobs_dir: PathBuf,
    /// What of the disk stays free, and what gives way for it.
    pub floor: Floor,
    /// How many recent events are remembered to tell duplicates.
    pub recent_events: usize,
    /// Now, to whatever is dated, ends or is let go.
    pub clock: Clock,
}

/// DESIGN's "the same project and event id within the last million".
pub const RECENT_EVENTS_DEFAULT: usize = 1_000_000;

impl GatewayConfig {
    /// Defaults behind this public address; blobs go into `blobs_dir`.
    pub fn new(public_url: Url, blobs_dir: PathBuf) -> Self {
        Self {
            public_url,
            limits: GatewayLimits::default(),
            trusted_proxies: TrustedProxies::default(),
            uses: Uses::default(),
            others: Others::default(),
            blobs_dir,
            floor: Floor::default(),
            recent_events: RECENT_EVENTS_DEFAULT,
            clock: Clock::MACHINE,
        }
    }
}

/// Caps and time-outs; the `[limits]` table of the configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayLimits {
    /// Whether plans, limits of keys, spike protection and the rates a minute below hold. Caps, time-outs and
    /// the waits after failed sign-ins hold in any case.
    pub enabled: bool,
    /// `POST /api/errors` of one key.
    pub errors_per_minute: u32,
    /// `POST /api/errors/batch` of one key.
    pub batches_per_minute: u32,
    /// REST lists that one API token, or one person, reads.
    pub lists_per_minute: u32,
    /// Single issues, events and files that one API token, or one person, reads over REST.
    pub details_per_minute: u32,
    /// Sign-ins and looks at invitations from one address (an IPv6 /64), right or wrong.
    pub sign_ins_per_minute: u32,
    /// A request's body as received.
    pub received_bytes_max: usize,
    /// A request's body after decompression.
    pub decompressed_bytes_max: usize,
    /// One event, decompressed.
    pub event_bytes_max: usize,
    /// All requests being worked on at once: what was received, what came of it and what
    /// waits; beyond it new ones hear 503, so that a storm cannot exhaust the memory. One key
    /// and one address may hold five sixths of it.
    pub in_flight_bytes_max: usize,
    /// From the first byte of a body to its last; one that stands still for 10 s is given up
    /// sooner, and for 1 s while memory is short.
    pub body_read_timeout_ms: u64,
    /// From the append to the answer; beyond it 503, though the event may be kept.
    pub durable_timeout_ms: u64,
    /// Events in one native or gRPC batch.
    pub batch_events_max: usize,
    /// Events in one gRPC stream.
    pub stream_events_max: usize,
    /// Connections to `listen` at once; at most the process's limit of open files (raised to
    /// the hard one at start) less 512. Beyond it the one that is idle longest is closed.
    pub connections_max: usize,
    /// Of all connections, those of one address (an IPv6 /64); at most half. A reverse proxy is one address:
    /// raise both where all clients come through one.
    pub connections_address_max: usize,
    /// Requests in progress at once, live streams included; beyond it 503.
    pub requests_max: usize,
    /// Of all requests in progress, those of one address.
    pub requests_address_max: usize,
    /// From a gRPC stream's begin to its end; what came until then is stored.
    pub stream_timeout_ms: u64,
    /// Spike protection: a project is never in a spike below so many events a minute,
    /// however few it usually has.
    pub spike_floor_per_minute: u32,
    /// It is above this many times what is usual for it, at the same hour of the week once
    /// there are three weeks of it.
    pub spike_factor: u32,
    /// What the files of one project (attachments, minidumps) take on disk; beyond it a file
    /// is dropped, its event stored.
    pub blob_bytes_project_max: u64,
    /// What the files of all projects take on disk, likewise.
    pub blob_bytes_max: u64,
}

const MIB: usize = 1024 * 1024;

impl Default for GatewayLimits {
    fn default() -> Self {
        Self {
            enabled: true,
            errors_per_minute: 100,
            batches_per_minute: 20,
            lists_per_minute: 300,
            details_per_minute: 600,
            sign_ins_per_minute: 120,
            received_bytes_max: 20 * MIB,
            decompressed_bytes_max: 100 * MIB,
            event_bytes_max: MIB,
            // Holds one body at both its caps, and some thousand usual ones.
            in_flight_bytes_max: 192 * MIB,
            body_read_timeout_ms: 30_000,
            durable_timeout_ms: 10_000,
            batch_events_max: 1_000,
            stream_events_max: 10_000,
            connections_max: 4_096,
            connections_address_max: 1_024,
            requests_max: 2_048,
            requests_address_max: 1_024,
            stream_timeout_ms: 300_000,
            spike_floor_per_minute: 1_000,
            spike_factor: 5,
            blob_bytes_project_max: 5 << 30,
            blob_bytes_max: 20 << 30,
        }
    }
}

impl GatewayLimits {
    /// `body_read_timeout_ms` as a duration.
    pub fn body_read_timeout(&self) -> Duration {
        Duration::from_millis(self.body_read_timeout_ms)
    }

    /// `stream_timeout_ms` as a duration.
    pub fn stream_timeout(&self) -> Duration {
        Duration::from_millis(self.stream_timeout_ms)
    }

    /// `durable_timeout_ms` as a duration.
    pub fn durable_timeout(&self) -> Duration {
        Duration::from_millis(self.durable_timeout_ms)
    }
}

/// Wishes for the first start, for automation. Later starts ignore them.
#[derive(Clone, Default)]
pub struct Bootstrap {
    /// The first project's key, instead of a random one.
    pub key: Option<event_model::PublicKey>,
    /// The owner's e-mail address and password, instead of a one-time link.
    pub owner: Option<BootstrapOwner>,
    /// The owner's first API token.
    pub token: Option<String>,
}

/// The owner given for the first start.
#[derive(Clone)]
pub struct BootstrapOwner {
    /// E-mail address.
    pub email: String,
    /// Password in clear.
    pub password: String,
}

impl std::fmt::Debug for Bootstrap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bootstrap")
            .field("key", &self.key)
            .field("owner", &self.owner.as_ref().map(|owner| &owner.email))
            .field("token", &self.token.as_ref().map(|_| "…"))
            .finish()
    }
}
