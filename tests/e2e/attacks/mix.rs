//! The hostile mix: everything that the attack tests do alone, at once and for as long as
//! it is wanted, each from an address of its own. Goes on while the server is killed and
//! started again.
//!
//! An attacker expects nothing: whatever becomes of its connections is fine. It bounds
//! itself all the same, in connections held and in time.

use std::{
    collections::VecDeque,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{
    bombs::{Shot, bombs},
    h2,
    shapes::Encoding,
    wire,
};
use crate::support::{KEY, OWNER_EMAIL, Server, TOKEN, wait_for};

/// Connections that one attacker holds at most; a few of them send, the others wait.
const HELD_MAX: usize = 96;
/// Connections that one lap of an attacker begins and holds.
const LAP: usize = 12;
/// Bombs of one lap: a dev build works on some for a second.
const BOMBS: usize = 4;
/// Between two laps: it is the server that shall be busy.
const PAUSE: Duration = Duration::from_millis(20);
/// How long an attacker waits for anything.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most bytes of an answer that an attacker who does read takes.
const ANSWER_BYTES_MAX: usize = 64 << 10;

type Behaviour = fn(&mut Attacker);

/// Who attacks how.
const BEHAVIOURS: [(&str, Behaviour); 8] = [
    ("bombs", send_bombs),
    ("half-open connections", begin_and_wait),
    ("bodies that never end", pour_and_wait),
    ("answers that are not read", ask_and_never_read),
    ("streams that say nothing", open_streams),
    ("bad frames", send_bad_bytes),
    ("wrong keys and forged sessions", guess),
    ("huge heads", send_huge_heads),
];

/// What a client may begin with and not go on.
const BEGINNINGS: [&[u8]; 6] = [
    b"",
    b"\x16\x03\x01\x02\x00\x01",
    b"PRI * HTTP",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\nhos",
    b"POST /api/errors HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n",
];

struct Attacker {
    from: Ipv4Addr,
    to: SocketAddr,
    lap: usize,
    /// Whether somebody answered the door in this lap.
    connected: bool,
    held: VecDeque<TcpStream>,
    magazine: Arc<Magazine>,
}

/// What is thrown, made once: the compressed half of the table of bombs. Whoever throws
/// takes the next one, so that runs of several mixes come round to all.
pub(crate) struct Magazine {
    shots: Vec<Shot>,
    next: AtomicUsize,
}

impl Magazine {
    pub(crate) fn new() -> Arc<Self> {
        let bombs = bombs().into_iter();
        Arc::new(Self {
            shots: bombs.flat_map(|bomb| bomb.shots(Encoding::Zstd)).collect(),
            next: AtomicUsize::new(0),
        })
    }

    fn take(&self) -> &Shot {
        &self.shots[self.next.fetch_add(1, Ordering::SeqCst) % self.shots.len()]
    }
}

/// Attackers at work.
pub(crate) struct Mix {
    stop: Arc<AtomicBool>,
    laps: Arc<[AtomicUsize; BEHAVIOURS.len()]>,
    threads: Vec<JoinHandle<()>>,
}

impl Mix {
    pub(crate) fn start(server: &Server, magazine: &Arc<Magazine>) -> Self {
        let mut mix = Self {
            stop: Arc::default(),
            laps: Arc::default(),
            threads: Vec::new(),
        };
        for (number, (_, behaviour)) in BEHAVIOURS.into_iter().enumerate() {
            let mut attacker = Attacker {
                from: Ipv4Addr::new(127, 0, 0, 2 + number as u8),
                to: wire::address(server),
                lap: 0,
                connected: false,
                held: VecDeque::new(),
                magazine: Arc::clone(magazine),
            };
            let (stop, laps) = (Arc::clone(&mix.stop), Arc::clone(&mix.laps));
            mix.threads.push(thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    attacker.connected = false;
                    behaviour(&mut attacker);
                    attacker.lap += 1;
                    if attacker.connected {
                        laps[number].fetch_add(1, Ordering::SeqCst);
                    }
                    thread::sleep(PAUSE);
                }
            }));
        }
        mix
    }

    /// Waits until each attacker has done so many more laps.
    pub(crate) fn wait_for_laps(&self, more: usize) {
        let done = || self.laps.iter().map(|laps| laps.load(Ordering::SeqCst));
        let wanted: Vec<usize> = done().map(|laps| laps + more).collect();
        for (number, (name, _)) in BEHAVIOURS.iter().enumerate() {
            wait_for(&format!("{more} laps of {name}"), || {
                (self.laps[number].load(Ordering::SeqCst) >= wanted[number]).then_some(())
            });
        }
    }

    /// Ends the attacks and closes what they hold.
    pub(crate) fn stop(mut self) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}

impl Drop for Mix {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

impl Attacker {
    fn connect(&mut self) -> Option<TcpStream> {
        let stream = wire::connect_from(self.from, self.to, PATIENCE).ok()?;
        self.connected = true;
        Some(stream)
    }

    /// Sends these bytes on a connection of its own, which stays open.
    fn hold(&mut self, bytes: &[u8]) {
        let Some(mut stream) = self.connect() else {
            return;
        };
        // It may be displaced at any time.
        let _ = stream.write_all(bytes);
        self.held.push_back(stream);
        if self.held.len() > HELD_MAX {
            self.held.pop_front();
        }
    }

    /// Sends these bytes, takes some of the answer, and goes.
    fn throw(&mut self, bytes: &[u8]) {
        let Some(mut stream) = self.connect() else {
            return;
        };
        let _ = stream.write_all(bytes);
        let mut answer = vec![0; ANSWER_BYTES_MAX];
        let _ = stream.read(&mut answer);
    }

    fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &[u8]) {
        let bytes = [wire::head(path, headers, body.len()).as_slice(), body].concat();
        self.throw(&bytes);
    }
}

fn send_bombs(attacker: &mut Attacker) {
    let magazine = Arc::clone(&attacker.magazine);
    for _ in 0..BOMBS {
        let shot = magazine.take();
        attacker.post(&shot.path, &shot.headers(), &shot.body);
    }
}

fn begin_and_wait(attacker: &mut Attacker) {
    for number in 0..LAP {
        attacker.hold(BEGINNINGS[(attacker.lap + number) % BEGINNINGS.len()]);
    }
}

fn pour_and_wait(attacker: &mut Attacker) {
    let half = vec![b' '; 1 << 20];
    let bearer = format!("Bearer {KEY}");
    for (path, authorization) in [
        ("/tunnel", ""),
        ("/api/errors/batch", bearer.as_str()),
        ("/v1/logs", bearer.as_str()),
        ("/auth/sign-in", ""),
    ] {
        let headers = [
            ("content-type", "application/json"),
            ("authorization", authorization),
        ];
        let head = wire::head(path, &headers, 20 << 20);
        attacker.hold(&[head.as_slice(), &half].concat());
    }
}

fn ask_and_never_read(attacker: &mut Attacker) {
    let paths = ["/api/errors?limit=1000", "/api/issues?limit=1000", "/"];
    let asked = paths.map(|path| {
        format!("GET {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {TOKEN}\r\n\r\n")
    });
    // One after the other on one connection: the first answer stands in the way.
    attacker.hold(asked.concat().repeat(4).as_bytes());
}

fn open_streams(attacker: &mut Attacker) {
    let bearer = format!("Bearer {KEY}");
    for method in ["SendError", "SendErrors", "StreamErrors"] {
        let path = format!("/errata.v1.IngestService/{method}");
        let head = h2::grpc_head(&path, &bearer);
        let mut bytes = h2::preface();
        for number in 0..32 {
            let stream = 2 * number + 1;
            bytes.extend(h2::headers(stream, &head, false));
            let message = [&[0, 0, 8, 0, 0], [0; 1_000].as_slice()].concat();
            bytes.extend(h2::data(stream, &message, false));
        }
        attacker.hold(&bytes);
    }
}

fn send_bad_bytes(attacker: &mut Attacker) {
    let head = h2::grpc_head("/errata.v1.IngestService/SendError", "");
    let after_preface = |frames: &[Vec<u8>]| [h2::preface(), frames.concat()].concat();
    let too_long = [0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1];
    let resets: Vec<Vec<u8>> = (0..200)
        .flat_map(|number| {
            let stream = 2 * number + 1;
            [
                h2::headers(stream, &head, false),
                h2::frame(3, 0, stream, &[0, 0, 0, 8]),
            ]
        })
        .collect();
    let length_of_frame = [0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3];
    let frame_too_long = wire::head(
        "/errata.v1.IngestService/SendError",
        &[("content-type", "application/grpc-web+proto")],
        length_of_frame.len(),
    );
    for bytes in [
        after_preface(&[h2::data(0, b"of no stream", false)]),
        after_preface(&[h2::data(7, b"of a stream that is not open", false)]),
        after_preface(&[h2::frame(1, 4, 1, &[0xff; 400])]),
        after_preface(&[too_long.to_vec()]),
        after_preface(&vec![h2::frame(4, 0, 0, &[0, 3, 0, 0, 0, 1]); 2_000]),
        after_preface(&vec![h2::frame(6, 0, 0, &[7; 8]); 2_000]),
        after_preface(&vec![h2::frame(8, 0, 0, &[0x7f, 0xff, 0xff, 0xff]); 2]),
        after_preface(&resets),
        [frame_too_long.as_slice(), &length_of_frame].concat(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"\0\0\0\0\0\0\0\0\r\n\r\n".to_vec(),
        b"POST /tunnel HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec(),
        b"POST /tunnel HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx"
            .to_vec(),
    ] {
        attacker.throw(&bytes);
    }
}

fn guess(attacker: &mut Attacker) {
    let wrong = format!("{:032x}", attacker.lap + 1);
    let bearer = format!("Bearer {wrong}");
    let json = ("content-type", "application/json");
    let event = br#"{"error":{"type":"Foreign"}}"#;
    let envelope = b"{}\n{\"type\":\"event\"}\n{}\n";
    let cookie = format!("errata_session=1.0.{wrong}.9000000000000000000.forged");
    let sign_in = format!(r#"{{"email":"{OWNER_EMAIL}","password":"{wrong}"}}"#);
    attacker.post(
        &format!("/api/1/envelope/?sentry_key={wrong}"),
        &[],
        envelope,
    );
    attacker.post(&format!("/api/9/envelope/?sentry_key={KEY}"), &[], envelope);
    attacker.post("/api/errors", &[json, ("authorization", &bearer)], event);
    attacker.post("/v1/logs", &[json, ("authorization", "Basic eA==")], b"{}");
    attacker.post("/auth/sign-in", &[json], sign_in.as_bytes());
    let commands = "/errata.v1.CommandService/CreateProject";
    let web = ("content-type", "application/grpc-web+proto");
    let message = wire::framed(b"\x0a\x01x", false);
    attacker.post(commands, &[web, ("authorization", &bearer)], &message);
    attacker.post(commands, &[web, ("cookie", &cookie)], &message);
    attacker.post(commands, &[web, ("x-errata-internal", &wrong)], &message);
}

fn send_huge_heads(attacker: &mut Attacker) {
    let long = "x".repeat(200 << 10);
    let many = "x-more: 1\r\n".repeat(5_000);
    for bytes in [
        format!("GET /{long} HTTP/1.1\r\nhost: a\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: a\r\nx-long: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: a\r\n{many}\r\n"),
        format!("POST /tunnel HTTP/1.1\r\nhost: a\r\ncookie: {long}\r\n"),
    ] {
        attacker.throw(bytes.as_bytes());
    }
    let value = "v".repeat(100);
    let names: Vec<String> = (0..200).map(|number| format!("x-{number}")).collect();
    let mut head = h2::grpc_head("/errata.v1.IngestService/SendErrors", "");
    head.extend(names.iter().map(|name| (name.as_str(), value.as_str())));
    let mut bytes = h2::preface();
    for number in 0..32 {
        bytes.extend(h2::headers(2 * number + 1, &head, false));
    }
    attacker.throw(&bytes);
}
