//! Events on their way in: [`Ingestion`] is what the native, the Sentry, the
//! OpenTelemetry and the gRPC doors need.
//!
//! The path of an event: [`watch`] notes the request → key → body (capped, decompressed)
//! → parse and scrub, a piece of the request at a time ([`piece`]) → [`store`]: duplicate?
//! surplus of a spike? append, durable → answer. Invariant: an answer of success is given only after the
//! event, or the one it repeats, is durable.

mod cors;
mod frame;
mod grpc;
mod native;
mod otlp;
mod piece;
mod sentry;
mod store;
mod watch;

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{Router, middleware::from_fn_with_state};
use event_intake::{Invalid, InvalidReason, ReadEvent, filter::FilterReason};
use event_model::{ControlState, EventId, Head, ProjectId, PublicKey, proxy::Addresses};
use ground::Clock;
use http::{Extensions, HeaderMap};
use parking_lot::RwLock;

pub(crate) use self::store::Store;
use crate::{
    address,
    arrivals::sdk_of,
    body::{Bodies, Party, Pool, Reservation},
    config::GatewayLimits,
    error::{ApiError, ErrorCode},
    limits::{Category, Limits},
    outcome::Tally,
    policy::{Policies, Policy},
    spikes::Spikes,
};

/// Attachments may be so many times as large as what was received, beyond the first
/// [`FILE_BYTES_FREE`]: what shrinks by more is no file that anybody needs.
const FILE_RATIO_MAX: usize = 50;
/// Attachments may be so large whatever was received, bytes.
const FILE_BYTES_FREE: usize = 1 << 20;

/// What the doors of ingestion need, one for all of them: whose key it is, what is
/// wanted of it, who pays for it and where it goes.
#[derive(Debug)]
pub(crate) struct Ingestion {
    pub(crate) state: Arc<RwLock<ControlState>>,
    pub(crate) policies: Arc<Policies>,
    /// How much and how often.
    pub(crate) allowances: Arc<Limits>,
    pub(crate) addresses: Arc<Addresses>,
    /// Of requests.
    pub(crate) limits: GatewayLimits,
    /// Of what is read of them.
    pub(crate) event_limits: Arc<event_intake::Limits>,
    pub(crate) bodies: Bodies,
    pub(crate) tally: Arc<Tally>,
    pub(crate) store: Arc<Store>,
    pub(crate) spikes: Arc<Spikes>,
    pub(crate) clock: Clock,
    /// Once the end has begun.
    pub(crate) is_closing: AtomicBool,
}

impl Ingestion {
    /// Whatever clients send errors to.
    pub(crate) fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .merge(grpc::router(Arc::clone(self)))
            .merge(native::router(Arc::clone(self)))
            .merge(sentry::router(Arc::clone(self)))
            .merge(otlp::router(Arc::clone(self)))
            .layer(from_fn_with_state(Arc::clone(self), watch::watch))
    }

    /// Refuses new items from now on.
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Ordering::Release);
    }

    /// Refuses once the end has begun.
    fn check_open(&self) -> Result<(), ApiError> {
        if self.is_closing.load(Ordering::Acquire) {
            return Err(ApiError::new(
                ErrorCode::Overloaded,
                "the server is shutting down",
            ));
        }
        Ok(())
    }

    /// Refuses while the disk has no room, so that the project is told why, and by what is
    /// known of a key what could bring nothing but items of this category; `None`: anything.
    fn check_limits(
        &self,
        key: PublicKey,
        project: ProjectId,
        category: Option<Category>,
    ) -> Result<(), ApiError> {
        self.store.check_room()?;
        let allowance = self.allowances.allowance(project, Some(key));
        self.allowances.check(allowance, category)
    }

    /// Whose the memory and the turns of a request are while its key is not known.
    fn sender(&self, extensions: &Extensions, headers: &HeaderMap) -> Party {
        Party::of_sender(address::client(&self.addresses, extensions, headers))
    }

    /// A request's memory, of its sender and of its key.
    fn account(&self, sender: Party, key: Option<PublicKey>) -> Result<Reservation, ApiError> {
        let reservation = self.bodies.budget.reserve(sender);
        if let Some(key) = key {
            reservation.belongs_to(Party::Key(key))?;
        }
        Ok(reservation)
    }

    /// Where a party's bodies are read.
    fn turn(&self, party: Party) -> (&Pool, Party) {
        self.bodies.turn(party)
    }
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        let code = match invalid.reason {
            InvalidReason::Malformed | InvalidReason::Field => ErrorCode::Invalid,
            InvalidReason::TooLarge => ErrorCode::TooLarge,
        };
        Self::at(code, invalid.field, invalid.message)
    }
}

/// [`event_intake::Context`], owned, so that it can go to another thread.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    project_id: ProjectId,
    received_ns: i64,
    client_ip: Option<IpAddr>,
    user_agent: Option<String>,
    limits: Arc<event_intake::Limits>,
    policy: Arc<Policy>,
}

impl Origin {
    pub(crate) fn new(
        ingestion: &Ingestion,
        project_id: ProjectId,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Self {
        let agent = headers.get(http::header::USER_AGENT);
        Self {
            project_id,
            received_ns: ingestion.clock.now_ns(),
            client_ip: address::client(&ingestion.addresses, extensions, headers),
            user_agent: agent.and_then(|text| text.to_str().ok().map(str::to_owned)),
            limits: Arc::clone(&ingestion.event_limits),
            policy: ingestion.policies.of(project_id, &ingestion.state.read()),
        }
    }

    /// The same for a body that was received as so many bytes: its files may not be
    /// much larger.
    pub(crate) fn received(mut self, bytes: usize) -> Self {
        let max = bytes
            .saturating_mul(FILE_RATIO_MAX)
            .saturating_add(FILE_BYTES_FREE);
        if max < self.limits.attachments_bytes_max {
            Arc::make_mut(&mut self.limits).attachments_bytes_max = max;
        }
        self
    }

    /// An event as it goes to the log. What was read of it is a good deal larger than
    /// this, so it is made where the event was read, one at a time.
    pub(crate) fn prepare(&self, reading: &ReadEvent) -> Prepared {
        let head = Head::of(&reading.event, reading.size_bytes);
        let unwanted = self.policy.unwanted(&reading.event, &head, self.client_ip);
        let body = match unwanted {
            None => reading.event.to_json(reading.size_bytes as usize),
            Some(_) => Vec::new(),
        };
        Prepared {
            id: reading.event.id,
            project: reading.event.project_id,
            sdk: sdk_of(&reading.event),
            head: Box::new(head),
            body,
            unwanted,
            is_protected: self.policy.is_protected,
        }
    }

    pub(crate) fn context(&self) -> event_intake::Context<'_> {
        event_intake::Context {
            project_id: self.project_id,
            received_ns: self.received_ns,
            client_ip: self.client_ip,
            user_agent: self.user_agent.as_deref(),
            limits: &self.limits,
            scrub: &self.policy.rules,
        }
    }
}

/// An event that is ready for the log.
#[derive(Debug)]
pub(crate) struct Prepared {
    id: EventId,
    project: ProjectId,
    sdk: String,
    head: Box<Head>,
    body: Vec<u8>,
    /// Why the project's filters turn it away, if they do.
    unwanted: Option<FilterReason>,
    /// Whether it may only be counted, as the surplus of a spike.
    is_protected: bool,
}

impl Prepared {
    /// Why the project's filters turn it away, if they do.
    pub(crate) fn unwanted(&self) -> Option<FilterReason> {
        self.unwanted
    }

    /// Roughly what it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.body.len() + size_of::<Self>()
    }
}
