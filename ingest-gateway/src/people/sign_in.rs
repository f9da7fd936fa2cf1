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

use std::sync::Arc;

pub use renewal::renew_sessions;
pub(crate) use routes::router;
use throttle::Throttle;

use crate::password::PasswordHasher;

/// What sign-in keeps between requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct SignIn {
    pub(crate) hasher: PasswordHasher,
    throttle: Arc<Throttle>,
}
