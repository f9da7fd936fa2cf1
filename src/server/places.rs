//! Who holds the places of a listener: connections and requests in progress, in all
//! and an address.
//!
//! Invariant: nobody waits for a place. A newcomer beyond a bound gets the place of the
//! connection that has been idle longest, or waits longest for bodies that do not come (of
//! its own address, where that one's share is the bound), and is turned away if all are at
//! work; so that whoever holds connections
//! without using them holds nothing. One address never has more than its share.
//! An IPv6 address counts as its /64, which is what one customer is given.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use super::life::{Life, Patience};

/// How much a listener takes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Connections.
    pub(crate) connections: usize,
    /// Of them, of one address.
    pub(crate) address_connections: usize,
    /// Requests in progress.
    pub(crate) requests: usize,
    /// Of them, of one address.
    pub(crate) address_requests: usize,
}

impl Bounds {
    /// Of a listener for this host's own use: metrics, the admin socket.
    pub(crate) const SMALL: Self = Self {
        connections: 64,
        address_connections: 64,
        requests: 64,
        address_requests: 64,
    };
    /// Of the connections between the roles of this process.
    pub(crate) const WITHIN: Self = Self {
        connections: 1024,
        address_connections: 1024,
        requests: 4096,
        address_requests: 4096,
    };
}

/// The places of one listener.
#[derive(Debug)]
pub(super) struct Places {
    bounds: Bounds,
    patience: Patience,
    requests: Arc<Semaphore>,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    connections: HashMap<u64, (Option<IpAddr>, Arc<Life>)>,
    shares: HashMap<Option<IpAddr>, Arc<Share>>,
}

/// What one address holds.
#[derive(Debug, Default)]
pub(super) struct Share {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

impl Places {
    pub(super) fn new(bounds: Bounds, patience: Patience) -> Arc<Self> {
        Arc::new(Self {
            bounds,
            patience,
            requests: Arc::new(Semaphore::new(bounds.requests)),
            held: Mutex::default(),
        })
    }

    /// A place for a connection of this address; none if all are at work.
    pub(super) fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Place> {
        let address = address.map(network);
        let mut held = self.held.lock();
        let share = Arc::clone(held.shares.entry(address).or_default());
        let own = share.connections.load(Ordering::Acquire);
        let has_room = if own >= self.bounds.address_connections {
            held.evict(|other| other == address)
        } else if held.connections.len() >= self.bounds.connections {
            held.evict(|_| true)
        } else {
            true
        };
        if !has_room {
            held.forget(address);
            return None;
        }
        // Again: evicting the last connection of the address forgot its share.
        let share = Arc::clone(held.shares.entry(address).or_insert(share));
        share.connections.fetch_add(1, Ordering::AcqRel);
        held.next += 1;
        let (number, life) = (held.next, Arc::new(Life::new(self.patience)));
        let known = (address, Arc::clone(&life));
        held.connections.insert(number, known);
        Some(Place {
            places: Arc::clone(self),
            number,
            life,
            share,
        })
    }

    /// Closes the connection that has been idle longest, for its descriptor; whether
    /// there was one.
    pub(super) fn evict_one(&self) -> bool {
        self.held.lock().evict(|_| true)
    }

    /// Connections there are.
    pub(super) fn connections(&self) -> usize {
        self.held.lock().connections.len()
    }

    /// A turn for a request of a connection that holds this share.
    pub(super) fn request(&self, share: &Arc<Share>) -> Option<Turn> {
        let permit = Arc::clone(&self.requests).try_acquire_owned().ok()?;
        let turn = Turn {
            share: Arc::clone(share),
            _permit: permit,
        };
        let before = share.requests.fetch_add(1, Ordering::AcqRel);
        (before < self.bounds.address_requests).then_some(turn)
    }
}

impl Held {
    fn evict(&mut self, of: impl Fn(Option<IpAddr>) -> bool) -> bool {
        let longest = |since: fn(&Life) -> Option<Instant>| {
            let known = self.connections.iter().filter(|(_, known)| of(known.0));
            let known = known.filter_map(|(number, known)| Some((since(&known.1)?, *number)));
            known.min()
        };
        let found = longest(Life::idle_since).or_else(|| longest(Life::stalled_since));
        let Some((_, number)) = found else {
            return false;
        };
        if let Some((_, life)) = self.remove(number) {
            life.evict();
        }
        true
    }

    fn remove(&mut self, number: u64) -> Option<(Option<IpAddr>, Arc<Life>)> {
        let known = self.connections.remove(&number)?;
        if let Some(share) = self.shares.get(&known.0) {
            share.connections.fetch_sub(1, Ordering::AcqRel);
        }
        self.forget(known.0);
        Some(known)
    }

    /// Forgets the share of an address without connections.
    fn forget(&mut self, address: Option<IpAddr>) {
        let is_gone = |share: &Arc<Share>| share.connections.load(Ordering::Acquire) == 0;
        if self.shares.get(&address).is_some_and(is_gone) {
            self.shares.remove(&address);
        }
    }
}

/// A connection's place; free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    pub(super) life: Arc<Life>,
    pub(super) share: Arc<Share>,
}

impl Drop for Place {
    fn drop(&mut self) {
        // Given to another already, if it was evicted.
        self.places.held.lock().remove(self.number);
    }
}

/// A request in progress.
#[derive(Debug)]
pub(super) struct Turn {
    share: Arc<Share>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.share.requests.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Whom an address stands for.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            let prefix = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(prefix))
        }
        address => address,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn places() -> Arc<Places> {
        let bounds = Bounds {
            connections: 4,
            address_connections: 2,
            requests: 4,
            address_requests: 2,
        };
        Places::new(bounds, Patience::USUAL)
    }

    fn from(places: &Arc<Places>, text: &str) -> Option<Place> {
        places.take(Some(text.parse().unwrap()))
    }

    fn is_evicted(place: &Place) -> bool {
        let known = place.places.held.lock();
        !known.connections.contains_key(&place.number)
    }

    #[test]
    fn an_address_displaces_its_own_idle_ones_only() {
        let places = places();
        let other = from(&places, "10.0.0.2").unwrap();
        let first = from(&places, "10.0.0.1").unwrap();
        let second = from(&places, "10.0.0.1").unwrap();
        first.life.begin_request();
        let third = from(&places, "10.0.0.1").unwrap();
        assert!(is_evicted(&second) && !is_evicted(&first) && !is_evicted(&other));
        third.life.begin_request();
        assert!(
            from(&places, "10.0.0.1").is_none(),
            "all at work: turned away"
        );
        assert_eq!(places.connections(), 3);
        first.life.end_request();
        assert!(from(&places, "10.0.0.1").is_some());
        assert!(is_evicted(&first));
    }

    #[test]
    fn the_longest_idle_goes_when_all_places_are_held() {
        let places = places();
        let held: Vec<_> = (1..=4)
            .map(|last| from(&places, &format!("10.0.0.{last}")).unwrap())
            .collect();
        held[0].life.begin_request();
        held[1].life.begin_request();
        held[1].life.end_request();
        let newcomer = from(&places, "10.0.0.9").unwrap();
        assert!(is_evicted(&held[2]) || is_evicted(&held[3]));
        assert!(!is_evicted(&held[0]) && !is_evicted(&held[1]));
        assert_eq!(places.connections(), 4);
        drop(held);
        assert_eq!(places.connections(), 1);
        drop(newcomer);
        assert!(places.held.lock().shares.is_empty(), "nothing is left");
    }

    #[test]
    fn requests_are_bounded_in_all_and_an_address() {
        let places = places();
        let [one, two, three] =
            [1, 2, 3].map(|last| from(&places, &format!("10.0.0.{last}")).unwrap());
        let first = places.request(&one.share).unwrap();
        let _second = places.request(&one.share).unwrap();
        assert!(places.request(&one.share).is_none(), "its share");
        let _third = places.request(&two.share).unwrap();
        let _fourth = places.request(&two.share).unwrap();
        assert!(places.request(&three.share).is_none(), "all");
        drop(first);
        assert!(places.request(&three.share).is_some());
        assert!(places.request(&one.share).is_some());
    }

    #[test]
    fn one_customer_is_one_address() {
        for (one, other, same) in [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("::ffff:10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
        ] {
            let of = |text: &str| network(text.parse().unwrap());
            assert_eq!(of(one) == of(other), same, "{one} {other}");
        }
    }
}
