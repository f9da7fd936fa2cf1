//! argon2id, on blocking threads, few at a time.
//!
//! Invariant: one queue a [`Lane`], so that who guesses waits behind who guesses, and
//! nobody else does.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use argon2::{
    Argon2, PasswordVerifier,
    password_hash::{PasswordHash, PasswordHasher as _, SaltString},
};
use tokio::sync::Semaphore;

use crate::error::{ApiError, ErrorCode};

/// Hashes at once in a lane: each takes 19 MiB and some 30 ms of a core, and three leave
/// room for ingestion.
const PARALLEL_MAX: usize = 1;
/// Longest wait for a turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);
/// Random bytes of a salt.
const SALT_BYTES: usize = 16;

/// Which queue a password waits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Who has shown already that they may be here.
    Known,
    /// Who raises no suspicion.
    Clean,
    /// Who comes after many failures.
    Suspicious,
}

/// Hashes and verifies passwords (argon2id, the crate's defaults: 19 MiB, 2 passes).
#[derive(Debug, Clone)]
pub struct PasswordHasher {
    known: Arc<Semaphore>,
    clean: Arc<Semaphore>,
    suspicious: Arc<Semaphore>,
}

impl Default for PasswordHasher {
    fn default() -> Self {
        let lane = || Arc::new(Semaphore::new(PARALLEL_MAX));
        Self {
            known: lane(),
            clean: lane(),
            suspicious: lane(),
        }
    }
}

impl PasswordHasher {
    /// The password's hash, a PHC string. For whoever holds a right to set one.
    pub async fn hash(&self, password: String) -> Result<String, ApiError> {
        self.run(Lane::Known, move || hash(&password)).await?
    }

    /// Whether the password is right. `hash` none or empty: takes as long, and is
    /// never right.
    pub(crate) async fn verify(
        &self,
        password: String,
        hash: Option<String>,
        lane: Lane,
    ) -> Result<bool, ApiError> {
        self.run(lane, move || {
            let known = hash.filter(|hash| !hash.is_empty());
            let right = verify(&password, known.as_deref().unwrap_or_else(dummy));
            right && known.is_some()
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let lane = match lane {
            Lane::Known => &self.known,
            Lane::Clean => &self.clean,
            Lane::Suspicious => &self.suspicious,
        };
        let turn = Arc::clone(lane).acquire_owned();
        let Ok(Ok(turn)) = tokio::time::timeout(TURN_TIMEOUT, turn).await else {
            return Err(ApiError::new(
                ErrorCode::Overloaded,
                "too many people sign in at once",
            ));
        };
        let hashing = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        hashing.await.map_err(|error| {
            tracing::error!(%error, "hashing a password panicked");
            ApiError::new(ErrorCode::Internal, "the password could not be hashed")
        })
    }
}

fn hash(password: &str) -> Result<String, ApiError> {
    let mut salt = [0u8; SALT_BYTES];
    getrandom::fill(&mut salt).expect("the operating system's random source works");
    let hashed = SaltString::encode_b64(&salt).and_then(|salt| {
        Ok(Argon2::default()
            .hash_password(password.as_bytes(), &salt)?
            .to_string())
    });
    hashed.map_err(|error| {
        tracing::error!(%error, "a password could not be hashed");
        ApiError::new(ErrorCode::Internal, "the password could not be hashed")
    })
}

fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

/// What the passwords of unknown people are compared to.
fn dummy<'a>() -> &'a str {
    static DUMMY: OnceLock<String> = OnceLock::new();
    DUMMY.get_or_init(|| hash("nobody's password").unwrap_or_default())
}
