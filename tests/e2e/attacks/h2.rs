//! HTTP/2 frames by hand, for clients that begin and do not go on.

/// What a client says first, with empty settings.
pub(crate) fn preface() -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    bytes
}

/// A frame of this type, with flags, of a stream.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// HEADERS of a whole head; its values are written as they are, up to 126 bytes each.
pub(crate) fn headers(stream: u32, head: &[(&str, &str)], ends: bool) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in head {
        block.push(0);
        for text in [name, value] {
            assert!(text.len() < 127, "{text:?} needs a longer length");
            block.push(text.len() as u8);
            block.extend(text.bytes());
        }
    }
    frame(1, 4 | u8::from(ends), stream, &block)
}

/// DATA.
pub(crate) fn data(stream: u32, bytes: &[u8], ends: bool) -> Vec<u8> {
    frame(0, u8::from(ends), stream, bytes)
}

/// The head of a gRPC call.
pub(crate) fn grpc_head<'a>(path: &'a str, bearer: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut head = vec![
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "a"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    if !bearer.is_empty() {
        head.push(("authorization", bearer));
    }
    head
}
