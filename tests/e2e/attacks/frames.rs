//! Floods of HTTP/2 frames: streams that are opened and reset, heads that never end, settings
//! and pings that want answers, answers that are not taken.

use std::{io::Write, net::TcpStream};

use super::{
    h2,
    siege::{PEAK_BYTES_MAX, Siege, check_account, rss_anon},
    wire::connect,
};
use crate::support::{KEY, Server};

/// Frames of one flood.
const FRAMES: u32 = 100_000;
/// Connections that flood at once.
const FLOODERS: usize = 4;

/// HEADERS without an end, of a stream.
fn head(stream: u32, ends: bool) -> Vec<u8> {
    let head = h2::grpc_head("/errata.v1.IngestService/SendErrors", "");
    h2::headers(stream, &head, ends)
}

/// RST_STREAM: cancelled.
fn reset(stream: u32) -> Vec<u8> {
    h2::frame(3, 0, stream, &8u32.to_be_bytes())
}

/// A flood, frame by frame; a server that has enough closes.
fn flood(stream: &mut TcpStream, frames: impl Iterator<Item = Vec<u8>>) -> bool {
    let mut bytes = h2::preface();
    for frame in frames {
        bytes.extend(frame);
        if bytes.len() > 32 << 10 {
            if stream.write_all(&bytes).is_err() {
                return false;
            }
            bytes.clear();
        }
    }
    stream.write_all(&bytes).is_ok()
}

/// What a flood is made of, as many frames as are asked for.
type Flood = fn() -> Box<dyn Iterator<Item = Vec<u8>>>;

fn rapid_resets() -> Box<dyn Iterator<Item = Vec<u8>>> {
    Box::new((0..FRAMES).map(|number| {
        let stream = 2 * number + 1;
        [head(stream, false), reset(stream)].concat()
    }))
}

/// Streams whose body is beyond what was promised: the server resets them itself.
fn made_resets() -> Box<dyn Iterator<Item = Vec<u8>>> {
    Box::new((0..FRAMES).map(|number| {
        let stream = 2 * number + 1;
        // A window update of zero is an error of the stream.
        let update = h2::frame(8, 0, stream, &[0; 4]);
        [head(stream, false), update].concat()
    }))
}

fn continuations() -> Box<dyn Iterator<Item = Vec<u8>>> {
    // A head that says of no frame that it is the last.
    let begin = h2::frame(1, 0, 1, &[]);
    let more = h2::frame(9, 0, 1, &[0x00, 1, b'x', 1, b'y'].repeat(100));
    Box::new(std::iter::once(begin).chain(std::iter::repeat_n(more, FRAMES as usize)))
}

fn empty_continuations() -> Box<dyn Iterator<Item = Vec<u8>>> {
    let begin = h2::frame(1, 0, 1, &[]);
    let more = h2::frame(9, 0, 1, &[]);
    Box::new(std::iter::once(begin).chain(std::iter::repeat_n(more, FRAMES as usize)))
}

fn settings() -> Box<dyn Iterator<Item = Vec<u8>>> {
    // Each changes the window of all streams, and wants an answer.
    Box::new((0..FRAMES).map(|number| {
        let window = 1_000 + number % 1_000;
        let setting = [&[0, 4][..], &window.to_be_bytes()].concat();
        h2::frame(4, 0, 0, &setting)
    }))
}

fn pings() -> Box<dyn Iterator<Item = Vec<u8>>> {
    Box::new(std::iter::repeat_n(
        h2::frame(6, 0, 0, &[7; 8]),
        FRAMES as usize,
    ))
}

fn empty_data() -> Box<dyn Iterator<Item = Vec<u8>>> {
    let begin = head(1, false);
    Box::new(std::iter::once(begin).chain(std::iter::repeat_n(
        h2::data(1, &[], false),
        FRAMES as usize,
    )))
}

/// Of priorities, which nobody follows any more.
fn priorities() -> Box<dyn Iterator<Item = Vec<u8>>> {
    Box::new((0..FRAMES).map(|number| h2::frame(2, 0, 2 * number + 1, &[0, 0, 0, 0, 9])))
}

/// Growth of the table of names beyond what was agreed, again and again.
fn table_sizes() -> Box<dyn Iterator<Item = Vec<u8>>> {
    Box::new((0..FRAMES).map(|number| {
        let block = [&[0x3f, 0xe1, 0xff, 0x03][..], &[0x82]].concat();
        h2::frame(1, 5, 2 * number + 1, &block)
    }))
}

#[test]
fn floods_of_frames_cost_the_flooder_its_connection_at_most() {
    let server = Server::start();
    let table: [(&str, Flood); 9] = [
        ("rapid resets", rapid_resets),
        ("resets that the server makes", made_resets),
        ("a head without end", continuations),
        ("a head of nothing without end", empty_continuations),
        ("settings", settings),
        ("pings", pings),
        ("empty data", empty_data),
        ("priorities", priorities),
        ("sizes of tables", table_sizes),
    ];
    for (name, frames) in table {
        let siege = Siege::begin(&server);
        let mut held = Vec::new();
        std::thread::scope(|scope| {
            let flooding: Vec<_> = (0..FLOODERS)
                .map(|_| {
                    scope.spawn(|| {
                        let mut stream = connect(&server);
                        // Answers are not read, and so a write may wait for ever.
                        let _ = stream.set_write_timeout(Some(std::time::Duration::from_secs(5)));
                        let is_taken = flood(&mut stream, frames());
                        (stream, is_taken)
                    })
                })
                .collect();
            siege.wait_for_honest(3);
            held.extend(flooding.into_iter().map(|one| one.join().unwrap()));
        });
        siege.wait_for_honest(3);
        let report = siege.end();
        let taken = held.iter().filter(|(_, is_taken)| *is_taken).count();
        println!("{name}, {taken} taken whole: {report:?}");
        report.check();
        drop(held);
        check_account(&server);
    }
}

#[test]
fn answers_over_http2_that_are_not_taken_hold_little_and_end() {
    let server = Server::start();
    let siege = Siege::begin(&server);
    let mut held = Vec::new();
    let path = format!("/api/errors?key={KEY}");
    for _ in 0..40 {
        let mut stream = connect(&server);
        // Nothing may be sent to this client: its windows are closed from the start.
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        bytes.extend(h2::frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]));
        for number in 0..64 {
            let pages = [
                (":method", "GET"),
                (":scheme", "http"),
                (":path", if number % 2 == 0 { "/" } else { &path }),
                (":authority", "a"),
            ];
            bytes.extend(h2::headers(2 * number + 1, &pages, true));
        }
        let _ = stream.write_all(&bytes);
        held.push(stream);
    }
    siege.wait_for_honest(5);
    let peak = rss_anon(server.pid());
    assert!(peak < PEAK_BYTES_MAX, "{peak} bytes");
    let report = siege.end();
    assert!(report.peak_bytes < PEAK_BYTES_MAX, "{report:?}");
    drop(held);
    check_account(&server);
}
