//! One account of memory for every request being worked on: what was received, what
//! it became when decompressed, what is read of it, and what waits for its answer.
//!
//! Invariants: what all hold together stays below the budget, and a request that would
//! exceed it is refused with 503. Nobody holds all of it: an address and a key have a
//! share each, and large requests leave room to small ones, so that whoever fills the
//! account with large bodies, with the same key even, does not keep ordinary events
//! out. A [`Reservation`] lives as long as the bytes it pays for, wherever they are.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use event_model::PublicKey;
use parking_lot::Mutex;

use crate::{
    error::{ApiError, ErrorCode},
    telemetry,
};

/// A request that holds no more is a small one: an ordinary event many times over.
const SMALL_BYTES_MAX: usize = 512 * 1024;

/// Whom memory and turns are shared out to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Party {
    /// A project's public key.
    Key(PublicKey),
    /// A sender's address; of IPv6 its network, as nobody has one address of it.
    Address(IpAddr),
    /// Whoever is in this process.
    Own,
}

impl Party {
    /// Whoever is at this address, if there is one.
    pub fn of_sender(address: Option<IpAddr>) -> Self {
        address.map_or(Self::Own, Self::of_address)
    }

    /// The sender's.
    pub fn of_address(address: IpAddr) -> Self {
        Self::Address(match address {
            IpAddr::V6(v6) => {
                let network = u128::from(v6) & !u128::from(u64::MAX);
                IpAddr::V6(network.into())
            }
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

/// Memory for all requests being worked on.
#[derive(Debug)]
pub struct Budget {
    bytes_max: usize,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    all: Sum,
    parties: HashMap<Party, Sum>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    bytes: usize,
    /// The part of it that large requests hold.
    large_bytes: usize,
}

impl Budget {
    /// A budget of so many bytes.
    pub fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self {
            bytes_max,
            used: Mutex::default(),
        })
    }

    /// Bytes reserved now.
    pub fn used_bytes(&self) -> usize {
        self.used.lock().all.bytes
    }

    /// Whether more than half is taken: time to be less patient.
    pub fn is_tight(&self) -> bool {
        self.used_bytes() > self.bytes_max / 2
    }

    /// An empty reservation, to be grown.
    pub fn reserve(self: &Arc<Self>, party: Party) -> Reservation {
        Reservation(Arc::new(Inner {
            budget: Arc::clone(self),
            held: Mutex::new(Held {
                bytes: 0,
                parties: [Some(party), None],
            }),
        }))
    }

    fn small_max(&self) -> usize {
        SMALL_BYTES_MAX.min(self.bytes_max / 64)
    }

    /// What `held` counts as, of so many bytes.
    fn sum(&self, bytes: usize) -> Sum {
        let is_large = bytes > self.small_max();
        Sum {
            bytes,
            large_bytes: if is_large { bytes } else { 0 },
        }
    }

    /// Moves a holder from one sum to another; whether there was room.
    fn change(&self, used: &mut Used, parties: &[Option<Party>], from: Sum, to: Sum) -> bool {
        let max = self.bytes_max;
        let fits = used.all.fits(from, to, max, max / 4 * 3)
            && parties.iter().flatten().all(|party| {
                let share = used.parties.get(party).copied().unwrap_or_default();
                self.fits_share(share, from, to)
            });
        if !fits {
            return false;
        }
        used.all = used.all.changed(from, to);
        for party in parties.iter().flatten() {
            let held = used.parties.entry(*party).or_default();
            *held = held.changed(from, to);
            if *held == Sum::default() {
                used.parties.remove(party);
            }
        }
        true
    }
}

impl Budget {
    /// A party's share: five sixths of all, and two thirds in large requests, which
    /// hold the largest body that is allowed, received and decompressed.
    fn fits_share(&self, share: Sum, from: Sum, to: Sum) -> bool {
        let max = self.bytes_max;
        share.fits(from, to, max / 6 * 5, max / 3 * 2)
    }
}

impl Sum {
    fn changed(self, from: Self, to: Self) -> Self {
        Self {
            bytes: self.bytes + to.bytes - from.bytes,
            large_bytes: self.large_bytes + to.large_bytes - from.large_bytes,
        }
    }

    /// Whether the change leaves it below both bounds; to give back always fits.
    fn fits(self, from: Self, to: Self, max: usize, large_max: usize) -> bool {
        if to.bytes <= from.bytes {
            return true;
        }
        let after = self.changed(from, to);
        after.bytes <= max && (to.large_bytes == 0 || after.large_bytes <= large_max)
    }
}

/// A part of the [`Budget`]; clones are the same one. Given back with the last.
#[derive(Debug, Clone)]
pub struct Reservation(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    budget: Arc<Budget>,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    bytes: usize,
    parties: [Option<Party>; 2],
}

impl Reservation {
    /// Takes more, or refuses with 503.
    pub fn grow(&self, bytes: usize) -> Result<(), ApiError> {
        let mut held = self.0.held.lock();
        let to = held.bytes.saturating_add(bytes);
        self.0.resize(&mut held, to)
    }

    /// Gives a part back.
    pub fn shrink(&self, bytes: usize) {
        let mut held = self.0.held.lock();
        let to = held.bytes.saturating_sub(bytes);
        // To give back always fits.
        let _ = self.0.resize(&mut held, to);
    }

    /// A part of it as a reservation of the same parties.
    pub fn split(&self, bytes: usize) -> Result<Self, ApiError> {
        let parties = {
            let mut held = self.0.held.lock();
            let to = held.bytes.saturating_sub(bytes);
            self.0.resize(&mut held, to)?;
            held.parties
        };
        let part = Self(Arc::new(Inner {
            budget: Arc::clone(&self.0.budget),
            held: Mutex::new(Held { bytes: 0, parties }),
        }));
        part.grow(bytes)?;
        Ok(part)
    }

    /// Takes more for a while.
    pub fn charge(&self, bytes: usize) -> Result<Charge, ApiError> {
        self.grow(bytes)?;
        Ok(Charge {
            reservation: self.clone(),
            bytes,
        })
    }

    /// Says whose it is besides the address, once that is known: refused with 503 if
    /// that party's share is used up.
    pub fn belongs_to(&self, party: Party) -> Result<(), ApiError> {
        let Inner { budget, held } = &*self.0;
        let mut held = held.lock();
        if held.parties[1].is_some() {
            return Ok(());
        }
        let own = budget.sum(held.bytes);
        let mut used = budget.used.lock();
        let share = used.parties.get(&party).copied().unwrap_or_default();
        if !budget.fits_share(share, Sum::default(), own) {
            return Err(full());
        }
        if own != Sum::default() {
            used.parties
                .insert(party, share.changed(Sum::default(), own));
        }
        held.parties[1] = Some(party);
        Ok(())
    }

    /// Whether the budget as a whole runs short.
    pub fn is_tight(&self) -> bool {
        self.0.budget.is_tight()
    }
}

impl Inner {
    fn resize(&self, held: &mut Held, bytes: usize) -> Result<(), ApiError> {
        let budget = &self.budget;
        let (from, to) = (budget.sum(held.bytes), budget.sum(bytes));
        let mut used = budget.used.lock();
        if !budget.change(&mut used, &held.parties, from, to) {
            return Err(full());
        }
        drop(used);
        telemetry::body_memory(to.bytes, from.bytes);
        held.bytes = bytes;
        Ok(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let held = self.held.get_mut();
        let from = self.budget.sum(held.bytes);
        let mut used = self.budget.used.lock();
        self.budget
            .change(&mut used, &held.parties, from, Sum::default());
        drop(used);
        telemetry::body_memory(0, from.bytes);
    }
}

/// A part of a reservation that is held for a while.
#[derive(Debug)]
pub struct Charge {
    reservation: Reservation,
    bytes: usize,
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.reservation.shrink(self.bytes);
    }
}

fn full() -> ApiError {
    ApiError::new(
        ErrorCode::Overloaded,
        "too many large requests at once, try again soon",
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const MAX: usize = 192 << 20;
    const MIB: usize = 1 << 20;

    fn party(number: u8) -> Party {
        Party::Key(PublicKey([number; 16]))
    }

    #[test]
    fn nobody_holds_all_and_small_ones_always_find_room() {
        let budget = Budget::new(MAX);
        let mut held = Vec::new();
        for _ in 0..1_000 {
            let one = budget.reserve(party(1));
            if one.grow(4 * MIB).is_ok() {
                held.push(one);
            }
        }
        assert_eq!(held.len() * 4, 128);
        // The same one's small requests, and others' large ones, go on.
        let small = budget.reserve(party(1));
        assert_eq!(small.grow(100_000), Ok(()));
        let other = budget.reserve(party(2));
        assert_eq!(other.grow(4 * MIB), Ok(()));
        // What was small and becomes large is told so.
        assert!(small.grow(MIB).is_err());
        assert_eq!(budget.used_bytes(), 132 * MIB + 100_000);
        drop((held, small, other));
        assert_eq!(budget.used_bytes(), 0);
        assert!(budget.used.lock().parties.is_empty());
    }

    #[test]
    fn what_is_held_is_given_back_exactly_once() {
        let budget = Budget::new(MAX);
        let one = budget.reserve(party(1));
        one.grow(10).unwrap();
        let again = one.clone();
        let charge = one.charge(2 * MIB).unwrap();
        assert_eq!(budget.used_bytes(), 2 * MIB + 10);
        drop(charge);
        one.belongs_to(Party::Key(PublicKey([2; 16]))).unwrap();
        drop(one);
        assert_eq!(budget.used_bytes(), 10);
        drop(again);
        assert_eq!(budget.used_bytes(), 0);
        assert!(budget.used.lock().parties.is_empty());
    }

    #[test]
    fn the_largest_body_fits_one_share() {
        let budget = Budget::new(MAX);
        let one = budget.reserve(party(1));
        assert_eq!(one.grow((20 + 100) * MIB), Ok(()));
    }

    #[test]
    fn addresses_of_one_network_are_one_party() {
        let of = |text: &str| Party::of_address(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::2:3"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }
}
