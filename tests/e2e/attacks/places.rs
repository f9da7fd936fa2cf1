//! Attacks on places: connections that say nothing, and streams without end. Found by
//! the security review as C3 and H2: 4,226 silent connections shut everybody out for as
//! long as they were held, SIGTERM too; 300 connections of 200 streams took 2 GiB.

use std::{io::Write, net::TcpStream};

use super::{
    h2,
    siege::{PEAK_BYTES_MAX, Siege, rss_anon},
    wire::{connect, status},
};
use crate::support::{Server, wait_for};

/// Fewer places than attackers.
const PLACES: [(&str, &str); 2] = [
    ("ERRATA_LIMITS__CONNECTIONS_MAX", "64"),
    ("ERRATA_LIMITS__CONNECTIONS_ADDRESS_MAX", "48"),
];

/// What a client may begin with and not go on.
const BEGINNINGS: [&[u8]; 5] = [
    b"",
    b"PRI * HTTP",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\nhos",
    b"POST /api/errors HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n",
];

#[test]
fn silent_connections_shut_nobody_out_and_do_not_hold_up_the_end() {
    let mut server = Server::start_with(&PLACES);
    let siege = Siege::begin(&server);
    let mut held: Vec<TcpStream> = Vec::new();
    for round in 0..4 {
        for number in 0..75 {
            let mut stream = connect(&server);
            // Displaced by the next ones, perhaps before this is written.
            let _ = stream.write_all(BEGINNINGS[(round + number) % BEGINNINGS.len()]);
            held.push(stream);
        }
        siege.wait_for_honest(5);
    }
    let report = siege.end();
    assert!(report.peak_bytes < PEAK_BYTES_MAX, "{report:?}");
    assert!(server.metric("errata_connections_closed_total{reason=\"displaced\"}") > 0.0);
    // With all places held.
    server.stop();
    drop(held);
}

#[test]
fn streams_without_end_take_their_share_and_no_more() {
    let server = Server::start_with(&[("ERRATA_LIMITS__REQUESTS_ADDRESS_MAX", "256")]);
    let siege = Siege::begin(&server);
    let value = "v".repeat(100);
    let names: Vec<String> = (0..80).map(|number| format!("x-{number}")).collect();
    let mut head = h2::grpc_head("/errata.v1.IngestService/SendErrors", "");
    head.extend(names.iter().map(|name| (name.as_str(), value.as_str())));
    let mut held = Vec::new();
    for _ in 0..40 {
        let mut stream = connect(&server);
        let mut bytes = h2::preface();
        for number in 0..200 {
            bytes.extend(h2::headers(2 * number + 1, &head, false));
        }
        // Refused streams may end the connection before all is written.
        let _ = stream.write_all(&bytes);
        held.push(stream);
    }
    // The address of the attackers is the honest one's here: its share is used up while
    // theirs lasts, and health answers all the same.
    wait_for("health beside them", || {
        let (status, _) = server.readiness()?;
        (status == 200).then_some(())
    });
    let peak = rss_anon(server.pid());
    assert!(peak < PEAK_BYTES_MAX, "{peak} bytes");
    drop(held);
    siege.wait_for_honest(5);
    let report = siege.end();
    assert!(report.peak_bytes < PEAK_BYTES_MAX, "{report:?}");
}

#[test]
fn a_request_without_one_host_is_refused() {
    let server = Server::start();
    for (hosts, expected) in [
        ("", 400),
        ("host: a\r\nhost: b\r\n", 400),
        ("host: a\r\n", 200),
    ] {
        let mut stream = connect(&server);
        let head = format!("GET / HTTP/1.1\r\n{hosts}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        assert_eq!(status(&mut stream), expected, "{hosts:?}");
    }
    let refused = server.metric("errata_requests_refused_total{reason=\"bad_head\"}");
    assert_eq!(refused as u64, 2);
}
