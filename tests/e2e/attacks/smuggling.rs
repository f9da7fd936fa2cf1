//! Requests whose end is doubtful: what one party takes for a body another might take for a
//! request. Each hides a request in what is left over; it is never answered, and the
//! connection ends.

use std::io::{Read, Write};

use super::{siege::check_account, wire};
use crate::support::{KEY, Server};

/// Behind each request: one of its own, and the last of its connection.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
/// The native door with its key.
const DOOR: &str = "POST /api/errors HTTP/1.1\r\nhost: a\r\nauthorization: Bearer KEY\r\n";
const EVENT: &str = "{\"error\":{\"type\":\"E\"}}";

/// What a connection answers until it ends: the statuses.
fn answers(server: &Server, bytes: &[u8]) -> Vec<u16> {
    let mut stream = wire::connect(server);
    // Refused in the middle, perhaps.
    let _ = stream.write_all(bytes);
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    let said = String::from_utf8_lossy(&said).into_owned();
    let statuses = said.split("HTTP/1.1 ").skip(1);
    statuses
        .map(|answer| answer[..3].parse().unwrap())
        .collect()
}

#[test]
fn what_might_be_two_requests_is_at_most_one() {
    let server = Server::start();
    let chunk = format!("{:x}\r\n{EVENT}\r\n", EVENT.len());
    let (length, te) = (
        format!("content-length: {}\r\n", EVENT.len()),
        "transfer-encoding: chunked\r\n".to_owned(),
    );
    let chunked = format!("{chunk}0\r\n\r\n");
    for (name, heads, body, expected) in [
        // By the chunks, which is what RFC 9112 asks for, and then the connection ends.
        (
            "both lengths",
            [&*length, &*te].concat(),
            &*chunked,
            &[202][..],
        ),
        (
            "both, the other way round",
            [&*te, &*length].concat(),
            &chunked,
            &[202],
        ),
        (
            "two lengths",
            format!("{length}content-length: 1\r\n"),
            EVENT,
            &[400],
        ),
        (
            "two lengths in one",
            "content-length: 22, 1\r\n".into(),
            EVENT,
            &[400],
        ),
        (
            "a signed length",
            "content-length: +22\r\n".into(),
            EVENT,
            &[400],
        ),
        (
            "a length beyond all numbers",
            "content-length: 99999999999999999999\r\n".into(),
            EVENT,
            &[400],
        ),
        (
            "a length in hex",
            "content-length: 0x16\r\n".into(),
            EVENT,
            &[400],
        ),
        (
            "an unknown coding",
            "transfer-encoding: chunked, identity\r\n".into(),
            &chunked,
            &[400],
        ),
        (
            "a coding behind a tab",
            "transfer-encoding:\tx\r\n".into(),
            &chunked,
            &[400],
        ),
        (
            "a folded header",
            format!("x: 1\r\n {te}{length}"),
            EVENT,
            &[400],
        ),
        (
            "a blank before the colon",
            "transfer-encoding : chunked\r\n".into(),
            &chunked,
            &[400],
        ),
        (
            "a null in a name",
            "content\0-length: 1\r\n".into(),
            EVENT,
            &[400],
        ),
        (
            "a bare line feed in a value",
            format!("x: 1\n\r{te}"),
            &chunked,
            &[400],
        ),
    ] {
        let head = DOOR.replace("KEY", KEY);
        let bytes = format!("{head}{heads}\r\n{body}{HIDDEN}");
        assert_eq!(answers(&server, bytes.as_bytes()), expected, "{name}");
    }
    // Where a body begins and ends is plain: two requests are two.
    let head = DOOR.replace("KEY", KEY);
    let bytes = format!("{head}{te}\r\n{chunked}{HIDDEN}");
    assert_eq!(answers(&server, bytes.as_bytes()).len(), 2);
    check_account(&server);
}

#[test]
fn chunks_that_do_not_add_up_end_the_connection() {
    let server = Server::start();
    let head = DOOR.replace("KEY", KEY) + "transfer-encoding: chunked\r\n\r\n";
    let long = "1".repeat(40);
    let extension = "x".repeat(64 << 10);
    let many_trailers = "x: y\r\n".repeat(100_000);
    for (name, body) in [
        (
            "a size that is no number",
            format!("zz\r\n{EVENT}\r\n0\r\n\r\n"),
        ),
        ("a negative size", format!("-1\r\n{EVENT}\r\n0\r\n\r\n")),
        ("a size with a sign", format!("+16\r\n{EVENT}\r\n0\r\n\r\n")),
        (
            "a size beyond all numbers",
            format!("{long}\r\n{EVENT}\r\n0\r\n\r\n"),
        ),
        ("no size", format!("\r\n{EVENT}\r\n0\r\n\r\n")),
        ("a size too small", format!("1\r\n{EVENT}\r\n0\r\n\r\n")),
        (
            "a size ended by a line feed",
            format!("16\n{EVENT}\r\n0\r\n\r\n"),
        ),
        (
            "an endless extension",
            format!("16;{extension}\r\n{EVENT}\r\n0\r\n\r\n"),
        ),
        (
            "endless trailers",
            format!("16\r\n{EVENT}\r\n0\r\n{many_trailers}\r\n"),
        ),
    ] {
        let bytes = format!("{head}{body}{HIDDEN}");
        let statuses = answers(&server, bytes.as_bytes());
        assert!(statuses.len() <= 1, "{name}: {statuses:?}");
        assert!(
            statuses.iter().all(|status| *status == 400),
            "{name}: {statuses:?}"
        );
    }
    check_account(&server);
}
