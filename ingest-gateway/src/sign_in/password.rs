//! argon2id, on blocking threads, few at a time.

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

/// Each hash takes 19 MiB and some 30 ms of a core; two at a time leave room for
/// ingestion.
const PARALLEL_MAX: usize = 2;
/// Longest wait for a turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);
/// Random bytes of a salt.
const SALT_BYTES: usize = 16;

/// Hashes and verifies passwords (argon2id, the crate's defaults: 19 MiB, 2 passes).
#[derive(Debug, Clone)]
pub struct PasswordHasher(Arc<Semaphore>);

impl Default for PasswordHasher {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PARALLEL_MAX)))
    }
}

impl PasswordHasher {
    /// The password's hash, a PHC string.
    pub async fn hash(&self, password: String) -> Result<String, ApiError> {
        self.run(move || hash(&password)).await?
    }

    /// Whether the password is right. `hash` none or empty: takes as long, and is
    /// never right.
    pub(crate) async fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, ApiError> {
        self.run(move || {
            let known = hash.filter(|hash| !hash.is_empty());
            let right = verify(&password, known.as_deref().unwrap_or_else(dummy));
            right && known.is_some()
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let turn = Arc::clone(&self.0).acquire_owned();
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
