//! The table of bombs: what is small on the wire and becomes large or heavy, by every
//! door. Tests play all of it, the hostile mix the compressed half.

use std::sync::Arc;

use super::{
    shapes::{self, Encoding},
    wire::framed,
};
use crate::support::KEY;

/// Calls by gRPC-Web: the same service as by gRPC, without HTTP/2.
const GRPC_WEB: &str = "application/grpc-web+proto";
const GRPC_WEB_TEXT: &str = "application/grpc-web-text+proto";

/// What is heavy about it, and so how it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// Protobuf of parts that take two bytes and become hundreds.
    Messages,
    /// Long, deep or wide texts.
    Deep,
    /// Millions of parts.
    Parts,
    /// Minidumps.
    Dumps,
}

impl Group {
    /// The encodings that are worth a siege each.
    pub(crate) fn encodings(self) -> &'static [Encoding] {
        match self {
            Self::Messages => &[Encoding::Gzip, Encoding::Zstd, Encoding::Identity],
            Self::Deep => &Encoding::ALL,
            Self::Parts => &[Encoding::Identity, Encoding::Zstd],
            Self::Dumps => &[Encoding::Gzip],
        }
    }
}

/// One row.
pub(crate) struct Bomb {
    pub(crate) name: &'static str,
    pub(crate) group: Group,
    path: String,
    content_type: &'static str,
    body: Arc<[u8]>,
}

/// A request made of a row.
pub(crate) struct Shot {
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
    headers: Vec<(&'static str, String)>,
}

impl Shot {
    pub(crate) fn headers(&self) -> Vec<(&str, &str)> {
        let headers = self.headers.iter();
        headers
            .map(|(name, value)| (*name, value.as_str()))
            .collect()
    }
}

impl Bomb {
    /// Its requests in an encoding: with and without the key where that is no part of the
    /// path, and in both forms of gRPC-Web.
    pub(crate) fn shots(&self, encoding: Encoding) -> Vec<Shot> {
        let shot = |content_type: &str, more: [(&'static str, String); 2], body: Vec<u8>| Shot {
            path: self.path.clone(),
            headers: [("content-type", content_type.to_owned())]
                .into_iter()
                .chain(more)
                .collect(),
            body,
        };
        let encoded = encoding.encode(&self.body);
        if self.group != Group::Messages {
            let encoding = ("content-encoding", encoding.name().to_owned());
            let none = ("authorization", String::new());
            return vec![shot(self.content_type, [encoding, none], encoded)];
        }
        let message = framed(&encoded, encoding != Encoding::Identity);
        let mut shots = Vec::new();
        for authorization in [String::new(), format!("Bearer {KEY}")] {
            for content_type in [GRPC_WEB, GRPC_WEB_TEXT] {
                let body = match content_type {
                    GRPC_WEB => message.clone(),
                    _ => shapes::base64(&message),
                };
                let more = [
                    ("grpc-encoding", encoding.name().to_owned()),
                    ("authorization", authorization.clone()),
                ];
                shots.push(shot(content_type, more, body));
            }
        }
        shots
    }
}

/// The whole table.
pub(crate) fn bombs() -> Vec<Bomb> {
    let mut table = Vec::new();
    let mut add = |name, group, path: &str, content_type, body: &Arc<[u8]>| {
        table.push(Bomb {
            name,
            group,
            path: path.to_owned(),
            content_type,
            body: Arc::clone(body),
        });
    };
    messages(&mut add);
    deep(&mut add);
    parts(&mut add);
    dumps(&mut add);
    table
}

/// Adds a row: name, group, path, content type, body.
type Add<'a> = dyn FnMut(&'static str, Group, &str, &'static str, &Arc<[u8]>) + 'a;

fn messages(add: &mut Add<'_>) {
    // Two bytes each: an empty event, an empty frame, an empty cause.
    let events: Arc<[u8]> = b"\x0a\x00".repeat(4_000_000).into();
    let frames = shapes::proto_event(&b"\x22\x00".repeat(500_000)).into();
    let causes = shapes::proto_event(&b"\x2a\x00".repeat(500_000)).into();
    let deep = shapes::proto_event(&shapes::nested(0x2a, 20_000)).into();
    for (name, method, body) in [
        ("a batch of empty events", "SendErrors", &events),
        ("an event of empty events", "SendError", &events),
        ("a batch of empty frames", "SendErrors", &frames),
        ("an event of empty frames", "SendError", &frames),
        ("an event of empty causes", "SendError", &causes),
        ("an event of deep causes", "SendError", &deep),
        ("a stream of empty frames", "StreamErrors", &frames),
    ] {
        let path = format!("/errata.v1.IngestService/{method}");
        add(name, Group::Messages, &path, "", body);
    }
}

/// A door of Sentry's protocol with its key.
fn sentry(door: &str) -> String {
    format!("/api/1/{door}/?sentry_key={KEY}")
}

/// A door of the native protocol or of OpenTelemetry with its key.
fn native(path: &str) -> String {
    format!("{path}?key={KEY}")
}

fn deep(add: &mut Add<'_>) {
    let dsn = format!("{{\"dsn\":\"http://{KEY}@h/1\"}}\n");
    let blanks = b" ".repeat(8 << 20).into();
    let text = b"[0,0,0,0,".repeat(1 << 20);
    let objects = b"{\"a\":".repeat(2 << 20).into();
    let session = [b"{}\n{\"type\":\"session\"}\n", text.as_slice()].concat();
    let line = [b"{}\n{\"type\":\"event\",\"x\":", text.as_slice()].concat();
    let tunnelled = [dsn.as_bytes(), b"{\"type\":\"event\"}\n", &text].concat();
    let (list, session) = (text.into(), session.into());
    let (line, tunnelled) = (line.into(), tunnelled.into());
    let stacks = shapes::batch_of_stacks(400).into();
    let stacks_in_items = shapes::envelope_of_stacks(900).into();
    let (json, reports) = ("application/json", "application/reports+json");
    for (name, path, content_type, body) in [
        ("blanks", "/tunnel".to_owned(), "", &blanks),
        ("a first line", "/tunnel".to_owned(), "", &list),
        ("with its key", "/tunnel".to_owned(), "", &tunnelled),
        ("a session", sentry("envelope"), "", &session),
        ("an item's header", sentry("envelope"), "", &line),
        ("an event", sentry("store"), "", &list),
        ("objects", sentry("store"), "", &objects),
        ("a report", sentry("security"), "", &list),
        ("a network report", sentry("nel"), reports, &list),
        ("a check-in", sentry("cron/nightly"), "", &list),
        ("a native event", native("/api/errors"), "", &list),
        ("a native batch", native("/api/errors/batch"), "", &list),
        ("native stacks", native("/api/errors/batch"), "", &stacks),
        ("stacks", sentry("envelope"), "", &stacks_in_items),
        ("a log", native("/v1/logs"), json, &list),
        ("spans", native("/v1/traces"), json, &objects),
    ] {
        add(name, Group::Deep, &path, content_type, body);
    }
}

fn parts(add: &mut Add<'_>) {
    let items = [
        b"{}\n".as_slice(),
        &b"{\"type\":\"event\"}\n{}\n".repeat(900_000),
    ];
    let bytes = [b"{}\n".as_slice(), &b"x\n".repeat(3_000_000)];
    let errors = [
        b"{\"errors\":[1".as_slice(),
        &b",1".repeat(3_000_000),
        b"]}",
    ];
    let (items, bytes, errors) = (
        items.concat().into(),
        bytes.concat().into(),
        errors.concat(),
    );
    let form_parts = b"--XX\n\nx\n".repeat(1_000_000).into();
    let spans = b"\x0a\x00".repeat(3_000_000).into();
    let scopes = shapes::proto_field(1, &b"\x12\x00".repeat(3_000_000)).into();
    let (form, proto) = ("multipart/form-data; boundary=XX", "application/x-protobuf");
    for (name, path, content_type, body) in [
        ("items", sentry("envelope"), "", &items),
        ("items of a byte", sentry("envelope"), "", &bytes),
        ("parts", sentry("minidump"), form, &form_parts),
        ("errors", native("/api/errors/batch"), "", &errors.into()),
        ("resource spans", native("/v1/traces"), proto, &spans),
        ("scopes", native("/v1/logs"), proto, &scopes),
    ] {
        add(name, Group::Parts, &path, content_type, body);
    }
}

fn dumps(add: &mut Add<'_>) {
    let dump = shapes::dump_of_equal_lists();
    let gzip = Encoding::Gzip.encode(&dump);
    let in_envelope = shapes::envelope_with_dump(&dump).into();
    let twice = shapes::envelope_with_dump(&gzip).into();
    for (name, door, body) in [
        ("a dump", "minidump", &dump.into()),
        ("a dump in gzip", "minidump", &gzip.into()),
        ("a dump in an envelope", "envelope", &in_envelope),
        ("a gzip dump in an envelope", "envelope", &twice),
    ] {
        add(name, Group::Dumps, &sentry(door), "", body);
    }
}
