//! What is begun and not ended, taken and not read, kept and not wanted.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use proto::v1::{
    Error, Event, SendErrorRequest, ingest_service_client::IngestServiceClient, send_result,
};

use super::{
    h2,
    shapes::Encoding,
    siege::{Siege, check_account},
    wire,
};
use crate::{
    grpc::{channel_to, with_bearer},
    support::{Client, KEY, Server, TOKEN, block_on, wait_for},
};

/// Connections that hold a body each: more together than the account has.
const HOLDERS: usize = 40;
/// What each of them sends of it.
const HELD_BYTES: usize = 6 << 20;

/// Sends as much as the server takes; it may refuse and close at any time.
fn pour(stream: &mut TcpStream, head: &[u8], bytes: &[u8]) {
    let _ = stream.write_all(head);
    for step in bytes.chunks(64 << 10) {
        if stream.write_all(step).is_err() {
            return;
        }
    }
}

#[test]
fn bodies_that_never_end_keep_nobody_out() {
    let half = vec![b' '; HELD_BYTES];
    let dsn = format!("{{\"dsn\":\"http://{KEY}@h/1\"}}\n");
    let with_dsn = [dsn.as_bytes(), &half].concat();
    let bearer = format!("Bearer {KEY}");
    let envelope = format!("/api/1/envelope/?sentry_key={KEY}");
    // A message that says it is larger.
    let message = [&[0, 1, 0x30, 0, 0], half.as_slice()].concat();
    let send = "/errata.v1.IngestService/SendErrors";
    let (json, web) = ("application/json", "application/grpc-web+proto");
    for (path, content_type, authorization, body) in [
        ("/tunnel", json, "", &half),
        ("/tunnel", json, "", &with_dsn),
        (send, web, "", &message),
        (send, web, bearer.as_str(), &message),
        (envelope.as_str(), json, "", &half),
        ("/api/errors/batch", json, bearer.as_str(), &half),
        ("/v1/logs", json, bearer.as_str(), &half),
    ] {
        // Anew, for an allocator gives back within seconds, not at once.
        let server = Server::start();
        let siege = Siege::begin(&server);
        let headers = [
            ("content-type", content_type),
            ("authorization", authorization),
        ];
        let head = wire::head(path, &headers, 20 << 20);
        let mut held = Vec::new();
        std::thread::scope(|scope| {
            let pouring: Vec<_> = (0..HOLDERS)
                .map(|_| {
                    scope.spawn(|| {
                        let mut stream = wire::connect(&server);
                        pour(&mut stream, &head, body);
                        stream
                    })
                })
                .collect();
            siege.wait_for_honest(3);
            held.extend(pouring.into_iter().map(|one| one.join().unwrap()));
        });
        siege.wait_for_honest(10);
        let report = siege.end();
        println!("{path}: {report:?}");
        report.check();
        drop(held);
        check_account(&server);
    }
}

#[test]
fn grpc_bodies_that_never_end_keep_nobody_out() {
    let server = Server::start();
    let bearer = format!("Bearer {KEY}");
    for method in ["SendError", "SendErrors", "StreamErrors"] {
        for authorization in ["", bearer.as_str()] {
            let path = format!("/errata.v1.IngestService/{method}");
            let siege = Siege::begin(&server);
            let mut held = Vec::new();
            for _ in 0..HOLDERS {
                let mut stream = wire::connect(&server);
                let mut bytes = h2::preface();
                // The default window is 64 KiB a stream: several streams, half a
                // message in each.
                let mut head = h2::grpc_head(&path, authorization);
                head.push(("a", "b"));
                for stream in 0..16 {
                    let id = 2 * stream + 1;
                    bytes.extend(h2::headers(id, &head, false));
                    let message = [&[0, 0, 8, 0, 0], [0; 3_000].as_slice()].concat();
                    bytes.extend(h2::data(id, &message, false));
                }
                pour(&mut stream, &bytes, &[]);
                held.push(stream);
            }
            siege.wait_for_honest(10);
            let report = siege.end();
            report.check();
            drop(held);
            check_account(&server);
        }
    }
}

#[test]
fn streams_that_say_little_take_nobodys_turn() {
    let server = Server::start();
    let bearer = format!("Bearer {KEY}");
    let path = "/errata.v1.IngestService/StreamErrors";
    let head = h2::grpc_head(path, &bearer);
    let held: Vec<_> = (0..100)
        .map(|_| {
            let mut stream = wire::connect(&server);
            let mut bytes = h2::preface();
            bytes.extend(h2::headers(1, &head, false));
            pour(&mut stream, &bytes, &[]);
            stream
        })
        .collect();
    let error = Error {
        r#type: "Honest".to_owned(),
        ..Error::default()
    };
    let event = Event {
        error: Some(error),
        ..Event::default()
    };
    let results = block_on(async {
        let mut client = IngestServiceClient::new(channel_to(&server.url).await.unwrap());
        let events = [(); 3].map(|()| SendErrorRequest {
            event: Some(event.clone()),
        });
        let request = with_bearer(KEY, tokio_stream::iter(events));
        client.stream_errors(request).await.unwrap().into_inner()
    });
    assert_eq!(results.results.len(), 3);
    for one in results.results {
        assert!(matches!(one.result, Some(send_result::Result::Id(_))));
    }
    drop(held);
}

#[test]
fn downloads_that_are_not_read_hold_nothing() {
    let server = Server::start();
    let id = "c0ffee00000000000000000000000001";
    let length = 19 << 20;
    let head = format!(
        "{{\"event_id\":\"{id}\"}}\n{{\"type\":\"event\"}}\n{{\"message\":\"m\"}}\n\
         {{\"type\":\"attachment\",\"length\":{length},\"filename\":\"a\"}}\n"
    );
    let body = [head.as_bytes(), &vec![7; length]].concat();
    let path = format!("/api/1/envelope/?sentry_key={KEY}");
    assert_eq!(wire::post(&server, &path, &[], &body), 200);
    let path = format!("/api/errors/{id}/attachments/0");
    let client = Client::new(&server);
    let whole = wait_for("the attachment", || {
        let (status, _, bytes) = client.download(&path);
        (status == 200).then_some(bytes)
    });
    assert_eq!(whole.len(), length);
    let siege = Siege::begin(&server);
    let asked = format!("GET {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {TOKEN}\r\n\r\n");
    let held: Vec<_> = (0..HOLDERS)
        .map(|_| {
            let mut stream = wire::connect(&server);
            stream.write_all(asked.as_bytes()).unwrap();
            let mut start = [0; 15];
            stream.read_exact(&mut start).unwrap();
            assert_eq!(&start, b"HTTP/1.1 200 OK");
            stream
        })
        .collect();
    siege.wait_for_honest(3);
    let report = siege.end();
    report.check();
    // And it comes whole to who reads it, meanwhile.
    assert_eq!(client.download(&path).2.len(), length);
    drop(held);
}

#[test]
fn files_beyond_what_a_project_may_keep_are_dropped_and_their_events_stored() {
    let max = 3u64 << 20;
    let server = Server::start_with(&[("ERRATA_LIMITS__BLOB_BYTES_PROJECT_MAX", "3145728")]);
    let path = format!("/api/1/envelope/?sentry_key={KEY}");
    for number in 0..10u8 {
        // A kilobyte that would become 39 MiB; and what is smaller, and fits once.
        for length in [39 << 20, 1 << 20] {
            let head = format!(
                "{{}}\n{{\"type\":\"event\"}}\n{{\"message\":\"m\"}}\n\
                 {{\"type\":\"attachment\",\"length\":{length},\"filename\":\"a\"}}\n"
            );
            let body = [head.as_bytes(), &vec![number; length]].concat();
            let body = Encoding::Zstd.encode(&body);
            let headers = [("content-encoding", "zstd")];
            let status = wire::post(&server, &path, &headers, &body);
            assert!([200, 413].contains(&status), "{status}");
        }
    }
    let kept: u64 = std::fs::read_dir(server.data_dir().join("blobs/1"))
        .unwrap()
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum();
    assert!(kept <= max, "{kept}");
    assert!(server.metric("errata_ingest_items_total{outcome=\"stored\"") >= 10.0);
}
