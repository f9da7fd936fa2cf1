//! Ten thousand connections that say nothing, from many addresses: more than there are
//! places.

use std::{net::Ipv4Addr, time::Duration};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{
    siege::{PEAK_BYTES_MAX, Siege, open_files},
    wire::{address, connect_from},
};
use crate::support::Server;

const CONNECTIONS: usize = 10_000;
/// Of one address, so that several together are more than the places.
const ADDRESSES: usize = 20;
/// The default places, and some for the rest of the process.
const OPEN_FILES_MAX: usize = 4_096 + 600;

#[test]
fn ten_thousand_idle_connections_shut_nobody_out_and_do_not_hold_up_the_end() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = CONNECTIONS as u64 + 1_000;
    assert!(
        limit.maximum.is_none_or(|hard| hard >= wanted),
        "this test needs {wanted} open files: raise `ulimit -Hn`"
    );
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    let mut server = Server::start();
    let siege = Siege::begin(&server);
    let mut held = Vec::with_capacity(CONNECTIONS);
    let mut most_open = 0;
    for number in 0..CONNECTIONS {
        let from = Ipv4Addr::new(127, 0, 1, (number % ADDRESSES) as u8 + 1);
        let to = address(&server);
        held.push(connect_from(from, to, Duration::from_secs(10)).unwrap());
        if number % 500 == 499 {
            most_open = most_open.max(open_files(server.pid()));
            siege.wait_for_honest(1);
        }
    }
    siege.wait_for_honest(5);
    let report = siege.end();
    assert!(report.refused <= report.accepted / 4, "{report:?}");
    assert!(report.peak_bytes < PEAK_BYTES_MAX, "{report:?}");
    assert!(most_open < OPEN_FILES_MAX, "{most_open} files open");
    // Displaced by newcomers, or silent for too long.
    let closed = server.metric("errata_connections_closed_total");
    assert!(closed >= (CONNECTIONS - OPEN_FILES_MAX) as f64, "{closed}");
    // With every place held.
    server.stop();
    drop(held);
}

#[test]
fn one_address_holds_its_share_of_the_places_and_no_more() {
    let server = Server::start_with(&[
        ("ERRATA_LIMITS__CONNECTIONS_MAX", "400"),
        ("ERRATA_LIMITS__CONNECTIONS_ADDRESS_MAX", "50"),
    ]);
    let before = open_files(server.pid());
    let from = Ipv4Addr::new(127, 0, 2, 1);
    let mut held = Vec::new();
    for _ in 0..300 {
        held.push(connect_from(from, address(&server), Duration::from_secs(10)).unwrap());
    }
    // Those beyond the share have been taken and closed.
    crate::support::wait_for("the surplus to be closed", || {
        let closed = "errata_connections_closed_total{reason=\"displaced\"}";
        (server.metric(closed) >= 250.0).then_some(())
    });
    let open = open_files(server.pid()) - before;
    assert!(open <= 60, "{open} connections of one address");
    drop(held);
}
