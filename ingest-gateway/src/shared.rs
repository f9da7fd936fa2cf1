//! What all handlers share: configuration, logs, state, counts, memory.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::extract::ConnectInfo;
use event_log::{LogWriter, blobs::Blobs};
use event_model::{
    ControlState, PublicKey,
    credential::{FORWARDER_HEADER, ServerSecret},
};
use http::{Extensions, HeaderMap};
use parking_lot::RwLock;
use tokio::sync::{Semaphore, watch};

use crate::{
    body::{Budget, Party, Pool, Reservation},
    commands::CommandCore,
    config::GatewayConfig,
    error::{ApiError, ErrorCode},
    outcome::Tally,
    people::sign_in::SignIn,
    policy::Policies,
    recent::Recent,
    stock::Stock,
};

/// One per gateway.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: GatewayConfig,
    pub(crate) parse_limits: Arc<event_intake::Limits>,
    pub(crate) log: LogWriter,
    pub(crate) blobs: Blobs,
    pub(crate) blob_writes: Semaphore,
    pub(crate) state: Arc<RwLock<ControlState>>,
    pub(crate) commands: CommandCore,
    pub(crate) policies: Policies,
    pub(crate) secret: ServerSecret,
    pub(crate) sign_in: SignIn,
    pub(crate) recent: Arc<Recent>,
    pub(crate) tally: Arc<Tally>,
    /// Memory of what clients send.
    pub(crate) budget: Arc<Budget>,
    /// Memory of what people send to sign in: no attack on the other one takes it.
    pub(crate) sign_in_budget: Arc<Budget>,
    /// Where bodies are read that may be heavy.
    pub(crate) pool: Pool,
    /// How much is kept in files.
    pub(crate) stock: Arc<Stock>,
    pub(crate) closing: AtomicBool,
    /// Set once the log failed for good.
    pub(crate) failed: watch::Sender<bool>,
}

impl Shared {
    /// Refuses once the end has begun.
    pub(crate) fn check_open(&self) -> Result<(), ApiError> {
        if self.closing.load(Ordering::Acquire) {
            return Err(ApiError::new(
                ErrorCode::Overloaded,
                "the server is shutting down",
            ));
        }
        Ok(())
    }

    /// Whose the memory and the turns of a request are while its key is not known.
    pub(crate) fn sender(&self, extensions: &Extensions, headers: &HeaderMap) -> Party {
        let address = self.client_ip(extensions, headers);
        address.map_or(Party::Own, Party::of_address)
    }

    /// A request's memory, of its sender and of its key.
    pub(crate) fn account(
        &self,
        sender: Party,
        key: Option<PublicKey>,
    ) -> Result<Reservation, ApiError> {
        let reservation = self.budget.reserve(sender);
        if let Some(key) = key {
            reservation.belongs_to(Party::Key(key))?;
        }
        Ok(reservation)
    }

    /// The client's address: the peer's, or what a trusted proxy says. A query role
    /// that forwards shows the internal token; a wrong one is no proxy of ours,
    /// wherever it runs.
    pub(crate) fn client_ip(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|ConnectInfo(address)| address.ip().to_canonical());
        let lines = headers.get_all("x-forwarded-for").iter();
        let mut lines = lines.filter_map(|line| line.to_str().ok());
        match headers.get(FORWARDER_HEADER) {
            Some(token) if self.secret.is_internal_token(token.to_str().unwrap_or("")) => {
                // It has judged already, and says one address.
                lines
                    .next_back()
                    .and_then(|line| line.trim().parse().ok())
                    .or(peer)
            }
            Some(_) => peer,
            None => self.config.trusted_proxies.client(peer, lines),
        }
    }
}
