//! Bodies that are small and become large or heavy.

use super::{
    shapes::{self, Encoding},
    siege::besiege,
    wire::{framed, post},
};
use crate::support::{KEY, Server};

/// Calls by gRPC-Web: the same service as by gRPC, without HTTP/2.
const GRPC_WEB: &str = "application/grpc-web+proto";

/// Every item has its fate, and none was forgotten.
fn check_account(server: &Server) {
    let counted = |name: &str| server.metric(name) as u64;
    let received = counted("errata_ingest_items_received_total");
    let ended = counted("errata_ingest_items_total");
    let in_flight = counted("errata_ingest_items_in_flight");
    assert_eq!(received, ended + in_flight);
    let internal = counted("errata_ingest_items_total{outcome=\"dropped\",reason=\"internal\"");
    assert_eq!(internal, 0);
}

#[test]
fn small_grpc_messages_of_millions_of_empty_parts_cost_nothing() {
    let server = Server::start();
    let bearer = format!("Bearer {KEY}");
    // Two bytes each: an empty event, an empty frame, an empty cause.
    let events = b"\x0a\x00".repeat(4_000_000);
    let frames = shapes::proto_event(&b"\x22\x00".repeat(500_000));
    let causes = shapes::proto_event(&b"\x2a\x00".repeat(500_000));
    let deep = shapes::proto_event(&shapes::nested(0x2a, 20_000));
    for (method, message) in [
        ("SendErrors", &events),
        ("SendError", &events),
        ("SendErrors", &frames),
        ("SendError", &frames),
        ("SendError", &causes),
        ("SendError", &deep),
        ("StreamErrors", &frames),
    ] {
        let path = format!("/errata.v1.IngestService/{method}");
        for (content_type, encoding) in [
            (GRPC_WEB, Encoding::Gzip),
            (GRPC_WEB, Encoding::Zstd),
            (GRPC_WEB, Encoding::Identity),
            ("application/grpc-web-text+proto", Encoding::Gzip),
        ] {
            let body = framed(&encoding.encode(message), encoding != Encoding::Identity);
            let body = if content_type == GRPC_WEB {
                body
            } else {
                shapes::base64(&body)
            };
            for authorization in ["", bearer.as_str()] {
                let headers = [
                    ("content-type", content_type),
                    ("grpc-encoding", encoding.name()),
                    ("authorization", authorization),
                ];
                besiege(&server, 4, 2, || {
                    post(&server, &path, &headers, &body);
                });
            }
        }
    }
    check_account(&server);
}

#[test]
fn bombs_by_every_door_in_every_encoding_hold_up_nobody() {
    let server = Server::start();
    let key = format!("?sentry_key={KEY}");
    let path = |door: &str| format!("/api/1/{door}/{key}");
    let native = |path: &str| format!("{path}?key={KEY}");
    let dsn = format!("{{\"dsn\":\"http://{KEY}@h/1\"}}\n");
    let blanks = b" ".repeat(8 << 20);
    let list = b"[0,0,0,0,".repeat(1 << 20);
    let objects = b"{\"a\":".repeat(2 << 20);
    let session = [b"{}\n{\"type\":\"session\"}\n", list.as_slice()].concat();
    let line = [b"{}\n{\"type\":\"event\",\"x\":", list.as_slice()].concat();
    let tunnelled = [dsn.as_bytes(), b"{\"type\":\"event\"}\n", &list].concat();
    let stacks = shapes::batch_of_stacks(400);
    let stacks_in_items = shapes::envelope_of_stacks(900);
    let cases: Vec<(&str, String, &str, &[u8])> = vec![
        ("blanks", "/tunnel".to_owned(), "", &blanks),
        ("a first line", "/tunnel".to_owned(), "", &list),
        ("with its key", "/tunnel".to_owned(), "", &tunnelled),
        ("a session", path("envelope"), "", &session),
        ("an item's header", path("envelope"), "", &line),
        ("an event", path("store"), "", &list),
        ("objects", path("store"), "", &objects),
        ("a report", path("security"), "", &list),
        (
            "a network report",
            path("nel"),
            "application/reports+json",
            &list,
        ),
        ("a check-in", path("cron/nightly"), "", &list),
        ("a native event", native("/api/errors"), "", &list),
        ("a native batch", native("/api/errors/batch"), "", &list),
        (
            "a batch of stacks",
            native("/api/errors/batch"),
            "",
            &stacks,
        ),
        ("stacks", path("envelope"), "", &stacks_in_items),
        ("a log", native("/v1/logs"), "application/json", &list),
        ("spans", native("/v1/traces"), "application/json", &objects),
    ];
    for (name, path, content_type, body) in cases {
        for encoding in Encoding::ALL {
            let body = encoding.encode(body);
            let headers = [
                ("content-type", content_type),
                ("content-encoding", encoding.name()),
            ];
            let report = besiege(&server, 4, 2, || {
                post(&server, &path, &headers, &body);
            });
            println!("{name}, {} bytes of {encoding:?}: {report:?}", body.len());
        }
    }
    check_account(&server);
}

#[test]
fn millions_of_tiny_parts_are_counted_before_they_are_read() {
    let server = Server::start();
    let key = format!("?sentry_key={KEY}");
    let envelope = format!("/api/1/envelope/{key}");
    let minidump = format!("/api/1/minidump/{key}");
    let form = "multipart/form-data; boundary=XX";
    let items = [
        b"{}\n".as_slice(),
        &b"{\"type\":\"event\"}\n{}\n".repeat(900_000),
    ]
    .concat();
    let bytes = [b"{}\n".as_slice(), &b"x\n".repeat(3_000_000)].concat();
    let parts = b"--XX\n\nx\n".repeat(1_000_000);
    let errors = [
        b"{\"errors\":[1".as_slice(),
        &b",1".repeat(3_000_000),
        b"]}",
    ]
    .concat();
    let spans = b"\x0a\x00".repeat(3_000_000);
    let scopes = shapes::proto_field(1, &b"\x12\x00".repeat(3_000_000));
    let cases: Vec<(&str, String, &str, &[u8])> = vec![
        ("items", envelope.clone(), "", &items),
        ("items of a byte", envelope, "", &bytes),
        ("parts", minidump, form, &parts),
        (
            "errors",
            format!("/api/errors/batch?key={KEY}"),
            "",
            &errors,
        ),
        (
            "resource spans",
            format!("/v1/traces?key={KEY}"),
            "application/x-protobuf",
            &spans,
        ),
        (
            "scopes",
            format!("/v1/logs?key={KEY}"),
            "application/x-protobuf",
            &scopes,
        ),
    ];
    for (name, path, content_type, body) in cases {
        for encoding in [Encoding::Identity, Encoding::Zstd] {
            let body = encoding.encode(body);
            let headers = [
                ("content-type", content_type),
                ("content-encoding", encoding.name()),
            ];
            let report = besiege(&server, 4, 2, || {
                post(&server, &path, &headers, &body);
            });
            println!("{name}, {} bytes: {report:?}", body.len());
        }
    }
    check_account(&server);
}

#[test]
fn a_minidump_that_names_one_list_a_thousand_times_is_read_once() {
    let server = Server::start();
    let path = format!("/api/1/minidump/?sentry_key={KEY}");
    let dump = shapes::dump_of_equal_lists();
    let envelope = shapes::envelope_with_dump(&dump);
    let in_envelope = format!("/api/1/envelope/?sentry_key={KEY}");
    let gzip = Encoding::Gzip.encode(&dump);
    let twice = shapes::envelope_with_dump(&gzip);
    for (path, body) in [
        (&path, &dump),
        (&path, &gzip),
        (&in_envelope, &envelope),
        (&in_envelope, &twice),
    ] {
        let body = Encoding::Gzip.encode(body);
        besiege(&server, 4, 5, || {
            let status = post(&server, path, &[("content-encoding", "gzip")], &body);
            assert!([200, 400, 413, 503].contains(&status), "{status}");
        });
    }
    check_account(&server);
}
