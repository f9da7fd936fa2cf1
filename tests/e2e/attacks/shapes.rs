//! Payloads of attacks.

use std::io::Write;

use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use serde_json::json;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Encoding {
    pub(crate) const ALL: [Self; 5] = [
        Self::Identity,
        Self::Gzip,
        Self::Deflate,
        Self::Brotli,
        Self::Zstd,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    pub(crate) fn encode(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Identity => bytes.to_vec(),
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Self::Deflate => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Self::Brotli => {
                let parameters = brotli::enc::BrotliEncoderParams {
                    quality: 2,
                    ..Default::default()
                };
                let mut out = Vec::new();
                brotli::BrotliCompress(&mut &bytes[..], &mut out, &parameters).unwrap();
                out
            }
            Self::Zstd => zstd::encode_all(bytes, 1).unwrap(),
        }
    }
}

/// Base64, as gRPC-Web's text form has it.
pub(crate) fn base64(bytes: &[u8]) -> Vec<u8> {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(bytes.len() / 3 * 4 + 4);
    for three in bytes.chunks(3) {
        let number = three
            .iter()
            .chain(&[0, 0])
            .take(3)
            .fold(0u32, |sum, byte| sum << 8 | u32::from(*byte));
        for place in 0..4 {
            out.push(if place <= three.len() {
                SIGNS[(number >> (18 - 6 * place) & 63) as usize]
            } else {
                b'='
            });
        }
    }
    out
}

/// A field of protobuf with bytes.
pub(crate) fn proto_field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length >= 0x80 {
        field.push(length as u8 | 0x80);
        length >>= 7;
    }
    field.push(length as u8);
    field.extend_from_slice(bytes);
    field
}

/// A message with an event whose error has these fields.
pub(crate) fn proto_event(error: &[u8]) -> Vec<u8> {
    proto_field(1, &proto_field(1, error))
}

/// A message in a message in a message …
pub(crate) fn nested(tag: u8, depth: usize) -> Vec<u8> {
    (0..depth).fold(Vec::new(), |inner, _| proto_field(tag >> 3, &inner))
}

/// A stack text of some thousand short lines.
fn stack() -> String {
    "Error: x\n".to_owned() + &"    at f (a:1:1)\n".repeat(900)
}

/// A native batch of events with long stacks.
pub(crate) fn batch_of_stacks(events: usize) -> Vec<u8> {
    let event = json!({"error": {"type": "E", "stack": stack()}, "platform": "node"}).to_string();
    format!("{{\"errors\":[{}]}}", vec![event; events].join(",")).into_bytes()
}

/// An envelope of such events.
pub(crate) fn envelope_of_stacks(events: usize) -> Vec<u8> {
    let event = json!({"exception": {"values": [{"type": "E", "stacktrace": {
        "frames": vec![json!({}); 2_000],
    }}]}});
    let item = format!("{{\"type\":\"event\"}}\n{event}\n");
    format!("{{}}\n{}", item.repeat(events)).into_bytes()
}

/// A minidump whose directory names the same list of a thousand modules again and
/// again.
pub(crate) fn dump_of_equal_lists() -> Vec<u8> {
    const ENTRIES: u32 = 1_000;
    const MODULES: u32 = 1_000;
    let (directory, list) = (32, 32 + 12 * ENTRIES);
    let size = 4 + 108 * MODULES;
    let words = |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|w| w.to_le_bytes()).collect() };
    let mut dump = b"MDMP".to_vec();
    dump.extend(words(&[0xa793, ENTRIES, directory, 0, 1, 0, 0]));
    for _ in 0..ENTRIES {
        dump.extend(words(&[4, size, list]));
    }
    dump.extend(words(&[MODULES]));
    let name = list + size;
    let mut module = [0u8; 108];
    module[20..24].copy_from_slice(&name.to_le_bytes());
    dump.extend(module.repeat(MODULES as usize));
    dump.extend(words(&[2_000]));
    dump.extend(b"a\0".repeat(1_000));
    dump
}

/// An envelope with a dump as its attachment.
pub(crate) fn envelope_with_dump(dump: &[u8]) -> Vec<u8> {
    let head = format!(
        "{{}}\n{{\"type\":\"attachment\",\"length\":{},\"attachment_type\":\"event.minidump\",\"filename\":\"a.dmp\"}}\n",
        dump.len()
    );
    [head.as_bytes(), dump, b"\n"].concat()
}
