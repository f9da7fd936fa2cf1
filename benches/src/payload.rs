//! Real envelopes with distinct event ids, gzip'd ahead of time.
//!
//! Compressing each body while the load runs would cost the server's cores. So the
//! event is compressed once for each of [`VARIANTS`] variants; the envelope's header
//! with the event's id goes before it as a stored deflate block, and the CRC of the
//! whole is combined from both parts: one valid gzip member a request.

use std::io::Write;

use bytes::{BufMut, Bytes, BytesMut};
use flate2::{Compression, Crc, write::DeflateEncoder};
use serde_json::Value;

/// Distinct events (message, user, tag); identical stacks are the rule in error
/// traffic, so the stack stays.
pub const VARIANTS: usize = 500;

/// A real Python SDK event of 3.1 KB of JSON.
const SMALL: &str = include_str!("../payloads/small.json");
/// A real Python SDK event, cut to 17.9 KB of JSON.
const LARGE: &str = include_str!("../payloads/large.json");

/// Which event is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Size {
    /// 3.1 KB of JSON.
    Small,
    /// 17.9 KB of JSON.
    Large,
}

/// All variants, compressed.
pub struct Payloads {
    variants: Vec<Variant>,
    /// JSON of one event, bytes.
    pub json_bytes: usize,
}

struct Variant {
    deflated: Vec<u8>,
    crc: Crc,
    raw_len: u32,
}

impl Payloads {
    /// Compresses all variants of an event.
    ///
    /// # Panics
    /// If the committed payload is no JSON object, which a test excludes.
    pub fn new(size: Size) -> Self {
        let event = committed(size);
        let mut json_bytes = 0;
        let variants = (0..VARIANTS)
            .map(|n| {
                let json = vary(event.clone(), n).to_string();
                json_bytes = json.len();
                Variant::new(
                    format!("{{\"type\":\"event\",\"length\":{}}}\n{json}\n", json.len())
                        .as_bytes(),
                )
            })
            .collect();
        Self {
            variants,
            json_bytes,
        }
    }

    /// The gzip'd envelope of the event `id` (32 hex digits).
    pub fn body(&self, n: usize, id: &str) -> Bytes {
        let variant = &self.variants[n % self.variants.len()];
        let header = format!("{{\"event_id\":\"{id}\"}}\n");
        let header_len = u16::try_from(header.len()).expect("the header line is short");
        let mut crc = Crc::new();
        crc.update(header.as_bytes());
        crc.combine(&variant.crc);
        let mut body = BytesMut::with_capacity(variant.deflated.len() + header.len() + 23);
        body.put_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
        body.put_u8(0);
        body.put_u16_le(header_len);
        body.put_u16_le(!header_len);
        body.put_slice(header.as_bytes());
        body.put_slice(&variant.deflated);
        body.put_u32_le(crc.sum());
        body.put_u32_le(variant.raw_len + u32::from(header_len));
        body.freeze()
    }
}

impl Variant {
    fn new(raw: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
        encoder
            .write_all(raw)
            .expect("writing to memory cannot fail");
        let mut crc = Crc::new();
        crc.update(raw);
        Self {
            deflated: encoder.finish().expect("writing to memory cannot fail"),
            crc,
            raw_len: u32::try_from(raw.len()).expect("payloads are small"),
        }
    }
}

/// JSON of variant `n` of an event.
///
/// # Panics
/// If the committed payload is no JSON, which a test excludes.
pub fn event_json(size: Size, n: usize) -> String {
    vary(committed(size), n).to_string()
}

fn committed(size: Size) -> Value {
    let text = match size {
        Size::Small => SMALL,
        Size::Large => LARGE,
    };
    serde_json::from_str(text).expect("the committed payload is JSON")
}

fn vary(mut event: Value, n: usize) -> Value {
    if let Some(object) = event.as_object_mut() {
        object.remove("event_id");
        // The capture's own time is long ago; without one the server takes its own.
        object.remove("timestamp");
        object.insert(
            "user".to_owned(),
            serde_json::json!({"id": format!("user-{n}")}),
        );
        object.insert(
            "tags".to_owned(),
            serde_json::json!({"variant": (n % 50).to_string(), "load": "true"}),
        );
    }
    if let Some(value) = event.pointer_mut("/exception/values/0/value") {
        *value = Value::String(format!("payment {n} was declined"));
    }
    event
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_body_is_one_gzip_member_with_the_id_in_front() -> std::io::Result<()> {
        for size in [Size::Small, Size::Large] {
            let payloads = Payloads::new(size);
            let id = "0123456789abcdef0123456789abcdef";
            for n in [0, 1, VARIANTS + 7] {
                let mut text = String::new();
                flate2::read::GzDecoder::new(payloads.body(n, id).as_ref())
                    .read_to_string(&mut text)?;
                let mut lines = text.lines();
                assert_eq!(
                    lines.next(),
                    Some(format!("{{\"event_id\":\"{id}\"}}").as_str())
                );
                assert!(
                    lines
                        .next()
                        .is_some_and(|line| line.starts_with("{\"type\":\"event\""))
                );
                let event: Value = serde_json::from_str(lines.next().unwrap_or_default())?;
                assert!(event["exception"]["values"].is_array());
                assert_eq!(event["user"]["id"], format!("user-{}", n % VARIANTS));
            }
        }
        Ok(())
    }
}
