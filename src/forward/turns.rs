//! Turns of requests on their way to the gateway: in all, of one client, and on which
//! connection.
//!
//! Invariant: nobody waits for a turn, and one client never has more than its share. An
//! HTTP/2 connection to the gateway carries fewer calls than the gateway allows it
//! streams, so that a call never waits behind others that stand still.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use parking_lot::Mutex;

use crate::server::{STREAMS_MAX, network};

/// Requests on their way at the same time; further ones hear 503.
const FORWARDS_MAX: usize = 1024;
/// Calls on one connection: some fewer than the gateway takes, for a stream that was given
/// up lives a little longer at its other end.
const LANE_MAX: usize = STREAMS_MAX as usize * 3 / 4;
/// HTTP/2 connections to the gateway: room for all turns.
pub(super) const LANES: usize = FORWARDS_MAX.div_ceil(LANE_MAX);

/// The turns of one forwarder.
#[derive(Debug)]
pub(super) struct Turns {
    address_max: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    shares: HashMap<Option<IpAddr>, usize>,
    lanes: [usize; LANES],
}

/// A request on its way; its turn is over when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Arc<Turns>,
    client: Option<IpAddr>,
    lane: Option<usize>,
}

impl Turns {
    /// `address_max`: what a client may have, and never more than half of all.
    pub(super) fn new(address_max: usize) -> Arc<Self> {
        Arc::new(Self {
            address_max: address_max.min(FORWARDS_MAX / 2),
            held: Mutex::default(),
        })
    }

    /// A turn for a request of this client; `is_call`: by HTTP/2. None if the client or
    /// all together have too many.
    pub(super) fn take(self: &Arc<Self>, client: Option<IpAddr>, is_call: bool) -> Option<Turn> {
        let client = client.map(network);
        let mut held = self.held.lock();
        let own = held.shares.get(&client).copied().unwrap_or_default();
        if held.all >= FORWARDS_MAX || own >= self.address_max {
            return None;
        }
        // The first with room: idle connections are closed sooner so.
        let lane = is_call.then(|| held.lanes.iter().position(|calls| *calls < LANE_MAX));
        let lane = match lane {
            Some(found) => Some(found?),
            None => None,
        };
        held.all += 1;
        held.shares.insert(client, own + 1);
        if let Some(lane) = lane {
            held.lanes[lane] += 1;
        }
        metrics::gauge!(super::FORWARDS_IN_FLIGHT).set(held.all as f64);
        Some(Turn {
            turns: Arc::clone(self),
            client,
            lane,
        })
    }
}

impl Turn {
    /// The connection that a call goes by.
    pub(super) fn lane(&self) -> Option<usize> {
        self.lane
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut held = self.turns.held.lock();
        held.all -= 1;
        if let Some(lane) = self.lane {
            held.lanes[lane] -= 1;
        }
        if let Some(own) = held.shares.get_mut(&self.client) {
            *own -= 1;
            if *own == 0 {
                held.shares.remove(&self.client);
            }
        }
        metrics::gauge!(super::FORWARDS_IN_FLIGHT).set(held.all as f64);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_client_never_has_all_turns() {
        let turns = Turns::new(usize::MAX);
        let greedy = Some(address("203.0.113.7"));
        let held: Vec<Turn> = (0..).map_while(|_| turns.take(greedy, false)).collect();
        assert_eq!(held.len(), FORWARDS_MAX / 2);
        let other = turns.take(Some(address("203.0.113.8")), true).unwrap();
        // A client of IPv6 has a whole network of addresses.
        let of_network = |last: usize| Some(address(&format!("2001:db8:1:2::{last:x}")));
        let network: Vec<Turn> = (1..)
            .map_while(|last| turns.take(of_network(last), false))
            .collect();
        assert_eq!(network.len(), FORWARDS_MAX / 2 - 1, "all");
        assert!(turns.take(None, false).is_none());
        drop(other);
        assert!(turns.take(None, false).is_some());
        drop((held, network));
        let held = turns.held.lock();
        assert_eq!((held.all, held.shares.len()), (0, 0));
        assert_eq!(held.lanes, [0; LANES]);
    }

    #[test]
    fn calls_never_wait_for_each_other_on_a_connection() {
        let turns = Turns::new(usize::MAX);
        let clients = ["203.0.113.7", "203.0.113.8"].map(|text| Some(address(text)));
        let held: Vec<Turn> = (0..)
            .map_while(|number| turns.take(clients[number % 2], true))
            .collect();
        assert_eq!(held.len(), FORWARDS_MAX);
        let lanes = turns.held.lock().lanes;
        assert!(lanes.iter().all(|calls| *calls < STREAMS_MAX as usize));
        drop(held);
        let first = turns.take(clients[0], true).unwrap();
        assert_eq!(first.lane(), Some(0), "few connections for few calls");
        assert_eq!(turns.take(clients[0], false).unwrap().lane(), None);
    }

    #[test]
    fn a_share_may_be_smaller() {
        let turns = Turns::new(2);
        let client = Some(address("203.0.113.7"));
        let held = [turns.take(client, true), turns.take(client, false)];
        assert!(held.iter().all(Option::is_some));
        assert!(turns.take(client, false).is_none());
    }
}
