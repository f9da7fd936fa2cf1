//! Sign-in of people: passwords, sessions, one-time links.
//!
//! Invariant: passwords exist in clear only within a request; hashing is bounded
//! in parallel, guesses are bounded an account and an address ([`throttle`]). An unknown
//! address costs the same time as a wrong password. Fails with [`ApiError`]: 401 wrong,
//! 403 from another site, 429 too many failures.

mod account;
mod device;
mod renewal;
mod routes;
mod throttle;

use std::{net::IpAddr, sync::Arc};

use event_model::{credential::ServerSecret, proxy::Addresses};
use ground::Limiter;

pub use renewal::renew_sessions;
pub(super) use routes::router;
use throttle::Throttle;

use crate::{
    auth::caller::Callers,
    body::{Bodies, Budget, Pool},
    commands::CommandCore,
    config::GatewayLimits,
    password::PasswordHasher,
};

/// What `/auth/*` bodies may have at most, bytes: they hold an address and a password.
const BODY_BYTES_MAX: usize = 16 * 1024;
/// Memory for all of them, bytes: no attack on what clients send takes it.
const BODIES_BYTES_MAX: usize = 4 << 20;

/// What sign-in needs, and keeps between requests.
#[derive(Debug)]
pub(crate) struct SignIn {
    core: CommandCore,
    secret: ServerSecret,
    callers: Callers,
    addresses: Arc<Addresses>,
    limits: GatewayLimits,
    bodies: Bodies,
    hasher: PasswordHasher,
    throttle: Throttle,
    /// By network: how often anything is asked here, right or wrong.
    attempts: Limiter<IpAddr>,
}

impl SignIn {
    /// Nobody has tried yet. `limits` are those of clients' requests; the bodies here are
    /// smaller.
    pub(crate) fn new(
        core: CommandCore,
        secret: ServerSecret,
        callers: Callers,
        addresses: Arc<Addresses>,
        hasher: PasswordHasher,
        (limits, pool): (&GatewayLimits, Arc<Pool>),
    ) -> Self {
        let clock = core.clock().clone();
        let limits = GatewayLimits {
            received_bytes_max: BODY_BYTES_MAX,
            decompressed_bytes_max: BODY_BYTES_MAX,
            ..limits.clone()
        };
        Self {
            core,
            secret,
            callers,
            addresses,
            limits,
            bodies: Bodies {
                budget: Budget::new(BODIES_BYTES_MAX),
                pool,
            },
            hasher,
            throttle: Throttle::default(),
            attempts: Limiter::new(clock),
        }
    }
}
