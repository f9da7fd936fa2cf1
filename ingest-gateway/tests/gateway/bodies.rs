use std::io::Write;

use axum::body::Body;
use bytes::Bytes;
use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use http::StatusCode;

use crate::support::{KEY, World, config, envelope, id, native_event, sentry_event, wishes};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let params = brotli::enc::BrotliEncoderParams {
        quality: 3,
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &bytes[..], &mut out, &params).unwrap();
    out
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

type Encoder = fn(&[u8]) -> Vec<u8>;

#[tokio::test]
async fn every_encoding_of_real_clients_is_read() {
    let world = World::new().await;
    let encodings: [(&str, Encoder); 9] = [
        ("gzip", gzip),
        ("x-gzip", gzip),
        ("GZIP", gzip),
        ("deflate", zlib),
        ("deflate", raw_deflate),
        ("br", brotli),
        ("zstd", zstd),
        ("identity", <[u8]>::to_vec),
        ("", <[u8]>::to_vec),
    ];
    for (number, (name, encode)) in encodings.into_iter().enumerate() {
        let (first, second) = (id(number as u32), id(100 + number as u32));
        let headers = [("content-encoding", name)];
        let path = format!("/api/1/envelope/?sentry_key={KEY}");
        let answer = world
            .post(&path, &headers, encode(envelope(&first).as_bytes()))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{name} {:?}", answer.body);
        assert_eq!(answer.json()["id"], first);
        let path = format!("/api/errors?key={KEY}");
        let body = encode(native_event(&second).as_bytes());
        let answer = world.post(&path, &headers, body).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{name}");
    }
    assert_eq!(world.stored_ids().len(), 18);
}

#[tokio::test]
async fn what_a_proxy_took_the_encoding_from_or_left_it_on_is_known_by_its_first_bytes() {
    let world = World::new().await;
    let encodings: [(&str, Encoder); 3] = [("gzip", gzip), ("zstd", zstd), ("deflate", zlib)];
    let mut stored = 0;
    for (name, encode) in encodings {
        // Without its name, and in clear under a name.
        let labels: &[(&str, &str)] = &[("content-encoding", name)];
        for (headers, encode) in [(&[][..], encode), (labels, <[u8]>::to_vec as Encoder)] {
            if name == "deflate" && !headers.is_empty() {
                continue;
            }
            for door in ["store", "envelope", "native"] {
                stored += 1;
                let id = id(stored);
                let (path, body) = match door {
                    "store" => (format!("/api/1/store/?sentry_key={KEY}"), sentry_event(&id)),
                    "envelope" => (format!("/api/1/envelope/?sentry_key={KEY}"), envelope(&id)),
                    _ => (format!("/api/errors?key={KEY}"), native_event(&id)),
                };
                let answer = world.post(&path, headers, encode(body.as_bytes())).await;
                assert!(
                    answer.status.is_success(),
                    "{door} {name}: {:?}",
                    answer.body
                );
            }
        }
    }
    assert_eq!(world.stored_ids().len(), stored as usize);
}

#[tokio::test]
async fn what_shrinks_by_more_than_a_hundred_is_a_bomb() {
    let world = World::new().await;
    let path = format!("/api/1/envelope/?sentry_key={KEY}");
    let encodings: [(&str, Encoder); 4] = [
        ("gzip", gzip),
        ("deflate", zlib),
        ("br", brotli),
        ("zstd", zstd),
    ];
    for (name, encode) in encodings {
        let headers = [("content-encoding", name)];
        let blanks = |bytes: usize| {
            let body = envelope(&id(1)) + "\n" + &" ".repeat(bytes);
            encode(body.as_bytes())
        };
        let small = world.post(&path, &headers, blanks(900_000)).await;
        assert_eq!(small.status, StatusCode::OK, "{name}");
        let large = world.post(&path, &headers, blanks(8 << 20)).await;
        assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE, "{name}");
    }
    assert_eq!(world.stored_ids(), [id(1)]);
    assert_eq!(world.gateway.tally().in_flight, 0);
}

#[tokio::test]
async fn an_envelope_without_a_key_is_known_by_its_first_line_before_it_is_whole() {
    let world = World::new().await;
    let endless = |first: String| {
        let first = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from(first))]);
        let stream = futures_util::StreamExt::chain(first, futures_util::stream::pending());
        Body::from_stream(stream)
    };
    // Refused at once, though the body never ends.
    for (line, status) in [
        ("{}\n".to_owned(), StatusCode::UNAUTHORIZED),
        (
            format!(
                "{{\"dsn\":\"http://{}@h/1\"}}\n",
                crate::support::other_key()
            ),
            StatusCode::FORBIDDEN,
        ),
        (
            format!("{{\"a\":\"{}", "x".repeat(9_000)),
            StatusCode::BAD_REQUEST,
        ),
        (" ".repeat(9_000), StatusCode::BAD_REQUEST),
        ("[0,".repeat(5_000), StatusCode::BAD_REQUEST),
    ] {
        let answer = world.post("/tunnel", &[], endless(line.clone())).await;
        assert_eq!(answer.status, status, "{line}");
    }
    assert_eq!(world.gateway.tally().in_flight, 0);
    // The key may come a byte at a time, compressed or not.
    let body = format!(
        "{{\"dsn\":\"http://{KEY}@h/1\"}}\n{{\"type\":\"event\"}}\n{}",
        sentry_event(&id(1))
    );
    for (name, body) in [("gzip", gzip(body.as_bytes())), ("", body.into_bytes())] {
        let bytes = body.chunks(1).map(Bytes::copy_from_slice);
        let bytes: Vec<_> = bytes.map(Ok::<_, std::io::Error>).collect();
        let body = Body::from_stream(futures_util::stream::iter(bytes));
        let answer = world
            .post("/tunnel", &[("content-encoding", name)], body)
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{name:?} {:?}", answer.body);
    }
    assert_eq!(world.stored_ids(), [id(1)]);
}

#[tokio::test]
async fn unknown_encodings_are_415() {
    let world = World::new().await;
    for name in ["compress", "gzip, br", "snappy"] {
        let path = format!("/api/errors?key={KEY}");
        let answer = world.post(&path, &[("content-encoding", name)], "{}").await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{name}");
        assert_eq!(answer.json()["error"]["field"], "content-encoding");
    }
}

#[tokio::test]
async fn damaged_and_truncated_bodies_are_400() {
    let world = World::new().await;
    let event = native_event(&id(1));
    let encodings: [(&str, Encoder); 4] = [
        ("gzip", gzip),
        ("deflate", zlib),
        ("br", brotli),
        ("zstd", zstd),
    ];
    for (name, encode) in encodings {
        let whole = encode(event.as_bytes());
        let cut = whole[..whole.len() - 6].to_vec();
        for body in [cut, b"garbage, surely".to_vec()] {
            let path = format!("/api/errors?key={KEY}");
            let answer = world.post(&path, &[("content-encoding", name)], body).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name}");
        }
    }
    assert!(world.stored_ids().is_empty());
}

#[tokio::test]
async fn a_bomb_costs_no_more_than_the_cap() {
    let mut config = config();
    config.limits.decompressed_bytes_max = 1 << 20;
    config.limits.in_flight_bytes_max = 4 << 20;
    let world = World::with(config, wishes()).await;
    let zeros = vec![b' '; 64 << 20];
    let encodings: [(&str, Encoder); 4] = [
        ("gzip", gzip),
        ("deflate", zlib),
        ("br", brotli),
        ("zstd", zstd),
    ];
    for (name, encode) in encodings {
        let bomb = encode(&zeros);
        let headers = [("content-encoding", name)];
        let path = format!("/api/1/envelope/?sentry_key={KEY}");
        let answer = world.post(&path, &headers, bomb).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{name}");
    }
    // All memory came back.
    let answer = world.post_native(native_event("")).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_zstd_frame_may_not_ask_for_a_huge_window() {
    let world = World::new().await;
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(native_event("").as_bytes()).unwrap();
    let body = encoder.finish().unwrap();
    let path = format!("/api/errors?key={KEY}");
    let answer = world
        .post(&path, &[("content-encoding", "zstd")], body)
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{:?}", answer.body);
}

#[tokio::test]
async fn bodies_above_the_cap_are_413_announced_or_not() {
    let mut config = config();
    config.limits.received_bytes_max = 10_000;
    let world = World::with(config, wishes()).await;
    let path = format!("/api/errors?key={KEY}");
    let large = vec![b' '; 10_001];
    let length = large.len().to_string();
    let announced = world
        .post(&path, &[("content-length", &length)], large.clone())
        .await;
    let chunks: Vec<Result<Bytes, std::io::Error>> = large
        .chunks(999)
        .map(|c| Ok(Bytes::copy_from_slice(c)))
        .collect();
    let chunked = world
        .post(
            &path,
            &[],
            Body::from_stream(futures_util::stream::iter(chunks)),
        )
        .await;
    for answer in [announced, chunked] {
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(answer.json()["error"]["code"], "too_large");
    }
}

#[tokio::test]
async fn a_chunked_body_is_put_together() {
    let world = World::new().await;
    let event = envelope(&id(1));
    let chunks: Vec<Result<Bytes, std::io::Error>> = event
        .as_bytes()
        .chunks(7)
        .map(|c| Ok(Bytes::copy_from_slice(c)))
        .collect();
    let answer = world
        .post_envelope(Body::from_stream(futures_util::stream::iter(chunks)))
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert_eq!(world.stored_ids(), [id(1)]);
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let mut config = config();
    config.limits.body_read_timeout_ms = 50;
    let world = World::with(config, wishes()).await;
    let stalled = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
    let answer = world.post_native(Body::from_stream(stalled)).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(world.gateway.tally().in_flight, 0);
}

#[tokio::test]
async fn bodies_beyond_the_memory_budget_are_503() {
    let mut config = config();
    config.limits.in_flight_bytes_max = 1_000;
    let world = World::with(config, wishes()).await;
    let answer = world.post_native(vec![b' '; 1_001]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers.contains_key("retry-after"));
    let answer = world.post_native(native_event("")).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn an_event_above_its_cap_is_413() {
    let mut config = config();
    config.limits.event_bytes_max = 2_000;
    let world = World::with(config, wishes()).await;
    let large = serde_json::json!({"error": {"type": "E"}, "extra": {"x": "y".repeat(3_000)}});
    let answer = world.post_native(large.to_string()).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let event = serde_json::json!({"message": "m", "extra": {"x": "y".repeat(3_000)}});
    let answer = world
        .post_envelope(format!("{{}}\n{{\"type\":\"event\"}}\n{event}"))
        .await;
    assert_eq!(
        answer.status,
        StatusCode::PAYLOAD_TOO_LARGE,
        "{:?}",
        answer.body
    );
}
