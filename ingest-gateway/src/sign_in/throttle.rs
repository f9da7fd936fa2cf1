//! Failed sign-ins an address, so that passwords cannot be tried out.
//!
//! Bounded: at most [`ADDRESSES_MAX`] addresses; beyond, the oldest are forgotten.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::error::{ApiError, ErrorCode};

/// Attempts without success before an address has to wait.
const ATTEMPTS_MAX: u32 = 5;
/// How long attempts count, and so the longest wait.
const WINDOW: Duration = Duration::from_mins(5);
/// Addresses remembered: about 1 MB.
const ADDRESSES_MAX: usize = 10_000;

/// Attempts by address.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<HashMap<IpAddr, Attempts>>);

#[derive(Debug, Clone, Copy)]
struct Attempts {
    count: u32,
    since: Instant,
}

impl Throttle {
    /// Counts an attempt before it is checked (so that parallel guesses count), or
    /// refuses it with 429.
    pub(super) fn attempt(&self, address: Option<IpAddr>, now: Instant) -> Result<(), ApiError> {
        let mut attempts = self.0.lock();
        if attempts.len() >= ADDRESSES_MAX {
            attempts.retain(|_, one| now.duration_since(one.since) < WINDOW);
        }
        if attempts.len() >= ADDRESSES_MAX {
            let oldest = attempts.iter().min_by_key(|(_, one)| one.since);
            if let Some(address) = oldest.map(|(address, _)| *address) {
                attempts.remove(&address);
            }
        }
        let fresh = Attempts {
            count: 0,
            since: now,
        };
        let one = attempts.entry(bucket(address)).or_insert(fresh);
        let waited = now.duration_since(one.since);
        if waited >= WINDOW {
            *one = fresh;
        } else if one.count >= ATTEMPTS_MAX {
            let left = WINDOW.saturating_sub(waited);
            return Err(ApiError::new(
                ErrorCode::Limited,
                "too many failed sign-ins from this address",
            )
            .retry_after(left.as_secs() + 1));
        }
        one.count += 1;
        Ok(())
    }

    /// A success forgets the failures.
    pub(super) fn succeeded(&self, address: Option<IpAddr>) {
        self.0.lock().remove(&bucket(address));
    }
}

/// One household has a whole /64 of IPv6. Callers without an address share one.
fn bucket(address: Option<IpAddr>) -> IpAddr {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(v6)) => {
            let network = v6.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        Some(v4) => v4,
        None => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_then_wait_then_again() {
        let throttle = Throttle::default();
        let start = Instant::now();
        let address = Some(IpAddr::from([10, 0, 0, 1]));
        for _ in 0..ATTEMPTS_MAX {
            assert!(throttle.attempt(address, start).is_ok());
        }
        let refused = throttle.attempt(address, start).map_err(|e| e.code);
        assert_eq!(refused, Err(ErrorCode::Limited));
        assert!(
            throttle
                .attempt(Some(IpAddr::from([10, 0, 0, 2])), start)
                .is_ok()
        );
        assert!(throttle.attempt(address, start + WINDOW).is_ok());
        throttle.succeeded(address);
        assert_eq!(throttle.0.lock().len(), 1);
    }

    #[test]
    fn memory_is_bounded_by_the_number_of_addresses() {
        let throttle = Throttle::default();
        let start = Instant::now();
        for number in 0..(ADDRESSES_MAX as u32 + 100) {
            let address = IpAddr::from(number.to_be_bytes());
            let _ = throttle.attempt(Some(address), start);
        }
        assert!(throttle.0.lock().len() <= ADDRESSES_MAX);
    }
}
