//! Failed sign-ins, so that passwords cannot be tried out and nobody can lock another
//! person out.
//!
//! Three counts: of an account from an address (a person who mistypes, or guesses at
//! one password), of an account from everywhere (guesses from many addresses), of an
//! address over all accounts (one guess at each). Each has some free failures, then a
//! wait that doubles up to a bound; that of an account is short, so that strangers'
//! guesses delay its person by seconds, and not at all where they signed in before.
//!
//! Invariant: an attempt counts before it is checked, so that parallel guesses count; a
//! success takes back its own count and clears no other account's. Bounded: at most
//! [`ENTRIES_MAX`] entries a count; beyond, the oldest are forgotten.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::{
    error::{ApiError, ErrorCode},
    password::Lane,
};

/// Of one account from one address.
const PAIR: Limit = Limit {
    free: 5,
    wait_first: Duration::from_secs(15),
    wait_max: Duration::from_mins(15),
    memory: Duration::from_hours(1),
};
/// Of one account: long enough to make guessing from everywhere hopeless (three a
/// minute), short enough for its person to get in between.
const ACCOUNT: Limit = Limit {
    free: 20,
    wait_first: Duration::from_secs(1),
    wait_max: Duration::from_secs(20),
    memory: Duration::from_hours(1),
};
/// Of one address: an office's people share it.
const ADDRESS: Limit = Limit {
    free: 30,
    wait_first: Duration::from_secs(2),
    wait_max: Duration::from_mins(1),
    memory: Duration::from_mins(15),
};
/// Failures of a whole network or of an account beyond which an attempt queues behind
/// those that raise no suspicion.
const SUSPICIOUS: u32 = 3;
/// How long it is remembered that an account signed in from an address.
const KNOWN_MEMORY: Duration = Duration::from_hours(30 * 24);
/// Entries of a count: about 1 MB each.
const ENTRIES_MAX: usize = 10_000;

struct Limit {
    free: u32,
    wait_first: Duration,
    wait_max: Duration,
    /// Without failures for so long, they are forgotten.
    memory: Duration,
}

/// Who tries from where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guess {
    account: u64,
    address: IpAddr,
    network: IpAddr,
}

/// A guess that was let in and counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    guess: Guess,
    /// Where its check queues.
    pub(super) lane: Lane,
}

/// What to warn of, once a spell of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alarm {
    /// One account, one address.
    Pair,
    /// One account, many addresses.
    Account,
    /// One address, many accounts.
    Address,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
    /// A pair that signed in: its person is known there.
    is_known: bool,
}

impl Failures {
    fn none(now: Instant) -> Self {
        Self {
            count: 0,
            last: now,
            is_known: false,
        }
    }

    /// What is left of the wait.
    fn wait(&self, limit: &Limit, now: Instant) -> Option<Duration> {
        let over = self.count.checked_sub(limit.free)?;
        let doubled = limit.wait_first.saturating_mul(1 << over.min(20));
        let until = doubled.min(limit.wait_max);
        let left = until.checked_sub(now.duration_since(self.last))?;
        (!left.is_zero()).then_some(left)
    }
}

#[derive(Debug)]
struct Counts<K>(HashMap<K, Failures>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq + Copy> Counts<K> {
    /// The entry, fresh if its failures are forgotten.
    fn entry(&mut self, key: K, limit: &Limit, now: Instant) -> &mut Failures {
        let memory = |one: &Failures| {
            if one.is_known {
                KNOWN_MEMORY
            } else {
                limit.memory
            }
        };
        if self.0.len() >= ENTRIES_MAX && !self.0.contains_key(&key) {
            self.0
                .retain(|_, one| now.duration_since(one.last) < memory(one));
            if self.0.len() >= ENTRIES_MAX {
                let oldest = self
                    .0
                    .iter()
                    .min_by_key(|(_, one)| (one.is_known, one.last));
                if let Some(key) = oldest.map(|(key, _)| *key) {
                    self.0.remove(&key);
                }
            }
        }
        let entry = self.0.entry(key).or_insert(Failures::none(now));
        let quiet = now.duration_since(entry.last);
        if quiet >= limit.memory {
            entry.count = 0;
            entry.is_known &= quiet < KNOWN_MEMORY;
        }
        entry
    }

    fn add(&mut self, key: K, limit: &Limit, now: Instant) {
        let entry = self.entry(key, limit, now);
        entry.count = entry.count.saturating_add(1);
        entry.last = now;
    }

    fn take_back(&mut self, key: K) {
        if let Some(one) = self.0.get_mut(&key) {
            one.count = one.count.saturating_sub(1);
        }
    }

    fn count(&self, key: K) -> u32 {
        self.0.get(&key).map_or(0, |one| one.count)
    }
}

#[derive(Debug, Default)]
struct State {
    pairs: Counts<(u64, IpAddr)>,
    accounts: Counts<u64>,
    addresses: Counts<IpAddr>,
    networks: Counts<IpAddr>,
}

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    state: Mutex<State>,
    /// Accounts are kept as hashes under a key of this process: what people type into
    /// the field is sometimes their password.
    hasher: RandomState,
}

impl Throttle {
    /// Who tries, as counted.
    pub(super) fn guess(&self, account: &str, address: Option<IpAddr>) -> Guess {
        Guess {
            account: self.hasher.hash_one(account.trim().to_lowercase()),
            address: network(address, 32, 64),
            network: network(address, 24, 48),
        }
    }

    /// Counts an attempt, or refuses it with 429.
    pub(super) fn attempt(&self, guess: Guess, now: Instant) -> Result<Attempt, ApiError> {
        let Guess {
            account,
            address,
            network,
        } = guess;
        let mut state = self.state.lock();
        let pair = *state.pairs.entry((account, address), &PAIR, now);
        let mut wait = pair.wait(&PAIR, now);
        if !pair.is_known {
            let of_account = state.accounts.entry(account, &ACCOUNT, now);
            wait = wait.max(of_account.wait(&ACCOUNT, now));
            let of_address = state.addresses.entry(address, &ADDRESS, now);
            wait = wait.max(of_address.wait(&ADDRESS, now));
        }
        if let Some(wait) = wait {
            return Err(refused(wait));
        }
        state.pairs.add((account, address), &PAIR, now);
        if pair.is_known {
            let lane = Lane::Known;
            return Ok(Attempt { guess, lane });
        }
        let is_suspicious = state.networks.entry(network, &ADDRESS, now).count >= SUSPICIOUS
            || state.accounts.count(account) >= SUSPICIOUS;
        state.accounts.add(account, &ACCOUNT, now);
        state.addresses.add(address, &ADDRESS, now);
        state.networks.add(network, &ADDRESS, now);
        let lane = if is_suspicious {
            Lane::Suspicious
        } else {
            Lane::Clean
        };
        Ok(Attempt { guess, lane })
    }

    /// A success clears the failures of its account at its address, and takes back what
    /// it counted elsewhere.
    pub(super) fn succeeded(&self, attempt: Attempt, now: Instant) {
        let mut state = self.state.lock();
        let key = (attempt.guess.account, attempt.guess.address);
        *state.pairs.entry(key, &PAIR, now) = Failures {
            is_known: true,
            ..Failures::none(now)
        };
        state.take_back(attempt);
    }

    /// An attempt that was not checked after all counts for nothing.
    pub(super) fn unchecked(&self, attempt: Attempt) {
        let mut state = self.state.lock();
        let key = (attempt.guess.account, attempt.guess.address);
        state.pairs.take_back(key);
        state.take_back(attempt);
    }

    /// What a failure that was just counted is the last straw of.
    pub(super) fn alarm(&self, attempt: Attempt) -> Option<Alarm> {
        let guess = attempt.guess;
        let state = self.state.lock();
        if state.pairs.count((guess.account, guess.address)) == PAIR.free {
            Some(Alarm::Pair)
        } else if state.accounts.count(guess.account) == ACCOUNT.free {
            Some(Alarm::Account)
        } else if state.addresses.count(guess.address) == ADDRESS.free {
            Some(Alarm::Address)
        } else {
            None
        }
    }
}

impl State {
    /// Where a person is known, their attempts count for the pair alone.
    fn take_back(&mut self, attempt: Attempt) {
        if attempt.lane != Lane::Known {
            self.accounts.take_back(attempt.guess.account);
            self.addresses.take_back(attempt.guess.address);
            self.networks.take_back(attempt.guess.network);
        }
    }
}

/// The same words whichever count it is, and whether or not there is such an account.
fn refused(wait: Duration) -> ApiError {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let message = format!("too many failed sign-ins: try again in {seconds} s");
    ApiError::new(ErrorCode::Limited, message).retry_after(seconds)
}

/// The network of so many bits. One household has a whole /64 of IPv6. Callers without an
/// address share one.
pub(super) fn network(address: Option<IpAddr>, bits_v4: u32, bits_v6: u32) -> IpAddr {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(v6)) => IpAddr::V6(Ipv6Addr::from_bits(
            v6.to_bits() & (u128::MAX << (128 - bits_v6)),
        )),
        Some(IpAddr::V4(v4)) => IpAddr::V4(Ipv4Addr::from_bits(
            v4.to_bits() & (u32::MAX << (32 - bits_v4)),
        )),
        None => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}

#[cfg(test)]
mod tests;
